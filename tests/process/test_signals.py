"""Signals: in the loop's own way and where the loop has none, and the end of a stop that takes too long."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from bot.process import heed_signals

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture(autouse=True)
def handlers_put_back() -> Generator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(params=["of the loop", "of Python"])
def _handlers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_here(*_arguments: object) -> None:
        raise NotImplementedError

    if request.param == "of Python":
        monkeypatch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", none_here)


@pytest.mark.usefixtures("_handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["sigint", "sigterm"])
async def test_signal_does_what_was_said_last(number: signal.Signals) -> None:
    first, then = asyncio.Event(), asyncio.Event()
    with heed_signals(first.set) as on_signals:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            await first.wait()
        on_signals(then.set)
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            await then.wait()


@pytest.mark.usefixtures("_handlers")
async def test_signals_are_ignored_once_all_is_done() -> None:
    with heed_signals(lambda: None):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)


async def test_stop_that_hangs_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    with heed_signals(lambda: None, latest_end_seconds=0.01, end=lambda: loop.call_soon_threadsafe(ended.set)):
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await ended.wait()
    assert "the stop took too long: what is left is for the next start" in caplog.messages


async def test_stop_that_is_over_in_time_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    heard = asyncio.Event()
    with heed_signals(heard.set, latest_end_seconds=60, end=lambda: pytest.fail("ended")):
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await heard.wait()
    assert caplog.messages == []
