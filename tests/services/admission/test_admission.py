"""Who may have a clip made where, and why not: in the order in which it is asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import ChannelRefusedError, InvalidSettingError, PromptRefusedError, RefusedError, TooManyOpenJobsError
from bot.models import (
    EVERYWHERE,
    Access,
    Aspect,
    BlockedError,
    CapReachedError,
    ChannelRule,
    PausedError,
    Period,
    PromptRuleKind,
    Quota,
    QuotaExceededError,
    QuotaSource,
    VideoSpec,
)
from bot.services.admission.decision import PlaceRules
from bot.store.tables import jobs, ledger
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, requester

if TYPE_CHECKING:
    from bot.models import Job
    from tests.support.workshop import Process, Workshop

MODERATOR_ID, OTHER_GUILD_ID, OTHER_MEMBER_ID = 900, GUILD_ID + 1, MEMBER_ID + 1
THREAD_ID, CATEGORY_ID = 201, 202
PLACES = (THREAD_ID, CHANNEL_ID, CATEGORY_ID)


async def accept(process: Process, workshop: Workshop, **request: Any) -> Job:  # noqa: ANN401
    return (await process.jobs.accept(workshop.request(**request))).job


async def refusal(process: Process, workshop: Workshop, **request: Any) -> RefusedError:  # noqa: ANN401
    with pytest.raises(RefusedError) as refused:
        await accept(process, workshop, **request)
    return refused.value


async def rows(workshop: Workshop) -> tuple[int, int]:
    async with workshop.database.read() as connection:
        return (
            len((await connection.execute(jobs.select())).all()),
            len((await connection.execute(ledger.select())).all()),
        )


async def pool(process: Process, subject_id: int, quota: Quota, *, days: int | None = None) -> None:
    await process.quotas.set_rule(
        guild_id=GUILD_ID,
        source=QuotaSource.CHANNEL,
        subject_id=subject_id,
        quota=quota,
        set_by_id=MODERATOR_ID,
        days=days,
    )


async def set_access(process: Process, channel_id: int, access: Access | None) -> None:
    await process.services.servers.change_channel(
        GUILD_ID,
        channel_id,
        lambda rule: ChannelRule(guild_id=rule.guild_id, channel_id=rule.channel_id, access=access),
        set_by_id=MODERATOR_ID,
    )


async def test_each_reason_is_given_only_when_no_earlier_one_is_and_nothing_is_charged(workshop: Workshop) -> None:
    workshop.max_open_jobs = 1
    process = workshop.start()
    services = process.services
    await accept(process, workshop)
    await process.worker.tick()  # it renders, so a block does not cancel it
    await services.servers.set_cap(GUILD_ID, Quota(6), set_by_id=MODERATOR_ID)
    await pool(process, CHANNEL_ID, Quota(0))
    await services.prompts.add(guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text="fox", set_by_id=MODERATOR_ID)
    await set_access(process, CHANNEL_ID, Access.REFUSED)
    await services.servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=1, set_by_id=MODERATOR_ID)
    await services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    before = await rows(workshop)

    reasons = [type(await refusal(process, workshop))]
    await services.servers.resume(GUILD_ID, set_by_id=MODERATOR_ID)
    reasons.append(type(await refusal(process, workshop)))
    await services.servers.unblock(GUILD_ID, MEMBER_ID, set_by_id=MODERATOR_ID)
    reasons.append(type(await refusal(process, workshop)))
    await set_access(process, CHANNEL_ID, None)
    reasons.append(type(await refusal(process, workshop)))
    reasons.append(type(await refusal(process, workshop, member_id=OTHER_MEMBER_ID)))
    reasons.append(type(await refusal(process, workshop, member_id=OTHER_MEMBER_ID, places=())))
    await services.servers.set_cap(GUILD_ID, None, set_by_id=MODERATOR_ID)
    reasons.append(type(await refusal(process, workshop, member_id=OTHER_MEMBER_ID, places=())))

    assert reasons == [
        *(PausedError, BlockedError, ChannelRefusedError, TooManyOpenJobsError),
        *(QuotaExceededError, CapReachedError, PromptRefusedError),
    ]
    assert await rows(workshop) == before


async def test_none_of_it_is_seen_from_another_server_with_the_same_ids(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_cap(GUILD_ID, Quota(0), set_by_id=MODERATOR_ID)
    await pool(process, CHANNEL_ID, Quota(0))
    await process.services.prompts.add(guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text="fox", set_by_id=MODERATOR_ID)
    await set_access(process, CHANNEL_ID, Access.REFUSED)
    await process.services.servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=None, set_by_id=MODERATOR_ID)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    await process.services.servers.set_timezone(GUILD_ID, "Asia/Tokyo", set_by_id=MODERATOR_ID)

    elsewhere = requester(guild_id=OTHER_GUILD_ID, places=(CHANNEL_ID,))
    await accept(process, workshop, guild_id=OTHER_GUILD_ID)

    status, cap = await process.stand(elsewhere)
    assert (status.used_seconds, cap) == (6, None)
    view = await process.services.servers.view(OTHER_GUILD_ID)
    assert (view.server.timezone, view.server.pause, view.rules, view.channels, view.blocks) == (
        "UTC",
        None,
        [],
        [],
        [],
    )
    assert await process.services.servers.list_changes(OTHER_GUILD_ID, limit=9) == ([], 0)


# Places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "access", "ruled_by"),
    [
        ({}, Access.ALLOWED, None),
        ({EVERYWHERE: Access.REFUSED}, Access.REFUSED, EVERYWHERE),
        ({EVERYWHERE: Access.REFUSED, CATEGORY_ID: Access.ALLOWED}, Access.ALLOWED, CATEGORY_ID),
        ({CATEGORY_ID: Access.ALLOWED, CHANNEL_ID: Access.REFUSED}, Access.REFUSED, CHANNEL_ID),
        ({CHANNEL_ID: Access.REFUSED, THREAD_ID: Access.ALLOWED}, Access.ALLOWED, THREAD_ID),
        ({GUILD_ID: Access.REFUSED}, Access.ALLOWED, None),  # a channel of an old server may have the server's id
    ],
)
def test_the_most_particular_place_that_says_something_counts(
    rules: dict[int, Access], access: Access, ruled_by: int | None
) -> None:
    stored = [ChannelRule(guild_id=GUILD_ID, channel_id=place, access=said) for place, said in rules.items()]

    place = PlaceRules.of(stored, (*PLACES, EVERYWHERE))

    assert (place.access, place.ruled_by) == (access, ruled_by)


async def test_a_channels_defaults_fill_in_what_the_member_left_open(workshop: Workshop) -> None:
    process = workshop.start()
    for channel_id, aspect, duration in ((CHANNEL_ID, Aspect.PORTRAIT, None), (CATEGORY_ID, Aspect.LANDSCAPE, 10)):
        await process.services.servers.change_channel(
            GUILD_ID,
            channel_id,
            lambda rule, aspect=aspect, duration=duration: ChannelRule(
                guild_id=rule.guild_id, channel_id=rule.channel_id, aspect=aspect, duration_seconds=duration
            ),
            set_by_id=MODERATOR_ID,
        )

    left = await accept(process, workshop, places=PLACES, leaves="aspect duration")
    said = await accept(process, workshop, places=PLACES, spec=VideoSpec("a fox", Aspect.LANDSCAPE, 6))

    assert (left.spec.aspect, left.spec.duration_seconds) == (Aspect.PORTRAIT, 10)
    assert (said.spec.aspect, said.spec.duration_seconds) == (Aspect.LANDSCAPE, 6)
    assert await workshop.entries(left.id) == [("charge", 10)]


# Pools -----------------------------------------------------------------------------------------------------------


async def test_in_a_pool_clips_are_charged_to_it_and_members_quotas_stay_untouched(workshop: Workshop) -> None:
    workshop.quota = Quota(0)
    process = workshop.start()
    await pool(process, CATEGORY_ID, Quota(12, Period.WEEK))

    for member_id in (MEMBER_ID, OTHER_MEMBER_ID):
        job = await accept(process, workshop, places=PLACES, member_id=member_id)
        assert (job.effective_quota.source, job.effective_quota.subject_id) == (QuotaSource.CHANNEL, CATEGORY_ID)
    refused = await refusal(process, workshop, places=PLACES)

    assert isinstance(refused, QuotaExceededError)
    assert (refused.status.used_seconds, refused.status.left_seconds) == (12, 0)
    own, _ = await process.stand(requester())
    assert own.used_seconds == 0


async def test_the_most_particular_pool_counts_and_a_refund_goes_back_to_it(workshop: Workshop) -> None:
    process = workshop.start()
    await pool(process, CATEGORY_ID, Quota(60))
    await pool(process, THREAD_ID, Quota(6))
    job = await accept(process, workshop, places=PLACES)
    assert isinstance(await refusal(process, workshop, places=PLACES), QuotaExceededError)
    await accept(process, workshop, places=(CHANNEL_ID, CATEGORY_ID))

    await process.jobs.cancel(job.id, guild_id=GUILD_ID, member_id=MEMBER_ID)

    await accept(process, workshop, places=PLACES)


@pytest.mark.slow
async def test_fifty_at_once_never_pass_a_pool_or_a_cap(workshop: Workshop) -> None:
    process = workshop.start()
    await pool(process, CHANNEL_ID, Quota(33))
    await process.services.servers.set_cap(GUILD_ID, Quota(45), set_by_id=MODERATOR_ID)

    async def ask(number: int, places: tuple[int, ...]) -> object:
        return await accept(process, workshop, member_id=MEMBER_ID + number, places=places)

    answers = await asyncio.gather(
        *(ask(number, (CHANNEL_ID,) if number % 2 else ()) for number in range(50)), return_exceptions=True
    )

    accepted = [answer for answer in answers if not isinstance(answer, Exception)]
    assert len(accepted) == 7
    assert sum(job.effective_quota.source is QuotaSource.CHANNEL for job in accepted) <= 5


# Rules that end --------------------------------------------------------------------------------------------------


async def test_when_a_rule_has_ended_the_next_one_holds_again(workshop: Workshop) -> None:
    process = workshop.start()
    await pool(process, CHANNEL_ID, Quota(0), days=1)
    for days, source, subject_id in ((2, QuotaSource.MEMBER, MEMBER_ID), (None, QuotaSource.SERVER, GUILD_ID)):
        await process.quotas.set_rule(
            guild_id=GUILD_ID,
            source=source,
            subject_id=subject_id,
            quota=Quota(days and 6),
            set_by_id=MODERATOR_ID,
            days=days,
        )
    sources = []

    for _ in range(3):
        status, _ = await process.stand(requester(places=(CHANNEL_ID,)))
        sources.append(status.effective.source)
        workshop.time.advance(24 * 3600)

    assert sources == [QuotaSource.CHANNEL, QuotaSource.MEMBER, QuotaSource.SERVER]
    assert [rule.source for rule in await process.quotas.list_rules(guild_id=GUILD_ID)] == [QuotaSource.SERVER]


async def test_a_members_own_quota_holds_again_when_one_for_some_days_has_ended(workshop: Workshop) -> None:
    process = workshop.start()
    quotas = process.quotas

    async def put(seconds: int, days: int | None = None) -> None:
        quota = Quota(seconds)
        await quotas.set_rule(
            guild_id=GUILD_ID,
            source=QuotaSource.MEMBER,
            subject_id=MEMBER_ID,
            quota=quota,
            set_by_id=MODERATOR_ID,
            days=days,
        )

    async def holding() -> list[tuple[int | None, int | None]]:
        rules = await quotas.list_rules(guild_id=GUILD_ID)
        status, _ = await process.stand(requester())
        assert [rule.quota for rule in rules][:1] in ([], [status.effective.quota])
        return [(rule.quota.seconds, rule.then and rule.then.seconds) for rule in rules]

    async def clear() -> None:
        await quotas.clear_rule(
            guild_id=GUILD_ID, source=QuotaSource.MEMBER, subject_id=MEMBER_ID, cleared_by_id=MODERATOR_ID
        )

    await put(300)
    await put(600, days=1)
    assert await holding() == [(600, 300)]
    workshop.time.advance(24 * 3600)
    assert await holding() == [(300, None)]
    await put(400, days=1)
    await put(500, days=2)
    assert await holding() == [(500, 300)]
    await put(100)
    assert await holding() == [(100, None)]
    await put(600, days=1)
    await clear()
    await clear()
    assert await holding() == []
    changes, _ = await process.services.servers.list_changes(GUILD_ID, limit=1)
    assert [(change.before, change.after) for change in changes] == [
        (
            {"seconds": 600, "period": "day", "source": "member"}
            | {"until": "2026-01-16T08:40:00+00:00", "then": {"seconds": 100, "period": "day"}},
            None,
        )
    ]


@pytest.mark.parametrize("days", [0, -1, 91, 1.5, True, "7"])
async def test_senseless_lengths_of_time_are_refused_and_change_nothing(workshop: Workshop, days: int) -> None:
    process = workshop.start()

    with pytest.raises(InvalidSettingError, match="days"):
        await pool(process, CHANNEL_ID, Quota(6), days=days)
    with pytest.raises(InvalidSettingError, match="days"):
        await process.quotas.grant(requester(), seconds=6, granted_by_id=1, interaction_id=1, days=days)
    with pytest.raises(InvalidSettingError, match="days"):
        await process.services.servers.block(GUILD_ID, MEMBER_ID, reason="x", days=days, set_by_id=MODERATOR_ID)

    view = await process.services.servers.view(GUILD_ID)
    assert (view.rules, view.blocks) == ([], [])


async def test_a_grant_for_some_days_lasts_over_nights_and_is_used_once(workshop: Workshop) -> None:
    workshop.quota = Quota(6)
    process = workshop.start()
    await process.quotas.grant(requester(), seconds=12, granted_by_id=MODERATOR_ID, interaction_id=1, days=3)

    for _ in range(2):  # today: the quota's own clip and one of the grant's two
        await accept(process, workshop)
    workshop.time.advance(24 * 3600)
    for _ in range(2):  # tomorrow likewise
        last = await accept(process, workshop)
    assert isinstance(await refusal(process, workshop), QuotaExceededError)

    await process.jobs.cancel(last.id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    await accept(process, workshop)
    workshop.time.advance(24 * 3600)
    status, _ = await process.stand(requester())
    assert (status.left_seconds, status.granted_seconds) == (6, 0)


async def test_a_grant_ends_when_it_says(workshop: Workshop) -> None:
    workshop.quota = Quota(0)
    process = workshop.start()
    await process.quotas.grant(requester(), seconds=6, granted_by_id=MODERATOR_ID, interaction_id=1, days=1)

    workshop.time.advance(24 * 3600)

    assert isinstance(await refusal(process, workshop), QuotaExceededError)


# Time zones ------------------------------------------------------------------------------------------------------


async def test_a_servers_day_ends_at_its_own_midnight_also_when_the_clocks_change(workshop: Workshop) -> None:
    workshop.quota = Quota(6)
    process = workshop.start()
    await process.services.servers.set_timezone(GUILD_ID, "europe/berlin", set_by_id=MODERATOR_ID)
    workshop.time.seconds = datetime(2026, 10, 24, 22, 30, tzinfo=UTC).timestamp()  # 0:30 on the day of 25 hours
    await accept(process, workshop)

    for moment in (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 22, 30, tzinfo=UTC)):
        workshop.time.seconds = moment.timestamp()
        refused = await refusal(process, workshop)
        assert isinstance(refused, QuotaExceededError)
        assert refused.status.resets_at == datetime(2026, 10, 25, 23, tzinfo=UTC)
    workshop.time.seconds = datetime(2026, 10, 25, 23, 0, tzinfo=UTC).timestamp()
    await accept(process, workshop)


@pytest.mark.parametrize("name", ["", " ", "/", "Pacific", "Mars/Phobos", "../etc/passwd", None, "UTC+2", "x" * 1000])
async def test_time_zones_that_do_not_exist_are_refused_and_change_nothing(workshop: Workshop, name: object) -> None:
    process = workshop.start()

    with pytest.raises(InvalidSettingError, match="timezone"):
        await process.services.servers.set_timezone(GUILD_ID, name, set_by_id=MODERATOR_ID)

    assert (await process.services.servers.view(GUILD_ID)).server.timezone == "UTC"


# Why -------------------------------------------------------------------------------------------------------------


async def test_every_source_is_explained_in_the_order_it_is_asked(workshop: Workshop) -> None:
    process = workshop.start()
    await process.quotas.set_rule(
        guild_id=GUILD_ID, source=QuotaSource.ROLE, subject_id=501, quota=Quota(20), set_by_id=MODERATOR_ID
    )
    await process.quotas.set_rule(
        guild_id=GUILD_ID, source=QuotaSource.ROLE, subject_id=502, quota=Quota(30), set_by_id=MODERATOR_ID
    )

    explained = await process.services.admission.explain(requester(role_ids=(501, 502, 503), places=(CHANNEL_ID,)))

    assert [(source.source, source.subject_id, source.holds) for source in explained.sources] == [
        (QuotaSource.CHANNEL, CHANNEL_ID, False),
        (QuotaSource.MEMBER, MEMBER_ID, False),
        (QuotaSource.ROLE, 502, True),
        (QuotaSource.ROLE, 501, False),
        (QuotaSource.ROLE, 503, False),
        (QuotaSource.SERVER, GUILD_ID, False),
        (QuotaSource.OPERATOR, None, False),
    ]
    assert explained.status.effective.subject_id == 502
