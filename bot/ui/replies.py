"""How an interaction is answered: at once, in the right way, and once.

An interaction can be answered for 3 seconds and followed up for 15 minutes; which of respond, edit or follow up is
right depends on what went before, and any of it can fail because it came too late. That knowledge is here alone.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

import discord
from discord import app_commands
from discord.utils import MISSING

from bot.errors import ReelayError
from bot.ui.answering.attempts import (
    ALREADY_ANSWERED,
    FILLED,
    PRIVATE,
    REDRAWS,
    TOO_LATE,
    UNDELIVERED,
    UNHEARD,
    WAS_TOO_LATE,
    answer,
    details,
    log_failure,
    note_unheard,
    say_privately,
)
from bot.ui.discord_errors import in_own_words
from bot.ui.messages.typed import typed_views
from bot.ui.text import refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from discord import ui

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

ANSWER_WITHIN_SECONDS = 0.15
"""How long to hope that the work is done before acknowledging without it.

Long enough for an undisturbed transaction (10 to 30 ms), and for some 30 members who ask at the same moment, so that
the first answer is the real one. No longer, since a larger crowd waits all of it for nothing
(``tests/bench/acknowledge.py``).
"""
SHOWN_WITHIN_SECONDS = 10.0
"""How long to try to show a card; then it is looked for in the channel (``services.jobs.lost_cards``)."""


class UnheardError(Exception):
    """The first answer came too late for Discord to show it to anybody."""


async def run_or_defer(
    interaction: discord.Interaction, work: Coroutine[Any, Any, _Result], *, private: bool, redraws: bool = False
) -> _Result:
    """Return the work's result, having acknowledged the interaction if that takes longer than a moment.

    The work is never cancelled half-way, whatever happens to the command that waits for it.

    Args:
        work: takes the seconds it takes; after ``ANSWER_WITHIN_SECONDS`` the interaction is acknowledged without it.
        private: whether the answer is for the member alone.
        redraws: whether the answer changes the message whose item was used.

    Raises: what the work raises; the interaction may be acknowledged then. That the acknowledgement failed is logged.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=ANSWER_WITHIN_SECONDS)
        if not task.done() and not interaction.response.is_done():  # else an earlier work was the slow one
            interaction.extras[PRIVATE] = private
            interaction.extras[REDRAWS] = redraws or interaction.extras.get(REDRAWS)  # an earlier one may be there
            try:
                await interaction.response.defer(ephemeral=private, thinking=not redraws)
            except UNDELIVERED as error:
                note_unheard(interaction, error)
                interaction.extras[WAS_TOO_LATE] = getattr(error, "code", None) == TOO_LATE
                log_failure(interaction, "acknowledgement failed", error)
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_log_failure_alone)
        raise


def _log_failure_alone(done: asyncio.Task[Any]) -> None:
    """Log the error of work whose command has ended before it, as when the bot ends: nobody else hears of it."""
    if not done.cancelled() and (error := done.exception()) is not None:
        _log.warning("work of a command that has ended failed", extra={"error": type(error).__name__})


async def run_and_reply(interaction: discord.Interaction, work: Coroutine[Any, Any, str]) -> None:
    """Do something that ends in a sentence, and say that to the member alone; raises what the work raises."""
    await reply(interaction, await run_or_defer(interaction, work, private=True))


async def show(interaction: discord.Interaction, view: ui.LayoutView) -> int | None:
    """Show a card in public, as the interaction's answer; return the message's id.

    None where Discord does not say what became of it, which is logged: the job goes on, and its card is looked for.

    Raises:
        UnheardError: when Discord says that the first answer came too late; nothing is shown then.
    """
    if interaction.extras.get(WAS_TOO_LATE):
        raise UnheardError

    async def respond() -> int | None:
        return (await interaction.response.send_message(view=view)).message_id

    async def edit() -> int | None:
        return (await interaction.edit_original_response(view=view)).id

    try:
        async with asyncio.timeout(SHOWN_WITHIN_SECONDS):
            return await answer(interaction, respond, edit, joins=True)
    except UNDELIVERED as error:
        if getattr(error, "code", None) == TOO_LATE:
            raise UnheardError from error
        log_failure(interaction, "card not shown", error)
        return None


async def show_privately(
    interaction: discord.Interaction, view: ui.LayoutView, files: Callable[[], Sequence[discord.File]] = tuple
) -> int | None:
    """Show a layout to the member alone: as the answer, in place of its acknowledgement, or beside a card's button.

    Args:
        files: returns what the layout has attached, anew for each attempt.

    Returns:
        The message's id; None when it could not be shown, which is logged.
    """

    async def respond() -> int | None:
        return (await interaction.response.send_message(view=view, files=files(), ephemeral=True)).message_id

    async def edit() -> int | None:
        return (await interaction.edit_original_response(view=view, attachments=files())).id

    try:
        may_redraw = interaction.extras.get(REDRAWS) and interaction.extras.get(UNHEARD)
        if may_redraw or interaction.response.type is discord.InteractionResponseType.deferred_message_update:
            return (await interaction.followup.send(view=view, files=files(), ephemeral=True, wait=True)).id
        message_id = await answer(interaction, respond, edit)
    except UNDELIVERED as error:
        log_failure(interaction, "layout not shown", error)
        return None
    interaction.extras[FILLED] = True
    return message_id


async def redraw(
    interaction: discord.Interaction, view: ui.LayoutView, files: Sequence[discord.File] | None = None
) -> None:
    """Change the message whose item was used; that it could not be changed is logged.

    Args:
        files: what is attached to it from now on; None is what was.
    """
    attachments = MISSING if files is None else files
    interaction.extras[REDRAWS] = True

    async def respond() -> None:
        await interaction.response.edit_message(view=view, attachments=attachments)

    async def edit() -> None:
        await interaction.edit_original_response(view=view, attachments=attachments)

    try:
        await answer(interaction, respond, edit)
    except UNDELIVERED as error:
        log_failure(interaction, "layout not changed", error)


async def reply(interaction: discord.Interaction, text: str, *, files: Sequence[discord.File] = ()) -> bool:
    """Say something to the member alone, in place of a public acknowledgement if there is one.

    Args:
        text: at most 2,000 characters, Discord's limit.
        files: to attach.

    Returns:
        Whether it was said; that it was not is logged.
    """
    return await _try_to_reply(interaction, {"content": text, "files": files})


async def give_back(
    interaction: discord.Interaction, sentence: str, typed: str, button: ui.Item[Any] | None = None
) -> bool:
    """Say to the member alone why what they typed was refused, and show it to them; return as ``reply``.

    Args:
        button: by which to go on from it, where there is one.
    """
    return await _try_to_reply(interaction, *({"view": view} for view in typed_views(sentence, typed, button)))


async def _try_to_reply(interaction: discord.Interaction, *messages: dict[str, Any]) -> bool:
    first, *rest = messages
    try:
        if await say_privately(interaction, first):
            for message in rest:
                await interaction.followup.send(**message, ephemeral=True)
    except (*UNDELIVERED, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _has_signed_off(interaction, error):
            raise
        _log.warning("answer failed", extra=details(interaction, error))
        return False
    return True


def _has_signed_off(interaction: discord.Interaction, error: Exception) -> bool:
    """Tell whether an error is aiohttp's "Session is closed": the bot ends, and can't answer any more."""
    return isinstance(error, RuntimeError) and interaction.client.is_closed()


async def offer_nothing(interaction: discord.Interaction, error: Exception) -> None:
    """Answer what Discord asks for while somebody types with an empty list; why, and what came of it, is logged."""
    _log.info("list not offered", extra=details(interaction, error))
    try:
        await interaction.response.autocomplete([])
    except UNDELIVERED as undelivered:
        _log.warning("answer failed", extra=details(interaction, undelivered))


async def reply_with_error(
    interaction: discord.Interaction, error: Exception, *, typed: str = "", button: ui.Item[Any] | None = None
) -> None:
    """Tell the member in one sentence why something was not done; log what has no sentence.

    Args:
        typed: what they get back with it, where they typed something.
        button: by which to go on from it.
    """
    if isinstance(error, discord.HTTPException) and error.code == ALREADY_ANSWERED:
        _log.debug("already answered", extra=details(interaction, error))  # by another process on this token
        return
    if _has_signed_off(interaction, error):
        _log.warning("not answered, the bot ends", extra=details(interaction, error))
        return
    explained = in_own_words(error)
    text = explain(explained)
    interaction.client.dispatch("refused", "unexpected" if text is None else type(explained).__name__)
    if text is None:
        reference = secrets.token_hex(4)
        _log.error("unexpected error", exc_info=error, extra={"reference": reference} | details(interaction))
        text = refusals.unknown_failure(reference)
    else:
        _log.info("refused", extra=details(interaction, error))
    if typed.strip() or button is not None:
        await give_back(interaction, text, typed, button)
    else:
        await reply(interaction, text)


def explain(error: Exception) -> str | None:
    """Return the sentence for an error that people may meet, or None where there is none."""
    match error:
        case ReelayError():
            return refusals.explain(error)
        case app_commands.BotMissingPermissions():
            return refusals.bot_lacks(error.missing_permissions)
        case app_commands.MissingPermissions():
            return refusals.member_lacks(error.missing_permissions)
        case app_commands.NoPrivateMessage():
            return refusals.SERVER_ONLY
        case app_commands.TransformerError() | app_commands.CommandSignatureMismatch() | app_commands.CommandNotFound():
            return refusals.UNREADABLE_COMMAND
        case _:
            return None
