"""How one answer to an interaction is given: tried again while Discord takes it only not just now, and once.

What is known of an interaction meanwhile is kept in its ``extras``, under the names here.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord

from bot.ui.discord_errors import may_be_taken_later

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

PAUSES_SECONDS = (1.0, 4.0, 15.0)
"""Before each further try of what Discord does not take just now."""
LAST_PAUSE_SECONDS = 30.0
"""Likewise, from then on, before what takes an acknowledgement away: for the 15 minutes that the interaction lives."""
ALREADY_ANSWERED = 40060
TOO_LATE = 10062
"""Discord no longer knows the interaction: its member has been told that the bot did not respond."""
PRIVATE, REDRAWS, FILLED = "private", "redraws", "filled"
"""Its acknowledgement is for the member alone; its answer changes the message whose item was used; it has its words."""
UNHEARD, WAS_TOO_LATE, BY_ANOTHER = "unheard", "too late", "by another"
"""Discord did not say what became of a first answer; it said that it came too late; another process has answered."""
UNDELIVERED = (discord.HTTPException, aiohttp.ClientError, OSError)
"""What discord.py raises when Discord refuses, fails or can't be reached."""


async def answer(
    interaction: discord.Interaction,
    respond: Callable[[], Awaitable[_Result]],
    edit: Callable[[], Awaitable[_Result]],
    *,
    joins: bool = False,
) -> _Result:
    """Give the first answer, or change it where it may be there; with ``joins`` another process's, too.

    Raises: one of ``UNDELIVERED``.
    """
    for is_last in (False, True):
        if interaction.response.is_done():
            break
        try:
            return await respond()
        except UNDELIVERED as error:
            is_refused = not may_be_taken_later(error)
            is_there = getattr(error, "code", None) == ALREADY_ANSWERED or interaction.extras.get(UNHEARD)
            note_unheard(interaction, error)
            if (is_refused and not is_there) or (interaction.extras.get(BY_ANOTHER) and not joins):
                raise
            if is_refused or is_last:
                break
        await asyncio.sleep(PAUSES_SECONDS[0])
    return await patiently(edit)


async def patiently(ask: Callable[[], Awaitable[_Result]], until: Callable[[], bool] | None = None) -> _Result:
    """Ask Discord again while it takes something only not just now.

    Args:
        until: tells when to end; by default it is asked some times only.
    """
    for pause_seconds in chain(PAUSES_SECONDS, repeat(LAST_PAUSE_SECONDS) if until else ()):
        try:
            return await ask()
        except UNDELIVERED as error:
            if not may_be_taken_later(error) or (until is not None and until()):
                raise
        await asyncio.sleep(pause_seconds)
    return await ask()


def note_unheard(interaction: discord.Interaction, error: Exception) -> None:
    """Note that a first answer failed: it may be there all the same, or there is another process's."""
    if getattr(error, "code", None) != ALREADY_ANSWERED:
        interaction.extras[UNHEARD] = True
    elif not interaction.extras.get(UNHEARD):
        interaction.extras[BY_ANOTHER] = True


def log_failure(interaction: discord.Interaction, message: str, error: Exception) -> None:
    """Warn of what failed, unless another process on this token has answered."""
    level = logging.DEBUG if interaction.extras.get(BY_ANOTHER) else logging.WARNING
    _log.log(level, message, extra=details(interaction, error))


async def say_privately(interaction: discord.Interaction, message: dict[str, Any]) -> bool:
    """Say something to the member alone, and leave no acknowledgement behind that says that the bot is thinking.

    Args:
        message: what to send, by the names of discord.py.

    Returns:
        False where another process has said the same.

    Raises: one of ``UNDELIVERED``.
    """
    if not interaction.response.is_done():
        said = await _say_first(interaction, message)
        if said is not None:
            return said
    kind, extras = interaction.response.type, interaction.extras
    is_thinking = kind is discord.InteractionResponseType.deferred_channel_message
    if not is_thinking and (kind is not None or extras.get(REDRAWS)):
        await interaction.followup.send(**message, ephemeral=True)
        return True
    if not extras.get(PRIVATE):
        # The first follow-up would only fill in the acknowledgement, in public; so something else does, and goes.
        edit = partial(interaction.edit_original_response, content="…")
        try:
            await patiently(edit, interaction.is_expired)
            await interaction.followup.send(**message, ephemeral=True)
        finally:
            await patiently(interaction.delete_original_response, interaction.is_expired)
    elif message.get("files") or extras.get(FILLED):
        await interaction.followup.send(**message, ephemeral=True)
    else:
        fields = {name: value for name, value in message.items() if name != "files"}
        await patiently(partial(interaction.edit_original_response, **fields), interaction.is_expired)
        extras[FILLED] = True
    return True


async def _say_first(interaction: discord.Interaction, message: dict[str, Any]) -> bool | None:
    """Say something as the first answer; None where an acknowledgement, or this itself, may be there in its place."""
    was_unheard = interaction.extras.get(UNHEARD)
    for is_last in (False, True):
        try:
            await interaction.response.send_message(**message, ephemeral=True)
        except UNDELIVERED as error:
            if getattr(error, "code", None) == ALREADY_ANSWERED:
                if was_unheard:
                    return None
                if not interaction.extras.get(UNHEARD):  # another process on this token has said the same
                    _log.debug("already answered", extra=details(interaction, error))
                return bool(interaction.extras.get(UNHEARD))
            note_unheard(interaction, error)
            if not may_be_taken_later(error) or message.get("files"):
                raise
            if is_last:
                if was_unheard:
                    return None
                raise
            await asyncio.sleep(PAUSES_SECONDS[0])
        else:
            return True
    return None


def details(interaction: discord.Interaction, error: Exception | None = None) -> dict[str, object]:
    """Return what is logged of an interaction, and of what went wrong with it."""
    return {
        "interaction_id": interaction.id,
        "guild_id": interaction.guild_id,
        "member_id": interaction.user.id,
        "error": None if error is None else type(error).__name__,
        "discord_code": getattr(error, "code", None),
    }
