"""Waiting for Discord: which answers are an outage, how long the pauses are, and what is said."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import aiohttp
import pytest

from bot.errors import SettingsError
from bot.gateway import Patience
from bot.gateway.identifying import Identifying

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Pauses:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.time = 100.0

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.time += seconds


def failing(*errors: Exception) -> Callable[[], Awaitable[str]]:
    left = list(errors)

    async def ask() -> str:
        if left:
            raise left.pop(0)
        return "here"

    return ask


async def test_pauses_grow_to_a_minute_and_it_is_said_once_that_it_waits(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    pauses = Pauses()

    assert await Patience(pauses).through(failing(*[ConnectionRefusedError()] * 9)) == "here"

    assert pauses.taken == [1, 2, 5, 10, 20, 40, 60, 60, 60]
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for Discord, which cannot be reached just now",
        "Discord is there again",
    ]


async def test_nothing_is_said_where_discord_is_there(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    assert await Patience(Pauses()).through(failing()) == "here"

    assert caplog.records == []


@pytest.mark.parametrize(
    "error", [TimeoutError(), OSError("no such name"), aiohttp.ServerDisconnectedError(), ConnectionResetError()]
)
async def test_whatever_goes_wrong_on_the_way_is_waited_out(error: Exception) -> None:
    assert await Patience(Pauses()).through(failing(error)) == "here"


@pytest.mark.parametrize("error", [SettingsError("no"), ZeroDivisionError()])
async def test_what_is_no_outage_is_not_waited_out(error: Exception) -> None:
    pauses = Pauses()
    with pytest.raises(type(error)):
        await Patience(pauses).through(failing(error))
    assert pauses.taken == []


async def test_connections_of_one_lane_identify_five_seconds_apart_and_lanes_side_by_side() -> None:
    pauses = Pauses()
    identifying = Identifying(now=lambda: pauses.time, pause=pauses, lanes=2)

    for shard_id in (0, 1, 2, 3):
        await identifying.wait_turn(shard_id)
    assert pauses.taken == [5.0]  # which is also what the fourth would have waited for

    pauses.time += 60
    await identifying.wait_turn(0)
    assert pauses.taken == [5.0]
