"""What moderators change about a server: what holds then, what is written down, and what is cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import DestinationClosedError, InvalidSettingError, NotRemovableError, PublishUnavailableError
from bot.models import (
    Access,
    BlockedError,
    CapReachedError,
    ChangeKind,
    ChannelRule,
    JobError,
    JobState,
    LogKind,
    NotCancellableError,
    PausedError,
    Period,
    Quota,
    QuotaSource,
)
from bot.sandbox.faults import Fault
from bot.store.database import Database
from tests.support.faults import Hold, SurprisingService
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, requester

if TYPE_CHECKING:
    from bot.models import Change
    from tests.support.workshop import Process, Workshop

MODERATOR_ID, LOG_CHANNEL_ID, OTHER_GUILD_ID = 900, 700, GUILD_ID + 1


async def changes(process: Process) -> list[Change]:
    """Return the audit, oldest first."""
    found, _ = await process.services.servers.list_changes(GUILD_ID, limit=100)
    return found[::-1]


async def test_every_change_is_a_row_with_who_made_it_and_what_was_before_and_after(workshop: Workshop) -> None:
    process = workshop.start()
    services = process.services
    day, week = {"seconds": 60, "period": "day"}, {"seconds": 90, "period": "week"}
    for quota in (Quota(60), Quota(90, Period.WEEK)):
        await services.quotas.set_rule(
            guild_id=GUILD_ID, source=QuotaSource.ROLE, subject_id=5, quota=quota, set_by_id=MODERATOR_ID
        )
        await services.servers.set_cap(GUILD_ID, quota, set_by_id=MODERATOR_ID)
    await services.quotas.clear_rule(
        guild_id=GUILD_ID, source=QuotaSource.ROLE, subject_id=5, cleared_by_id=MODERATOR_ID + 1
    )
    await services.servers.set_timezone(GUILD_ID, "Asia/Tokyo", set_by_id=MODERATOR_ID)
    await services.servers.pause(GUILD_ID, "  a   flood ", set_by_id=MODERATOR_ID)
    await services.servers.resume(GUILD_ID, set_by_id=MODERATOR_ID)
    await services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await services.servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=None, set_by_id=MODERATOR_ID)

    role = {"source": "role", "until": None}
    assert [(change.kind, change.subject_id, change.before, change.after) for change in await changes(process)] == [
        (ChangeKind.QUOTA, 5, None, day | role),
        (ChangeKind.CAP, None, None, day),
        (ChangeKind.QUOTA, 5, day | role, week | role),
        (ChangeKind.CAP, None, day, week),
        (ChangeKind.QUOTA, 5, week | role, None),
        (ChangeKind.TIMEZONE, None, {"timezone": "UTC"}, {"timezone": "Asia/Tokyo"}),
        (ChangeKind.PAUSE, None, None, {"reason": "a flood"}),
        (ChangeKind.PAUSE, None, {"reason": "a flood"}, None),
        (ChangeKind.LOG_CHANNEL, None, None, {"channel_id": LOG_CHANNEL_ID}),
        (ChangeKind.BLOCK, MEMBER_ID, None, {"reason": "spam", "until": None}),
    ]
    assert [change.made_by_id for change in await changes(process)].count(MODERATOR_ID + 1) == 1


async def test_what_is_as_it_was_is_no_change(workshop: Workshop) -> None:
    process = workshop.start()
    for _ in range(2):
        await process.services.servers.set_timezone(GUILD_ID, "Asia/Tokyo", set_by_id=MODERATOR_ID)
        await process.services.servers.resume(GUILD_ID, set_by_id=MODERATOR_ID)
        await process.services.servers.unblock(GUILD_ID, MEMBER_ID, set_by_id=MODERATOR_ID)

    assert [change.kind for change in await changes(process)] == [ChangeKind.TIMEZONE]


async def test_who_decides_what_is_decided_already_does_not_take_it_over(workshop: Workshop) -> None:
    process = workshop.start()
    for moderator_id in (MODERATOR_ID, MODERATOR_ID + 1):
        await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=moderator_id)
        await process.services.servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=3, set_by_id=moderator_id)
        await process.quotas.set_rule(
            guild_id=GUILD_ID,
            source=QuotaSource.SERVER,
            subject_id=GUILD_ID,
            quota=Quota(6),
            set_by_id=moderator_id,
        )

    view = await process.services.servers.view(GUILD_ID)
    assert view.server.pause is not None
    assert {view.server.pause.paused_by_id, view.blocks[0].set_by_id, view.rules[0].set_by_id} == {MODERATOR_ID}
    assert {change.made_by_id for change in await changes(process)} == {MODERATOR_ID}


async def test_a_closed_log_that_is_chosen_again_is_a_change(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    workshop.log.troubles.append(DestinationClosedError("10003"))
    await process.log.tick()

    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID + 1)
    await process.log.tick()

    _, again = await changes(process)
    assert (again.made_by_id, again.before, again.after) == (
        MODERATOR_ID + 1,
        {"channel_id": LOG_CHANNEL_ID, "closed": True},
        {"channel_id": LOG_CHANNEL_ID},
    )
    assert len(workshop.log.cards[LOG_CHANNEL_ID]) == 1


async def test_what_two_processes_hear_of_is_written_down_once(workshop: Workshop) -> None:
    async with Database.open(workshop.database_url) as other_database:
        processes = workshop.start(), workshop.start("local/2", database=other_database)
        for process in processes:
            await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
            await process.services.servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=3, set_by_id=MODERATOR_ID)
            await process.quotas.set_rule(
                guild_id=GUILD_ID,
                source=QuotaSource.MEMBER,
                subject_id=MEMBER_ID,
                quota=Quota(6),
                set_by_id=MODERATOR_ID,
                days=7,
            )
            workshop.time.advance(0.5)
        request = workshop.request()
        for process in processes:
            with pytest.raises(BlockedError):
                await process.jobs.accept(request)

    assert [change.kind for change in await changes(processes[0])] == [
        *(ChangeKind.LOG_CHANNEL, ChangeKind.BLOCK, ChangeKind.QUOTA)
    ]
    assert (await processes[0].services.usage.report(GUILD_ID, Period.DAY)).refused == 1


async def test_two_moderators_at_once_change_it_one_after_the_other_and_each_is_told_what_it_replaced(
    workshop: Workshop,
) -> None:
    async with Database.open(workshop.database_url) as other_database:
        processes = workshop.start(), workshop.start("local/2", database=other_database)

        made = await asyncio.gather(
            *(
                process.quotas.set_rule(
                    guild_id=GUILD_ID,
                    source=QuotaSource.SERVER,
                    subject_id=GUILD_ID,
                    quota=Quota(10 * number),
                    set_by_id=MODERATOR_ID + number,
                )
                for number, process in enumerate(processes * 3, start=1)
            )
        )

    audited = await changes(processes[0])
    assert [change.before for change in audited] == [None, *(change.after for change in audited[:-1])]
    replaced = [rule.quota for _, rule in made if rule is not None]
    assert len(set(replaced)) == 5
    [last] = await processes[0].quotas.list_rules(guild_id=GUILD_ID)
    assert audited[-1].after == last.details
    assert audited[-1].made_by_id == last.set_by_id


async def test_settings_are_there_after_a_restart(workshop: Workshop) -> None:
    servers = workshop.start().services.servers
    await servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    await servers.set_cap(GUILD_ID, Quota(60, Period.MONTH), set_by_id=MODERATOR_ID)
    await servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=3, set_by_id=MODERATOR_ID)
    await servers.change_channel(
        GUILD_ID,
        CHANNEL_ID,
        lambda rule: ChannelRule(guild_id=rule.guild_id, channel_id=rule.channel_id, access=Access.REFUSED),
        set_by_id=MODERATOR_ID,
    )

    assert await workshop.start().services.servers.view(GUILD_ID) == await servers.view(GUILD_ID)
    view = await servers.view(GUILD_ID)
    assert view.server.pause is not None
    assert (len(view.channels), len(view.blocks)) == (1, 1)


# Pause and blocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "wrong"), [("", "missing"), (" \n ", "missing"), (None, "missing"), ("x" * 301, "too_long")]
)
async def test_reasons_that_say_nothing_or_too_much_are_refused_and_change_nothing(
    workshop: Workshop, reason: object, wrong: str
) -> None:
    servers = workshop.start().services.servers

    with pytest.raises(InvalidSettingError, match=wrong):
        await servers.pause(GUILD_ID, reason, set_by_id=MODERATOR_ID)
    with pytest.raises(InvalidSettingError, match=wrong):
        await servers.block(GUILD_ID, MEMBER_ID, reason=reason, days=None, set_by_id=MODERATOR_ID)

    view = await servers.view(GUILD_ID)
    assert (view.server.pause, view.blocks) == (None, [])


async def test_while_paused_what_was_accepted_is_still_made(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_block_cancels_and_refunds_what_waits_and_leaves_what_renders(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    rendering = await workshop.accept(process)
    await process.worker.tick()
    waiting = await workshop.accept(process)
    others = await workshop.accept(process, member_id=MEMBER_ID + 1)
    elsewhere = await workshop.accept(process, guild_id=OTHER_GUILD_ID)

    block, cancelled = await process.services.servers.block(
        GUILD_ID, MEMBER_ID, reason="spam", days=1, set_by_id=MODERATOR_ID
    )
    await workshop.run_until_idle(process)

    assert cancelled == 1
    assert (await workshop.job(waiting)).error_code is JobError.MEMBER_BLOCKED
    assert await workshop.entries(waiting) == [("charge", 6), ("refund", 6)]
    card = workshop.discord.cards[waiting][-1]
    assert card is not None
    assert card.job.state is JobState.CANCELLED
    for job_id in (rendering, others, elsewhere):
        await workshop.expect_clip(job_id)
    workshop.time.advance(24 * 3600)
    assert block.expires_at is not None
    assert (await process.services.servers.view(GUILD_ID)).blocks == []
    await workshop.accept(process)


# Cancelling and removing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.SUBMITTING, JobState.RENDERING, JobState.READY])
async def test_a_moderator_can_cancel_whatever_is_not_on_its_way_yet(workshop: Workshop, state: JobState) -> None:
    process = workshop.start()
    if state is JobState.SUBMITTING:
        workshop.server.faults.submit.append(Fault(accept=True, drop=True))
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, state)

    await process.jobs.cancel_as_moderator(job_id, guild_id=GUILD_ID, cancelled_by_id=MODERATOR_ID)
    await workshop.run_until_idle(process)

    await expect_called_off(workshop, job_id)
    [change] = await changes(process)
    assert (change.kind, change.subject_id, change.made_by_id) == (ChangeKind.JOB_CANCELLED, MEMBER_ID, MODERATOR_ID)


@pytest.mark.parametrize("point", ["after submit", "after fetch_generation", "after download"])
async def test_a_job_that_is_cancelled_while_it_is_in_hand_goes_no_further(workshop: Workshop, point: str) -> None:
    service = SurprisingService(workshop.client)
    process = workshop.start(service=service)
    job_id = await workshop.accept(process)
    states = {"after submit": JobState.QUEUED, "after fetch_generation": JobState.RENDERING}
    await workshop.run_until(process, job_id, states.get(point, JobState.READY))
    workshop.advance_to_next(process)
    hold = service.holds[point] = Hold()
    step = asyncio.create_task(process.worker.tick())
    await hold.reached.wait()

    await process.jobs.cancel_as_moderator(job_id, guild_id=GUILD_ID, cancelled_by_id=MODERATOR_ID)
    hold.release.set()
    await step
    await workshop.run_until_idle(process)

    await expect_called_off(workshop, job_id)


async def expect_called_off(workshop: Workshop, job_id: str) -> None:
    job = await workshop.job(job_id)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.CANCELLED_BY_MODERATOR)
    assert (job.due_at, job.lease_owner) == (None, None)
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
    assert workshop.discord.clips(job_id) == []
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    assert card.job.state is JobState.CANCELLED


async def test_what_is_on_its_way_or_anothers_cannot_be_cancelled(workshop: Workshop) -> None:
    process = workshop.start()
    hold = workshop.discord.hold("post_clip")
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    workshop.advance_to_next(process)
    step = asyncio.create_task(process.worker.tick())
    await hold.reached.wait()

    for guild_id in (GUILD_ID, OTHER_GUILD_ID):
        with pytest.raises(NotCancellableError):
            await process.jobs.cancel_as_moderator(job_id, guild_id=guild_id, cancelled_by_id=MODERATOR_ID)
    hold.release.set()
    await step
    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert await changes(process) == []


@pytest.mark.parametrize("refunds", [True, False])
async def test_a_clip_is_removed_once_and_refunded_if_asked(workshop: Workshop, *, refunds: bool) -> None:
    process, job_id = await with_clip(workshop)

    async def remove(moderator_id: int) -> object:
        return await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=moderator_id, refunds=refunds)

    made = await asyncio.gather(remove(MODERATOR_ID), remove(MODERATOR_ID + 1), return_exceptions=True)

    job = await workshop.job(job_id)
    [refused] = [error for error in made if isinstance(error, NotRemovableError)]
    assert (refused.removed_by_id, refused.removed_at) == (job.removed_by_id, job.removed_at)
    assert set(workshop.log.removed) == {job_id}
    assert await workshop.entries(job_id) == [("charge", 6), *([("refund", 6)] if refunds else [])]
    [change] = await changes(process)
    assert (change.kind, change.made_by_id) == (ChangeKind.CLIP_REMOVED, job.removed_by_id)


async def test_a_clip_that_discord_does_not_delete_is_not_removed(workshop: Workshop) -> None:
    process, job_id = await with_clip(workshop)
    workshop.log.removal_troubles.append(PublishUnavailableError("503"))

    with pytest.raises(PublishUnavailableError):
        await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
    assert await workshop.entries(job_id) == [("charge", 6)]
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
    assert (await workshop.job(job_id)).removed_by_id == MODERATOR_ID


async def test_only_clips_of_the_server_that_are_there_can_be_removed(workshop: Workshop) -> None:
    process, job_id = await with_clip(workshop)
    waiting = await workshop.accept(process)

    for guild_id, each in ((OTHER_GUILD_ID, job_id), (GUILD_ID, waiting), (GUILD_ID, "nonsense")):
        with pytest.raises(NotRemovableError):
            await process.jobs.remove_clip(each, guild_id=guild_id, removed_by_id=MODERATOR_ID, refunds=True)

    assert workshop.log.removed == []


async def with_clip(workshop: Workshop) -> tuple[Process, str]:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)
    return process, job_id


# The cap ---------------------------------------------------------------------------------------------------------


async def told(workshop: Workshop, process: Process) -> list[LogKind]:
    while await process.log.tick() is not None:
        pass
    kinds = [card.kind for card in workshop.log.cards.get(LOG_CHANNEL_ID, [])]
    return [kind for kind in kinds if kind in {LogKind.CAP_NEAR, LogKind.CAP_REACHED}]


async def test_the_log_is_told_of_the_cap_at_80_and_at_100_percent_once_in_a_period(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await process.services.servers.set_cap(GUILD_ID, Quota(36), set_by_id=MODERATOR_ID)
    heard = []

    for _ in range(6):
        job_id = await workshop.accept(process)
        heard.append(await told(workshop, process))
    await process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    await workshop.accept(process)  # to 100 % once more
    heard.append(await told(workshop, process))
    workshop.time.advance(24 * 3600)
    for _ in range(5):
        await workshop.accept(process)
    heard.append(await told(workshop, process))

    near, both = [LogKind.CAP_NEAR], [LogKind.CAP_NEAR, LogKind.CAP_REACHED]
    assert heard == [[], [], [], [], near, both, both, [*both, LogKind.CAP_NEAR]]


async def test_a_cap_is_reached_when_no_clip_fits_in_what_is_left(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await process.services.servers.set_cap(GUILD_ID, Quota(17), set_by_id=MODERATOR_ID)
    for _ in range(2):
        await workshop.accept(process)

    with pytest.raises(CapReachedError):
        await workshop.accept(process)

    assert await told(workshop, process) == [LogKind.CAP_REACHED]


@pytest.mark.parametrize("period", list(Period))
async def test_the_log_is_told_once_in_a_period_whatever_is_set_meanwhile(workshop: Workshop, period: Period) -> None:
    process = workshop.start()
    servers = process.services.servers
    await servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await servers.set_cap(GUILD_ID, Quota(15, period), set_by_id=MODERATOR_ID)
    for _ in range(2):
        await workshop.accept(process)

    for zone in ("America/Los_Angeles", "Asia/Kolkata", "UTC"):  # at 8:40 UTC it is the same day in each
        await servers.set_timezone(GUILD_ID, zone, set_by_id=MODERATOR_ID)
        await servers.set_cap(GUILD_ID, Quota(15, period), set_by_id=MODERATOR_ID)
        await servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID + 1, set_by_id=MODERATOR_ID)
        await servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    assert await told(workshop, process) == [LogKind.CAP_REACHED]

    await servers.set_cap(GUILD_ID, Quota(14, period), set_by_id=MODERATOR_ID)  # another cap
    assert await told(workshop, process) == [LogKind.CAP_REACHED] * 2


async def test_a_day_that_begins_by_a_new_time_zone_is_told_of_anew(workshop: Workshop) -> None:
    process = workshop.start()
    servers = process.services.servers
    await servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await servers.set_cap(GUILD_ID, Quota(6), set_by_id=MODERATOR_ID)
    await workshop.accept(process)
    await servers.set_timezone(GUILD_ID, "Asia/Tokyo", set_by_id=MODERATOR_ID)
    workshop.time.advance(6.5 * 3600)  # past midnight in Tokyo

    await workshop.accept(process)

    assert await told(workshop, process) == [LogKind.CAP_REACHED] * 2


async def test_a_log_that_is_chosen_later_is_told_how_the_cap_stands(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_cap(GUILD_ID, Quota(6), set_by_id=MODERATOR_ID)
    await workshop.accept(process)

    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)

    assert await told(workshop, process) == [LogKind.CAP_REACHED]


async def test_a_cap_lowered_below_what_is_used_says_so_and_takes_nothing_away(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await workshop.accept(process)
    job_id = await workshop.accept(process)

    cap = await process.services.servers.set_cap(GUILD_ID, Quota(8), set_by_id=MODERATOR_ID)

    assert cap is not None
    assert (cap.used_seconds, cap.left_seconds) == (12, 0)
    assert await told(workshop, process) == [LogKind.CAP_REACHED]
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_cap_that_is_less_than_any_clip_is_never_reached(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await process.services.servers.set_cap(GUILD_ID, Quota(5), set_by_id=MODERATOR_ID)

    with pytest.raises(CapReachedError):
        await workshop.accept(process)

    assert await told(workshop, process) == []


async def test_no_cap_is_no_cap(workshop: Workshop) -> None:
    servers = workshop.start().services.servers
    await servers.set_cap(GUILD_ID, Quota(0), set_by_id=MODERATOR_ID)

    assert await servers.set_cap(GUILD_ID, Quota(None), set_by_id=MODERATOR_ID) is None
    assert (await servers.view(GUILD_ID)).server.cap is None


# Use -------------------------------------------------------------------------------------------------------------


async def test_use_is_reported_by_member_with_outcomes_and_what_was_refused(workshop: Workshop) -> None:
    process = workshop.start()
    services = process.services
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    posted = [await workshop.accept(process) for _ in range(2)]
    await workshop.accept(process, "fail:content_policy", member_id=MEMBER_ID + 1)
    await workshop.accept(process, guild_id=OTHER_GUILD_ID)
    await workshop.run_until_idle(process)
    await process.jobs.remove_clip(posted[0], guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
    cancelled = await workshop.accept(process, member_id=MEMBER_ID + 2)
    await process.jobs.cancel(cancelled, guild_id=GUILD_ID, member_id=MEMBER_ID + 2)
    await workshop.accept(process, member_id=MEMBER_ID + 2)
    await services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    for _ in range(3):
        with pytest.raises(PausedError):
            await workshop.accept(process)

    report = await services.usage.report(GUILD_ID, Period.DAY)

    assert [(row.member_id - MEMBER_ID, row.used_seconds) for row in report.members] == [(0, 6), (2, 6), (1, 0)]
    assert (report.used_seconds, report.delivered, report.failed, report.cancelled) == (12, 2, 1, 1)
    assert (report.open, report.removed, report.refused) == (1, 1, 3)
    assert len(report.jobs) == 5
    status, _ = await process.stand(requester())
    assert status.used_seconds == report.members[0].used_seconds
