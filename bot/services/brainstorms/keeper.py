"""One step of a round, by the worker that holds its lease: its thread, its board, its clock, its end.

Each step looks at the round as it stands and brings what people see to that. What is posted is looked for first where an
earlier step may have posted it; what is decided is written down before it is shown. So a kill between any two of these
leaves nothing half done: whoever takes the round over goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import CannotFitError, DestinationClosedError, LeaseLostError, PublishError
from bot.models import JobError
from bot.models.brainstorms import Board, Outcome, Round, RoundState
from bot.services.brainstorms import rules
from bot.services.brainstorms.closing import changes_of, note_end_of_vote
from bot.services.jobs.policy import backoff_seconds
from bot.store import jobs
from bot.store.brainstorms import boards, rounds
from bot.store.clips import stills

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.services.clips.fitting import Media
    from bot.services.jobs.context import WorkContext
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import BrainstormPublisher
    from bot.store import Connection

_log = logging.getLogger(__name__)

NONCE_KNOWN_FOR = timedelta(minutes=1)
"""So long Discord itself drops a message that an interrupted step has posted; an older one is looked for first."""
LONGEST_POST_SECONDS = 15.0
"""Discord may hold a message back for minutes; then the step is put off."""
REMEMBERED_MOST = 500
"""Boards whose look and whose contact sheet are remembered; of others they are made anew."""
SHEET_FROM = 2
"""How many stills there have to be for a contact sheet."""
_ANNOUNCED = frozenset({Outcome.WON, Outcome.TIED, Outcome.NO_VOTES})
"""What is also said where the brainstorm was started."""


@dataclass(slots=True)
class _Remembered:
    """What a board shows, and its contact sheet with what that was made of."""

    appearance: object = None
    sheet_of: object = None
    sheet: bytes | None = None


class RoundKeeper:
    """Does a leased round's next step, then lets go of it."""

    def __init__(
        self,
        context: WorkContext,
        *,
        publisher: BrainstormPublisher,
        media: Media,
        audit_trail: AuditTrail,
        jobs: JobService,
    ) -> None:
        self._work = context
        self._publisher = publisher
        self._media = media
        self._audit_trail = audit_trail
        self._jobs = jobs
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()  # memory only: at worst an edit is made twice

    async def step(self, claimed: Round) -> None:
        """Bring a round's thread, board and result to where it stands.

        Raises:
            LeaseLostError, StoreUnavailableError: nothing is lost; whoever holds the round goes on.
        """
        board = await self._read(claimed.id)
        attempts, wait_seconds = 0, 0.0
        try:
            board = await self._open(board)
            board = await self._advance(board)
            board = await self._show(board)
        except DestinationClosedError as error:
            _log.warning("brainstorm closed: %s", error, extra={"round_id": claimed.id})
            board = await self._give_up_thread(board)
        except (PublishError, TimeoutError) as error:
            attempts = claimed.attempts + 1
            wait_seconds = backoff_seconds(attempts, self._work.jitter())
            _log.warning(
                "round put off: %s", type(error).__name__, extra={"round_id": claimed.id, "attempts": attempts}
            )
        await self._release(board, attempts, wait_seconds)

    async def put_off(self, claimed: Round) -> None:
        """Let go of a round whose step met something unexpected; it is tried again ever more rarely.

        Raises:
            StoreUnavailableError: when the database cannot be asked; the lease runs out then.
        """
        attempts = claimed.attempts + 1
        due_at = self._work.clock.now() + timedelta(seconds=backoff_seconds(attempts, self._work.jitter()))
        async with self._work.database.write() as connection:
            await self._let_go(connection, claimed, due_at, attempts)

    # Reading and writing -------------------------------------------------------------------------

    async def _read(self, round_id: str) -> Board:
        async with self._work.database.read() as connection:
            board = await boards.read(connection, round_id)
        if board is None:
            raise LeaseLostError(round_id)
        return self._with_service(board)

    def _with_service(self, board: Board) -> Board:
        return replace(board, is_held_up=self._work.throttle.is_paused)

    async def _note(self, board: Board, **changes: Any) -> Board:  # noqa: ANN401 (of Round fields)
        async with self._work.database.write() as connection:
            return await self._noted(connection, board, **changes)

    async def _noted(self, connection: Connection, board: Board, **changes: Any) -> Board:  # noqa: ANN401 (as above)
        noted = await rounds.update(connection, board.round, owner=self._work.owner, **changes)
        if noted is None:
            raise LeaseLostError(board.round.id)
        return replace(board, round=noted)

    async def _release(self, board: Board, attempts: int, wait_seconds: float) -> None:
        now = self._work.clock.now()
        due_at = rules.look_at(board, now)
        if attempts:
            due_at = now + timedelta(seconds=wait_seconds)
        elif self._is_edit_due(board):
            editable_at = board.round.editable_at or now
            due_at = editable_at if due_at is None else min(editable_at, due_at)
        async with self._work.database.write() as connection:
            await self._let_go(connection, board.round, due_at, attempts)

    async def _let_go(self, connection: Connection, round_: Round, due_at: datetime | None, attempts: int) -> None:
        await rounds.release(
            connection, round_, owner=self._work.owner, due_at=due_at, attempts=attempts, now=self._work.clock.now()
        )

    # Opening -------------------------------------------------------------------------------------

    async def _open(self, board: Board) -> Board:
        """See to it that the thread and the board are there, and let the takes wait for their turn."""
        if board.round.state is not RoundState.STARTING:
            return board
        waited = self._work.clock.now() - board.round.created_at
        if waited > timedelta(seconds=self._work.policy.longest_wait_seconds):
            raise DestinationClosedError("no thread after so long")
        board = await self._open_thread(board)
        message_id = await self._post_once(board, self._publisher.find_board, self._post_board)
        thread_id = board.brainstorm.thread_id
        assert thread_id is not None, "the thread is there"
        now = self._work.clock.now()
        async with self._work.database.write() as connection:
            board = await self._noted(
                connection,
                board,
                board_message_id=message_id,
                state=RoundState.OPEN,
                editable_at=now + rules.EDIT_EVERY,
            )
            await jobs.release_held(connection, board.round.id, channel_id=thread_id, now=now)
            board = self._with_service(await boards.read_of(connection, board.round))
        self._jobs.note_accepted(board.round.guild_id)
        _log.info("round open", extra={"round_id": board.round.id, "thread_id": thread_id})
        return board

    async def _open_thread(self, board: Board) -> Board:
        brainstorm = board.brainstorm
        if brainstorm.thread_id is not None:
            return board
        if brainstorm.start_message_id is None:
            message_id = await self._post_once(board, self._publisher.find_start, self._publisher.post_start)
            board = await self._note_thread(board, start_message_id=message_id)
        assert board.brainstorm.start_message_id is not None, "the start message is there"
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            thread_id = await self._publisher.open_thread(board, board.brainstorm.start_message_id)
        return await self._note_thread(board, thread_id=thread_id)

    async def _note_thread(self, board: Board, **changes: Any) -> Board:  # noqa: ANN401 (of Brainstorm fields)
        async with self._work.database.write() as connection:
            await self._noted(connection, board, attempts=board.round.attempts)  # the lease is still ours
            return replace(board, brainstorm=await rounds.note_thread(connection, board.brainstorm, **changes))

    async def _post_once(
        self,
        board: Board,
        find: Callable[[Board], Awaitable[int | None]],
        post: Callable[[Board], Awaitable[int]],
    ) -> int:
        """Post a message of a round that is starting, unless an earlier step has."""
        is_recent = self._work.clock.now() - board.round.created_at < NONCE_KNOWN_FOR
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            found = None if is_recent and not board.round.attempts else await find(board)
            return await post(board) if found is None else found

    async def _post_board(self, board: Board) -> int:
        sheet = await self._sheet(board)
        message_id = await self._publisher.post_board(board, sheet)
        self._memory(board).appearance = _appearance(board)
        return message_id

    # Deciding ------------------------------------------------------------------------------------

    async def _advance(self, board: Board) -> Board:
        """Write down what time has decided; votes that are counted before stay, and later ones are refused."""
        now = self._work.clock.now()
        if not changes_of(board.round, rules.advance(board, now)):
            return board
        async with self._work.database.write() as connection:
            board = self._with_service(await boards.read(connection, board.round.id) or board)
            after = rules.advance(board, now)
            changes = changes_of(board.round, after)
            if not changes:
                return board
            noted = await self._noted(connection, board, **changes)
            await note_end_of_vote(connection, board, after, now, JobError.VOTE_OVER)
            noted = self._with_service(await boards.read_of(connection, noted.round))
        self._tell(board, noted)
        return noted

    async def _give_up_thread(self, board: Board) -> Board:
        """End a round whose thread is deleted, locked or can't be opened; finished takes find their own way."""
        now = self._work.clock.now()
        if board.round.state not in {RoundState.STARTING, RoundState.OPEN}:
            return await self._note(board, shown_outcome=board.round.outcome, due_at=None)
        async with self._work.database.write() as connection:
            board = await boards.read(connection, board.round.id) or board
            after = rules.end(board.round, Outcome.THREAD_GONE, now)
            noted = await self._noted(connection, board, **changes_of(board.round, after), shown_outcome=after.outcome)
            await note_end_of_vote(connection, board, after, now, JobError.THREAD_GONE)
            noted = await boards.read_of(connection, noted.round)
        self._tell(board, noted)
        await self._say_elsewhere(noted)
        return noted

    def _tell(self, before: Board, after: Board) -> None:
        if after.round.state is before.round.state:
            return
        _log.info(
            "round %s", after.round.state.value, extra={"round_id": after.round.id, "outcome": after.round.outcome}
        )
        self._audit_trail.tell(after.round.guild_id)
        self._jobs.note_cancelled()

    # Showing -------------------------------------------------------------------------------------

    async def _show(self, board: Board) -> Board:
        board = await self._show_board(board)
        if board.round.outcome is not None and board.round.outcome is not board.round.shown_outcome:
            board = await self._show_results(board)
        return board

    async def _show_board(self, board: Board) -> Board:
        """Edit the board if it looks different, and may be edited; post it again where somebody has deleted it."""
        now = self._work.clock.now()
        editable_at = board.round.editable_at
        if not self._is_edit_due(board) or (editable_at is not None and now < editable_at):
            return board
        sheet = await self._sheet(board)
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            message_id = board.round.board_message_id
            if not await self._publisher.show_board(board, sheet):
                message_id = await self._publisher.find_board(board)
                if message_id is None:
                    message_id = await self._publisher.post_board(board, sheet)
        self._memory(board).appearance = _appearance(board)
        editable_at = self._work.clock.now() + rules.edit_every(board, now)
        return await self._note(board, board_message_id=message_id, editable_at=editable_at)

    def _is_edit_due(self, board: Board) -> bool:
        return board.round.board_message_id is not None and self._memory(board).appearance != _appearance(board)

    async def _show_results(self, board: Board) -> Board:
        """Show how the vote came out, in the thread and where the brainstorm was started; once each."""
        brainstorm, round_ = board.brainstorm, board.round
        board = await self._with_winners_still(board)
        if brainstorm.thread_id is not None:
            message_id = await self._show_result(
                board, brainstorm.thread_id, round_.result_message_id, is_mentioned=True
            )
            board = replace(board, round=(await self._note(board, result_message_id=message_id)).round)
        return await self._note(await self._say_elsewhere(board), shown_outcome=round_.outcome)

    async def _say_elsewhere(self, board: Board) -> Board:
        """Show it where the brainstorm was started, if that is another place than its thread and still open to us."""
        round_, channel_id = board.round, board.brainstorm.channel_id
        is_new = round_.channel_result_message_id is None
        is_wanted = round_.outcome in _ANNOUNCED or round_.outcome is Outcome.THREAD_GONE or not is_new
        if board.brainstorm.was_started_in_thread or not is_wanted:
            return board
        try:
            message_id = await self._show_result(
                board, channel_id, round_.channel_result_message_id, is_mentioned=round_.outcome is Outcome.THREAD_GONE
            )
        except DestinationClosedError:
            _log.info("result not said in the channel", extra={"round_id": round_.id, "channel_id": channel_id})
            return board
        return replace(board, round=(await self._note(board, channel_result_message_id=message_id)).round)

    async def _show_result(self, board: Board, channel_id: int, message_id: int | None, *, is_mentioned: bool) -> int:
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            if message_id is None:
                message_id = await self._publisher.find_result(board, channel_id)
            if message_id is None:
                return await self._publisher.post_result(board, channel_id, is_mentioned=is_mentioned)
            await self._publisher.show_result(board, channel_id, message_id)
        return message_id

    async def _with_winners_still(self, board: Board) -> Board:
        winner = board.winner
        if winner is None:
            return board
        async with self._work.database.read() as connection:
            found = await stills.get_many(connection, [winner.job.id])
        shown = [replace(take, still=found.get(take.job.id)) if take is winner else take for take in board.takes]
        return replace(board, takes=shown)

    async def _sheet(self, board: Board) -> bytes | None:
        """Return the contact sheet of the takes that are there; None while they are too few, or it can't be made."""
        landed = [take.job.id for take in board.landed]
        async with self._work.database.read() as connection:
            found = await stills.get_many(connection, landed)
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


def _appearance(board: Board) -> object:
    """Return all that can be seen of a board; two with the same look need no edit between them."""
    round_ = board.round
    decided = tuple(getattr(round_, name) for name in ("state", "closes_at", "outcome", "winner_number", "choose_by"))
    shows_votes = round_.vote.shows_counts or round_.outcome is not None
    takes = tuple(
        (
            take.number,
            take.job.id,
            take.job.state,
            None if take.job.progress is None else int(take.job.progress),
            take.job.error_code,
            take.job.removed_at,
            take.job.message_id,
            take.votes if shows_votes else None,
        )
        for take in board.takes
    )
    return decided, takes, board.voters, board.is_held_up, board.brainstorm.title
