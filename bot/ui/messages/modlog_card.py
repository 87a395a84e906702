"""The log's cards, as Components V2 layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.models import LogKind
from bot.ui.components import CardButton
from bot.ui.text import modlog as modlog_text

if TYPE_CHECKING:
    from bot.models import LogEntry

_COLOURS = {
    LogKind.POSTED: discord.Colour.green(),
    LogKind.FAILED: discord.Colour.red(),
    LogKind.REFUSED: discord.Colour.orange(),
    LogKind.CHANGED: discord.Colour.blurple(),
    LogKind.CAP_NEAR: discord.Colour.orange(),
    LogKind.CAP_REACHED: discord.Colour.red(),
}


def log_view(entry: LogEntry) -> ui.LayoutView:
    """Show what happened; a clip's card has buttons, and says who did what about it."""
    job = entry.job
    lines = modlog_text.card_words(entry)
    if job is not None and job.removed_at is not None:
        lines.append(modlog_text.removed_line(job, refunded=entry.refunded))
    if entry.block is not None:
        lines.append(modlog_text.blocked_line(entry.block))
    items: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay("\n".join(lines)),
        ui.TextDisplay(modlog_text.reference(entry)),
    ]
    buttons = _buttons(entry)
    if buttons.children:
        items.append(buttons)
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=_colour(entry)))
    return view


def _buttons(entry: LogEntry) -> ui.ActionRow[ui.LayoutView]:
    buttons = ui.ActionRow[ui.LayoutView]()
    job = entry.job
    is_there = entry.kind is LogKind.POSTED and job is not None and job.removed_at is None
    if is_there:
        buttons.add_item(CardButton("remove", entry.id)).add_item(CardButton("refund", entry.id))
    if entry.member_id is not None:
        buttons.add_item(CardButton("block", entry.id)).add_item(CardButton("recent", entry.id))
    link = modlog_text.clip_link(job) if job is not None and is_there else None
    if link is not None:
        buttons.add_item(ui.Button(label=modlog_text.OPEN_BUTTON, url=link))
    return buttons


def _colour(entry: LogEntry) -> discord.Colour:
    is_removed = entry.job is not None and entry.job.removed_at is not None
    return discord.Colour.dark_grey() if is_removed else _COLOURS[entry.kind]
