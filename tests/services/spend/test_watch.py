"""What the operator is told of ceilings and of the balance: once for each crossing, by whichever process."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import PublishUnavailableError, RefusedError, StoreUnavailableError
from bot.models import CeilingAlert, CeilingKind, Period, Quota, SpendPolicy
from bot.store.database import Database
from bot.store.tables import operator_alerts
from tests.services.spend.test_ceilings import go_to, midnight_after
from tests.support.databases import HASTY_SECONDS

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

DAY = SpendPolicy(max_seconds_per_day=60, credits_per_second=20.0)


@pytest.fixture(autouse=True)
def no_quota(workshop: Workshop) -> None:
    workshop.quota = Quota(None, Period.DAY)


async def ask(workshop: Workshop, process: Process, times: int) -> None:
    for _ in range(times):
        try:
            await process.jobs.accept(workshop.request())
        except RefusedError:
            continue


async def marks(workshop: Workshop, process: Process) -> list[tuple[CeilingKind, int, int]]:
    """Let the worker look and tell; return of which ceilings it has told, with the percentage and the use."""
    await process.worker.tick()
    await process.worker.tick()
    found = [alert.status for alert in workshop.discord.alerts if isinstance(alert, CeilingAlert)]
    return [(status.kind, status.percent_to_tell, status.used_seconds) for status in found]


async def told(workshop: Workshop) -> set[tuple[str, str]]:
    async with workshop.database.read() as connection:
        return {(row.alert, row.period) for row in await connection.execute(operator_alerts.select())}


@pytest.mark.slow
async def test_the_operator_is_told_at_80_and_at_100_percent_once_each(workshop: Workshop) -> None:
    process = workshop.start(spending=DAY)

    await ask(workshop, process, 7)
    assert await marks(workshop, process) == []
    await ask(workshop, process, 1)
    assert await marks(workshop, process) == [(CeilingKind.DAY, 80, 48)]
    await ask(workshop, process, 1)
    assert len(await marks(workshop, process)) == 1
    await ask(workshop, process, 40)

    assert await marks(workshop, process) == [(CeilingKind.DAY, 80, 48), (CeilingKind.DAY, 100, 60)]
    assert {alert for alert, _ in await told(workshop)} == {"day_80_60", "day_100_60"}
    await workshop.run_until_idle(process)
    assert len(workshop.discord.alerts) == 2


@pytest.mark.slow
async def test_it_is_told_again_in_the_next_period_and_not_after_a_restart_or_by_another_process(
    workshop: Workshop,
) -> None:
    process = workshop.start(spending=DAY)
    await ask(workshop, process, 11)
    assert [percent for _, percent, _ in await marks(workshop, process)] == [100]

    async with Database.open(workshop.database_url, migrate=False) as other:
        for again in (workshop.start(spending=DAY), workshop.start("local/2", database=other, spending=DAY)):
            await ask(workshop, again, 2)
            assert len(await marks(workshop, again)) == 1
    await workshop.run_until_idle(process)
    go_to(workshop, midnight_after(workshop))
    await ask(workshop, process, 10)

    assert [percent for _, percent, _ in await marks(workshop, process)] == [100, 100]


@pytest.mark.slow
async def test_what_was_told_of_periods_long_over_is_kept_no_more(workshop: Workshop) -> None:
    process = workshop.start(spending=DAY)
    for days in (0, 40, 40):
        workshop.time.advance(days * 86_400)
        await ask(workshop, process, 10)
        assert {percent for _, percent, _ in await marks(workshop, process)} == {100}
        await workshop.run_until_idle(process)

    assert len(workshop.discord.alerts) == 3
    assert len({period for _, period in await told(workshop)}) == 2


@pytest.mark.slow
async def test_a_clock_that_is_set_back_has_nothing_told_twice(workshop: Workshop) -> None:
    process = workshop.start(spending=DAY)
    await ask(workshop, process, 10)
    await marks(workshop, process)
    await workshop.run_until_idle(process)
    workshop.time.advance(86_400)
    await ask(workshop, process, 1)
    await workshop.run_until_idle(process)

    workshop.time.advance(-86_400)
    await ask(workshop, process, 1)

    assert [percent for _, percent, _ in await marks(workshop, process)] == [100]


async def test_the_month_and_the_day_are_told_apart_and_each_servers_own_is_not_told(workshop: Workshop) -> None:
    process = workshop.start(
        spending=SpendPolicy(max_seconds_per_month=12, max_seconds_per_day=6, max_seconds_per_day_per_server=6)
    )
    await ask(workshop, process, 1)
    assert await marks(workshop, process) == [(CeilingKind.DAY, 100, 6)]
    await workshop.run_until_idle(process)
    go_to(workshop, midnight_after(workshop))

    await ask(workshop, process, 1)

    assert await marks(workshop, process) == [
        (CeilingKind.DAY, 100, 6),
        (CeilingKind.MONTH, 100, 12),
        (CeilingKind.DAY, 100, 6),
    ]


async def test_a_ceiling_lowered_under_what_is_spent_is_told_though_nothing_is_accepted(workshop: Workshop) -> None:
    await ask(workshop, workshop.start(), 5)
    process = workshop.start(spending=SpendPolicy(max_seconds_per_day=12))

    await ask(workshop, process, 1)

    assert await marks(workshop, process) == [(CeilingKind.DAY, 100, 30)]


@pytest.mark.slow
async def test_what_waits_at_midnight_is_told_of_by_the_worker_itself(workshop: Workshop) -> None:
    process = workshop.start(spending=DAY, max_concurrent_renders=1)
    go_to(workshop, midnight_after(workshop) - timedelta(hours=1))
    await ask(workshop, process, 10)
    assert len(await marks(workshop, process)) == 1  # one is sent, nine wait
    go_to(workshop, midnight_after(workshop))

    await workshop.run_until_idle(process)

    assert [percent for _, percent, _ in await marks(workshop, process)] == [100, 80]


async def test_a_database_that_does_not_answer_has_it_looked_at_later(workshop: Workshop) -> None:
    process = workshop.start(spending=DAY)
    await ask(workshop, process, 10)
    async with Database.open(workshop.database_url, migrate=False, busy_timeout_seconds=HASTY_SECONDS) as other:
        watch = workshop.start("local/2", database=other, spending=DAY).worker._spend_watch
        with workshop.peeking.writing(), pytest.raises(StoreUnavailableError):
            await watch.look_at_ceilings()
        assert watch.take_due(process.reelay.worker._work.clock.now(), is_working=False) == [watch.look_at_ceilings]


@pytest.mark.slow
async def test_a_channel_that_is_not_reached_keeps_no_clip_waiting(workshop: Workshop) -> None:
    process = workshop.start(spending=DAY)
    workshop.discord.fail("alert_operator", PublishUnavailableError())
    job_id = await workshop.accept(process)
    await ask(workshop, process, 9)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


@pytest.mark.parametrize(("price", "worth"), [(20.0, {"dollars": 4.8}), (None, {})])
def test_the_log_has_dollars_where_a_price_is_set(price: float | None, worth: dict[str, float]) -> None:
    policy = SpendPolicy(credits_per_second=price)

    assert policy.worth(of_seconds=48) == policy.worth(of_credits=960.0) == worth
