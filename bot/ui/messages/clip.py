"""A finished clip, as a Components V2 layout."""

from __future__ import annotations

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

    from bot.models import Clip, Job, ModelProfile, QuotaStatus

LINK_BUTTON_MAX_CHARACTERS = 512
"""Discord's limit for a link button's address."""
ALT_TEXT_MAX_CHARACTERS = 256
"""What discord.py documents for a gallery item's description."""


def clip_view(job: Job, clip: Clip, status: QuotaStatus | None, now: datetime, profile: ModelProfile) -> ui.LayoutView:
    """Show a finished clip, as a video or as a link; the only mention in it is the member's.

    Args:
        status: what the member has left; None where that is not known.
        profile: says whether there is something longer.
    """
    words = f"{member_text.clip_heading(job)}\n{formatting.quoted(job.spec.prompt)}"
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(words)]
    if isinstance(clip, ClipFile):
        description = formatting.plain(job.spec.prompt, ALT_TEXT_MAX_CHARACTERS)
        video = discord.MediaGalleryItem(f"attachment://{clip_filename(job)}", description=description)
        items.append(ui.MediaGallery(video))
    else:
        items.append(ui.TextDisplay(member_text.link_explained(clip.expires_at)))
        items.append(_link(clip.url))
    footer = member_text.clip_footer(job, status, now, link=not isinstance(clip, ClipFile))
    items.append(ui.TextDisplay(footer))
    row = ui.ActionRow[ui.LayoutView]()
    for button in _version_buttons(job, profile):
        row.add_item(button)
    items.append(row)
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=discord.Colour.green()))
    return view


def clip_filename(job: Job) -> str:
    """Name the uploaded file; a clip's message is found again by it."""
    return f"reelay-{job.id}.mp4"


def _version_buttons(job: Job, profile: ModelProfile) -> Iterator[ClipItem]:
    for origin, label in member_text.VERSION_BUTTONS.items():
        if origin is not Origin.LONGER or profile.longer(job.spec.duration_seconds) is not None:
            button = ui.Button[Any](label=label, custom_id=f"clip:{origin.value}:{job.id}")
            yield ClipItem(button)


def _link(url: str) -> ui.Item[ui.LayoutView]:
    if len(url) > LINK_BUTTON_MAX_CHARACTERS:
        return ui.TextDisplay(f"<{url}>")
    return ui.ActionRow(ui.Button[ui.LayoutView](label=member_text.LINK_BUTTON, url=url))
