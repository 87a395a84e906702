"""A finished clip, as a Components V2 layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.models import ClipFile, Origin
from bot.ui.components import ClipItem
from bot.ui.text import formatting
from bot.ui.text import members as member_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.models import Clip, Job, ModelProfile

LINK_BUTTON_MAX_CHARACTERS = 512
"""Discord's limit for a link button's address."""
_FILENAME = re.compile(r"(?:SPOILER_)?reelay-([0-9a-z]{1,25})\.mp4", re.ASCII)
_MAIN = discord.ButtonStyle.primary
ALT_TEXT_MAX_CHARACTERS = 256
"""What discord.py documents for a gallery item's description."""


def clip_view(
    job: Job,
    clip: Clip,
    now: datetime,
    profile: ModelProfile,
    parent: Job | None = None,
    *,
    is_copy: bool = False,
    difference: str | None = None,
    is_direct: bool = False,
) -> ui.LayoutView:
    """Show a finished clip, as a video or as a link; the only mention in it is the member's, and in a take none.

    Args:
        profile: says whether there is something longer.
        parent: what it was made from, as far as that is stored.
        is_copy: it was delivered before.
        difference: in which words a take of a brainstorm differs from the others.
        is_direct: it goes to its member's direct messages, where nobody votes.
    """
    heading = member_text.COPY_HEADING if is_copy else member_text.clip_heading(job, difference)
    words = f"{heading}\n{formatting.quoted(job.spec.prompt)}"
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(words)]
    if isinstance(clip, ClipFile):
        description = formatting.plain(job.spec.prompt, ALT_TEXT_MAX_CHARACTERS)
        file = f"attachment://{clip_filename(job)}"
        video = discord.MediaGalleryItem(file, description=description, spoiler=job.is_spoiler)
        items.append(ui.MediaGallery(video))
    else:
        items.append(ui.TextDisplay(member_text.link_explained(clip.expires_at)))
        items.append(_link(clip.url, is_spoiler=job.is_spoiler))
    footer = member_text.clip_footer(job, now, parent, link=not isinstance(clip, ClipFile))
    items.append(ui.TextDisplay(footer))
    if job.round_id is not None and job.number and not is_direct:
        vote = clip_button(f"clip:vote:{job.round_id}:{job.number}", member_text.VOTE_BUTTON, _MAIN)
        items.append(ui.ActionRow[ui.LayoutView]().add_item(vote))  # of its own: the others fill theirs
    row = ui.ActionRow[ui.LayoutView]()
    for custom_id, label in _buttons(job, profile):
        row.add_item(clip_button(custom_id, label))
    items.append(row)
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=discord.Colour.green()))
    return view


def clip_filename(job: Job) -> str:
    """Name the uploaded file; a clip's message is found again by it."""
    return f"reelay-{job.id}.mp4"


def clip_button(custom_id: str, label: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary) -> ClipItem:
    """Make a button about a clip."""
    return ClipItem(ui.Button[Any](label=label, style=style, custom_id=custom_id))


def clip_job_id(message: discord.Message) -> str | None:
    """Return the id of the job whose clip a message of the bot's shows, however old it is; None where it shows none."""
    files = [attachment.filename for attachment in message.attachments]
    for item in ui.LayoutView.from_message(message, timeout=None).walk_children():
        match item:
            case ui.MediaGallery(items=parts):
                files += [part.media.url.partition("?")[0].rpartition("/")[2] for part in parts]
            # Only our own small line counts: a prompt may say anything.
            case ui.TextDisplay(content=words) if (job_id := member_text.job_of_footer(words)) is not None:
                return job_id
            case _:
                continue
    return next((match[1] for match in map(_FILENAME.fullmatch, files) if match), None)


def _buttons(job: Job, profile: ModelProfile) -> Iterator[tuple[str, str]]:
    """Say what can be done with a clip, as custom ids and labels."""
    for origin, label in member_text.VERSION_BUTTONS.items():
        if origin is not Origin.LONGER or profile.longer(job.spec.duration_seconds) is not None:
            yield f"clip:{origin.value}:{job.id}", label
    yield f"clip:more:{job.id}", member_text.MORE_BUTTON


def _link(url: str, *, is_spoiler: bool) -> ui.Item[ui.LayoutView]:
    """Link to a clip without a preview, so that a spoiler is not shown before it is opened."""
    if len(url) > LINK_BUTTON_MAX_CHARACTERS:
        return ui.TextDisplay(f"||<{url}>||" if is_spoiler else f"<{url}>")
    label = member_text.SPOILER_LINK_BUTTON if is_spoiler else member_text.LINK_BUTTON
    return ui.ActionRow(ui.Button[ui.LayoutView](label=label, url=url))
