"""Clocks apart: processes on machines that disagree about the time go by the database's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreUnavailableError
from bot.services.database_time import DatabaseTime
from bot.store.database import Database
from tests.support.clocks import ServiceClock
from tests.support.faults import Hold, SurprisingService

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.services.ports import Clock
    from tests.support.workshop import Workshop

FAST = timedelta(minutes=10)


class FastClock:
    """A machine's clock that goes ten minutes before another."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now() + FAST


class DatabaseWithClock(Database):
    """A database that has a clock of its own; each reading is one of the troubles, if there are some left."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.troubles: list[StoreUnavailableError] = []
        self.read_again = asyncio.Event()

    async def measure_clock(self, now: Callable[[], datetime]) -> float:
        if self.troubles:
            raise self.troubles.pop()
        self.read_again.set()
        return (self._clock.now() - now()).total_seconds()


async def test_a_process_whose_machine_is_fast_takes_no_job_whose_lease_holds(workshop: Workshop) -> None:
    right = ServiceClock(workshop.time)
    clock = DatabaseTime(database=DatabaseWithClock(right), machine=FastClock(right))
    await clock.measure()
    hold = Hold()
    service = SurprisingService(workshop.client)
    service.holds["before submit"] = hold
    process, fast = workshop.start(service=service), workshop.start("local/2", ports={"clock": clock})
    job_id = await workshop.accept(process)
    tick = asyncio.create_task(process.worker.tick())
    await hold.arrival()

    for _ in range(5):
        assert await fast.worker.tick() == 0
        workshop.time.advance(10)

    hold.release.set()
    await tick
    await workshop.run_until_idle(process, fast)
    await workshop.expect_clip(job_id)
    assert len(workshop.server.submits) == 1


@pytest.mark.parametrize(("apart", "warnings"), [(FAST, 1), (timedelta(seconds=6), 1), (timedelta(seconds=4), 0)])
async def test_an_offset_is_corrected_at_once_and_said_once_where_it_is_large(
    apart: timedelta, warnings: int, workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    machine = ServiceClock(workshop.time)

    class Ahead:
        def now(self) -> datetime:
            return machine.now() + apart

    clock = DatabaseTime(database=DatabaseWithClock(Ahead()), machine=machine)

    await clock.measure()
    await clock.measure()

    assert clock.now() == machine.now() + apart
    assert clock.offset_seconds == apart.total_seconds()
    told = [record.message for record in caplog.records]
    assert told == ["this machine's clock is far from the database's"] * warnings


async def test_a_clock_is_measured_again_and_stays_as_it_was_while_the_database_is_down(workshop: Workshop) -> None:
    right = ServiceClock(workshop.time)
    database = DatabaseWithClock(right)
    clock = DatabaseTime(database=database, machine=FastClock(right))
    await clock.measure()
    database.read_again.clear()
    database.troubles = [StoreUnavailableError("down")]

    keeping = asyncio.create_task(clock.keep(every_seconds=0))
    await database.read_again.wait()
    keeping.cancel()

    assert clock.now() == right.now()


@pytest.mark.sqlite
async def test_sqlites_file_has_the_machines_own_clock(workshop: Workshop) -> None:
    machine = FastClock(ServiceClock(workshop.time))
    clock = DatabaseTime(database=workshop.database, machine=machine)
    await clock.measure()
    assert clock.now() == machine.now()


@pytest.mark.postgresql
async def test_postgresqls_clock_is_everybodys(workshop: Workshop) -> None:
    class Machine:
        def __init__(self, fast: timedelta) -> None:
            self._fast = fast

        def now(self) -> datetime:
            return datetime.now(UTC) + self._fast

    one = DatabaseTime(database=workshop.database, machine=Machine(FAST))
    other = DatabaseTime(database=workshop.database, machine=Machine(-FAST))
    for clock in (one, other):
        await clock.measure()
    assert abs(one.offset_seconds + FAST.total_seconds()) < 1
    assert abs((one.now() - other.now()).total_seconds()) < 1
