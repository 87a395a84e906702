"""What the operator is told of the balance: once when it has fallen under the mark they set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.models import LowBalanceAlert, SpendPolicy
from bot.sandbox.faults import Fault
from bot.store.database import Database
from tests.services.spend.test_watch import told
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.support.workshop import Process, Workshop

LOW = SpendPolicy(low_balance_credits=1000.0, credits_per_second=20.0)


@pytest_asyncio.fixture
async def workshop(tmp_path: Path) -> AsyncGenerator[Workshop]:
    """Give a workshop whose renders take days."""
    async with open_workshop(tmp_path, render_seconds=1e6) as opened:
        yield opened


def looks(workshop: Workshop) -> int:
    return sum(request.kind == "balance" for request in workshop.server.requests)


async def work_for(workshop: Workshop, process: Process, minutes: float) -> None:
    """Have a render go on for so long."""
    until = workshop.time() + minutes * 60
    while workshop.time() < until:
        await process.worker.tick()
        workshop.time.advance(60)
    await process.worker.tick()


@pytest_asyncio.fixture
async def working(workshop: Workshop) -> Process:
    """Give a process with a render that goes on."""
    process = workshop.start(spending=LOW, job_deadline_seconds=1e6)
    await workshop.accept(process)
    return process


def balances(workshop: Workshop) -> list[float]:
    return [alert.credits for alert in workshop.discord.alerts if isinstance(alert, LowBalanceAlert)]


@pytest.mark.slow
async def test_the_balance_is_asked_every_ten_minutes_while_jobs_run(workshop: Workshop, working: Process) -> None:
    await work_for(workshop, working, 35)

    assert looks(workshop) == 4


async def test_an_idle_bot_asks_for_no_balance(workshop: Workshop) -> None:
    process = workshop.start(spending=LOW)
    for _ in range(5):
        await process.worker.tick()
        workshop.time.advance(600)

    assert looks(workshop) == 0


@pytest.mark.slow
async def test_a_balance_under_the_mark_is_told_once_until_it_has_risen_and_fallen_again(
    workshop: Workshop, working: Process
) -> None:
    workshop.server.account_credits = 1000
    await work_for(workshop, working, 11)
    assert balances(workshop) == []

    for account_credits in (999, 500, 2000, 400):
        workshop.server.account_credits = account_credits
        await work_for(workshop, working, 22)

    assert balances(workshop) == [999, 400]


@pytest.mark.slow
async def test_a_low_balance_is_told_by_one_process_alone_and_not_after_a_restart(
    workshop: Workshop, working: Process
) -> None:
    workshop.server.key_credits = 10
    async with Database.open(workshop.database_url, migrate=False) as other:
        second = workshop.start("local/2", database=other, spending=LOW)
        for process in (working, second, workshop.start(spending=LOW)):
            await workshop.accept(process)
            await work_for(workshop, process, 11)

    assert balances(workshop) == [10]


UNREADABLE = {
    "refused": Fault.error("unauthorized", times=None),
    "a page": Fault.page(502, times=None),
    "no connection": Fault(drop=True, times=None),
    "slow down": Fault.error("rate_limit_exceeded", times=None),
    "no number": Fault(change={"remain_credits": None}, times=None),
    "not a number": Fault(change={"remain_credits": "plenty"}, times=None),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_balance_that_is_not_readable_says_nothing_and_pauses_nothing(
    workshop: Workshop, working: Process, fault: Fault
) -> None:
    workshop.server.key_credits = workshop.server.account_credits = 5
    workshop.server.faults.balance.append(fault)
    workshop.server.faults.account.append(fault)

    await work_for(workshop, working, 21)

    assert looks(workshop) >= 3
    assert workshop.discord.alerts == []
    assert not working.throttle.is_paused
    assert await told(workshop) == set()


@pytest.mark.slow
@pytest.mark.parametrize("unread", ["balance", "account"])
async def test_of_a_balance_of_which_a_part_is_not_readable_the_other_is_the_most_there_is(
    workshop: Workshop, working: Process, unread: str
) -> None:
    workshop.server.key_credits = workshop.server.account_credits = 2000
    faults = getattr(workshop.server.faults, unread)
    for left, low in ((2000, []), (400, [400]), (2000, [400]), (300, [400])):
        faults.append(Fault.page(502, times=None))
        name = "key_credits" if unread == "account" else "account_credits"
        setattr(workshop.server, name, left)
        await work_for(workshop, working, 11)
        assert balances(workshop) == low  # what was not read may still be low, so that it has not risen

    faults.clear()
    await work_for(workshop, working, 1)
    workshop.server.key_credits = workshop.server.account_credits = 2000
    await work_for(workshop, working, 11)
    workshop.server.key_credits = 200
    await work_for(workshop, working, 11)
    assert balances(workshop) == [400, 200]


async def test_a_clock_that_is_set_back_does_not_end_the_looking(workshop: Workshop, working: Process) -> None:
    await work_for(workshop, working, 1)
    workshop.time.advance(-86_400 * 3)
    for _ in range(2):
        await workshop.accept(working)
        await working.worker.tick()

    assert looks(workshop) == 2
