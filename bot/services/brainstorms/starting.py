"""Starting a round: its rows, its jobs and their charges, all in one transaction or not at all."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import RefusedError, RulesChangingError
from bot.models import JobState, LogKind, Origin
from bot.models.brainstorms import (
    TAKES_FEWEST,
    BoardTake,
    Brainstorm,
    PreviewChangedError,
    PreviewGoneError,
    Round,
    RoundRefusal,
    RoundRefusedError,
    RoundState,
    TooManyBrainstormsError,
)
from bot.services.admission.accepting import charge, new_job, new_job_id, record_refusal
from bot.services.brainstorms.previews import takes_request
from bot.services.screening.rules import MOST_JUDGINGS
from bot.store import jobs
from bot.store.brainstorms import boards, previews, rounds
from bot.store.moderation import modlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.models import Lineage, Requester, Server
    from bot.models.brainstorms import Preview
    from bot.services.admission.decision import Admitted, ScreeningResult
    from bot.services.admission.job_request import JobRequest
    from bot.services.admission.service import Admission
    from bot.services.brainstorms.previews import Previews
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """A round that was started, by this press or by one before."""

    brainstorm: Brainstorm
    round: Round
    takes: int
    seconds: int


class RoundStarter:
    """Makes rounds of previews, and failed takes anew."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        admission: Admission,
        previews: Previews,
        audit_trail: AuditTrail,
        jobs: JobService,
        random_bits: Callable[[int], int],
    ) -> None:
        self._database = database
        self._clock = clock
        self._admission = admission
        self._previews = previews
        self._audit_trail = audit_trail
        self._jobs = jobs
        self._random_bits = random_bits

    async def start(
        self,
        preview_id: str,
        requester: Requester,
        *,
        revision: int,
        count: int,
        interaction_id: int,
        in_thread: bool,
    ) -> Started:
        """Charge and store exactly as many takes as the preview's button said, or nothing.

        Args:
            revision: of the preview that was shown.
            count: how many takes the button said.
            in_thread: it is started in a thread, in which it goes on.

        Raises:
            PreviewGoneError: when there is no such preview of the requester's.
            PreviewChangedError: when other takes, or another number of them, can be made now.
            TooManyBrainstormsError, RoundRefusedError: when as many are open as may be, or the next round is.
            RefusedError: when no clips may be made there by the requester; the server's log is told.
            StoreUnavailableError: when the database cannot be asked.
        """
        try:
            preview = await self._previews.find(preview_id, requester, revision=revision)
        except PreviewGoneError:
            if (started := await self._find_started(preview_id, requester)) is not None:
                return started
            raise
        for _ in range(MOST_JUDGINGS):
            screening = await self._screen(preview, requester)
            taken = await self._take(preview, requester, screening, count, interaction_id, in_thread=in_thread)
            if taken is not None:
                break
        else:
            raise RulesChangingError
        self._jobs.note_accepted(requester.guild_id)
        _log.info("round started", extra={"round_id": preview.id, "guild_id": requester.guild_id, "takes": count})
        return taken

    # Starting ------------------------------------------------------------------------------------

    async def _find_started(self, preview_id: str, requester: Requester) -> Started | None:
        async with self._database.read() as connection:
            return await _read_started(connection, preview_id, requester)

    async def _screen(self, preview: Preview, requester: Requester) -> ScreeningResult:
        """Ask the rules about all takes; return what they say of those that will be made, which is yes."""
        requests = [takes_request(preview, requester, planned.take) for planned in preview.planned]
        results = await self._admission.screen_all(requests)
        if [result.refusal is not None for result in results] != [it.is_refused for it in preview.planned]:
            raise PreviewChangedError
        return replace(results[0], rule=None, automod=None)

    async def _take(
        self,
        preview: Preview,
        requester: Requester,
        screening: ScreeningResult,
        count: int,
        interaction_id: int,
        *,
        in_thread: bool,
    ) -> Started | None:
        """Do it in one transaction; None, and nothing written, when the rules are to be asked anew."""
        now = self._clock.now()
        refusal: RefusedError | None = None
        async with self._database.write() as connection:
            if (started := await _read_started(connection, preview.id, requester)) is not None:
                return started
            await _require_same(connection, preview, now)
            request = replace(
                takes_request(preview, requester, preview.planned[0].take, takes=count), interaction_id=interaction_id
            )
            details, decision = await self._admission.decide(connection, request, screening, now)
            if isinstance(decision, RefusedError):
                await record_refusal(connection, details, request, decision, now)
                refusal = decision if details.refusal is not None else PreviewChangedError()
            elif decision is None:
                return None
            else:
                await _require_room(connection, preview, details.server)
                takes = preview.offered[:count]
                if len(takes) < count or count + (preview.reigning_job_id is not None) < TAKES_FEWEST:
                    raise PreviewChangedError
                started = await self._write(connection, preview, details.server, request, decision, in_thread, now)
        if refusal is not None:
            self._audit_trail.tell(requester.guild_id)
            raise refusal
        return started

    async def _write(
        self,
        connection: Connection,
        preview: Preview,
        server: Server,
        request: JobRequest,
        admitted: Admitted,
        in_thread: bool,
        now: datetime,
    ) -> Started:
        brainstorm, number = await self._brainstorm(connection, preview, in_thread, now)
        reigning = await _reigning(connection, preview)
        lineage = None if reigning is None else reigning.job.descent(Origin.ROUND)
        takes = [*([] if reigning is None else [reigning]), *self._made(preview, request, admitted, lineage, now)]
        await charge(connection, server, [take.job for take in takes if not take.is_reigning], admitted, now)
        round_ = Round(
            id=preview.id,
            brainstorm_id=brainstorm.id,
            number=number,
            guild_id=preview.guild_id,
            member_id=preview.member_id,
            idea=preview.idea,
            vary=preview.vary,
            vote=preview.vote,
            state=RoundState.STARTING,
            created_at=now,
            due_at=now,
        )
        await rounds.add(connection, round_, takes)
        await previews.remove(connection, preview.id)
        started = Started(brainstorm, round_, request.clips, request.clips * admitted.spec.cost_seconds)
        details = {
            "member_id": preview.member_id,
            "channel_id": brainstorm.thread_id or brainstorm.channel_id,
            "round": number,
            "takes": started.takes,
            "seconds": started.seconds,
        }
        await modlog.add(connection, server, LogKind.BRAINSTORM_STARTED, now=now, details=details)
        return started

    async def _brainstorm(
        self, connection: Connection, preview: Preview, in_thread: bool, now: datetime
    ) -> tuple[Brainstorm, int]:
        """Return the brainstorm that a round belongs to, and the round's number."""
        if preview.brainstorm_id is not None:
            brainstorm = await rounds.get_brainstorm(connection, preview.brainstorm_id)
            latest = await rounds.find_latest(connection, preview.brainstorm_id)
            if brainstorm is None or latest is None:
                raise PreviewGoneError
            if latest.ended_at is None:
                raise RoundRefusedError(RoundRefusal.UNDER_WAY)
            return brainstorm, latest.number + 1
        brainstorm = Brainstorm(
            id=preview.id,
            guild_id=preview.guild_id,
            channel_id=preview.channel_id,
            member_id=preview.member_id,
            title=" ".join(preview.idea.split()),
            created_at=now,
            thread_id=preview.channel_id if in_thread else None,
        )
        await rounds.add_brainstorm(connection, brainstorm)
        return brainstorm, 1

    def _made(
        self, preview: Preview, request: JobRequest, admitted: Admitted, lineage: Lineage | None, now: datetime
    ) -> list[BoardTake]:
        """Return the takes that are made, held until their thread is there."""
        first = 1 if preview.reigning_job_id is None else 2
        planned = preview.offered[: request.clips]
        job_ids = sorted(new_job_id(now, self._random_bits) for _ in planned)  # of one moment; the first is made first
        made: list[BoardTake] = []
        for number, (job_id, each) in enumerate(zip(job_ids, planned, strict=True), start=first):
            job = new_job(
                replace(request, prompt=each.take.prompt, lineage=lineage),
                replace(admitted, spec=replace(admitted.spec, prompt=each.take.prompt)),
                now,
                random_bits=self._random_bits,
                lease_owner=None,
                lease_seconds=0.0,
            )
            held = replace(job, id=job_id, state=JobState.HELD, due_at=None, round_id=preview.id, number=number)
            made.append(BoardTake(number=number, difference=each.take.difference, job=held))
        return made


async def _read_started(connection: Connection, preview_id: str, requester: Requester) -> Started | None:
    round_ = await rounds.get(connection, preview_id)
    if round_ is None or (round_.guild_id, round_.member_id) != (requester.guild_id, requester.member_id):
        return None
    board = await boards.read_of(connection, round_)
    made = [take.job for take in board.takes if not take.is_reigning]
    return Started(board.brainstorm, round_, len(made), sum(job.spec.cost_seconds for job in made))


async def _require_same(connection: Connection, preview: Preview, now: datetime) -> None:
    """Check that a preview is still as it was read."""
    present = await previews.find(
        connection, preview.id, guild_id=preview.guild_id, member_id=preview.member_id, now=now
    )
    if present is None:
        raise PreviewGoneError
    if present.revision != preview.revision:
        raise PreviewChangedError


async def _require_room(connection: Connection, preview: Preview, server: Server) -> None:
    of = None if preview.brainstorm_id is None else await rounds.get_brainstorm(connection, preview.brainstorm_id)
    channel_id = preview.channel_id if of is None else of.channel_id
    await require_room(connection, server, member_id=preview.member_id, channel_id=channel_id)


async def require_room(connection: Connection, server: Server, *, member_id: int, channel_id: int) -> None:
    """Check how many brainstorms are open; one whose takes have landed is not, though its vote may go on.

    Raises:
        TooManyBrainstormsError: when as many are as may be.
    """
    found = await rounds.list_open(connection, guild_id=server.guild_id)
    own = [of for round_, of in found if round_.member_id == member_id]
    if len(own) >= server.brainstorms_per_member:
        raise TooManyBrainstormsError(server.brainstorms_per_member, in_channel=False, thread_id=own[0].thread_id)
    here = [of for _, of in found if of.channel_id == channel_id]
    if len(here) >= server.brainstorms_per_channel:
        raise TooManyBrainstormsError(server.brainstorms_per_channel, in_channel=True, thread_id=here[0].thread_id)


async def _reigning(connection: Connection, preview: Preview) -> BoardTake | None:
    """Return the winner that a round goes on from, as its first take."""
    if preview.reigning_job_id is None:
        return None
    job = await jobs.get(connection, preview.reigning_job_id)
    if job is None or job.removed_at is not None or not job.spec.prompt:
        raise RoundRefusedError(RoundRefusal.ERASED)
    difference = "" if job.round_id is None else await rounds.find_difference(connection, job.round_id, job.number)
    return BoardTake(number=1, difference=difference or "", job=job, is_reigning=True)
