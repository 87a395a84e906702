"""The cards of the moderators' log, as Components V2 layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.models import LogKind
from bot.ui.components import ModlogCardItem
from bot.ui.messages.stills import still_item
from bot.ui.text.moderation import modlog as modlog_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import Job, LogEntry

_COLOURS = {
    LogKind.POSTED: discord.Colour.green(),
    LogKind.DELETED: discord.Colour.dark_grey(),
    LogKind.FAILED: discord.Colour.red(),
    LogKind.REFUSED: discord.Colour.orange(),
    LogKind.CHANGED: discord.Colour.blurple(),
    LogKind.CAP_NEAR: discord.Colour.orange(),
    LogKind.CAP_REACHED: discord.Colour.red(),
    LogKind.BRAINSTORM_STARTED: discord.Colour.blurple(),
    LogKind.BRAINSTORM_ENDED: discord.Colour.dark_teal(),
}


def modlog_view(entry: LogEntry) -> ui.LayoutView:
    """Show what happened; a clip's card has buttons, and says who did what about it."""
    job = entry.job
    lines = modlog_text.card_words(entry)
    if job is not None and job.removed_at is not None:
        lines.append(modlog_text.removed_line(job, refunded=entry.refunded))
    if entry.block is not None:
        lines.append(modlog_text.blocked_line(entry.block))
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines))]
    if job is not None and shows_still(entry):
        items.append(ui.MediaGallery(still_item(job)))
    items.append(ui.TextDisplay(modlog_text.reference(entry)))
    buttons = _buttons(entry)
    if buttons.children:
        items.append(buttons)
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=_colour(entry)))
    return view


def recent_clips_view(member_id: int, jobs: Sequence[Job]) -> ui.LayoutView:
    """Show a member's latest clips."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay[ui.LayoutView](modlog_text.recent_jobs(member_id, jobs)))
    return view


def shows_still(entry: LogEntry) -> bool:
    """Tell whether the card has a picture of the clip, uploaded with it (``still_file``)."""
    return entry.still is not None and entry.job is not None and entry.job.removed_at is None


def _buttons(entry: LogEntry) -> ui.ActionRow[ui.LayoutView]:
    buttons = ui.ActionRow[ui.LayoutView]()
    job = entry.job
    is_there = entry.kind is LogKind.POSTED and job is not None and job.removed_at is None
    danger, plain = discord.ButtonStyle.danger, discord.ButtonStyle.secondary
    if is_there:
        buttons.add_item(_button(f"log:remove:{entry.id}", modlog_text.REMOVE_BUTTON, danger))
    if is_there and job is not None and job.archived_at is None:
        buttons.add_item(_button(f"log:refund:{entry.id}", modlog_text.REFUND_BUTTON, danger))
    if entry.member_id is not None:
        buttons.add_item(_button(f"log:block:{entry.id}", modlog_text.BLOCK_BUTTON, plain))
        buttons.add_item(_button(f"log:recent:{entry.id}", modlog_text.RECENT_BUTTON, plain))
    link = modlog_text.clip_link(job) if job is not None and is_there else None
    if link is not None:
        buttons.add_item(ui.Button(label=modlog_text.OPEN_BUTTON, url=link))
    return buttons


def _button(custom_id: str, label: str, style: discord.ButtonStyle) -> ModlogCardItem:
    return ModlogCardItem(ui.Button(label=label, style=style, custom_id=custom_id))


def _colour(entry: LogEntry) -> discord.Colour:
    is_removed = entry.job is not None and entry.job.removed_at is not None
    return discord.Colour.dark_grey() if is_removed else _COLOURS[entry.kind]
