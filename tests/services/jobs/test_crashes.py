"""Whatever order crashes, answers and retries come in: each job has one end, and everybody the right side of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import DestinationClosedError, PublishUnavailableError, StoreUnavailableError, UploadTooLargeError
from bot.models import UNPAID_OUTCOMES, JobError, JobState, NotCancellableError
from bot.sandbox.faults import Fault
from tests.support.faults import FlakyDatabase, Hold, SurprisingService
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID, Workshop, open_workshop

SUBMIT_FAULTS = {
    "lost on the way": Fault(drop=True),
    "taken, its answer lost": Fault(drop=True, accept=True),
    "refused by a gateway": Fault(status=502),
    "taken, answered by a gateway": Fault(status=502, accept=True),
    "too many": Fault.error("rate_limit_exceeded"),
    "bad key": Fault.error("unauthorized"),
    "bad prompt": Fault.error("content_policy_violation"),
}
POLL_FAULTS = {
    "lost on the way": Fault(drop=True),
    "refused by a gateway": Fault(status=503, times=3),
    "too many": Fault.error("rate_limit_exceeded"),
    "bad key": Fault.error("unauthorized"),
    "without an address": Fault(change={"result": None}),
    "unknown status": Fault(change={"status": "thinking", "result": None}),
}
RENDER_FAULTS = {"failed": Fault.failed("Generation failed: out of memory")}
FILE_FAULTS = {
    "not there yet": Fault(status=404),
    "lost on the way": Fault(drop=True),
    "not a video": Fault(status=200, body="no video"),
}
POST_FAULTS = {
    "unavailable": PublishUnavailableError("503"),
    "closed": DestinationClosedError("50001"),
    "too large": UploadTooLargeError("40005"),
}

CRASH_POINTS = (
    *(f"{when} {method}" for when in ("before", "after") for method in ("submit", "fetch_generation", "download")),
    *("find_clip", "post_clip", "after post_clip", "post_clip_in_dm", "after post_clip_in_dm"),
    *("show_status", "remove_status", "alert_operator", "find_failure", "post_failure", "after post_failure"),
)

Act = tuple[str, ...]

ACTS: st.SearchStrategy[Act] = st.one_of(
    st.just(("go on",)),
    st.just(("go on",)),
    st.just(("crash",)),
    st.just(("accept",)),
    st.just(("cancel",)),
    st.tuples(st.just("discard"), st.sampled_from(["member", "moderator"])),
    st.just(("silence",)),
    st.tuples(st.just("crash"), st.sampled_from(CRASH_POINTS)),
    st.tuples(st.just("submit"), st.sampled_from(sorted(SUBMIT_FAULTS))),
    st.tuples(st.just("poll"), st.sampled_from(sorted(POLL_FAULTS))),
    st.tuples(st.just("render"), st.sampled_from(sorted(RENDER_FAULTS))),
    st.tuples(st.just("file"), st.sampled_from(sorted(FILE_FAULTS))),
    st.tuples(st.just("post"), st.sampled_from(sorted(POST_FAULTS))),
    st.just(("post arrives but seems to fail",)),
    st.just(("direct message arrives but seems to fail",)),
    st.just(("find fails",)),
    st.tuples(st.just("database"), st.sampled_from(["write", "commit", "late write", "late commit", "read"])),
)


class Story:
    """One run of a bot that is made to stumble, and what is true at its end."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.job_ids: list[str] = []
        self.database = FlakyDatabase(workshop.database)
        self._service = SurprisingService(workshop.client)
        self.process = workshop.start(database=self.database, service=self._service)
        self._other = workshop.start("local/2")

    async def accept(self) -> None:
        with suppress(StoreUnavailableError):
            card = await self.process.jobs.accept(self.workshop.request())
            self.job_ids.append(card.job.id)
            await self.process.jobs.attach_status(card.job.id, 1000)

    async def play(self, act: Act) -> None:
        faults, discord = self.workshop.server.faults, self.workshop.discord
        match act:
            case ("go on",):
                await self._go_on()
            case ("crash",):
                await self._restart()
            case ("silence",):  # another process takes over what this one does not finish
                self.workshop.time.advance(61)
                await self._other.worker.tick()
            case ("accept",):
                await self.accept()
            case ("cancel",):
                with suppress(NotCancellableError, StoreUnavailableError):
                    latest = self.job_ids[-1] if self.job_ids else ""
                    await self.process.jobs.cancel(latest, guild_id=GUILD_ID, member_id=MEMBER_ID)
            case ("discard", who):
                with suppress(NotCancellableError, StoreUnavailableError):
                    latest = self.job_ids[-1] if self.job_ids else ""
                    await self.process.discard(latest, by=MEMBER_ID if who == "member" else MODERATOR_ID)
            case ("crash", point):
                await self._crash_at(point)
            case ("submit", name):
                faults.submit.append(SUBMIT_FAULTS[name])
            case ("poll", name):
                faults.poll.append(POLL_FAULTS[name])
            case ("render", name):
                faults.render.append(RENDER_FAULTS[name])
            case ("file", name):
                faults.file.append(FILE_FAULTS[name])
            case ("post", name):
                discord.fail("post_clip", POST_FAULTS[name])
            case ("post arrives but seems to fail",):
                discord.fail("post_clip", PublishUnavailableError("503"), after=True)
            case ("direct message arrives but seems to fail",):
                discord.fail("post_clip", DestinationClosedError("10003"))
                discord.fail("post_clip_in_dm", PublishUnavailableError("503"), after=True)
            case ("find fails",):
                discord.fail("find_clip", PublishUnavailableError("503"))
            case ("database", trouble):
                first = [None] if trouble.startswith("late") else []
                self.database.troubles.extend([*first, trouble.removeprefix("late ")])
            case _:
                raise AssertionError(act)

    async def end(self) -> None:
        """Let everything go well, and check that everything ends well."""
        self.workshop.server.faults.clear()
        self.workshop.discord.troubles.clear()
        self.database.troubles.clear()
        await self._restart()
        await self.workshop.run_until_idle(self.process)
        for job_id in self.job_ids:
            if (await self.workshop.job(job_id)).error_code is JobError.DISCARDED:
                await self._follow(job_id)
            await self._check(job_id)

    async def _follow(self, job_id: str) -> None:
        """Let the service say what became of a job that was discarded."""
        for _ in range(30):
            if all(submit.ended_at for submit in await self.workshop.submits(job_id)):
                break
            await self.workshop.run_for(self.process, 120)
        await self.workshop.run_until_idle(self.process)

    async def _check(self, job_id: str) -> None:
        job = await self.workshop.job(job_id)
        clips, entries = self.workshop.discord.clips(job_id), await self.workshop.entries(job_id)
        cost = job.spec.cost_seconds
        assert job.state.is_final
        if job.state is JobState.DELIVERED:
            assert len(clips) == 1
            assert job.message_id == clips[0].id
            assert entries == [("charge", cost)]
        elif job.error_code is JobError.DISCARDED:
            assert clips == []
            assert entries == [("charge", cost)]
            outcomes = await self.workshop.outcomes(job_id)
            assert any(outcome not in UNPAID_OUTCOMES for outcome in outcomes), "what is not billed is given back"
        else:
            assert clips == []
            assert entries == [("charge", cost), ("refund", cost)]
            cancelled = {None, JobError.DISCARDED_UNBILLED, JobError.CANCELLED_BY_MODERATOR}
            assert (job.error_code in cancelled) == (job.state is JobState.CANCELLED)
        told = [failed for failed in self.workshop.discord.failures if failed.id == job_id]
        assert len(told) == (job.state is JobState.FAILED)
        assert len(self.workshop.server.paid(job_id)) <= 1
        assert (job.lease_owner, job.due_at) == (None, None)

    async def _go_on(self) -> None:
        with suppress(StoreUnavailableError):
            await self.process.worker.tick()
        with suppress(StoreUnavailableError):
            await self.process.card_updater.tick()
        self.workshop.advance_to_next(self.process)

    async def _restart(self) -> None:
        """Start again as after SIGKILL: nothing of the old process is left but what it wrote down."""
        self.process = self.workshop.start(database=self.database, service=self._service)
        with suppress(StoreUnavailableError):
            await self.process.worker.reclaim_leases()

    async def _crash_at(self, point: str) -> None:
        """Kill the process when its next pass gets to a point, or at the pass's end if it does not."""
        hold = Hold()
        self._service.holds[point] = self.workshop.discord.holds[point] = hold
        tick, arrival = asyncio.create_task(self.process.worker.tick()), asyncio.create_task(hold.reached.wait())
        await asyncio.wait({tick, arrival}, return_when=asyncio.FIRST_COMPLETED)
        tick.cancel()
        arrival.cancel()
        for result in await asyncio.gather(tick, arrival, return_exceptions=True):
            assert isinstance(result, int | asyncio.CancelledError | StoreUnavailableError), result
        self._service.holds.clear()
        self.workshop.discord.holds.clear()
        await self._restart()


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=st.lists(ACTS, min_size=3, max_size=12), remembers_nonces=st.booleans())
def test_any_order_of_crash_answer_and_retry_ends_each_job_once_with_the_right_ledger(
    acts: list[Act], remembers_nonces: bool
) -> None:
    async def play() -> None:
        with TemporaryDirectory() as folder:
            async with open_workshop(Path(folder), queue_seconds=0.0, render_seconds=8.0) as workshop:
                workshop.discord.remembers_nonces = remembers_nonces
                story = Story(workshop)
                await story.accept()
                for act in acts:
                    await story.play(act)
                await story.end()

    asyncio.run(play())
