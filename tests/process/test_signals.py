"""Signals: what they do while the loop runs, and the end of a stop that takes too long."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from bot.process import Deadline, heed_signals

if TYPE_CHECKING:
    from collections.abc import Generator


def nothing() -> None: ...


@pytest.fixture(autouse=True)
def handlers_put_back() -> Generator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["sigint", "sigterm"])
async def test_signal_does_what_was_said_last(number: signal.Signals) -> None:
    first, then = asyncio.Event(), asyncio.Event()
    with heed_signals(first.set, deadline=Deadline(seconds=0, end=nothing)) as on_signals:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            await first.wait()
        on_signals(then.set)
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            await then.wait()


async def test_signals_are_ignored_once_all_is_done() -> None:
    with heed_signals(lambda: None):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)


async def test_signal_ends_a_loop_that_hangs() -> None:
    ended = threading.Event()
    with heed_signals(nothing, deadline=Deadline(seconds=0.01, end=ended.set)):
        os.kill(os.getpid(), signal.SIGTERM)
        assert ended.wait(10)  # in the loop, which does nothing else meanwhile


async def test_signal_ends_what_still_hangs_when_the_loop_is_over(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()
    deadline = Deadline(seconds=0.01, end=ended.set)
    with heed_signals(nothing, deadline=deadline):
        os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.to_thread(ended.wait, 10)
    assert "the stop took too long: what is left is for the next start" in caplog.messages


async def test_process_that_was_not_told_to_stop_may_take_its_time() -> None:
    ended, others = threading.Event(), set(threading.enumerate())
    deadline = Deadline(seconds=0, end=ended.set)
    [counting] = set(threading.enumerate()) - others
    with heed_signals(nothing, deadline=deadline):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.to_thread(counting.join, 10)
    assert not counting.is_alive()
    assert not ended.is_set()


async def test_loop_without_signal_handlers_heeds_them_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_here(*_arguments: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", none_here)  # as on Windows
    heard = asyncio.Event()
    with heed_signals(heard.set, deadline=Deadline(seconds=0, end=nothing)):
        os.kill(os.getpid(), signal.SIGINT)
        async with asyncio.timeout(10):
            await heard.wait()
