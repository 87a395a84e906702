"""What people do to a round: vote, and, for whoever started it and moderators, close, extend, cancel and choose."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import BlockedError, JobError
from bot.models.brainstorms import Ballot, Board, Outcome, OwnVote, RoundRefusal, RoundRefusedError, RoundState
from bot.services.brainstorms import rules
from bot.services.brainstorms.closing import changes_of, note_end_of_vote
from bot.store.brainstorms import boards, rounds, votes
from bot.store.brainstorms.touching import list_in_thread, touch, touch_unseen
from bot.store.moderation import servers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime

    from bot.models import Requester
    from bot.models.brainstorms import Round
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)

EXTEND_BY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Presser:
    """Who does something to a round, and whether they are a moderator of its server now."""

    requester: Requester
    is_moderator: bool = False


class Voting:
    """Takes votes, and what decides a vote; each is one transaction, so none is lost and none counts twice.

    Every method raises ``RoundRefusedError`` when that can't be done, and ``StoreUnavailableError`` when the database
    cannot be asked; nothing has changed then.
    """

    def __init__(self, *, database: Database, clock: Clock, audit_trail: AuditTrail, jobs: JobService) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail
        self._jobs = jobs

    async def look(self, round_id: str, requester: Requester) -> Board:
        """Return a round of the requester's server as it stands."""
        async with self._database.read() as connection:
            return await _read(connection, round_id, requester)

    async def look_to_decide(self, round_id: str, presser: Presser) -> Board:
        """Return a round that the presser may close, extend or cancel."""
        board = await self.look(round_id, presser.requester)
        _require_starter(board.round, presser)
        return board

    async def vote(self, round_id: str, number: int, requester: Requester, *, interaction_id: int) -> Ballot:
        """Vote for a take, or take the vote back; who has one vote moves it by voting for another take.

        The same interaction again, as a second process hears it, changes nothing, and neither does one older than what
        it would undo.

        Raises:
            BlockedError: when moderators have blocked the member from making clips: they don't vote either.
        """
        now, member_id = self._clock.now(), requester.member_id
        async with self._database.write() as connection:
            board = await _read(connection, round_id, requester)
            await _require_vote(connection, board, number, requester, now)
            own = await votes.list_own(connection, round_id, member_id=member_id)
            counted, votes_each = {vote.number for vote in own if vote.is_counted}, board.round.vote.votes_each
            chosen = counted & {take.number for take in board.landed}  # a vote for a clip that was deleted is free
            ballot = Ballot(
                chosen=tuple(sorted(chosen)),
                pressed=number,
                votes_each=votes_each,
                unfinished=sum(not take.is_finished for take in board.takes),
                takes=len(board.takes),
            )
            concerned = [vote for vote in own if vote.number == number or votes_each == 1]
            if any(vote.interaction_id >= interaction_id for vote in concerned):
                return ballot
            dropped = (counted - chosen) | ({number} & chosen or (chosen if votes_each == 1 else set[int]()))
            if number not in chosen and len(chosen - dropped) >= votes_each:
                raise RoundRefusedError(RoundRefusal.VOTES_USED, number=number, votes_each=votes_each)
            for each in dropped | {number}:
                vote = OwnVote(each, interaction_id, is_counted=each not in dropped)
                await votes.put(connection, round_id, vote, member_id=member_id, now=now)
            await touch(connection, [round_id], now=now)
        self._jobs.note_changed()
        return replace(ballot, chosen=tuple(sorted((chosen | {number}) - dropped)))

    async def close(self, round_id: str, presser: Presser) -> Board:
        """End the vote now, by the votes there are."""
        async with self._deciding(round_id, presser) as (connection, board, now):
            if board.round.state is not RoundState.OPEN:
                raise RoundRefusedError(RoundRefusal.OVER)
            if len(board.landed) < rules.TAKES_TO_VOTE_ON:
                raise RoundRefusedError(RoundRefusal.TOO_FEW_THERE)
            return await self._decide(connection, board, rules.close(board, now), now, JobError.VOTE_OVER)

    async def extend(self, round_id: str, presser: Presser, *, clock_minutes: int) -> Board:
        """Let the vote go on for an hour more.

        Args:
            clock_minutes: the round's, as the button knew them; where they are others now, it was pressed before, and
                nothing changes.
        """
        async with self._deciding(round_id, presser) as (connection, board, now):
            round_ = board.round
            if round_.state is not RoundState.OPEN:
                raise RoundRefusedError(RoundRefusal.OVER)
            if round_.closes_at is None:
                raise RoundRefusedError(RoundRefusal.NO_CLOCK)
            if round_.clock_minutes != clock_minutes:
                return board
            closes_at = max(round_.closes_at, now) + EXTEND_BY
            if closes_at > round_.created_at + rules.LONGEST_VOTE:
                raise RoundRefusedError(RoundRefusal.LONGEST)
            after = replace(round_, closes_at=closes_at)
            return await self._decide(connection, board, after, now, JobError.VOTE_OVER)

    async def cancel(self, round_id: str, presser: Presser) -> Board:
        """End a round without a winner; takes that still wait come back with their seconds, others still arrive."""
        async with self._deciding(round_id, presser) as (connection, board, now):
            if board.round.state is RoundState.ENDED:
                raise RoundRefusedError(RoundRefusal.OVER)
            is_own = presser.requester.member_id == board.round.member_id
            error_code = JobError.VOTE_OVER if is_own else JobError.CANCELLED_BY_MODERATOR
            after = rules.end(board.round, Outcome.CANCELLED, now)
            return await self._decide(connection, board, after, now, error_code)

    async def choose(self, round_id: str, number: int, requester: Requester) -> Board:
        """Choose among takes where the vote has no winner; only whoever started the round may."""
        async with self._deciding(round_id, Presser(requester)) as (connection, board, now):
            if board.round.state is not RoundState.UNDECIDED:
                raise RoundRefusedError(RoundRefusal.OVER)
            take = next((take for take in board.candidates if take.number == number), None)
            if take is None:
                raise RoundRefusedError(RoundRefusal.NOT_TO_CHOOSE, number=number)
            return await self._decide(connection, board, rules.win(board.round, take, now), now, JobError.VOTE_OVER)

    async def note_thread_changed(self, thread_id: int) -> None:
        """Look after the round that goes on in a thread: it was deleted, locked or archived."""
        async with self._database.read() as connection:
            going = await list_in_thread(connection, thread_id)
        if going:
            async with self._database.write() as connection:
                await touch_unseen(connection, going, now=self._clock.now())
            self._jobs.note_changed()

    @asynccontextmanager
    async def _deciding(self, round_id: str, presser: Presser) -> AsyncGenerator[tuple[Connection, Board, datetime]]:
        async with self._database.write() as connection:
            board = await _read(connection, round_id, presser.requester)
            _require_starter(board.round, presser)
            yield connection, board, self._clock.now()
        self._audit_trail.tell(presser.requester.guild_id)
        self._jobs.note_cancelled()

    async def _decide(
        self, connection: Connection, board: Board, after: Round, now: datetime, error_code: JobError
    ) -> Board:
        changed = await rounds.change(connection, board.round, now=now, **changes_of(board.round, after))
        assert changed is not None, "nobody else writes meanwhile"
        await note_end_of_vote(connection, board, after, now, error_code)
        _log.info("round decided", extra={"round_id": changed.id, "outcome": changed.outcome})
        return await boards.read_of(connection, changed)


async def _read(connection: Connection, round_id: str, requester: Requester) -> Board:
    board = await boards.read(connection, round_id)
    if board is None or board.round.guild_id != requester.guild_id:
        raise RoundRefusedError(RoundRefusal.UNKNOWN)
    return board


def _require_starter(round_: Round, presser: Presser) -> None:
    if not presser.is_moderator and presser.requester.member_id != round_.member_id:
        raise RoundRefusedError(RoundRefusal.NOT_STARTER)


async def _require_vote(connection: Connection, board: Board, number: int, requester: Requester, now: datetime) -> None:
    """Check that a member may say something of a take now."""
    round_ = board.round
    if not round_.state.takes_votes or (round_.closes_at is not None and round_.closes_at <= now):
        raise RoundRefusedError(RoundRefusal.OVER)
    take = next((take for take in board.takes if take.number == number), None)
    if take is None or not take.has_landed:
        raise RoundRefusedError(RoundRefusal.NOT_THERE, number=number)
    block = await servers.get_block(connection, guild_id=round_.guild_id, member_id=requester.member_id, now=now)
    if block is not None:
        raise BlockedError(block)
    server = await servers.get(connection, round_.guild_id)
    for role_id in (server.voter_role_id, round_.vote.voter_role_id):
        if role_id is not None and role_id not in requester.role_ids:
            raise RoundRefusedError(RoundRefusal.NEEDS_ROLE, role_id=role_id)
    if not server.allows_own_votes and take.job.member_id == requester.member_id:
        raise RoundRefusedError(RoundRefusal.OWN_TAKE, number=number)
