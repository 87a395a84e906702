"""Having a take that failed made anew, as it was or in other words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import RefusedError, RulesChangingError
from bot.models import Origin
from bot.models.brainstorms import Outcome, RoundRefusal, RoundRefusedError, RoundState
from bot.services.admission.accepting import charge, new_job, record_refusal
from bot.services.admission.job_request import JobRequest
from bot.services.brainstorms.starting import require_room
from bot.services.screening.rules import MOST_JUDGINGS
from bot.store.brainstorms import boards, rounds
from bot.store.brainstorms.touching import touch

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import Job, Requester
    from bot.models.brainstorms import Board, BoardTake
    from bot.services.admission.decision import ScreeningResult
    from bot.services.admission.service import Admission
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database


class Retaker:
    """Lets whoever started a round try its failed takes again: while it is open, or where too few came for a vote."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        admission: Admission,
        audit_trail: AuditTrail,
        jobs: JobService,
        random_bits: Callable[[int], int],
    ) -> None:
        self._database = database
        self._clock = clock
        self._admission = admission
        self._audit_trail = audit_trail
        self._jobs = jobs
        self._random_bits = random_bits

    async def find(self, round_id: str, number: int, requester: Requester) -> Job:
        """Return the job of a take that failed and that the requester may have made anew.

        Raises:
            RoundRefusedError: when there is none.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return _failed_take(await boards.read(connection, round_id), number, requester).job

    async def try_again(
        self,
        round_id: str,
        number: int,
        requester: Requester,
        *,
        interaction_id: int,
        prompt: str | None = None,
    ) -> int:
        """Have a take that has failed made anew, charged as any clip; return its number.

        Args:
            prompt: in other words; None is as it was.

        Raises:
            RoundRefusedError: when that can't be done.
            RefusedError, InvalidSpecError: as for any clip.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            board = await boards.read(connection, round_id)
        if _was_taken(board, interaction_id):
            return number
        failed = _failed_take(board, number, requester).job
        assert board is not None, "it has the take"
        spec = failed.spec
        request = replace(
            JobRequest.parse(
                interaction_id=interaction_id,
                channel_id=board.brainstorm.thread_id or failed.channel_id,
                requester=requester,
                prompt=spec.prompt if prompt is None else prompt,
                aspect=spec.aspect,
                duration_seconds=spec.duration_seconds,
                lineage=failed.descent(Origin.RETRY),
            ),
            takes=1,
        )
        for _ in range(MOST_JUDGINGS):
            screening = await self._admission.screen(request)
            if await self._retake(round_id, number, request, screening):
                break
        else:
            raise RulesChangingError
        self._jobs.note_accepted(requester.guild_id)
        return number

    async def _retake(self, round_id: str, number: int, request: JobRequest, screening: ScreeningResult) -> bool:
        """Do it in one transaction; tell whether the rules were still those that were asked."""
        now, requester = self._clock.now(), request.requester
        refusal: RefusedError | None = None
        async with self._database.write() as connection:
            board = await boards.read(connection, round_id)
            if _was_taken(board, request.interaction_id):
                return True
            failed = _failed_take(board, number, requester)
            assert board is not None, "it has the take"
            await _require_latest(connection, board)
            details, decision = await self._admission.decide(connection, request, screening, now)
            if isinstance(decision, RefusedError):
                await record_refusal(connection, details, request, decision, now)
                refusal = decision
            elif decision is None:
                return False
            else:
                if board.round.landed_at is not None:  # it is open again then
                    place = board.brainstorm.channel_id
                    await require_room(connection, details.server, member_id=requester.member_id, channel_id=place)
                job = new_job(
                    request, decision, now, random_bits=self._random_bits, lease_owner=None, lease_seconds=0.0
                )
                job = replace(job, round_id=round_id, number=number)
                await charge(connection, details.server, [job], decision, now)
                await rounds.replace_take(connection, round_id, number, old_job_id=failed.job.id, new_job_id=job.id)
                await rounds.reopen(connection, round_id)
                await touch(connection, [round_id], now=now)
        if refusal is not None:
            self._audit_trail.tell(requester.guild_id)
            raise refusal
        return True


async def _require_latest(connection: Connection, board: Board) -> None:
    """Check that the brainstorm has not gone on from another round meanwhile: of its rounds one goes on at most."""
    latest = await rounds.find_latest(connection, board.round.brainstorm_id)
    if latest is not None and latest.id != board.round.id:
        raise RoundRefusedError(RoundRefusal.UNDER_WAY if latest.ended_at is None else RoundRefusal.OVER)


def _was_taken(board: Board | None, interaction_id: int) -> bool:
    """Tell whether another process on this token has heard of the interaction and was quicker."""
    return board is not None and any(take.job.interaction_id == interaction_id for take in board.takes)


def _failed_take(board: Board | None, number: int, requester: Requester) -> BoardTake:
    """Return a take that failed and may be made anew by the requester.

    Raises:
        RoundRefusedError: when there is none.
    """
    if board is None or board.round.guild_id != requester.guild_id:
        raise RoundRefusedError(RoundRefusal.UNKNOWN)
    if board.round.member_id != requester.member_id:
        raise RoundRefusedError(RoundRefusal.NOT_STARTER)
    if board.round.state is not RoundState.OPEN and board.round.outcome is not Outcome.TOO_FEW:
        raise RoundRefusedError(RoundRefusal.OVER)
    take = next((take for take in board.takes if take.number == number), None)
    if take is None or not take.has_failed:
        raise RoundRefusedError(RoundRefusal.NOT_FAILED, number=number)
    if not take.job.spec.prompt:
        raise RoundRefusedError(RoundRefusal.ERASED)
    return take
