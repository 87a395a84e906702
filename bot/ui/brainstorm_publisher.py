"""Puts brainstorms into threads, by channel and message id, with the bot's own token."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.errors import PublishUnavailableError
from bot.ui.discord_errors import as_publish_errors
from bot.ui.messages.brainstorms.board import board_view, sheet_filename
from bot.ui.messages.brainstorms.parts import board_round_id, result_round_id, start_brainstorm_id
from bot.ui.messages.brainstorms.result import result_files, result_view, start_view
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from discord import ui

    from bot.models.brainstorms import Board
    from bot.services.ports import Clock

HISTORY_MESSAGES = 200
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far this machine's clock may be ahead of Discord's."""
ARCHIVED_AFTER_MINUTES = 7 * 24 * 60
"""The longest that Discord offers."""
_THREAD_EXISTS = 160004
_THREAD_ARCHIVED = 50083
_UNKNOWN_MESSAGE = 10008
_TOO_MANY_EDITS = 30046


class DiscordBrainstormPublisher:
    """The ``BrainstormPublisher`` of ``services.ports``, over a discord.py client."""

    def __init__(self, *, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def find_start(self, board: Board) -> int | None:
        """Look for the start message where the brainstorm was started, from then on."""
        brainstorm = board.brainstorm
        return await self._find(
            board, brainstorm.channel_id, brainstorm.created_at, lambda it: start_brainstorm_id(it) == brainstorm.id
        )

    async def post_start(self, board: Board) -> int:
        """Post the start message; it mentions nobody."""
        with as_publish_errors():
            message = await self._channel(board, board.brainstorm.channel_id).send(
                view=start_view(board),
                nonce=f"start{board.brainstorm.id}",
                allowed_mentions=discord.AllowedMentions.none(),
                silent=True,
            )
        return message.id

    async def open_thread(self, board: Board, message_id: int) -> int:
        """Make the thread; its id is the message's, so one that is there already needs no search."""
        channel = self._channel(board, board.brainstorm.channel_id)
        if channel.guild is None:  # discord.py asks for it, and has none of a server that has not come yet
            raise PublishUnavailableError("the server is not known")
        with as_publish_errors():
            try:
                thread = await channel.get_partial_message(message_id).create_thread(
                    name=take_text.thread_name(board.brainstorm), auto_archive_duration=ARCHIVED_AFTER_MINUTES
                )
            except discord.HTTPException as error:
                if error.code != _THREAD_EXISTS:
                    raise
                return message_id
        return thread.id

    async def find_board(self, board: Board) -> int | None:
        """Look for a round's board in the thread, from when the round was started on."""
        round_ = board.round
        return await self._find(
            board, _thread_id(board), round_.created_at, lambda message: board_round_id(message) == round_.id
        )

    async def post_board(self, board: Board, sheet: bytes | None) -> int:
        """Post a board; it mentions nobody."""
        with as_publish_errors():
            message = await self._channel(board, _thread_id(board)).send(
                view=board_view(board, self._clock.now(), has_sheet=sheet is not None),
                files=_sheets(board, sheet),
                nonce=_nonce("board", board, board.round.board_message_id),
                allowed_mentions=discord.AllowedMentions.none(),
                silent=True,
            )
        return message.id

    async def show_board(self, board: Board, sheet: bytes | None) -> bool:
        """Edit a board and the picture on it; False where the message is gone."""
        assert board.round.board_message_id is not None, "a board that is edited was posted"
        view = board_view(board, self._clock.now(), has_sheet=sheet is not None)
        return await self._edit(
            board, _thread_id(board), board.round.board_message_id, view, lambda: _sheets(board, sheet)
        )

    async def find_result(self, board: Board, channel_id: int) -> int | None:
        """Look for a round's result card in a channel, from when the round was started on."""
        round_ = board.round
        return await self._find(
            board,
            channel_id,
            round_.created_at,
            lambda message: result_round_id(message) == round_.id,
            newest_first=True,
        )

    async def post_result(self, board: Board, channel_id: int, *, is_mentioned: bool) -> int:
        """Post a result card; the only mention that fires is that of whoever started the round."""
        round_, is_in_thread = board.round, channel_id == board.brainstorm.thread_id
        earlier_id = round_.result_message_id if is_in_thread else round_.channel_result_message_id
        users = [discord.Object(round_.member_id)] if is_mentioned and round_.member_id else []
        with as_publish_errors():
            message = await self._channel(board, channel_id).send(
                view=result_view(board, in_thread=is_in_thread),
                files=result_files(board),
                nonce=_nonce("result" if is_in_thread else "notice", board, earlier_id),
                allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users),
            )
        return message.id

    async def show_result(self, board: Board, channel_id: int, message_id: int) -> bool:
        """Edit a result card and the picture on it; False where the message is gone."""
        view = result_view(board, in_thread=channel_id == board.brainstorm.thread_id)
        return await self._edit(board, channel_id, message_id, view, lambda: result_files(board))

    async def _edit(
        self,
        board: Board,
        channel_id: int,
        message_id: int,
        view: ui.LayoutView,
        files: Callable[[], list[discord.File]],
    ) -> bool:
        """Edit a message, in an archived thread after opening that again; tell whether the message is there."""
        message = self._channel(board, channel_id).get_partial_message(message_id)

        async def edit() -> None:
            await message.edit(view=view, attachments=files(), allowed_mentions=discord.AllowedMentions.none())

        with as_publish_errors():
            try:
                await edit()
            except discord.HTTPException as error:
                if error.code == _UNKNOWN_MESSAGE:
                    return False
                if error.code == _TOO_MANY_EDITS:
                    raise PublishUnavailableError("edited too often") from error
                if error.code != _THREAD_ARCHIVED:
                    raise
                await self._reopen(board)
                await edit()
        return True

    def _channel(self, board: Board, channel_id: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id, guild_id=board.brainstorm.guild_id)

    async def _reopen(self, board: Board) -> None:
        """Open an archived thread again; a locked one stays closed to who may not manage threads."""
        thread_id = _thread_id(board)
        thread = await self._client.fetch_channel(thread_id)
        assert isinstance(thread, discord.Thread), "brainstorms go on in threads"
        await thread.edit(archived=False)

    async def _find(
        self,
        board: Board,
        channel_id: int,
        since: datetime,
        is_it: Callable[[discord.Message], bool],
        *,
        newest_first: bool = False,
    ) -> int | None:
        with as_publish_errors():
            history = self._channel(board, channel_id).history(
                limit=HISTORY_MESSAGES, after=since - CLOCK_TOLERANCE, oldest_first=not newest_first
            )
            async for message in history:
                if self._client.user == message.author and is_it(message):
                    return message.id
        return None


def _thread_id(board: Board) -> int:
    assert board.brainstorm.thread_id is not None, "a board is in a thread"
    return board.brainstorm.thread_id


def _sheets(board: Board, sheet: bytes | None) -> list[discord.File]:
    return [] if sheet is None else [discord.File(io.BytesIO(sheet), sheet_filename(board.round))]


def _nonce(kind: str, board: Board, earlier_id: int | None) -> str:
    """Return what Discord knows a message by, so that it is posted once; a new one where an earlier one was deleted.

    Discord goes by author and nonce, whatever the channel: two messages of a round need two kinds.
    """
    nonce = f"{kind}{board.round.id}"
    return nonce if earlier_id is None else f"{nonce}{earlier_id % 1000}"
