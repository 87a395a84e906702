"""What is measured by itself: waits to write, refusals, and how late the event loop calls."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from bot.web.measures import PrometheusMeasures


class GivenSeconds:
    """A stopwatch that shows one after another of what it is given."""

    def __init__(self, *shown: float) -> None:
        self._shown = deque(shown)

    def __call__(self) -> float:
        return self._shown.popleft()


def figure(measures: PrometheusMeasures, name: str, **labels: str) -> float | None:
    return measures.registry.get_sample_value(name, labels)


async def test_loop_that_calls_late_is_seen() -> None:
    measures = PrometheusMeasures(now=GivenSeconds(10.0, 10.5, 20.0, 21.75, 30.0))
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await measures.watch_lag(sleep)

    assert asked == [0.5, 0.5, 0.5]
    assert figure(measures, "reelay_loop_lag_seconds_count") == 2
    assert figure(measures, "reelay_loop_lag_seconds_sum") == 1.25
    assert figure(measures, "reelay_loop_lag_seconds_bucket", le="1.0") == 1


def test_wait_to_write_lasts_until_it_is_the_writers_turn() -> None:
    measures = PrometheusMeasures(now=GivenSeconds(1.0, 3.5))

    may_write = measures.wait_to_write()
    assert figure(measures, "reelay_write_lock_wait_seconds_count") == 0
    may_write()

    assert figure(measures, "reelay_write_lock_wait_seconds_sum") == 2.5


async def test_refusals_are_counted_by_kind_in_plain_words() -> None:
    measures = PrometheusMeasures()
    for error_name in ("QuotaExceededError", "QuotaExceededError", "MissingPermissions", "unexpected"):
        await measures.note_refused(error_name)

    assert figure(measures, "reelay_refusals_total", kind="quota_exceeded") == 2
    assert figure(measures, "reelay_refusals_total", kind="missing_permissions") == 1
    assert figure(measures, "reelay_refusals_total", kind="unexpected") == 1
