"""What people see of a round: its board, and the cards of how its vote came out."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.errors import CannotFitError, DestinationClosedError, LeaseLostError, MessageRefusedError
from bot.models.brainstorms import Outcome
from bot.services.brainstorms import rules
from bot.services.refusals import Refusals
from bot.store.brainstorms import rounds
from bot.store.clips import stills

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models.brainstorms import Board
    from bot.services.clips.fitting import Media
    from bot.services.jobs.context import WorkContext
    from bot.services.ports import BrainstormPublisher
    from bot.store import Connection

_log = logging.getLogger(__name__)

LONGEST_POST_SECONDS = 15.0
"""Discord may hold a message back for minutes; then the step is put off."""
REMEMBERED_MOST = 500
"""Boards whose look and whose contact sheet are remembered; of others they are made anew."""
SHEET_FROM = 2
"""How many stills there have to be for a contact sheet."""
_ANNOUNCED = frozenset({Outcome.WON, Outcome.TIED, Outcome.NO_VOTES, Outcome.THREAD_GONE})
"""What is also said where the brainstorm was started."""


@dataclass(slots=True)
class _Remembered:
    """What a board and its result cards show, and the contact sheet with what that was made of.

    Attributes:
        editable_at: the round's after the latest edit here; another process has edited where it is another now.
    """

    appearance: object = None
    editable_at: datetime | None = None
    result: object = None
    sheet_of: object = None
    sheet: bytes | None = None


class BoardShower:
    """Shows leased rounds; every method raises ``PublishError``s, and ``TimeoutError`` when Discord takes too long."""

    def __init__(self, context: WorkContext, *, publisher: BrainstormPublisher, media: Media) -> None:
        self._work = context
        self._publisher = publisher
        self._media = media
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()  # memory only: at worst an edit is made twice
        self._refusals = Refusals()

    async def post(self, board: Board) -> int:
        """Post a board; return its message's id."""
        message_id = await self._publisher.post_board(board, await self._sheet(board))
        self._memory(board).appearance = board.appearance
        return message_id

    async def show(self, board: Board) -> Board:
        """Bring the board and the result cards to where the round stands, as far as they may be edited now."""
        round_ = board.round
        is_new = round_.outcome is not None and round_.outcome is not round_.shown_outcome
        if is_new and round_.board_message_id is None:
            board = await self._find_board(board)
        has_changed = round_.result_message_id is not None and self.is_edit_due(board)
        if is_new or (has_changed and self._memory(board).result != board.result):
            board = await self._show_results(board)
        return await self._show_board(board)

    async def _find_board(self, board: Board) -> Board:
        """Find the board of a round that ended before it was noted where a step, then interrupted, had posted it."""
        if board.brainstorm.thread_id is None:
            return board
        try:
            async with asyncio.timeout(LONGEST_POST_SECONDS):
                message_id = await self._publisher.find_board(board)
        except MessageRefusedError as error:
            self._believe(error, board)
            return board
        return board if message_id is None else await self._note(board, board_message_id=message_id)

    async def leave(self, board: Board) -> Board:
        """Note that there is nothing more to show in the thread; say elsewhere how the vote came out."""
        board = await self._say_in_channel(board)
        editable_at = board.round.editable_at or self._work.clock.now()
        board = await self._note(board, shown_outcome=board.round.outcome, editable_at=editable_at)
        memory = self._memory(board)
        memory.appearance, memory.editable_at = board.appearance, editable_at
        return board

    def is_edit_due(self, board: Board) -> bool:
        """Tell whether the board shows something else than it should."""
        memory, editable_at = self._memory(board), board.round.editable_at
        is_known = memory.editable_at in {None, editable_at} and memory.appearance == board.appearance
        return board.round.board_message_id is not None and (editable_at is None or not is_known)

    async def _show_board(self, board: Board) -> Board:
        """Edit the board, or leave it until the next change; post it again where somebody has deleted it."""
        now = self._work.clock.now()
        if not self.is_edit_due(board) or now < rules.editable_at(board, now):
            return board
        sheet, message_id = await self._sheet(board), board.round.board_message_id
        try:
            async with asyncio.timeout(LONGEST_POST_SECONDS):
                if not await self._publisher.show_board(board, sheet):
                    found_id = await self._publisher.find_board(board)
                    message_id = found_id or await self._publisher.post_board(board, sheet)
        except MessageRefusedError as error:
            self._believe(error, board)
        self._refusals.forget((board.round.id, None))
        memory, editable_at = self._memory(board), self._work.clock.now() + rules.edit_every(board, now)
        memory.appearance = board.appearance
        board = await self._note(board, board_message_id=message_id, editable_at=editable_at)
        memory.editable_at = editable_at
        return board

    # How the vote came out -----------------------------------------------------------------------

    async def _show_results(self, board: Board) -> Board:
        """Show how the vote came out, in the thread and where the brainstorm was started; once each."""
        board = await self._with_winners_still(board)
        if (thread_id := board.brainstorm.thread_id) is not None:
            message_id = await self._show_result(board, thread_id, board.round.result_message_id, is_mentioned=True)
            board = await self._note(board, result_message_id=message_id)
        board = await self._say_in_channel(board)
        self._memory(board).result = board.result
        return await self._note(board, shown_outcome=board.round.outcome)

    async def _say_in_channel(self, board: Board) -> Board:
        """Show it where the brainstorm was started, if that is another place than its thread and still open to us."""
        shown_id, channel_id = board.round.channel_result_message_id, board.brainstorm.channel_id
        outcome = board.round.outcome
        if board.brainstorm.was_started_in_thread or (shown_id is None and outcome not in _ANNOUNCED):
            return board
        is_mentioned = outcome is Outcome.THREAD_GONE
        try:
            message_id = await self._show_result(board, channel_id, shown_id, is_mentioned=is_mentioned)
        except DestinationClosedError:
            _log.info("result not shown", extra={"round_id": board.round.id, "channel_id": channel_id})
            return board
        return await self._note(board, channel_result_message_id=message_id)

    async def _show_result(
        self, board: Board, channel_id: int, shown_id: int | None, *, is_mentioned: bool
    ) -> int | None:
        """Show a result card, or leave it out; return its message, where there is one."""
        try:
            async with asyncio.timeout(LONGEST_POST_SECONDS):
                shown_id = await self._edit_or_post_result(board, channel_id, shown_id, is_mentioned=is_mentioned)
        except MessageRefusedError as error:
            self._believe(error, board, channel_id)
        self._refusals.forget((board.round.id, channel_id))
        return shown_id

    async def _edit_or_post_result(
        self, board: Board, channel_id: int, message_id: int | None, *, is_mentioned: bool
    ) -> int:
        shown_id = message_id or await self._publisher.find_result(board, channel_id)
        if shown_id is not None:
            is_there = await self._publisher.show_result(board, channel_id, shown_id)
            if is_there or board.round.outcome is board.round.shown_outcome:
                return shown_id
        return await self._publisher.post_result(board, channel_id, is_mentioned=is_mentioned and shown_id is None)

    def _believe(self, error: MessageRefusedError, board: Board, channel_id: int | None = None) -> None:
        """Note that a round's board, or its result card in a channel, was refused.

        Raises:
            MessageRefusedError: the same, until it has been often enough to leave the message as it is.
        """
        if not self._refusals.note((board.round.id, channel_id)):
            raise error
        _log.warning("left as it is: %s", error, extra={"round_id": board.round.id, "channel_id": channel_id})

    async def _with_winners_still(self, board: Board) -> Board:
        if (winner := board.winner) is None:
            return board
        async with self._work.database.read() as connection:
            found = await stills.get_many(connection, [winner.job.id])
        shown = [replace(take, still=found.get(take.job.id)) if take is winner else take for take in board.takes]
        return replace(board, takes=shown)

    # The contact sheet ---------------------------------------------------------------------------

    async def _sheet(self, board: Board) -> bytes | None:
        """Return the contact sheet of the takes that are there; None while they are too few, or it can't be made."""
        async with self._work.database.read() as connection:
            found = await stills.get_many(connection, [take.job.id for take in board.landed])
        if len(found) < SHEET_FROM:
            return None
        memory, made_of = self._memory(board), tuple(sorted(found))
        if memory.sheet_of != made_of:
            pictures = [(take.number, found.get(take.job.id)) for take in board.takes]
            try:
                memory.sheet = await self._media.make_contact_sheet(pictures)
            except CannotFitError as error:
                _log.warning("no contact sheet: %s", error, extra={"round_id": board.round.id})
                memory.sheet = None
            memory.sheet_of = made_of
        return memory.sheet

    def _memory(self, board: Board) -> _Remembered:
        memory = self._remembered.setdefault(board.round.id, _Remembered())
        self._remembered.move_to_end(board.round.id)
        if len(self._remembered) > REMEMBERED_MOST:
            self._remembered.popitem(last=False)
        return memory

    async def _note(self, board: Board, **changes: Any) -> Board:  # noqa: ANN401 (of Round fields)
        async with self._work.database.write() as connection:
            return await noted(connection, board, self._work.owner, **changes)


async def noted(connection: Connection, board: Board, owner: str, **changes: Any) -> Board:  # noqa: ANN401 (as above)
    """Change a round that ``owner`` holds, in the state it was read in.

    Raises:
        LeaseLostError: when it is not.
    """
    changed = await rounds.update(connection, board.round, owner=owner, **changes)
    if changed is None:
        raise LeaseLostError(board.round.id)
    return replace(board, round=changed)
