"""Jobs that come from a backup: whatever became of each since, it ends once, and nothing is paid or posted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, insert, select

from bot.errors import DestinationClosedError, PublishUnavailableError
from bot.models import ClipLink, JobError, JobState, LogKind
from bot.sandbox.faults import Fault
from bot.services.jobs.policy import WorkerPolicy
from bot.store.backups import mark_open_jobs
from bot.store.jobs import leases
from bot.store.tables import metadata
from tests.support.clocks import ServiceClock
from tests.support.workshop import GUILD_ID, MEMBER_ID

if TYPE_CHECKING:
    from sqlalchemy import Table

    from tests.support.brainstorming import Brainstorms
    from tests.support.workshop import Process, Workshop

ON_ITS_WAY = (JobState.QUEUED, JobState.SUBMITTING, JobState.RENDERING, JobState.READY, JobState.DELIVERING)
LOG_ID, MODERATOR_ID = 700, 900
BY = "command line, ada"


class Saved:
    """A workshop's database as it was at a moment, to be put back."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._rows: dict[Table, list[dict[str, Any]]] = {}

    async def save(self) -> None:
        async with self._workshop.database.read() as connection:
            for table in metadata.sorted_tables:
                rows = (await connection.execute(select(table))).mappings()
                self._rows[table] = [{column.key: row[column] for column in table.columns} for row in rows]

    async def restore(self) -> Process:
        """Put it back and mark it, as the command does; return a process that starts then."""
        async with self._workshop.database.write() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(delete(table))
            for table, rows in self._rows.items():
                if rows:
                    await connection.execute(insert(table), rows)
            await mark_open_jobs(connection, now=ServiceClock(self._workshop.time).now())
        return self._workshop.start()


@pytest.fixture
def saved(workshop: Workshop) -> Saved:
    return Saved(workshop)


async def accept_until(workshop: Workshop, state: JobState) -> str:
    """Accept a job and let it come to a state by a process that is killed there."""
    process = workshop.start()
    job_id = await workshop.accept(process)
    if state is JobState.SUBMITTING:
        workshop.server.faults.submit.append(Fault(drop=True, accept=True))
        await process.worker.tick()
    elif state is JobState.DELIVERING:
        await workshop.run_until(process, job_id, JobState.READY)
        workshop.discord.fail("post_clip", PublishUnavailableError("503"), after=True)
        await process.worker.tick()
    elif state is not JobState.QUEUED:
        await workshop.run_until(process, job_id, state)
    assert (await workshop.job(job_id)).state is state
    return job_id


@pytest.mark.parametrize("state", ON_ITS_WAY)
async def test_a_clip_that_was_posted_after_the_backup_is_found_and_made_no_second_time(
    workshop: Workshop, saved: Saved, state: JobState
) -> None:
    job_id = await accept_until(workshop, state)
    await saved.save()
    await workshop.run_until_idle(workshop.start())
    workshop.time.advance(3600.0)

    await workshop.run_until_idle(await saved.restore())

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1


@pytest.mark.parametrize("state", ON_ITS_WAY)
async def test_a_clip_that_was_posted_days_ago_is_found_though_its_job_had_waited_too_long(
    workshop: Workshop, saved: Saved, state: JobState
) -> None:
    job_id = await accept_until(workshop, state)
    await saved.save()
    await workshop.run_until_idle(workshop.start())
    workshop.time.advance(3 * 86_400.0)

    await workshop.run_until_idle(await saved.restore())

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1


@pytest.mark.parametrize("state", ON_ITS_WAY)
async def test_a_job_with_which_nothing_happened_after_the_backup_goes_on_and_ends_once(
    workshop: Workshop, saved: Saved, state: JobState
) -> None:
    job_id = await accept_until(workshop, state)
    await saved.save()

    await workshop.run_until_idle(await saved.restore())

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1
    assert await workshop.spent_seconds() == workshop.server.billed_seconds()


async def test_a_waiting_job_is_sent_only_once_the_service_surely_does_not_have_it(
    workshop: Workshop, saved: Saved
) -> None:
    job_id = await accept_until(workshop, JobState.QUEUED)
    await saved.save()
    process = await saved.restore()

    await workshop.run_for(process, WorkerPolicy().reconcile_seconds - 1)
    assert workshop.server.paid(job_id) == []
    assert [request.kind for request in workshop.server.requests if request.kind != "balance"][:1] == ["poll"]

    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_job_that_waited_and_was_sent_after_the_backup_is_followed_and_paid_once(
    workshop: Workshop, saved: Saved
) -> None:
    job_id = await accept_until(workshop, JobState.QUEUED)
    await saved.save()
    await workshop.run_until(workshop.start(), job_id, JobState.RENDERING)
    workshop.time.advance(3600.0)

    await workshop.run_until_idle(await saved.restore())

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


async def test_a_restored_jobs_deadline_counts_from_when_it_was_restored(workshop: Workshop, saved: Saved) -> None:
    job_id = await accept_until(workshop, JobState.RENDERING)
    await saved.save()
    workshop.time.advance(2 * 3600.0)
    workshop.server.faults.poll.append(Fault(status=503, times=3))  # of which the first would be the end

    await workshop.run_until_idle(await saved.restore())

    await workshop.expect_clip(job_id)


async def test_a_waiting_job_outlives_a_service_that_does_not_answer_when_it_is_restored(
    workshop: Workshop, saved: Saved
) -> None:
    job_id = await accept_until(workshop, JobState.QUEUED)
    await saved.save()
    process = await saved.restore()
    workshop.server.faults.poll.append(Fault(status=503, times=None))
    await workshop.run_for(process, WorkerPolicy().job_deadline_seconds + 60.0)
    workshop.server.faults.clear()

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_an_upload_that_is_seen_only_after_the_first_look_is_found_before_the_clip_is_posted(
    workshop: Workshop, saved: Saved
) -> None:
    workshop.discord.remembers_nonces = False
    job_id = await accept_until(workshop, JobState.RENDERING)
    await saved.save()
    process = await saved.restore()
    await process.worker.tick()
    job = await workshop.job(job_id)
    await workshop.discord.post_clip(job, ClipLink("https://files.example/x.mp4", job.created_at))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_job_that_waited_too_long_is_asked_about_and_refunded(workshop: Workshop, saved: Saved) -> None:
    job_id = await accept_until(workshop, JobState.QUEUED)
    await saved.save()
    workshop.time.advance(7 * 3600.0)

    await workshop.run_until_idle(await saved.restore())

    await workshop.expect_refund(job_id, JobError.WAITED_TOO_LONG)
    assert workshop.server.paid(job_id) == []


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.SUBMITTING, JobState.RENDERING])
async def test_what_the_service_may_have_forgotten_is_not_sent_again(
    workshop: Workshop, saved: Saved, state: JobState
) -> None:
    job_id = await accept_until(workshop, state)
    await saved.save()
    await workshop.run_until(workshop.start(), job_id, JobState.RENDERING)
    workshop.time.advance(3 * 86_400.0)
    workshop.server.generations.clear()

    await workshop.run_until_idle(await saved.restore())

    assert workshop.server.generations == {}
    assert (await workshop.job(job_id)).state is JobState.FAILED
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]


async def test_where_the_service_finds_nothing_by_our_id_what_may_have_been_sent_is_never_sent(
    workshop: Workshop, saved: Saved
) -> None:
    workshop.peeking.rows("UPDATE models SET finds_by_job_id = FALSE")
    job_id = await accept_until(workshop, JobState.QUEUED)
    await saved.save()

    await workshop.run_until_idle(await saved.restore())

    await workshop.expect_refund(job_id, JobError.SERVICE_FAULT)
    assert workshop.server.paid(job_id) == []


async def test_a_job_that_was_cancelled_after_the_backup_is_not_sent_and_its_seconds_come_back(
    workshop: Workshop, saved: Saved
) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await saved.save()
    await process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    await workshop.run_until_idle(process)

    restored = await saved.restore()
    await workshop.run_until_idle(restored)
    await workshop.run_for(restored, 120.0)

    job = await workshop.job(job_id)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.DISCARDED_UNBILLED)
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
    assert workshop.server.paid(job_id) == []


async def test_a_job_that_was_discarded_after_the_backup_stays_paid_and_is_not_posted(
    workshop: Workshop, saved: Saved
) -> None:
    job_id = await accept_until(workshop, JobState.QUEUED)
    await saved.save()
    process = workshop.start()
    await workshop.run_until(process, job_id, JobState.RENDERING)
    await process.discard(job_id)
    await workshop.run_until_idle(process)

    restored = await saved.restore()
    await workshop.run_until_idle(restored)
    await workshop.run_for(restored, 120.0)

    job = await workshop.job(job_id)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.DISCARDED)
    assert await workshop.entries(job_id) == [("charge", 6)]
    assert workshop.discord.clips(job_id) == []
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


async def test_a_job_that_failed_after_the_backup_is_refunded_and_its_failure_told_once(
    workshop: Workshop, saved: Saved
) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await saved.save()
    workshop.server.faults.submit.append(Fault.error("content_policy_violation"))
    await workshop.run_until_idle(process)
    shown = list(workshop.discord.cards[job_id])

    await workshop.run_until_idle(await saved.restore())

    assert (await workshop.job(job_id)).state is JobState.FAILED
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
    assert len(workshop.discord.failures) == 1
    assert workshop.discord.cards[job_id] == shown, "a card that hides a prompt is left as it is"
    assert workshop.server.paid(job_id) == []


async def test_nothing_is_done_for_a_job_while_discord_does_not_say_whether_its_clip_is_there(
    workshop: Workshop, saved: Saved
) -> None:
    job_id = await accept_until(workshop, JobState.RENDERING)
    await saved.save()
    await workshop.run_until_idle(workshop.start())
    asked = len(workshop.server.requests)
    process = await saved.restore()
    workshop.discord.fail("find_clip", *[PublishUnavailableError("503")] * 3)

    await workshop.run_for(process, 15.0)
    assert len(workshop.server.requests) == asked

    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_mark_may_be_made_again_and_leases_of_before_are_given_up(workshop: Workshop, saved: Saved) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await saved.save()
    await saved.restore()
    async with workshop.database.write() as connection:
        assert await mark_open_jobs(connection, now=ServiceClock(workshop.time).now()) == 1
        assert await leases.count(connection, ON_ITS_WAY) == {JobState.SUBMITTING: 1}
    assert len(await workshop.submits(job_id)) == 1

    await workshop.run_until_idle(workshop.start("local/2"))
    await workshop.expect_clip(job_id)


@pytest.mark.slow
@pytest.mark.parametrize("goes_on", [False, True])
async def test_takes_that_waited_for_their_thread_are_asked_about_and_come_once(
    workshop: Workshop, saved: Saved, team: Brainstorms, goes_on: bool
) -> None:
    started = await team.press_start(await team.plan())
    await saved.save()
    if goes_on:
        await team.land(started.round.id)
    team.process = await saved.restore()

    board = await team.land(started.round.id)

    assert [take.job.state for take in board.takes] == [JobState.DELIVERED] * len(board.takes)
    for take in board.takes:
        assert len(workshop.discord.clips(take.job.id)) == len(workshop.server.paid(take.job.id)) == 1
    assert (len(team.threads.starts), len(team.threads.threads), len(team.threads.board_ids)) == (1, 1, 1)


async def test_takes_that_come_to_nothing_before_they_are_asked_about_cost_nothing(
    workshop: Workshop, saved: Saved, team: Brainstorms
) -> None:
    started = await team.press_start(await team.plan())
    await saved.save()
    team.process = await saved.restore()
    assert await workshop.spent_seconds() > 0
    team.threads.fail_always("post_start", DestinationClosedError("50001"))

    board = await team.land(started.round.id)
    await workshop.run_for(team.process, 120.0)

    assert {take.job.state for take in board.takes} == {JobState.CANCELLED}
    assert await workshop.spent_seconds() == 0


async def test_a_vote_that_was_over_can_be_given_again_for_an_hour(
    workshop: Workshop, saved: Saved, team: Brainstorms
) -> None:
    started = await team.start()
    await team.arrive(started.round.id)
    await saved.save()
    workshop.time.advance(9 * 86_400.0)
    team.process = await saved.restore()
    await team.keep()

    board = await team.board(started.round.id)
    assert board.round.ended_at is None
    assert board.round.closes_at is not None
    assert (board.round.closes_at - team.now).total_seconds() == pytest.approx(3600, abs=1)


async def test_a_log_card_that_was_posted_after_the_backup_is_found_and_lost_cards_numbers_are_not_used_again(
    workshop: Workshop, saved: Saved
) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, LOG_ID, set_by_id=MODERATOR_ID)
    await saved.save()
    await process.log.tick()
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await process.log.tick()
    workshop.time.advance(120.0)

    process = await saved.restore()
    again = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await process.log.tick()

    changed, lost, posted = workshop.log.cards[LOG_ID]
    assert [changed.kind, lost.kind, posted.kind] == [LogKind.CHANGED, LogKind.POSTED, LogKind.POSTED]
    assert [job.id for job in (lost.job, posted.job) if job] == [job_id, again]
    assert posted.id > lost.id + 1000


@pytest.mark.parametrize("happens_after_the_backup", [True, False])
async def test_a_retry_that_was_under_way_posts_its_clip_once_and_is_billed_once(
    workshop: Workshop, saved: Saved, happens_after_the_backup: bool
) -> None:
    process = workshop.start()
    for method in ("post_clip", "post_clip_in_dm"):
        workshop.discord.fail(method, DestinationClosedError("10003"))
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await workshop.expect_refund(job_id, JobError.UNDELIVERABLE)
    adopting = await process.services.operating.retry(job_id, by=BY)
    await saved.save()
    if happens_after_the_backup:
        await workshop.run_until_idle(process)

    await workshop.run_until_idle(await saved.restore())

    assert (await workshop.job(adopting.id)).state is JobState.DELIVERED
    assert len(workshop.discord.clips(adopting.id)) == 1
    assert await workshop.entries(adopting.id) == []
    assert len(workshop.server.generations) == 1
    assert await workshop.spent_seconds() == workshop.server.billed_seconds()


async def test_a_pause_of_the_operators_that_is_in_the_backup_holds_what_is_not_found(
    workshop: Workshop, saved: Saved
) -> None:
    process = workshop.start(max_concurrent_renders=1)
    sent, waiting = await workshop.accept(process), await workshop.accept(process)
    await process.services.operating.pause(reason="a look at the bill", by=BY)
    await saved.save()
    await process.services.operating.resume(by=BY)
    await workshop.run_until(process, sent, JobState.RENDERING)
    process = await saved.restore()

    await workshop.run_for(process, 600.0)
    await workshop.expect_clip(sent)
    assert ((await workshop.job(waiting)).state, workshop.server.paid(waiting)) == (JobState.QUEUED, [])

    await process.services.operating.resume(by=BY)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(waiting)


async def test_two_processes_that_start_after_a_restore_make_each_clip_once(workshop: Workshop, saved: Saved) -> None:
    process = workshop.start()
    found, missing = await workshop.accept(process), await workshop.accept(process)
    await saved.save()
    await workshop.run_until(process, found, JobState.DELIVERED)

    first = await saved.restore()
    await workshop.run_until_idle(first, workshop.start("local/2"))

    for job_id in (found, missing):
        await workshop.expect_clip(job_id)
        assert len(workshop.server.paid(job_id)) == 1
