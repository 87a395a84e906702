"""Ceilings that no moderator can raise: who is told what when one is reached, and what is stored then."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import (
    CeilingKind,
    CeilingReachedError,
    JobState,
    LogKind,
    Period,
    Quota,
    QuotaSource,
    SpendPolicy,
    VideoSpec,
)
from bot.sandbox.faults import Fault
from bot.store.database import Database
from bot.store.tables import jobs, ledger, log_entries, submits
from bot.ui.text import refusals
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID, Workshop, requester

if TYPE_CHECKING:
    from tests.support.workshop import Process

OTHER_GUILD_ID, OTHER_MEMBER_ID = GUILD_ID + 1, MEMBER_ID + 1
LONG = VideoSpec("a fox", duration_seconds=10)


@pytest.fixture
def unlimited(workshop: Workshop) -> Workshop:
    """Give a workshop in which no quota is in the way: moderators have set "unlimited"."""
    workshop.quota = Quota(None, Period.DAY)
    return workshop


async def accept(process: Process, workshop: Workshop, **request: Any) -> str:  # noqa: ANN401
    return await workshop.accept(process, **request)


async def refusal(process: Process, workshop: Workshop, **request: Any) -> CeilingReachedError:  # noqa: ANN401
    before = await rows(workshop)
    with pytest.raises(CeilingReachedError) as refused:
        await process.jobs.accept(workshop.request(**request))
    assert await rows(workshop) == before
    return refused.value


async def rows(workshop: Workshop) -> list[int]:
    async with workshop.database.read() as connection:
        return [len((await connection.execute(table.select())).all()) for table in (jobs, ledger, submits, log_entries)]


def midnight_after(workshop: Workshop, *, days: int = 1) -> datetime:
    now = datetime.fromtimestamp(workshop.time(), UTC)
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=days)


def go_to(workshop: Workshop, moment: datetime) -> None:
    workshop.time.advance(moment.timestamp() - workshop.time())


async def test_the_operators_day_holds_whatever_a_moderator_sets(unlimited: Workshop) -> None:
    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day=12))
    await process.quotas.set_rule(
        guild_id=GUILD_ID,
        source=QuotaSource.SERVER,
        subject_id=GUILD_ID,
        quota=Quota(None),
        set_by_id=MODERATOR_ID,
    )

    for _ in range(2):
        await accept(process, unlimited)

    refused = await refusal(process, unlimited)
    assert (refused.kind, refused.resets_at) == (CeilingKind.DAY, midnight_after(unlimited))
    await unlimited.run_until_idle(process)
    assert await unlimited.spent_seconds() == unlimited.server.billed_seconds() == 12
    assert (await refusal(process, unlimited)).kind is CeilingKind.DAY


async def test_what_moderators_cancel_while_it_renders_counts_as_it_is_billed(unlimited: Workshop) -> None:
    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day_per_server=24))
    for _ in range(4):
        job_id = await accept(process, unlimited)
        await unlimited.run_until(process, job_id, JobState.RENDERING)
        await process.cancel(job_id)

    assert (await refusal(process, unlimited)).kind is CeilingKind.SERVER_DAY
    assert (await process.stand(requester()))[0].used_seconds == 0  # what members are charged stays as it was
    await unlimited.run_for(process, 600)
    assert await unlimited.spent_seconds() == unlimited.server.billed_seconds() == 24


@pytest.mark.parametrize(
    ("policy", "kind", "free"),
    [
        (SpendPolicy(max_seconds_per_month=12), CeilingKind.MONTH, []),
        (SpendPolicy(max_seconds_per_day=12), CeilingKind.DAY, []),
        (SpendPolicy(max_seconds_per_day_per_server=12), CeilingKind.SERVER_DAY, [{"guild_id": OTHER_GUILD_ID}]),
        (SpendPolicy(max_seconds_per_day_per_member=12), CeilingKind.MEMBER_DAY, [{"member_id": OTHER_MEMBER_ID}]),
    ],
)
async def test_each_ceiling_counts_what_it_is_for_also_while_it_waits(
    unlimited: Workshop, policy: SpendPolicy, kind: CeilingKind, free: list[dict[str, int]]
) -> None:
    process = unlimited.start(spending=policy)
    everywhere = [
        {"guild_id": guild_id, "member_id": member_id}
        for guild_id in (GUILD_ID, OTHER_GUILD_ID)
        for member_id in (MEMBER_ID, OTHER_MEMBER_ID)
    ]
    await accept(process, unlimited, spec=LONG)  # 10 s wait

    for who in everywhere:
        if any(who.items() >= other.items() for other in free):
            continue
        assert (await refusal(process, unlimited, **who)).kind is kind
    for other in free:
        await accept(process, unlimited, **other)
        assert (await refusal(process, unlimited, **other, spec=LONG)).kind is kind


@pytest.mark.slow
async def test_a_member_with_many_servers_has_one_days_worth_and_many_accounts_one_servers(unlimited: Workshop) -> None:
    process = unlimited.start(
        spending=SpendPolicy(max_seconds_per_day_per_member=12, max_seconds_per_day_per_server=30)
    )
    for number in range(2):
        await accept(process, unlimited, guild_id=GUILD_ID + number)
    for number in range(2, 20):
        assert (await refusal(process, unlimited, guild_id=GUILD_ID + number)).kind is CeilingKind.MEMBER_DAY

    for number in range(1, 5):  # 6 s of the server are used
        await accept(process, unlimited, member_id=MEMBER_ID + number)
    for number in range(5, 60):
        refused = await refusal(process, unlimited, member_id=MEMBER_ID + number)
        assert refused.kind is CeilingKind.SERVER_DAY
    await accept(process, unlimited, guild_id=GUILD_ID + 50, member_id=MEMBER_ID + 50)  # another server's peace


async def test_of_several_that_are_reached_the_one_that_resets_last_is_named(unlimited: Workshop) -> None:
    process = unlimited.start(
        spending=SpendPolicy(max_seconds_per_day_per_member=6, max_seconds_per_day=6, max_seconds_per_month=6)
    )
    await accept(process, unlimited)

    refused = await refusal(process, unlimited)

    assert refused.kind is CeilingKind.MONTH
    assert refused.resets_at.day == 1
    assert "1,000" not in str(refusals.explain(refused))


@pytest.mark.parametrize("kind", CeilingKind)
def test_a_member_is_told_which_limit_and_when_it_resets_and_no_figures(kind: CeilingKind) -> None:
    said = refusals.explain(CeilingReachedError(kind, datetime(2026, 2, 1, tzinfo=UTC)))

    assert said is not None
    assert "<t:1769904000:R>" in said
    assert not any(character.isdigit() for character in said.replace("<t:1769904000:R>", ""))
    assert {"month": "this month", "server_day": "this server", "member_day": "you today"}.get(kind, "today") in said


async def test_a_refusal_is_the_operators_business_and_not_the_servers_log(unlimited: Workshop) -> None:
    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day=0))
    await process.services.servers.set_log_channel(GUILD_ID, 9, set_by_id=MODERATOR_ID)

    await refusal(process, unlimited)

    async with unlimited.database.read() as connection:
        kinds = (await connection.execute(log_entries.select())).all()
    assert LogKind.REFUSED not in {row.kind for row in kinds}


# Faults ------------------------------------------------------------------------------------------


async def test_a_ceiling_lowered_under_what_is_spent_refuses_until_its_period_ends_and_takes_nothing_back(
    unlimited: Workshop,
) -> None:
    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day=60))
    job_ids = [await accept(process, unlimited) for _ in range(5)]

    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day=6))

    assert (await refusal(process, unlimited)).kind is CeilingKind.DAY
    await unlimited.run_until_idle(process)
    for job_id in job_ids:
        await unlimited.expect_clip(job_id)
    assert await unlimited.spent_seconds() == 30
    go_to(unlimited, midnight_after(unlimited))
    await accept(process, unlimited)


async def test_what_waits_at_midnight_counts_for_the_day_on_which_it_will_be_sent(unlimited: Workshop) -> None:
    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day=18), max_concurrent_renders=1)
    midnight = midnight_after(unlimited)
    go_to(unlimited, midnight - timedelta(seconds=5))
    first = await accept(process, unlimited)
    await process.worker.tick()  # sent before midnight
    waiting = [await accept(process, unlimited) for _ in range(2)]
    assert (await refusal(process, unlimited)).resets_at == midnight

    go_to(unlimited, midnight)

    await accept(process, unlimited)  # the first is yesterday's, 12 s wait
    assert (await refusal(process, unlimited)).resets_at == midnight + timedelta(days=1)
    await unlimited.run_until_idle(process)
    assert (await refusal(process, unlimited)).kind is CeilingKind.DAY
    sent = {job_id: (await unlimited.submits(job_id))[0].sent_at for job_id in (first, *waiting)}
    assert [at < midnight for at in sent.values()] == [True, False, False]


async def test_a_clock_that_is_set_back_gives_no_day_more_than_its_ceiling(unlimited: Workshop) -> None:
    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day=12))
    for _ in range(2):
        await accept(process, unlimited)
    await unlimited.run_until_idle(process)
    unlimited.time.advance(86_400)
    await accept(process, unlimited)
    await unlimited.run_until_idle(process)

    unlimited.time.advance(-86_400)

    assert (await refusal(process, unlimited)).kind is CeilingKind.DAY
    unlimited.time.advance(86_400)
    await accept(process, unlimited)
    assert (await refusal(process, unlimited)).kind is CeilingKind.DAY


@pytest.mark.parametrize("fault", [Fault.error("insufficient_quota"), Fault.error("content_policy_violation")])
async def test_what_the_service_refuses_is_not_spent_and_makes_room_again(unlimited: Workshop, fault: Fault) -> None:
    process = unlimited.start(spending=SpendPolicy(max_seconds_per_day=6))
    unlimited.server.faults.submit.append(fault)
    await accept(process, unlimited)
    await process.worker.tick()

    job_waits = (await unlimited.spent_seconds()) == 0
    assert job_waits
    if fault == Fault.error("content_policy_violation"):
        await accept(process, unlimited)
    else:  # it waits for the operator, and will be sent again
        assert (await refusal(process, unlimited)).kind is CeilingKind.DAY


async def test_two_processes_at_the_edge_of_a_ceiling_accept_what_fits_and_no_more(unlimited: Workshop) -> None:
    spending = SpendPolicy(max_seconds_per_day=30)
    async with Database.open(unlimited.database_url, migrate=False) as other:
        processes = [unlimited.start(spending=spending), unlimited.start("local/2", database=other, spending=spending)]
        requests = [unlimited.request(member_id=MEMBER_ID + number) for number in range(24)]

        answers = await asyncio.gather(
            *(processes[number % 2].jobs.accept(request) for number, request in enumerate(requests)),
            return_exceptions=True,
        )

    refused = [answer for answer in answers if isinstance(answer, CeilingReachedError)]
    assert (len(answers) - len(refused), len(refused)) == (5, 19)
    assert (await rows(unlimited))[:2] == [5, 5]
