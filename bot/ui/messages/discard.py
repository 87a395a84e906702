"""The question whether a clip that is being made is to be discarded, as Components V2 layouts."""

from __future__ import annotations

import discord
from discord import ui

from bot.ui.components import StatusCardItem
from bot.ui.text import failures as failure_text


def question_view(job_id: str, words: str) -> ui.LayoutView:
    """Ask, with a button to say yes."""
    button = ui.Button[ui.LayoutView](
        label=failure_text.CONFIRM_BUTTON, style=discord.ButtonStyle.danger, custom_id=f"job:discard_now:{job_id}"
    )
    return answer_view(words).add_item(ui.ActionRow[ui.LayoutView]().add_item(StatusCardItem(button)))


def answer_view(words: str) -> ui.LayoutView:
    """Say what came of it."""
    return ui.LayoutView(timeout=None).add_item(ui.TextDisplay[ui.LayoutView](words))
