"""Members who ask too much: each interaction is asked here first, before anything is looked up for it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import discord

from bot.services.throttling.floods import Asked
from bot.ui import replies
from bot.ui.filled_forms import fields_of, typed_command, typed_in
from bot.ui.text import commands as command_text
from bot.ui.text import refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.services.throttling.floods import FloodGuard

_log = logging.getLogger(__name__)

_VIDEO_COMMANDS = frozenset({"video", "brainstorm", command_text.BRAINSTORM_MENU})
_FORMS_OF_CLIP = ("form:clip_", "form:preview_edit:", "form:round_next:", "form:round_reword:")
"""What the custom ids of forms begin with in which clips are asked for, or takes drawn."""
_BUTTONS_OF_CLIP = (
    *("clip:again:", "clip:flip:", "clip:longer:", "job:again:"),
    *("preview:shuffle:", "preview:start:", "round:more:", "round:failed:"),
)
"""What the custom ids of buttons and selects begin with by which that is done at once."""


class FloodGate:
    """Lets interactions through, and answers those of members who ask too much.

    Discord sees an answer to each. The member sees one sentence a minute, what they typed for a clip, and nothing else;
    neither the servers' logs nor the process's hear of it, since whoever floods would fill them.

    Attributes:
        monotonic: a clock that only goes on, in seconds.
    """

    def __init__(self, guard: FloodGuard, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self._guard = guard

    async def let_through(self, interaction: discord.Interaction[Any]) -> bool:
        """Tell whether an interaction is to be served; if not, it is answered."""
        member_id, asked, now = interaction.user.id, _what_is_asked(interaction), self.monotonic()
        if self._guard.take(member_id, asked, now):
            return True
        interaction.client.dispatch("refused", "asks_too_much")
        typed = _typed(interaction)
        is_told = asked is not Asked.AUTOCOMPLETE and (self._guard.may_tell(member_id, now) or bool(typed))
        try:
            await _answer(interaction, refusals.asks_too_much(asked, self._guard.limits) if is_told else None, typed)
        except replies.UNDELIVERED as error:
            _log.debug("not told to slow down", extra={"error": type(error).__name__})
        return False


def _what_is_asked(interaction: discord.Interaction[Any]) -> Asked:
    """Say as what an interaction counts: what asks for a clip as ``/video``, all else, commands too, as a press."""
    data: Any = interaction.data
    match interaction.type:
        case discord.InteractionType.autocomplete:
            return Asked.AUTOCOMPLETE
        case discord.InteractionType.application_command if data["name"] in _VIDEO_COMMANDS:
            return Asked.VIDEO
        case discord.InteractionType.modal_submit if _is_form_of_clip(interaction):
            return Asked.VIDEO
        case discord.InteractionType.component if data["custom_id"].startswith(_BUTTONS_OF_CLIP):
            return Asked.VIDEO
        case _:
            return Asked.PRESS


def _is_form_of_clip(interaction: discord.Interaction[Any]) -> bool:
    data: Any = interaction.data
    is_form = interaction.type is discord.InteractionType.modal_submit
    return is_form and data["custom_id"].startswith(_FORMS_OF_CLIP)


def _typed(interaction: discord.Interaction[Any]) -> str:
    data: Any = interaction.data
    match interaction.type:
        case discord.InteractionType.modal_submit:
            return typed_in(fields_of(data)).strip()
        case discord.InteractionType.application_command:
            return typed_command(interaction)
        case _:
            return ""


async def _answer(interaction: discord.Interaction[Any], sentence: str | None, typed: str) -> None:
    """Say a sentence to the member alone, with what they typed, or nothing that stays in sight."""
    if interaction.type is discord.InteractionType.autocomplete:
        await interaction.response.autocomplete([])
    elif sentence is not None and typed:
        await replies.give_back(interaction, sentence, typed)
    elif sentence is not None:
        await interaction.response.send_message(sentence, ephemeral=True)
    elif interaction.type is discord.InteractionType.application_command:
        await interaction.response.defer(ephemeral=True)  # a command's answer can't be nothing, but it can go
        await interaction.delete_original_response()
    else:
        await interaction.response.defer()
