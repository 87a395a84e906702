"""When a clip should be there: the quantile of waiting and rendering, and when a time that is shown is rewritten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services.polling.estimate import (
    DELIVERED_SECONDS,
    NOTICED_SECONDS,
    Running,
    has_moved,
    seconds_to_arrival,
    waits,
)
from bot.services.polling.schedule import RenderTimes

N = NOTICED_SECONDS
AFTER = NOTICED_SECONDS + DELIVERED_SECONDS
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
STEADY = RenderTimes.of([100.0] * 20)

seconds = st.floats(1, 3600)
render_times = st.lists(seconds, min_size=10, max_size=60).map(RenderTimes.of)


def test_a_render_alone_is_there_by_the_80_percent_quantile_of_those_that_are_done() -> None:
    assert seconds_to_arrival(RenderTimes.of(range(1, 100))) == pytest.approx(AFTER + 80)


def test_renders_of_two_kinds_are_not_taken_for_one_curve() -> None:
    assert seconds_to_arrival(RenderTimes.of([60.0] * 70 + [300.0] * 30)) == pytest.approx(AFTER + 300)
    assert seconds_to_arrival(RenderTimes.of([60.0] * 85 + [300.0] * 15)) == pytest.approx(AFTER + 60)


def test_only_the_latest_renders_count() -> None:
    assert seconds_to_arrival(RenderTimes.of([300.0] * 500 + [60.0] * 500)) == pytest.approx(AFTER + 60)


@pytest.mark.parametrize(
    ("slots", "running", "place", "waited"),
    [
        (1, [], 1, 0),
        (1, [40], 1, 60 + N),
        (1, [40], 3, (60 + N) + 2 * (100 + N)),
        (1, [40], 30, (60 + N) + 29 * (100 + N)),
        (2, [40, 90], 1, 10 + N),
        (2, [40, 90], 2, 60 + N),
        (2, [40, 90], 3, (10 + N) + (100 + N)),
        (2, [40], 1, 0),
        (2, [40], 2, 60 + N),
        (1, [40, 90], 1, 60 + N),
    ],
    ids=[
        *("free", "next", "third", "thirtieth", "first of two to end", "second to end", "third to start"),
        *("one is free", "after the free one", "more render than there are slots now"),
    ],
)
def test_a_steady_service_is_waited_for_as_long_as_its_slots_are_taken(
    slots: int, running: list[float], place: int, waited: float
) -> None:
    played = waits(slots, [Running(STEADY, elapsed) for elapsed in running], {STEADY: place})

    assert played.until_start(place) == pytest.approx([waited] * len(played.until_start(place)))
    assert seconds_to_arrival(STEADY, played.until_start(place)) == pytest.approx(waited + 100 + AFTER)


def test_what_waits_ahead_counts_by_its_own_length() -> None:
    slow = RenderTimes.of([400.0] * 20)
    running = [Running(STEADY, 0)]

    short = seconds_to_arrival(STEADY, waits(1, running, {STEADY: 11}).until_start(11))
    mixed = seconds_to_arrival(STEADY, waits(1, running, {STEADY: 6, slow: 5}).until_start(11))
    long = seconds_to_arrival(STEADY, waits(1, running, {slow: 11}).until_start(11))

    assert short + 1000 < mixed < long - 1000


def test_a_render_that_goes_on_for_longer_than_any_before_is_waited_for_all_the_same() -> None:
    [wait, *_] = waits(1, [Running(RenderTimes.of(range(60, 200)), 500)], {STEADY: 1}).played

    assert 0 < wait[0] < wait[-1] < 3600


@pytest.mark.slow
@settings(deadline=None)
@given(
    own=render_times,
    other=render_times,
    slots=st.integers(1, 20),
    elapsed=st.lists(seconds, max_size=25),
    place=st.integers(1, 120),
)
def test_any_queue_is_a_longer_wait_for_those_further_back_and_never_shorter_than_the_render(
    own: RenderTimes, other: RenderTimes, slots: int, elapsed: list[float], place: int
) -> None:
    running = [Running(other, seconds) for seconds in elapsed]
    played = waits(slots, running, {own: place, other: 1})

    earlier, later = (seconds_to_arrival(own, played.until_start(at)) for at in (place, place + 40))

    assert seconds_to_arrival(own) <= earlier + 0.06 * max(own.latest)  # to one in 32 of them
    assert earlier <= later


@settings(deadline=None)
@given(elapsed=st.lists(seconds, min_size=2, max_size=2), place=st.integers(1, 12))
def test_the_same_queue_is_always_estimated_the_same(elapsed: list[float], place: int) -> None:
    once, again = (
        waits(2, [Running(STEADY, seconds) for seconds in elapsed], {STEADY: place}).until_start(place)
        for _ in range(2)
    )

    assert once == again


@pytest.mark.parametrize(
    ("shown_in", "expected_in", "is_moved"),
    [
        (600, 600, False),
        (600, 719, False),
        (600, 720, True),
        (600, 480, True),
        (600, 481, False),
        (100, 129, False),
        (100, 130, True),
        (100, 71, False),
        (11, 30, False),
        (10, 12, True),
        (-5, 60, True),
    ],
    ids=[
        *("as it was", "less than a fifth later", "a fifth later", "a fifth earlier", "less than a fifth earlier"),
        *("a fifth, not 30 s", "30 s later", "less than 30 s earlier", "soon", "about to pass", "past"),
    ],
)
def test_a_time_is_rewritten_when_it_moved_by_a_fifth_and_30_seconds_or_is_about_to_pass(
    shown_in: float, expected_in: float, is_moved: bool
) -> None:
    shown, expected = (NOW + timedelta(seconds=seconds) for seconds in (shown_in, expected_in))

    assert has_moved(shown, expected, NOW) == is_moved
