"""The messages about a job, as Components V2 layouts.

A view is made anew for every message and every edit and has no timeout, so discord.py keeps none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.models import ClipFile, JobState
from bot.ui.components import CancelButton
from bot.ui.text import formatting
from bot.ui.text import members as member_text

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import Clip, Job, QuotaStatus, StatusCard

LINK_BUTTON_MAX_CHARACTERS = 512
"""Discord's limit for a link button's address."""
ALT_TEXT_MAX_CHARACTERS = 256
"""What discord.py documents for a gallery item's description."""

_COLOURS = {
    JobState.QUEUED: discord.Colour.greyple(),
    JobState.SUBMITTING: discord.Colour.blurple(),
    JobState.RENDERING: discord.Colour.blurple(),
    JobState.READY: discord.Colour.blurple(),
    JobState.DELIVERING: discord.Colour.blurple(),
    JobState.DELIVERED: discord.Colour.green(),
    JobState.FAILED: discord.Colour.red(),
    JobState.CANCELLED: discord.Colour.greyple(),
}


def status_view(card: StatusCard) -> ui.LayoutView:
    """Show where a job stands, with a button to cancel it while it waits."""
    job = card.job
    lines = [f"**{member_text.card_title(card)}**", formatting.quoted(job.spec.prompt), member_text.card_details(card)]
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(filter(None, lines)))]
    items.append(ui.TextDisplay(member_text.card_footer(job)))
    if job.state is JobState.QUEUED:
        buttons = ui.ActionRow[ui.LayoutView]()
        items.append(buttons.add_item(CancelButton(job.id)))
    return _layout(items, _COLOURS[job.state])


def clip_view(job: Job, clip: Clip, status: QuotaStatus | None, now: datetime) -> ui.LayoutView:
    """Show a finished clip, as a video or as a link; the only mention in it is the member's."""
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
    return _layout(items, _COLOURS[JobState.DELIVERED])


def clip_filename(job: Job) -> str:
    """Name the uploaded file; a clip's message is found again by it."""
    return f"reelay-{job.id}.mp4"


def _link(url: str) -> ui.Item[ui.LayoutView]:
    if len(url) > LINK_BUTTON_MAX_CHARACTERS:
        return ui.TextDisplay(f"<{url}>")
    return ui.ActionRow(ui.Button[ui.LayoutView](label=member_text.LINK_BUTTON, url=url))


def _layout(items: list[ui.Item[ui.LayoutView]], colour: discord.Colour) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=colour))
    return view
