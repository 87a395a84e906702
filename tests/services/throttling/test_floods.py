"""How much each member may ask in a minute."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.jobs.policy import FloodLimits
from bot.services.throttling.floods import WINDOW_SECONDS, Asked, FloodGuard

MIA, BEN = 1, 2
LIMITS = FloodLimits(videos=3, presses=5, autocompletes=8)


def served(guard: FloodGuard, asked: Asked, times: int, *, now: float = 0.0, member_id: int = MIA) -> int:
    return sum(guard.take(member_id, asked, now) for _ in range(times))


def test_the_usual_limits_are_what_the_docs_say() -> None:
    limits = FloodLimits()

    assert (limits.videos, limits.presses, limits.autocompletes, limits.open_panels) == (6, 60, 120, 20)


@pytest.mark.parametrize(("asked", "most"), [(Asked.VIDEO, 3), (Asked.PRESS, 5), (Asked.AUTOCOMPLETE, 8)])
def test_of_two_hundred_at_once_so_many_are_served(asked: Asked, most: int) -> None:
    assert served(FloodGuard(LIMITS), asked, 200) == most


def test_kinds_and_members_are_counted_apart() -> None:
    guard = FloodGuard(LIMITS)

    assert [served(guard, each, 200) for each in Asked] == [3, 5, 8]
    assert served(guard, Asked.VIDEO, 200, member_id=BEN) == 3


def test_there_is_room_again_a_minute_after_each_that_was_served() -> None:
    guard = FloodGuard(LIMITS)
    assert [guard.take(MIA, Asked.VIDEO, now) for now in (0.0, 10.0, 20.0, 30.0)] == [True, True, True, False]

    assert [guard.take(MIA, Asked.VIDEO, now) for now in (59.9, 60.0, 60.1, 70.0)] == [False, True, False, True]


def test_whoever_goes_on_pressing_is_served_as_much_as_whoever_waits() -> None:
    guard = FloodGuard(LIMITS)

    assert sum(guard.take(MIA, Asked.PRESS, second / 10) for second in range(6000)) == 5 * 10


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3), st.sampled_from(Asked), st.floats(0, 20, allow_nan=False) | st.sampled_from([0.0, 60.0])
        ),
        max_size=200,
    )
)
def test_no_minute_ever_passes_a_limit_and_no_room_is_lost(asked: list[tuple[int, Asked, float]]) -> None:
    guard, now = FloodGuard(LIMITS), 0.0
    most = {Asked.VIDEO: 3, Asked.PRESS: 5, Asked.AUTOCOMPLETE: 8}
    taken: dict[tuple[int, Asked], list[float]] = {}
    for member_id, kind, later in asked:
        now += later
        times = taken.setdefault((member_id, kind), [])
        in_window = [each for each in times if each > now - WINDOW_SECONDS]
        is_served = guard.take(member_id, kind, now)
        assert is_served == (len(in_window) < most[kind])
        if is_served:
            times.append(now)


@given(st.lists(st.floats(0, 90, allow_nan=False), max_size=50))
def test_a_member_is_told_once_a_minute(pauses: list[float]) -> None:
    guard, now, told = FloodGuard(LIMITS), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if guard.may_tell(MIA, now):
            told.append(now)

    assert all(later - earlier >= WINDOW_SECONDS for earlier, later in pairwise(told))
    assert bool(told) == bool(pauses)


def test_who_has_been_idle_is_forgotten_however_many_accounts_there_were() -> None:
    guard = FloodGuard(LIMITS)
    for member_id in range(10_000):
        for asked in Asked:
            guard.take(member_id, asked, now=member_id / 1000)
        guard.may_tell(member_id, now=member_id / 1000)
    assert len(guard) == 40_000

    guard.take(MIA, Asked.PRESS, now=65.0)
    assert len(guard) == 4 * 4_999 + 1
    guard.take(MIA, Asked.PRESS, now=1000.0)
    assert len(guard) == 1
