"""What a pass of the worker takes: whatever is due and nobody holds, as far as slots, lanes and limits allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import FINAL_STATES, RENDER_STATES, JobState
from bot.services.throttling.backoff import BURST_SECONDS, MINUTE_SECONDS, Sent, window_start
from bot.store import jobs
from bot.store.brainstorms import rounds
from bot.store.jobs import polls, submits

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.models import Job, Submit
    from bot.models.brainstorms import Round
    from bot.services.jobs.context import WorkContext
    from bot.store import Connection


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """Steps of one kind, and how many of them at a time; ``states`` are those of the jobs they are for."""

    name: str
    at_once: int
    states: Collection[JobState] = ()
    polls: bool = False


class Lanes:
    """The kinds of steps there are."""

    def __init__(self, context: WorkContext) -> None:
        policy = context.policy
        self.submit = Lane("submit", policy.max_concurrent_renders)
        self.unattended = Lane("unattended", policy.polls_at_once, polls=True)
        self.reconcile = Lane("reconcile", policy.polls_at_once, {JobState.SUBMITTING}, polls=True)
        self.poll = Lane("poll", policy.polls_at_once, {JobState.RENDERING}, polls=True)
        self.deliver = Lane("deliver", policy.deliveries_at_once, {JobState.READY, JobState.DELIVERING})
        self.settle = Lane("settle", policy.settles_at_once, FINAL_STATES)
        self.round = Lane("round", policy.rounds_at_once)
        self.of_jobs = (self.reconcile, self.poll, self.deliver, self.settle)


@dataclass(frozen=True, slots=True)
class Claim:
    """Something to do for one job, a submit whose job has ended, or a round; ``key`` names it while it is done.

    Attributes:
        submit: what is to be sent, or asked about; None for a step that is about the job alone.
        round: of a brainstorm, whose board and vote are looked after.
    """

    key: str
    lane: Lane
    job: Job | None = None
    submit: Submit | None = None
    round: Round | None = None


class Claims:
    """Takes what is due, in a transaction of the worker's; knows what is in flight.

    Attributes:
        in_flight: the lane of each claim that is being worked at, by its key.
    """

    def __init__(self, context: WorkContext) -> None:
        self._work = context
        self.lanes = Lanes(context)
        self.in_flight: dict[str, Lane] = {}
        self._windows: tuple[Sent, Sent] | None = None

    async def take(self, connection: Connection, now: datetime, claims: list[Claim]) -> float | None:
        """Take what is due; return how long nothing more will be as far as is known (None: until woken).

        Args:
            claims: gets what is taken, also if something then fails: ``drop`` it unless the transaction is committed.
        """
        self._windows = None
        due = await jobs.next_due(connection)
        slots = await self._start_waiting(connection, now, due, claims)
        unattended_at = await self._take_unattended(connection, now, claims)
        for lane in self.lanes.of_jobs:
            due_at = _next_due_at(lane, due)
            if due_at is not None and due_at <= now:
                await self._take_due(connection, lane, now, claims)
        round_at = await self._take_rounds(connection, now, claims)
        if claims:
            await self._count_polls_sent(connection, now, claims)
            due = await jobs.next_due(connection)
        return await self._pause_seconds(connection, now, due, slots, (unattended_at, round_at))

    def drop(self, claims: list[Claim]) -> None:
        """Take nothing of it after all."""
        for claim in claims:
            self.in_flight.pop(claim.key, None)

    def lease_until(self, now: datetime) -> datetime:
        """Return until when what is taken now is ours."""
        return now + timedelta(seconds=self._work.policy.lease_seconds)

    # Kinds of work -------------------------------------------------------------------------------

    async def _start_waiting(
        self, connection: Connection, now: datetime, due: dict[JobState, datetime], claims: list[Claim]
    ) -> submits.Slots | None:
        """Start waiting jobs in free render slots; return the slots as they were if a job has to wait for one."""
        throttle, policy = self._work.throttle, self._work.policy
        if JobState.QUEUED not in due or throttle.held_by_operator:
            return None
        if throttle.is_paused and not throttle.tries_one(now):
            return None
        if throttle.is_in_trouble and await submits.is_probing(connection, renders=throttle.waits_for_renders):
            return None
        slots = await submits.slots(connection, since=policy.slots_since(now))
        wanted = policy.max_concurrent_renders - slots.taken
        if wanted <= 0:
            return slots
        limit = throttle.submit.allowance(
            now,
            wanted=1 if throttle.is_paused else wanted,
            in_flight=self._count(self.lanes.submit),
            burst=Sent(*await submits.count_sent(connection, since=window_start(now, BURST_SECONDS))),
            minute=Sent(*await submits.count_sent(connection, since=window_start(now, MINUTE_SECONDS))),
        )
        if limit <= 0:
            return None
        started = await jobs.start_next(
            connection,
            now=now,
            limit=limit,
            owner=self._work.owner,
            lease_until=self.lease_until(now),
            slots_since=policy.slots_since(now),
            in_flight=self.in_flight.keys(),
            model=self._work.service.model,
            last=throttle.suspects.last,
        )
        if started and throttle.is_paused:
            throttle.note_tried(now)
        throttle.submit.note_sent(len(started))
        added = await submits.add(
            connection, started, model=self._work.service.model, now=now, is_probe=throttle.is_in_trouble
        )
        self._note(claims, [Claim(job.id, self.lanes.submit, job, added[job.id]) for job in started])
        return None

    async def _take_unattended(self, connection: Connection, now: datetime, claims: list[Claim]) -> datetime | None:
        """Take some due submits whose jobs have ended; return when the next is due."""
        due_at = await submits.next_unattended_at(connection)
        polled = (await jobs.count(connection, RENDER_STATES)).total()
        self._work.throttle.poll.shared_by = polled + await submits.count_unattended(connection, due_at)
        if due_at is None or due_at > now:
            return due_at
        room = await self._room_for_polls(connection, now, self.lanes.unattended)
        limit = min(room, max(1, room // 10))  # those that somebody waits for go before
        if limit > 0:
            claimed = await submits.claim_unattended(
                connection, now=now, until=self.lease_until(now), limit=limit, in_flight=self.in_flight.keys()
            )
            self._note(claims, [Claim(it.key, self.lanes.unattended, submit=it) for it in claimed])
        return await submits.next_unattended_at(connection)

    async def _take_due(self, connection: Connection, lane: Lane, now: datetime, claims: list[Claim]) -> None:
        limit = lane.at_once - self._count(lane)
        if lane.polls:
            limit = await self._room_for_polls(connection, now, lane)
        if limit > 0:
            claimed = await jobs.claim_due(
                connection,
                states=lane.states,
                now=now,
                limit=limit,
                owner=self._work.owner,
                lease_until=self.lease_until(now),
                in_flight=self.in_flight.keys(),
            )
            self._note(claims, [Claim(job.id, lane, job) for job in claimed])

    async def _take_rounds(self, connection: Connection, now: datetime, claims: list[Claim]) -> datetime | None:
        """Take some due rounds of brainstorms; return when the next is due."""
        lane = self.lanes.round
        due_at = await rounds.next_due_at(connection)
        limit = lane.at_once - self._count(lane)
        if due_at is None or due_at > now or limit <= 0:
            return due_at
        claimed = await rounds.claim_due(
            connection,
            now=now,
            limit=limit,
            owner=self._work.owner,
            lease_until=self.lease_until(now),
            in_flight=self.in_flight.keys(),
        )
        self._note(claims, [Claim(round_.id, lane, round=round_) for round_ in claimed])
        return await rounds.next_due_at(connection)

    def _note(self, claims: list[Claim], taken: list[Claim]) -> None:
        claims += taken
        self.in_flight |= {claim.key: claim.lane for claim in taken}
        polls_taken = sum(claim.lane.polls for claim in taken)
        self._work.throttle.poll.note_sent(polls_taken)
        if self._windows is not None and polls_taken:
            burst, minute = self._windows
            self._windows = (
                Sent(burst.count + polls_taken, burst.first_at),
                Sent(minute.count + polls_taken, minute.first_at),
            )

    # Polls, within the account's limits ----------------------------------------------------------

    async def _room_for_polls(self, connection: Connection, now: datetime, lane: Lane) -> int:
        burst, minute = await self._polls_sent(connection, now)
        return self._work.throttle.poll.allowance(
            now,
            wanted=lane.at_once - self._count(lane),
            in_flight=self._count_polls(),
            burst=burst,
            minute=minute,
        )

    async def _polls_sent(self, connection: Connection, now: datetime) -> tuple[Sent, Sent]:
        """Return the polls of the last 10 s and of the last minute, of all processes, those just taken included."""
        if self._windows is None:
            sent = await polls.since(connection, window_start(now, MINUTE_SECONDS))
            recent = [(at, count) for at, count in sent if at > window_start(now, BURST_SECONDS)]
            self._windows = (_total(recent), _total(sent))
        return self._windows

    async def _count_polls_sent(self, connection: Connection, now: datetime, claims: list[Claim]) -> None:
        backoff = self._work.throttle.poll
        count = sum(claim.lane.polls for claim in claims) + backoff.extra
        backoff.extra = 0
        if count:
            await polls.note(connection, count, now=now, forget_before=window_start(now, MINUTE_SECONDS))

    # What comes next -----------------------------------------------------------------------------

    async def _pause_seconds(
        self,
        connection: Connection,
        now: datetime,
        due: dict[JobState, datetime],
        slots: submits.Slots | None,
        others_at: tuple[datetime | None, datetime | None],
    ) -> float | None:
        """Return how long nothing more will be due; a lane that is full is woken by its own next end.

        Args:
            others_at: when the next unattended submit is due, and the next round.
        """
        throttle, policy = self._work.throttle, self._work.policy
        times = [throttle.probe_at, throttle.submit.opens_at]
        if JobState.QUEUED in due:  # where it isn't past, the next is held, and free when its lease has ended
            times.append(due[JobState.QUEUED])
        if slots is not None and slots.oldest_sent_at is not None:
            times.append(slots.oldest_sent_at + timedelta(seconds=policy.slot_seconds))
        times = [time for time in times if time is not None and time > now]
        of_jobs = [(lane, _next_due_at(lane, due)) for lane in self.lanes.of_jobs]
        others = zip((self.lanes.unattended, self.lanes.round), others_at, strict=True)
        for lane, due_at in [*of_jobs, *others]:
            if due_at is None or self._count(lane) >= lane.at_once:
                continue
            if lane.polls and await self._room_for_polls(connection, now, lane) <= 0:
                opens_at = throttle.poll.opens_at
                if opens_at is None or opens_at <= now:
                    continue  # one poll is out to see if the service holds us back; its answer wakes the loop
                due_at = max(due_at, opens_at)
            times.append(due_at)
        return (min(times) - now).total_seconds() if times else None

    def _count(self, lane: Lane) -> int:
        return sum(1 for taken in self.in_flight.values() if taken is lane)

    def _count_polls(self) -> int:
        return sum(lane.polls for lane in self.in_flight.values())


def _next_due_at(lane: Lane, due: dict[JobState, datetime]) -> datetime | None:
    return min((due[state] for state in lane.states if state in due), default=None)


def _total(sent: list[tuple[datetime, int]]) -> Sent:
    return Sent(sum(count for _, count in sent), sent[0][0] if sent else None)
