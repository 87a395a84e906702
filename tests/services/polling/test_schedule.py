from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.polling.schedule import (
    ADVISED_SECONDS,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    PollSchedule,
    ProgressTrack,
    RenderTimes,
    next_poll_delay,
)
from tests.bench.pacing import bound_without_progress, compare, no_progress, scaled_noise

COLD = PollSchedule.learned(RenderTimes())
ABOUT_TWO_MINUTES = PollSchedule.learned(RenderTimes.of([100, 110, 120, 130, 140] * 10))
SCHEDULES = [
    COLD,
    ABOUT_TWO_MINUTES,
    PollSchedule.learned(RenderTimes.of([3.0] * 300)),
    PollSchedule.learned(RenderTimes.of([20, 600] * 50)),
    PollSchedule.learned(RenderTimes.of([3000.0] * 50)),
    PollSchedule.learned(RenderTimes.of([-5, 0, 1e9, math.inf] * 10)),
]

schedules = st.sampled_from(SCHEDULES)
moments = st.floats(0, 1e6)
jitters = st.floats(0, 1, exclude_max=True)
percentages = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 100)
tracks = st.lists(st.tuples(st.floats(0, 1e4), percentages), max_size=12)


def tracked(polls: list[tuple[float, float | None]]) -> ProgressTrack:
    track = ProgressTrack()
    for elapsed_seconds, percent in polls:
        track = track.seeing(percent, elapsed_seconds=elapsed_seconds)
    return track


def delay(
    schedule: PollSchedule, elapsed_seconds: float, track: ProgressTrack | None = None, jitter: float = 0.5
) -> float:
    return next_poll_delay(schedule, track or ProgressTrack(), elapsed_seconds=elapsed_seconds, jitter=jitter)


def steady(render_seconds: float, until_seconds: float, *, queued_seconds: float = 0) -> ProgressTrack:
    """Polls every 10 s at a progress that climbs in a straight line."""
    moments = [5 + 10 * index for index in range(int((until_seconds - 5) // 10) + 1)]
    return tracked(
        [(moment, max(0.0, 100 * (moment - queued_seconds) / (render_seconds - queued_seconds))) for moment in moments]
    )


# Bounds --------------------------------------------------------------------------------------------


@given(schedules, tracks, moments, jitters)
def test_the_next_poll_is_never_sooner_than_5_seconds_nor_later_than_45(
    schedule: PollSchedule, polls: list[tuple[float, float | None]], elapsed_seconds: float, jitter: float
) -> None:
    seconds = delay(schedule, elapsed_seconds, tracked(polls), jitter)

    assert SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS


@given(schedules, tracks, moments, jitters, jitters)
def test_more_jitter_never_means_sooner(
    schedule: PollSchedule, polls: list[tuple[float, float | None]], elapsed_seconds: float, one: float, other: float
) -> None:
    track = tracked(polls)

    assert delay(schedule, elapsed_seconds, track, min(one, other)) <= delay(
        schedule, elapsed_seconds, track, max(one, other)
    )


# The shape of a schedule ----------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_first_poll_comes_after_5_seconds(schedule: PollSchedule) -> None:
    assert delay(schedule, 0, jitter=0) == 5
    assert delay(schedule, 0, jitter=0.999) < 6


@pytest.mark.parametrize("known", range(10))
def test_with_few_finished_renders_the_service_s_advice_holds(known: int) -> None:
    schedule = PollSchedule.learned(RenderTimes.of([120.0] * known))

    assert [delay(schedule, elapsed) for elapsed in (5, 60, 120, 600)] == [ADVISED_SECONDS] * 4


@pytest.mark.parametrize(
    ("elapsed_seconds", "at_least", "at_most"),
    [(5, 45, 45), (50, 20, 45), (80, 6, 12), (115, 5, 6), (130, 5, 6), (160, 5, 6)],
)
def test_polls_are_rare_while_the_end_is_unlikely_and_5_seconds_apart_around_it(
    elapsed_seconds: float, at_least: float, at_most: float
) -> None:
    assert at_least <= delay(ABOUT_TWO_MINUTES, elapsed_seconds) <= at_most


def test_a_wait_begun_long_before_the_likely_time_does_not_reach_past_it() -> None:
    schedule = PollSchedule.learned(RenderTimes.of([38, 40, 42] * 20))

    assert 5 + delay(schedule, 5) < 42


@given(st.floats(5, 100), st.floats(5, 100))
def test_the_nearer_the_likely_time_the_closer_the_polls(one: float, other: float) -> None:
    earlier, later = sorted((one, other))

    assert delay(ABOUT_TWO_MINUTES, earlier) >= delay(ABOUT_TWO_MINUTES, later) - 1e-9


def test_a_render_longer_than_any_known_is_still_polled_often() -> None:
    assert max(delay(ABOUT_TWO_MINUTES, elapsed) for elapsed in range(200, 1200, 50)) <= ADVISED_SECONDS


def test_a_service_that_has_become_faster_is_followed() -> None:
    render_times = RenderTimes.of([300.0] * 500 + [60.0] * 1500)

    assert math.exp(render_times.mean_log) == pytest.approx(60, rel=0.1)
    assert delay(PollSchedule.learned(render_times), 55) < ADVISED_SECONDS


def test_finished_renders_are_counted_one_by_one_or_all_at_once_alike() -> None:
    assert RenderTimes.of([90, 120, 150]) == RenderTimes().including(90).including(120).including(150)


# Progress -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", [COLD, ABOUT_TWO_MINUTES])
def test_steady_progress_tells_of_a_render_that_takes_far_longer_than_usual(schedule: PollSchedule) -> None:
    assert delay(schedule, 125, steady(400, 125)) > 12
    assert delay(schedule, 390, steady(400, 390)) == SHORTEST_SECONDS


@pytest.mark.parametrize("schedule", [COLD, ABOUT_TWO_MINUTES])
def test_steady_progress_tells_of_a_render_that_is_done_sooner_than_usual(schedule: PollSchedule) -> None:
    assert delay(schedule, 45, steady(52, 45)) < 7


def test_time_spent_in_the_service_s_queue_does_not_spoil_the_prediction() -> None:
    assert 255 + delay(COLD, 255, steady(300, 255, queued_seconds=200)) < 300
    assert delay(COLD, 285, steady(300, 285, queued_seconds=200)) < 8
    assert delay(COLD, 455, steady(600, 455, queued_seconds=160)) > 12


def test_a_progress_that_has_just_appeared_is_polled_again_soon() -> None:
    assert delay(ABOUT_TWO_MINUTES, 5, tracked([(5, 12.0)])) == ADVISED_SECONDS


def test_progress_at_99_means_any_moment_now() -> None:
    assert delay(ABOUT_TWO_MINUTES, 60, tracked([(5, 9.0), (50, 99.0), (60, 99.0)])) == SHORTEST_SECONDS


def test_progress_stuck_at_99_for_too_long_is_no_longer_believed() -> None:
    stuck = tracked([(moment, 99.0) for moment in range(5, 50, 5)])

    assert delay(ABOUT_TWO_MINUTES, 45, stuck) == delay(ABOUT_TWO_MINUTES, 45)


def test_progress_that_falls_back_from_99_has_not_arrived() -> None:
    assert tracked([(50, 99.0), (60, 70.0)]).arrived_seconds is None


@given(
    schedules,
    st.lists(
        st.none() | st.floats(max_value=0) | st.floats(min_value=100, exclude_min=True) | st.just(math.nan),
        max_size=12,
    ),
    moments,
)
def test_what_is_not_a_percentage_is_as_good_as_no_progress(
    schedule: PollSchedule, garbage: list[float | None], elapsed_seconds: float
) -> None:
    track = tracked([(5.0 + 10 * index, percent) for index, percent in enumerate(garbage)])

    assert delay(schedule, elapsed_seconds, track) == delay(schedule, elapsed_seconds)


@given(schedules, st.floats(0.1, 98), st.integers(3, 20), moments)
def test_progress_that_never_changes_is_ignored(
    schedule: PollSchedule, percent: float, polls: int, elapsed_seconds: float
) -> None:
    track = tracked([(5.0 + 10 * index, percent) for index in range(polls)])

    assert delay(schedule, elapsed_seconds, track) == delay(schedule, elapsed_seconds)


@given(schedules, st.lists(st.floats(0.1, 98), min_size=3, max_size=12, unique=True), moments)
def test_progress_that_goes_backwards_is_ignored(
    schedule: PollSchedule, percentages: list[float], elapsed_seconds: float
) -> None:
    falling = sorted(percentages, reverse=True)
    track = tracked([(5.0 + 10 * index, percent) for index, percent in enumerate(falling)])

    assert delay(schedule, elapsed_seconds, track) == delay(schedule, elapsed_seconds)


def test_progress_too_slow_to_ever_end_is_ignored() -> None:
    track = tracked([(5, 1e-300), (15, 2e-300), (25, 3e-300)])

    assert delay(ABOUT_TWO_MINUTES, 25, track) == delay(ABOUT_TWO_MINUTES, 25)


def test_polls_at_one_and_the_same_moment_make_no_line() -> None:
    track = tracked([(25, 30), (25, 31), (25.0001, 32)])

    assert delay(ABOUT_TWO_MINUTES, 25, track) == delay(ABOUT_TWO_MINUTES, 25)


def test_progress_that_jumps_about_is_ignored() -> None:
    track = tracked([(5, 60), (15, 10), (25, 80), (35, 20), (45, 70), (55, 30), (65, 75)])

    assert delay(ABOUT_TWO_MINUTES, 65, track) == delay(ABOUT_TWO_MINUTES, 65)


# What it is worth ------------------------------------------------------------------------------------


def test_the_bound_is_what_the_theory_gives() -> None:
    assert bound_without_progress(0.5) == pytest.approx(0.722, abs=0.001)


def test_without_progress_the_delay_is_at_most_four_fifths_at_no_more_polls() -> None:
    ours, advised = compare(no_progress, seed=1)

    assert ours.polls <= advised.polls
    assert ours.mean_delay_seconds <= 0.8 * advised.mean_delay_seconds


def test_with_progress_the_delay_is_at_most_half_at_no_more_polls() -> None:
    ours, advised = compare(scaled_noise, seed=1)

    assert ours.polls <= advised.polls
    assert ours.mean_delay_seconds <= 0.5 * advised.mean_delay_seconds
