"""The log's cards, as Components V2 layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.models import LogKind
from bot.ui import log_texts, moderator_texts
from bot.ui.buttons import JobButton

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
    lines = log_texts.card_words(entry)
    if job is not None and job.removed_at is not None:
        lines.append(log_texts.removed_line(job, refunded=entry.refunded))
    if entry.block is not None:
        lines.append(f"**Blocked:** {moderator_texts.block_line(entry.block)}")
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines)), ui.TextDisplay(log_texts.reference(entry))]
    if job is not None:
        buttons = ui.ActionRow[ui.LayoutView]()
        if entry.kind is LogKind.POSTED and job.removed_at is None:
            buttons.add_item(JobButton("remove", job.id)).add_item(JobButton("refund", job.id))
        if entry.block is None:
            buttons.add_item(JobButton("block", job.id))
        buttons.add_item(JobButton("recent", job.id))
        link = log_texts.clip_link(job)
        if link is not None and job.removed_at is None:
            buttons.add_item(ui.Button(label=log_texts.OPEN_BUTTON, url=link))
        items.append(buttons)
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=_COLOURS[entry.kind]))
    return view
