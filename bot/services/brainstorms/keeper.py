"""One step of a round, by the worker that holds its lease: its thread, its board, its clock, its end.

Each step looks at the round as it stands and brings what people see to that. What is posted is looked for first where
an earlier step may have posted it; what is decided is written down before it is shown. So a kill between any two of
these leaves nothing half done: whoever takes the round over goes on.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import DestinationClosedError, LeaseLostError, MessageRefusedError, PublishError
from bot.models import JobError, JobState
from bot.models.brainstorms import Board, Outcome, Round, RoundState
from bot.services.brainstorms import rules
from bot.services.brainstorms.closing import changes_of, note_end_of_vote
from bot.services.brainstorms.showing import LONGEST_POST_SECONDS, noted
from bot.services.jobs.policy import backoff_seconds
from bot.services.refusals import Refusals
from bot.store import jobs
from bot.store.brainstorms import boards, rounds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.models.brainstorms import BoardTake
    from bot.services.brainstorms.showing import BoardShower
    from bot.services.jobs.context import WorkContext
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import BrainstormPublisher

_log = logging.getLogger(__name__)

NONCE_KNOWN_FOR = timedelta(minutes=1)
"""So long Discord itself drops a message that an interrupted step has posted; an older one is looked for first."""


class RoundKeeper:
    """Does a leased round's next step, then lets go of it."""

    def __init__(
        self,
        context: WorkContext,
        *,
        publisher: BrainstormPublisher,
        shower: BoardShower,
        audit_trail: AuditTrail,
        jobs: JobService,
    ) -> None:
        self._work = context
        self._publisher = publisher
        self._shower = shower
        self._audit_trail = audit_trail
        self._jobs = jobs
        self._refusals = Refusals()

    async def step(self, claimed: Round) -> None:
        """Bring a round's thread, board and result to where it stands.

        Raises:
            LeaseLostError, StoreUnavailableError: nothing is lost; whoever holds the round goes on.
        """
        attempts, board = 0, await self._read(claimed.id)
        try:
            board = await self._bring(board)
        except LeaseLostError:
            # Whoever closes, cancels or chooses needs no lease. Let go of at once, or nobody shows what they decided
            # until the lease has run out; if the lease itself is another's, this does nothing.
            await self._let_go(claimed, self._work.clock.now(), claimed.attempts)
            raise
        except (PublishError, TimeoutError) as error:
            attempts = claimed.attempts + 1
            fields = {"round_id": claimed.id, "attempts": attempts, "error": type(error).__name__}
            _log.warning("round put off", extra=fields)
        now = self._work.clock.now()
        await self._let_go(board.round, self._due_again(attempts, now) or self._next_look(board, now), attempts)

    async def _bring(self, board: Board) -> Board:
        try:
            board = await self._advance(board)
            if board.round.state is RoundState.STARTING:
                board = await self._advance(await self._open(board))
            board = await self._shower.show(board)
        except (DestinationClosedError, MessageRefusedError) as error:
            if isinstance(error, MessageRefusedError) and not self._keeps_from_starting(board.round):
                raise
            self._refusals.forget(board.round.id)
            _log.warning("brainstorm closed: %s", error, extra={"round_id": board.round.id})
            return await self._leave_thread(await self._read(board.round.id))
        self._refusals.forget(board.round.id)
        return board

    def _keeps_from_starting(self, round_: Round) -> bool:
        """Note that a message was refused, and tell whether its round can't start without; later ones are left out."""
        return round_.state is RoundState.STARTING and self._refusals.note(round_.id)

    async def put_off(self, claimed: Round) -> None:
        """Let go of a round whose step met something unexpected; it is tried again ever more rarely.

        Raises:
            StoreUnavailableError: when the database cannot be asked; the lease runs out then.
        """
        attempts = claimed.attempts + 1
        await self._let_go(claimed, self._due_again(attempts, self._work.clock.now()), attempts)

    async def _read(self, round_id: str) -> Board:
        async with self._work.database.read() as connection:
            board = await boards.read(connection, round_id)
        if board is None:
            raise LeaseLostError(round_id)
        return self._with_service(board)

    def _with_service(self, board: Board) -> Board:
        return replace(board, is_held_up=self._work.throttle.holds_back)

    def _due_again(self, attempts: int, now: datetime) -> datetime | None:
        """Return when to try again what has failed so often; None where it has not."""
        return now + timedelta(seconds=backoff_seconds(attempts, self._work.jitter())) if attempts else None

    def _next_look(self, board: Board, now: datetime) -> datetime | None:
        due_at = rules.look_at(board, now)
        if not self._shower.is_edit_due(board):
            return due_at
        editable_at = rules.editable_at(board, now)
        return editable_at if due_at is None else min(editable_at, due_at)

    async def _let_go(self, round_: Round, due_at: datetime | None, attempts: int) -> None:
        now = self._work.clock.now()
        async with self._work.database.write() as connection:
            await rounds.release(connection, round_, owner=self._work.owner, due_at=due_at, attempts=attempts, now=now)

    # Opening -------------------------------------------------------------------------------------

    async def _open(self, board: Board) -> Board:
        """See to it that the thread and the board are there, and let the takes wait for their turn."""
        waited = self._work.clock.now() - board.round.created_at
        if waited > timedelta(seconds=self._work.policy.longest_wait_seconds):
            raise DestinationClosedError("no thread after so long")
        board = await self._open_thread(board)
        message_id = await self._post_once(as_open(board), self._publisher.find_board, self._shower.post)
        thread_id = board.brainstorm.thread_id
        assert thread_id is not None, "the thread is there"
        now = self._work.clock.now()
        opened = {"board_message_id": message_id, "state": RoundState.OPEN, "editable_at": now + rules.EDIT_EVERY}
        async with self._work.database.write() as connection:
            board = await noted(connection, board, self._work.owner, **opened)
            await jobs.release_held(connection, board.round.id, channel_id=thread_id, now=now)
            board = self._with_service(await boards.read_of(connection, board.round))
        self._jobs.note_accepted(board.round.guild_id)
        _log.info("round open", extra={"round_id": board.round.id, "thread_id": thread_id})
        return board

    async def _open_thread(self, board: Board) -> Board:
        if board.brainstorm.thread_id is not None:
            return board
        if board.brainstorm.start_message_id is None:
            message_id = await self._post_once(board, self._publisher.find_start, self._publisher.post_start)
            board = await self._note_thread(board, start_message_id=message_id)
        assert board.brainstorm.start_message_id is not None, "the start message is there"
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            thread_id = await self._publisher.open_thread(board, board.brainstorm.start_message_id)
        return await self._note_thread(board, thread_id=thread_id)

    async def _note_thread(self, board: Board, **changes: Any) -> Board:  # noqa: ANN401 (of Brainstorm fields)
        self._refusals.forget(board.round.id)
        async with self._work.database.write() as connection:
            await noted(connection, board, self._work.owner, attempts=board.round.attempts)  # the lease is still ours
            return replace(board, brainstorm=await rounds.note_thread(connection, board.brainstorm, **changes))

    async def _post_once(
        self,
        board: Board,
        find: Callable[[Board], Awaitable[int | None]],
        post: Callable[[Board], Awaitable[int]],
    ) -> int:
        """Post a message of a round that is starting, unless an earlier step has."""
        is_known = self._work.clock.now() - board.round.created_at < NONCE_KNOWN_FOR
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            found = None if is_known and not board.round.attempts else await find(board)
            return await post(board) if found is None else found

    # Deciding ------------------------------------------------------------------------------------

    async def _advance(self, board: Board) -> Board:
        """Write down what time has decided, by the votes that are there when it is written."""
        if not changes_of(board.round, rules.advance(board, self._work.clock.now())):
            return board
        return await self._decide(board.round.id, rules.advance, JobError.VOTE_OVER)

    async def _leave_thread(self, board: Board) -> Board:
        """End a round whose thread is deleted, locked or can't be opened; finished takes find their own way."""
        if board.round.state in {RoundState.STARTING, RoundState.OPEN}:
            board = await self._decide(board.round.id, _without_thread, JobError.THREAD_GONE)
        return await self._shower.leave(board)

    async def _decide(self, round_id: str, decide: Callable[[Board, datetime], Round], error_code: JobError) -> Board:
        """Write down what is decided about a round, with what goes with it.

        Args:
            error_code: why takes that still wait then are withdrawn.
        """
        async with self._work.database.write() as connection:
            now = self._work.clock.now()
            board = await boards.read(connection, round_id)
            if board is None:
                raise LeaseLostError(round_id)
            board = self._with_service(board)
            after = decide(board, now)
            if not (changes := changes_of(board.round, after)):
                return board
            changed = await noted(connection, board, self._work.owner, **changes)
            await note_end_of_vote(connection, board, after, now, error_code)
            changed = self._with_service(await boards.read_of(connection, changed.round))
        if after.state is not board.round.state:
            _log.info("round %s", after.state.value, extra={"round_id": round_id, "outcome": after.outcome})
            self._audit_trail.tell(after.guild_id)
            self._jobs.note_cancelled()
        return changed


def _without_thread(board: Board, now: datetime) -> Round:
    return rules.end(board.round, Outcome.THREAD_GONE, now)


def as_open(board: Board) -> Board:
    """Return a board as it is when it is posted: a moment later its takes wait for their turn."""

    def queued(take: BoardTake) -> BoardTake:
        return replace(take, job=replace(take.job, state=JobState.QUEUED)) if take.is_held else take

    return replace(board, round=replace(board.round, state=RoundState.OPEN), takes=[*map(queued, board.takes)])
