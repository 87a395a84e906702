"""Work on rules: in threads, in slices, one piece at a time for each server, and fairly between servers."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from bot.services.screening import threads
from bot.services.screening.threads import ScreeningThreads, finish

if TYPE_CHECKING:
    from bot.services.screening.threads import Steps


class Slices:
    """Work whose steps are written down."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def note(self, name: str, steps: int) -> Steps[str]:
        for _ in range(steps):
            self.names.append(name)
            yield
        return name


async def test_servers_take_turns_and_each_does_one_thing_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "THREADS", 1)
    monkeypatch.setattr(threads.time, "monotonic", iter(range(10_000)).__next__)
    monkeypatch.setattr(threads, "SLICE_SECONDS", 2)
    slices = Slices()
    with ScreeningThreads.open() as fair:
        done = await asyncio.gather(
            fair.run(1, slices.note("a", 4)), fair.run(1, slices.note("b", 2)), fair.run(2, slices.note("c", 3))
        )

    assert done == ["a", "b", "c"]
    assert slices.names == ["a", "c", "a", "c", "a", "c", "a", "b", "b"]
    assert len(fair._turns) == 0


async def test_work_runs_in_a_thread_of_its_own_and_its_errors_come_back() -> None:
    def where() -> Steps[str]:
        yield
        return threading.current_thread().name

    def fail() -> Steps[None]:
        yield
        raise ValueError("broken")

    with ScreeningThreads.open() as opened:
        assert (await opened.run(1, where())).startswith("screening")
        with pytest.raises(ValueError, match="broken"):
            await opened.run(1, fail())
        assert await opened.run(1, where())


def test_work_can_be_done_at_once() -> None:
    assert finish(Slices().note("a", 3)) == "a"
