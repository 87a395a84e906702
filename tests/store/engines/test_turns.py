"""Writers' turns: a line that moves is waited in, and one that stands still is left."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.errors import LeaseLostError
from bot.store.engines.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

LONGEST_SECONDS = 5.0


class Line:
    """Writers who take their turns, and end them when they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        loop = asyncio.get_running_loop()
        machine = loop.time
        monkeypatch.setattr(loop, "time", lambda: machine() + self._ahead)
        self.turns = Turns(LONGEST_SECONDS, clock=loop.time)

    @asynccontextmanager
    async def writer(self) -> AsyncGenerator[Callable[[Exception | None], Awaitable[float]]]:
        """Begin to wait; what it gives ends the turn, well or by an error, and returns what was left of the time."""
        ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def write() -> float:
            async with self.turns.take() as left_seconds:
                await ending
            return left_seconds

        task = asyncio.create_task(write())
        await settle()

        async def end(error: Exception | None = None) -> float:
            if error is None:
                ending.set_result(None)
            else:
                ending.set_exception(error)
            return await task

        yield end

    async def pass_time(self, seconds: float) -> None:
        self._ahead += seconds
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_line_that_moves_is_waited_in_however_long_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch)
    async with line.writer() as first, line.writer() as second, line.writer() as third:
        await line.pass_time(4)
        assert await first(None) == pytest.approx(LONGEST_SECONDS, abs=0.5)
        await line.pass_time(4)
        assert await second(None) == pytest.approx(LONGEST_SECONDS, abs=0.5)
        assert await third(None) == pytest.approx(LONGEST_SECONDS, abs=0.5)


async def test_a_turn_that_ends_by_a_refusal_moves_the_line_and_one_that_the_database_ends_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = Line(monkeypatch)
    async with line.writer() as first, line.writer() as second, line.writer() as third:
        await line.pass_time(4)
        with pytest.raises(LeaseLostError):
            await first(LeaseLostError("a"))
        await line.pass_time(4)
        with pytest.raises(OSError, match="disk"):
            await second(OSError("disk"))
        assert await third(None) == pytest.approx(1, abs=0.5)


async def test_a_line_that_stands_still_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch)
    async with line.writer() as first, line.writer() as second:
        await line.pass_time(LONGEST_SECONDS + 1)
        with pytest.raises(TimeoutError):
            await second(None)
        await first(None)
        async with line.writer() as next_one:
            await next_one(None)
