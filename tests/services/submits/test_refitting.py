"""After a change of model: what becomes of jobs that wait, of what they cost, and of channels' defaults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.errors import InvalidSpecError
from bot.models import (
    GEMINI_OMNI,
    Aspect,
    EffectiveQuota,
    Grant,
    JobError,
    JobState,
    ModelProfile,
    OperatorAlert,
    Period,
    Quota,
    QuotaSource,
    QuotaStatus,
    VideoSpec,
    profile_of,
)
from bot.sandbox.faults import Fault
from bot.services.submits.refitting import REFITTED_AT_ONCE, keep_first
from bot.store.quotas.ledger import Charge
from bot.store.tables import ledger, usage
from bot.ui.text.clips import cards as card_text
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID, requester

if TYPE_CHECKING:
    from tests.support.workshop import Workshop

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SHORT = ModelProfile(model="short", durations_seconds=(4, 6), resolutions=("720p",))
WIDE = ModelProfile(model="wide", durations_seconds=(6, 10), aspects=(Aspect.LANDSCAPE,), resolutions=("720p",))
FLASH = profile_of("gemini-omni-flash")
LONG = VideoSpec("a long fox", Aspect.PORTRAIT, 10)


async def used(workshop: Workshop) -> set[int]:
    """Return what is used, as the ledger's entries and each of its sums have it."""
    async with workshop.database.read() as connection:
        entries = await connection.execute(select(ledger.c.kind, ledger.c.seconds))
        total = sum({"charge": seconds, "refund": -seconds}.get(kind, 0) for kind, seconds in entries)
        rows = await connection.execute(select(usage.c.account_kind, usage.c.seconds))
        sums: dict[str, int] = {}
        for kind, seconds in rows:
            sums[kind] = sums.get(kind, 0) + seconds
    return {total, *sums.values()}


async def test_a_clip_that_is_too_long_now_gets_the_nearest_length_and_the_difference_comes_back(
    workshop: Workshop,
) -> None:
    job_id = await workshop.accept(workshop.start(), spec=LONG)
    process = workshop.start(profile=SHORT)
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded"))

    await process.worker.tick()

    job = await workshop.job(job_id)
    assert (job.spec.duration_seconds, job.spec.aspect) == (6, Aspect.PORTRAIT)
    assert (job.asked_duration_seconds, job.asked_aspect) == (10, Aspect.PORTRAIT)
    assert await workshop.entries(job_id) == [("charge", 6)]
    assert await used(workshop) == {6}
    status, _ = await process.stand(requester())
    assert status.left_seconds == 54
    workshop.time.advance(2)
    await process.card_updater.tick()
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    assert card_text.card_details(card) == (
        "The video model was changed and does not make Portrait 9:16 · 10 s: "
        "yours will be Portrait 9:16 · 6 s, and 4 s came back.\nUsually 1 to 5 minutes once it starts."
    )

    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)
    assert workshop.server.submits[-1].payload["duration"] == 6
    [submit] = [it for it in await workshop.submits(job_id) if it.generation_id]
    assert submit.seconds == 6
    assert await workshop.spent_seconds() == 6


async def test_a_shape_that_is_not_made_any_more_becomes_the_models_own(workshop: Workshop) -> None:
    job_id = await workshop.accept(workshop.start(), spec=LONG)

    process = workshop.start(profile=WIDE)
    await workshop.run_until_idle(process)

    job = await workshop.job(job_id)
    assert job.spec == VideoSpec("a long fox", Aspect.LANDSCAPE, 10)
    assert await workshop.entries(job_id) == [("charge", 10)]
    assert (card_text.refitted(job) or "").endswith("yours will be Landscape 16:9 · 10 s.")


async def test_a_clip_that_would_have_to_be_longer_fails_and_is_refunded_with_its_own_sentence(
    workshop: Workshop,
) -> None:
    job_id = await workshop.accept(workshop.start(profile=FLASH), spec=VideoSpec("a fox", Aspect.LANDSCAPE, 4))

    process = workshop.start()
    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.NOT_OFFERED)
    assert await used(workshop) == {0}
    assert workshop.server.submits == []


async def test_what_fits_is_left_alone_and_what_has_started_is_rendered_as_it_was_asked_for(
    workshop: Workshop,
) -> None:
    before = workshop.start(max_concurrent_renders=1)
    started = await workshop.accept(before, spec=LONG)
    await workshop.run_until(before, started, JobState.RENDERING)
    fitting = await workshop.accept(before, spec=VideoSpec("a fox", Aspect.LANDSCAPE, 6))

    await workshop.run_until_idle(workshop.start(profile=SHORT))

    for job_id, seconds in ((started, 10), (fitting, 6)):
        await workshop.expect_clip(job_id)
        job = await workshop.job(job_id)
        assert (job.spec.duration_seconds, job.asked_duration_seconds) == (seconds, None)


async def test_a_job_that_comes_back_to_the_queue_after_the_change_is_fitted_before_it_is_sent(
    workshop: Workshop,
) -> None:
    before = workshop.start()
    workshop.server.faults.submit.append(Fault(drop=True))
    job_id = await workshop.accept(before, spec=LONG)
    await workshop.run_until(before, job_id, JobState.SUBMITTING)
    process = workshop.start(profile=SHORT)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert [it.payload["duration"] for it in workshop.server.submits] == [10, 6]
    assert await used(workshop) == {6}
    assert await workshop.spent_seconds() == 6


@pytest.mark.slow
async def test_two_processes_change_each_job_once(workshop: Workshop) -> None:
    before = workshop.start()
    job_ids = [await workshop.accept(before, spec=LONG, member_id=MEMBER_ID + number) for number in range(6)]
    processes = [workshop.start(f"local/{number}", profile=SHORT) for number in (1, 2)]

    await workshop.run_until_idle(*processes)

    for job_id in job_ids:
        await workshop.expect_clip(job_id)
    assert await used(workshop) == {36}


@pytest.mark.slow
async def test_more_than_a_pass_takes_are_changed_in_the_next(workshop: Workshop) -> None:
    before = workshop.start(waiting_per_server=1000)
    for number in range(REFITTED_AT_ONCE + 5):
        await workshop.accept(before, spec=LONG, member_id=MEMBER_ID + number)
    process = workshop.start(profile=SHORT, max_concurrent_renders=1)

    await process.worker.tick()
    await process.worker.tick()

    assert await used(workshop) == {6 * (REFITTED_AT_ONCE + 5)}


async def test_a_second_change_keeps_what_was_asked_for_and_a_refund_gives_what_is_still_charged(
    workshop: Workshop,
) -> None:
    before = workshop.start()
    job_id = await workshop.accept(before, spec=LONG)
    only_four = ModelProfile(model="four", durations_seconds=(4,), resolutions=("720p",))
    for profile in (SHORT, only_four):
        process = workshop.start(profile=profile)
        process.throttle.confirm(NOW, OperatorAlert.UNAUTHORIZED)  # it sends nothing
        await process.worker.tick()

    job = await workshop.job(job_id)
    assert (job.spec.duration_seconds, job.asked_duration_seconds) == (4, 10)
    await process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    assert await workshop.entries(job_id) == [("charge", 4), ("refund", 4)]
    assert await used(workshop) == {0}


async def test_grants_get_back_what_was_taken_last(workshop: Workshop) -> None:
    before = workshop.start()
    for number in range(9):
        await workshop.accept(before, f"fox {number}", spec=VideoSpec(f"fox {number}", duration_seconds=6))
    await before.quotas.grant(
        requester(), seconds=20, granted_by_id=MODERATOR_ID, interaction_id=9_000, days=30
    )  # for longer than the day
    job_id = await workshop.accept(before, spec=LONG)  # 6 s of the quota, 4 s of the grant
    status, _ = await before.stand(requester())
    assert (status.left_of_quota_seconds, status.grants[0].left_seconds) == (0, 16)

    process = workshop.start(profile=SHORT, max_concurrent_renders=1)
    await process.worker.tick()

    status, _ = await process.stand(requester())
    assert (status.left_of_quota_seconds, status.grants[0].left_seconds) == (0, 20)
    assert await workshop.entries(job_id) == [("charge", 6)]


@given(
    quota=st.integers(0, 30),
    grants=st.lists(st.tuples(st.integers(1, 10), st.integers(-2, 2)), max_size=4),
    cost=st.integers(1, 20),
    data=st.data(),
)
def test_a_lower_charge_is_what_would_have_been_charged_at_once(
    quota: int, grants: list[tuple[int, int]], cost: int, data: st.DataObject
) -> None:
    given_grants = tuple(
        sorted(
            (Grant(number, left, NOW + timedelta(hours=ends), 1, 2) for number, (left, ends) in enumerate(grants)),
            key=lambda grant: (grant.expires_at, grant.id),
        )
    )
    effective = EffectiveQuota(Quota.accepted(quota, Period.DAY), QuotaSource.SERVER, 1)
    status = QuotaStatus(effective=effective, used_seconds=0, grants=given_grants, resets_at=NOW)
    if status.left_seconds is None or status.left_seconds < cost:
        return
    lower = data.draw(st.integers(1, cost))
    paid = {use.grant_id: use.seconds for use in status.use_grants(cost)}
    charged = Charge(
        cost,
        NOW,
        tuple(Grant(grant.id, paid[grant.id], grant.expires_at, 1, 2) for grant in given_grants if grant.id in paid),
    )

    assert keep_first(charged, effective, lower, period_end=NOW) == status.use_grants(lower)


async def test_channels_defaults_are_the_nearest_that_the_model_has_and_come_back_with_the_model(
    workshop: Workshop,
) -> None:
    before = workshop.start()
    await before.services.servers.change_channel(
        GUILD_ID,
        7,
        lambda rule: type(rule)(guild_id=GUILD_ID, channel_id=7, duration_seconds=10),
        set_by_id=MODERATOR_ID,
    )

    for profile, seconds in ((SHORT, 6), (ModelProfile(model="x", durations_seconds=(12, 15), resolutions=("a",)), 12)):
        process = workshop.start(profile=profile)
        request = workshop.request("fox", channel_id=7, leaves="aspect duration", member_id=seconds)
        card = await process.jobs.accept(request)
        assert card.job.spec.duration_seconds == seconds
    [rule] = (await workshop.start(profile=SHORT).services.servers.view(GUILD_ID)).channels
    assert rule.duration_seconds == 6
    [rule] = (await workshop.start().services.servers.view(GUILD_ID)).channels
    assert rule.duration_seconds == 10


async def test_a_length_that_the_model_lacks_is_refused_and_nothing_is_charged(workshop: Workshop) -> None:
    process = workshop.start(profile=FLASH)
    for seconds in (4, 6, 10):
        await process.jobs.accept(workshop.request(spec=VideoSpec("fox", duration_seconds=seconds)))

    with pytest.raises(InvalidSpecError) as refused:
        await workshop.start(profile=GEMINI_OMNI).jobs.accept(
            workshop.request(spec=VideoSpec("fox", duration_seconds=4))
        )

    assert refused.value.offered == (6, 10)
    assert await used(workshop) == {20}


async def test_render_times_are_each_models_own(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    job = await workshop.job(job_id)
    assert job.model == "gemini_omni"

    learned, other = workshop.start(), workshop.start(profile=FLASH)
    await learned.reelay.polling.recall()
    await other.reelay.polling.recall()

    assert learned.reelay.polling.render_times(6, model=job.model).count == 1
    assert other.reelay.polling.render_times(6, model=FLASH.model).count == 0
