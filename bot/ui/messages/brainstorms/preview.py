"""A preview: what would be made of an idea, for the member alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.models.brainstorms import Vary
from bot.ui.components import PreviewItem
from bot.ui.messages.brainstorms.parts import MAIN, button, framed, rows, text
from bot.ui.text.brainstorms import previews as preview_text

if TYPE_CHECKING:
    from discord import ui

    from bot.models.brainstorms import Preview, PreviewStatus


def preview_view(status: PreviewStatus) -> ui.LayoutView:
    """Show the idea, the takes, what they cost, and what can be done before they start."""
    preview = status.preview
    items = [
        text(preview_text.idea(preview)),
        text(preview_text.differences(preview)),
        text(preview_text.terms(status)),
    ]
    why = preview_text.why_not_all(status)
    if why is not None:
        items.append(text(why))
    buttons = [
        button(PreviewItem, f"preview:edit:{preview.id}", preview_text.EDIT_BUTTON),
        button(PreviewItem, f"preview:vote:{preview.id}", preview_text.VOTE_BUTTON),
        button(PreviewItem, f"preview:cancel:{preview.id}", preview_text.CANCEL_BUTTON),
    ]
    if _can_be_shuffled(preview):
        shuffle_id = f"preview:shuffle:{preview.id}:{preview.revision}"
        buttons.insert(0, button(PreviewItem, shuffle_id, preview_text.SHUFFLE_BUTTON))
    if status.startable:
        start_id = f"preview:start:{preview.id}:{preview.revision}:{status.startable}"
        buttons.insert(0, button(PreviewItem, start_id, preview_text.start_button(status), MAIN))
    colour = discord.Colour.blurple() if status.startable else discord.Colour.orange()
    return framed([*items, *rows(buttons)], colour)


def _can_be_shuffled(preview: Preview) -> bool:
    """Tell whether another draw could be another one."""
    if preview.has_slots:
        return len(preview.planned) < preview.combinations
    return preview.vary is not Vary.NOTHING
