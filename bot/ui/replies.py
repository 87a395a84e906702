"""How an interaction is answered: at once, in the right way, and once.

An interaction can be answered for 3 seconds and followed up for 15 minutes; which of respond, edit or follow up is
right depends on what went before, and any of it can fail because it came too late. That knowledge is here alone.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
from discord import app_commands
from discord.utils import MISSING

from bot.errors import ReelayError
from bot.ui.discord_errors import in_own_words, may_be_taken_later
from bot.ui.messages.typed import typed_views
from bot.ui.text import refusals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from discord import ui

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

ANSWER_WITHIN_SECONDS = 0.1
"""How long to hope that the work is done before acknowledging without it.

Long enough for an undisturbed transaction (10 to 30 ms), so that the first answer is the real one. No longer, since
a crowd that asks at once waits all of it for nothing (``tests/bench/acknowledge.py``).
"""
PAUSES_SECONDS = (1.0, 4.0, 15.0)
"""Before each further try of what Discord does not take just now; an interaction can be followed up for 15 minutes."""
SHOWN_WITHIN_SECONDS = 10.0
"""How long to try to show a card; then it is looked for in the channel (``services.jobs.lost_cards``)."""
ALREADY_ANSWERED = 40060
TOO_LATE = 10062
"""Discord no longer knows the interaction: its member has been told that the bot did not respond."""
_PRIVATE, _REDRAWS, _UNHEARD, _TOO_LATE, _BY_ANOTHER = "private", "redraws", "unheard", "too late", "by another"
UNDELIVERED = (discord.HTTPException, aiohttp.ClientError, OSError)
"""What discord.py raises when Discord refuses, fails or can't be reached."""


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
    await asyncio.wait({task}, timeout=ANSWER_WITHIN_SECONDS)
    if not task.done() and not interaction.response.is_done():  # else an earlier work was the slow one
        interaction.extras[_PRIVATE] = private
        interaction.extras[_REDRAWS] = redraws or interaction.extras.get(_REDRAWS)  # an earlier one may be there
        try:
            await interaction.response.defer(ephemeral=private, thinking=not redraws)
        except UNDELIVERED as error:
            _note_unheard(interaction, error)
            interaction.extras[_TOO_LATE] = getattr(error, "code", None) == TOO_LATE
            _log_failure(interaction, "acknowledgement failed", error)
    return await asyncio.shield(task)


async def run_and_reply(interaction: discord.Interaction, work: Coroutine[Any, Any, str]) -> None:
    """Do something that ends in a sentence, and say that to the member alone; raises what the work raises."""
    await reply(interaction, await run_or_defer(interaction, work, private=True))


async def show(interaction: discord.Interaction, view: ui.LayoutView) -> int | None:
    """Show a card in public, as the interaction's answer; return the message's id.

    None where Discord does not say what became of it, which is logged: the job goes on, and its card is looked for.

    Raises:
        UnheardError: when Discord says that the first answer came too late; nothing is shown then.
    """
    if interaction.extras.get(_TOO_LATE):
        raise UnheardError

    async def respond() -> int | None:
        return (await interaction.response.send_message(view=view)).message_id

    async def edit() -> int | None:
        return (await interaction.edit_original_response(view=view)).id

    try:
        async with asyncio.timeout(SHOWN_WITHIN_SECONDS):
            return await _answer(interaction, respond, edit, joins=True)
    except UNDELIVERED as error:
        if getattr(error, "code", None) == TOO_LATE:
            raise UnheardError from error
        _log_failure(interaction, "card not shown", error)
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
    try:
        may_redraw = interaction.extras.get(_REDRAWS) and interaction.extras.get(_UNHEARD)
        if may_redraw or interaction.response.type is discord.InteractionResponseType.deferred_message_update:
            return (await interaction.followup.send(view=view, files=files(), ephemeral=True, wait=True)).id
        if not interaction.response.is_done():
            try:
                return (await interaction.response.send_message(view=view, files=files(), ephemeral=True)).message_id
            except discord.HTTPException as error:
                if error.code != ALREADY_ANSWERED:
                    raise
                if not interaction.extras.get(_UNHEARD):
                    _log.debug("already answered", extra=_details(interaction, error))
                    return None
        return (await interaction.edit_original_response(view=view, attachments=files())).id
    except UNDELIVERED as error:
        _log.warning("layout not shown", extra=_details(interaction, error))
        return None


async def redraw(
    interaction: discord.Interaction, view: ui.LayoutView, files: Sequence[discord.File] | None = None
) -> None:
    """Change the message whose item was used; that it could not be changed is logged.

    Args:
        files: what is attached to it from now on; None is what was.
    """
    attachments = MISSING if files is None else files

    async def respond() -> None:
        await interaction.response.edit_message(view=view, attachments=attachments)

    async def edit() -> None:
        await interaction.edit_original_response(view=view, attachments=attachments)

    try:
        await _answer(interaction, respond, edit)
    except UNDELIVERED as error:
        _log_failure(interaction, "layout not changed", error)


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
        if await _reply(interaction, first):
            for message in rest:
                await interaction.followup.send(**message, ephemeral=True)
    except (*UNDELIVERED, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _has_signed_off(interaction, error):
            raise
        _log.warning("answer failed", extra=_details(interaction, error))
        return False
    return True


def _has_signed_off(interaction: discord.Interaction, error: Exception) -> bool:
    """Tell whether an error is aiohttp's "Session is closed": the bot ends, and can't answer any more."""
    return isinstance(error, RuntimeError) and interaction.client.is_closed()


async def offer_nothing(interaction: discord.Interaction, error: Exception) -> None:
    """Answer what Discord asks for while somebody types with an empty list; why, and what came of it, is logged."""
    _log.info("list not offered", extra=_details(interaction, error))
    try:
        await interaction.response.autocomplete([])
    except UNDELIVERED as undelivered:
        _log.warning("answer failed", extra=_details(interaction, undelivered))


async def reply_with_error(
    interaction: discord.Interaction, error: Exception, *, typed: str = "", button: ui.Item[Any] | None = None
) -> None:
    """Tell the member in one sentence why something was not done; log what has no sentence.

    Args:
        typed: what they get back with it, where they typed something.
        button: by which to go on from it.
    """
    if isinstance(error, discord.HTTPException) and error.code == ALREADY_ANSWERED:
        _log.debug("already answered", extra=_details(interaction, error))  # by another process on this token
        return
    if _has_signed_off(interaction, error):
        _log.warning("not answered, the bot ends", extra=_details(interaction, error))
        return
    text = _explain(in_own_words(error))
    if text is None:
        reference = secrets.token_hex(4)
        _log.error("unexpected error", exc_info=error, extra={"reference": reference} | _details(interaction))
        text = refusals.unknown_failure(reference)
    else:
        _log.info("refused", extra=_details(interaction, error))
    if typed.strip():
        await give_back(interaction, text, typed, button)
    else:
        await reply(interaction, text)


def _explain(error: Exception) -> str | None:
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


async def _answer(
    interaction: discord.Interaction,
    respond: Callable[[], Awaitable[_Result]],
    edit: Callable[[], Awaitable[_Result]],
    *,
    joins: bool = False,
) -> _Result:
    """Give the first answer, or change it where it may be there; with ``joins`` another process's, too."""
    for is_last in (False, True):
        if interaction.response.is_done():
            break
        try:
            return await respond()
        except UNDELIVERED as error:
            is_refused = not may_be_taken_later(error)
            is_there = getattr(error, "code", None) == ALREADY_ANSWERED or interaction.extras.get(_UNHEARD)
            _note_unheard(interaction, error)
            if (is_refused and not is_there) or (interaction.extras.get(_BY_ANOTHER) and not joins):
                raise
            if is_refused or is_last:
                break
        await asyncio.sleep(PAUSES_SECONDS[0])
    return await _patiently(edit)


async def _patiently(ask: Callable[[], Awaitable[_Result]]) -> _Result:
    """Ask Discord again while it takes something only not just now."""
    for pause_seconds in PAUSES_SECONDS:
        try:
            return await ask()
        except UNDELIVERED as error:
            if not may_be_taken_later(error):
                raise
        await asyncio.sleep(pause_seconds)
    return await ask()


def _note_unheard(interaction: discord.Interaction, error: Exception) -> None:
    """Note that a first answer failed: it may be there all the same, or there is another process's."""
    if getattr(error, "code", None) != ALREADY_ANSWERED:
        interaction.extras[_UNHEARD] = True
    elif not interaction.extras.get(_UNHEARD):
        interaction.extras[_BY_ANOTHER] = True


def _log_failure(interaction: discord.Interaction, message: str, error: Exception) -> None:
    """Warn of what failed, unless another process on this token has answered."""
    level = logging.DEBUG if interaction.extras.get(_BY_ANOTHER) else logging.WARNING
    _log.log(level, message, extra=_details(interaction, error))


async def _reply(interaction: discord.Interaction, message: dict[str, Any]) -> bool:
    """Say something; False where another process has said the same."""
    if not interaction.response.is_done():
        try:
            await interaction.response.send_message(**message, ephemeral=True)
        except discord.HTTPException as error:
            if error.code != ALREADY_ANSWERED:
                raise
            if not interaction.extras.get(_UNHEARD):
                # Another process on this token was quicker, and has said the same.
                _log.debug("already answered", extra=_details(interaction, error))
                return False
        else:
            return True
    acknowledged = interaction.response.type in {None, discord.InteractionResponseType.deferred_channel_message}
    in_public = acknowledged and not interaction.extras.get(_PRIVATE)
    try:
        if in_public:
            # The first follow-up would only fill in the acknowledgement, in public; so something else does, and goes.
            await _patiently(partial(interaction.edit_original_response, content="…"))
        await interaction.followup.send(**message, ephemeral=True)
    finally:
        if in_public:
            await _patiently(interaction.delete_original_response)
    return True


def _details(interaction: discord.Interaction, error: Exception | None = None) -> dict[str, object]:
    return {
        "interaction_id": interaction.id,
        "guild_id": interaction.guild_id,
        "member_id": interaction.user.id,
        "error": None if error is None else type(error).__name__,
        "discord_code": getattr(error, "code", None),
    }
