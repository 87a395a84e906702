from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.models import (
    ContentPolicyError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotConnectedError,
    NotTakenError,
    OperatorAlert,
    RateLimitedError,
    RateLimitStatus,
    UnauthorizedError,
    VideoServiceError,
)
from bot.services.jobs.policy import RateGroup, RateLimit, WorkerPolicy, backoff_seconds
from bot.services.throttling.backoff import (
    BURST_SECONDS,
    LONGEST_SPACING_SECONDS,
    LONGEST_UNREACHED_SECONDS,
    MINUTE_SECONDS,
    Backoff,
    Sent,
    window_start,
)
from bot.services.throttling.throttle import ServiceThrottle

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
BAD_KEY, NO_MONEY = UnauthorizedError("401"), InsufficientFundsError("402")


PAGE = NoAnswerError("a page", is_foreign=True, http_status=502)


def open_backoff(jitter: float = 0.0, rate: RateLimit | None = None) -> Backoff:
    return Backoff("submit", rate or RateLimit(300, 50), lambda: jitter)


def service_throttle() -> ServiceThrottle:
    return ServiceThrottle(WorkerPolicy(), lambda: 0.0)


def refuse(throttle: ServiceThrottle, now: datetime, error: VideoServiceError) -> OperatorAlert | None:
    """Let a submit be refused."""
    return throttle.refused(throttle.submit, now, error)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def wait_of(backoff: Backoff, now: datetime) -> float:
    assert backoff.opens_at is not None
    return (backoff.opens_at - now).total_seconds()


def refuse_and_wait(backoff: Backoff, now: datetime, times: int) -> datetime:
    for _ in range(times):
        backoff.hold(now)
        assert backoff.opens_at is not None
        now = backoff.opens_at
    return now


def test_an_open_gate_lets_everything_through() -> None:
    assert open_backoff().allowance(NOW, wanted=7, in_flight=3) == 7


def test_after_a_refusal_nothing_goes_out_and_then_one_to_try_with() -> None:
    backoff = open_backoff()
    backoff.hold(NOW, 30)

    assert backoff.allowance(later(29.9), wanted=7, in_flight=0) == 0
    assert backoff.allowance(later(30), wanted=7, in_flight=0) == 1
    assert backoff.allowance(later(30), wanted=7, in_flight=1) == 0
    assert backoff.allowance(later(30), wanted=0, in_flight=0) == 0

    backoff.succeed(later(31))
    assert backoff.allowance(later(31), wanted=7, in_flight=0) == 7


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 40), (1.0, 50)])
def test_a_hold_is_never_shorter_than_asked_and_a_little_longer_by_chance(jitter: float, seconds: float) -> None:
    backoff = open_backoff(jitter)
    backoff.hold(NOW, 40)

    assert wait_of(backoff, NOW) == seconds


def test_a_shorter_wait_never_shortens_a_longer_one() -> None:
    backoff = open_backoff()
    backoff.hold(NOW, 40)
    backoff.hold(later(1), 5)

    assert wait_of(backoff, NOW) == 40


def test_a_service_that_goes_on_refusing_is_asked_ever_more_slowly_and_trusted_again_by_halves() -> None:
    backoff = open_backoff()
    now = refuse_and_wait(backoff, NOW, 5)  # spaced out from the third on: 1 s, 2 s, 4 s

    gaps: list[float] = []
    for _ in range(4):
        backoff.succeed(now)
        gaps.append(max(0.0, wait_of(backoff, now)))
        now += timedelta(seconds=gaps[-1])
    assert gaps == [2.0, 1.0, 0.0, 0.0]
    assert backoff.allowance(now, wanted=7, in_flight=0) == 7


def test_spacing_and_back_off_have_an_end() -> None:
    backoff = open_backoff()
    now = refuse_and_wait(backoff, NOW, 50)

    backoff.hold(now)
    assert wait_of(backoff, now) == 60
    assert backoff.opens_at is not None
    backoff.succeed(backoff.opens_at)
    assert wait_of(backoff, later(0)) > 0
    assert backoff.opens_at - now <= timedelta(seconds=60 + LONGEST_SPACING_SECONDS)


def test_a_service_that_cannot_be_reached_is_tried_alone_and_soon_again() -> None:
    backoff = open_backoff()
    now, waits = NOW, list[float]()
    for _ in range(7):
        backoff.miss(now)
        waits.append(wait_of(backoff, now))
        now += timedelta(seconds=waits[-1])
        assert backoff.allowance(now, wanted=7, in_flight=0) == 1
    assert waits == [1, 2, 4, 8, 16, LONGEST_UNREACHED_SECONDS, LONGEST_UNREACHED_SECONDS]

    backoff.succeed(now)
    assert backoff.allowance(now, wanted=7, in_flight=0) == 7


# The account's limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "submits", "queries"),
    [
        ("default", (300, 50), (3_000, 500)),
        ("vip", (1_000, 167), (10_000, 1_667)),
        ("svip", (2_000, 334), (30_000, 5_000)),
    ],
)
def test_the_groups_have_the_services_limits(group: str, submits: tuple[int, int], queries: tuple[int, int]) -> None:
    limits = RateGroup(group).limits

    assert (limits.submits, limits.queries) == (RateLimit(*submits), RateLimit(*queries))


@pytest.mark.slow
def test_no_window_of_ten_seconds_or_a_minute_ever_holds_more_than_the_limit() -> None:
    backoff, sent = open_backoff(rate=RateLimit(100, 30)), list[float]()
    for step in range(1800):  # every tenth of a second somebody wants 20
        now = step / 10
        windows = (
            [at for at in sent if later(at) > window_start(later(now), seconds)]
            for seconds in (BURST_SECONDS, MINUTE_SECONDS)
        )
        burst, minute = (Sent(len(times), later(times[0]) if times else None) for times in windows)
        count = backoff.allowance(later(now), wanted=20, in_flight=0, burst=burst, minute=minute)
        sent += [now] * count

    for seconds, limit in ((10, 30), (60, 100)):
        busiest = max(sum(start <= at < start + seconds for at in sent) for start in sent)
        assert limit * 0.7 < busiest <= limit
    assert len(sent) > 2 * 100


def test_what_went_out_from_elsewhere_counts() -> None:
    backoff = open_backoff()

    some, enough = Sent(40, NOW), Sent(45, later(-4))
    assert backoff.allowance(NOW, wanted=20, in_flight=0, burst=some, minute=some) == 5
    assert backoff.allowance(NOW, wanted=20, in_flight=0, burst=enough, minute=enough) == 0
    assert wait_of(backoff, NOW) == 7  # when the first of them has left the window


def test_the_services_own_words_about_its_limit_are_believed() -> None:
    backoff = open_backoff()
    backoff.note_told(RateLimitStatus(limit=10, remaining=3, reset_at=later(20)))

    assert backoff.allowance(NOW, wanted=20, in_flight=0) == 3
    backoff.note_sent(2)
    backoff.note_told(RateLimitStatus(limit=10, remaining=9, reset_at=later(20.5)))  # an earlier answer, late
    assert backoff.allowance(NOW, wanted=20, in_flight=2) == 1
    backoff.note_told(RateLimitStatus(limit=10, remaining=0, reset_at=later(20)))
    assert backoff.allowance(NOW, wanted=20, in_flight=0) == 0
    assert wait_of(backoff, NOW) == 20
    assert backoff.allowance(later(20.5), wanted=20, in_flight=0, minute=Sent(3, NOW)) == 6  # 9 of 10 a minute


def test_a_429_says_nothing_against_waiting_longer_for_the_windows_end() -> None:
    backoff = open_backoff()
    backoff.note_told(RateLimitStatus(remaining=0, reset_at=later(58)))
    backoff.hold(NOW, 1)

    assert backoff.allowance(later(2), wanted=1, in_flight=0) == 0
    assert wait_of(backoff, NOW) == 58


@pytest.mark.parametrize("status", [RateLimitStatus(), RateLimitStatus(remaining=0), RateLimitStatus(limit=0)])
def test_half_a_word_about_the_limit_stops_nobody_for_ever(status: RateLimitStatus) -> None:
    backoff = open_backoff()
    backoff.note_told(status)

    assert backoff.allowance(NOW, wanted=20, in_flight=0) >= 1


def test_more_renders_than_polls_allow_take_longer_turns() -> None:
    backoff = open_backoff(rate=RateLimit(3_000, 500))
    assert backoff.turn_seconds == 0
    backoff.shared_by = 1_000

    assert 20 < backoff.turn_seconds < 25  # 3,000 a minute would be one in 20 s


# The operator ----------------------------------------------------------------------------------------------------


def test_each_reason_is_news_once_until_a_submit_is_accepted() -> None:
    throttle = service_throttle()
    errors = (BAD_KEY, NO_MONEY, BAD_KEY, NO_MONEY, RateLimitedError("429"))

    assert [refuse(throttle, NOW, error) for error in errors] == [
        OperatorAlert.UNAUTHORIZED,
        OperatorAlert.INSUFFICIENT_FUNDS,
        None,
        None,
        None,
    ]
    throttle.resume()
    assert refuse(throttle, NOW, BAD_KEY) is None
    throttle.submitted(NOW)
    assert refuse(throttle, NOW, BAD_KEY) is OperatorAlert.UNAUTHORIZED


@pytest.mark.parametrize("error", [VideoServiceError("?"), RateLimitedError("429")])
def test_what_passes_by_itself_does_not_pause(error: VideoServiceError) -> None:
    throttle = service_throttle()

    assert refuse(throttle, NOW, error) is None
    assert not throttle.is_paused


def test_further_refusals_do_not_put_the_probe_off_and_probes_grow_rare() -> None:
    throttle = service_throttle()
    refuse(throttle, NOW, BAD_KEY)
    for seconds in range(15):
        refuse(throttle, later(seconds), BAD_KEY)
        assert not throttle.take_probe(later(seconds))

    now, waits = later(15), list[float]()
    for _ in range(7):
        assert throttle.take_probe(now)
        assert not throttle.take_probe(now)
        assert throttle.probe_at is not None
        waits.append((throttle.probe_at - now).total_seconds())
        now = throttle.probe_at
    assert waits == [30, 60, 120, 240, 300, 300, 300]


def test_a_refusal_that_a_poll_met_pauses_nothing_before_the_account_says_so_too() -> None:
    throttle = service_throttle()

    assert throttle.refused(throttle.poll, NOW, BAD_KEY) is None
    assert not throttle.is_paused
    assert throttle.take_probe(NOW)
    assert not throttle.take_probe(later(60))
    for seconds in (1, 14):  # asked at most every 15 s
        throttle.refused(throttle.poll, later(seconds), BAD_KEY)
        assert not throttle.take_probe(later(seconds))
    throttle.refused(throttle.poll, later(15), BAD_KEY)
    assert throttle.take_probe(later(15))

    assert throttle.confirm(later(16), OperatorAlert.UNAUTHORIZED) is OperatorAlert.UNAUTHORIZED
    assert throttle.paused_for is OperatorAlert.UNAUTHORIZED
    assert throttle.probe_at == later(16 + 15)


@pytest.mark.parametrize("error", [BAD_KEY, NO_MONEY, ModelAccessError("403")])
def test_after_three_looks_that_say_nothing_one_job_is_tried(error: VideoServiceError) -> None:
    throttle = service_throttle()
    refuse(throttle, NOW, error)
    for _ in range(2):
        throttle.note_silent_probe()
        assert not throttle.tries_one(NOW)
    throttle.note_silent_probe()
    assert throttle.tries_one(NOW)

    throttle.note_tried(NOW)
    assert not throttle.tries_one(NOW)
    assert throttle.is_paused
    throttle.submitted(later(60))
    assert not throttle.is_paused


def test_a_tried_job_that_is_refused_for_its_prompt_ends_the_pause() -> None:
    throttle = service_throttle()
    refuse(throttle, NOW, NO_MONEY)
    for _ in range(3):
        throttle.note_silent_probe()
    throttle.note_tried(NOW)

    refuse(throttle, NOW, ContentPolicyError("422"))

    assert not throttle.is_paused


def test_five_answers_in_a_row_that_are_not_the_services_alert_once() -> None:
    throttle = service_throttle()
    for _ in range(4):
        assert throttle.refused(throttle.poll, NOW, PAGE) is None
    throttle.answered(throttle.poll, NOW, None)
    for _ in range(4):
        assert throttle.refused(throttle.submit, NOW, PAGE) is None
    assert throttle.refused(throttle.poll, NOW, PAGE) is OperatorAlert.FOREIGN_ANSWERS
    assert throttle.refused(throttle.poll, NOW, PAGE) is None
    assert not throttle.waits_for_operator


@pytest.mark.parametrize("error", [NoAnswerError("timeout"), NotConnectedError("refused"), ContentPolicyError("422")])
def test_silence_and_refusals_of_the_services_own_are_no_foreign_answers(error: VideoServiceError) -> None:
    throttle = service_throttle()

    assert {throttle.refused(throttle.poll, NOW, error) for _ in range(20)} == {None}


@pytest.mark.parametrize(
    "error", [RateLimitedError("429"), NotTakenError("503"), NoAnswerError("page", retry_after_seconds=9.0)]
)
def test_whoever_asks_to_wait_is_given_time(error: VideoServiceError) -> None:
    throttle = service_throttle()
    refuse(throttle, NOW, error)

    assert throttle.submit.allowance(NOW, wanted=5, in_flight=0) == 0
    assert throttle.poll.allowance(NOW, wanted=5, in_flight=0) == 5


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 0.0, 2.0), (2, 0.0, 4.0), (3, 1.0, 10.0), (8, 0.0, 256.0), (9, 0.0, 300.0), (10**6, 1.0, 375.0)],
)
def test_back_off_doubles_up_to_five_minutes(attempt: int, jitter: float, seconds: float) -> None:
    assert backoff_seconds(attempt, jitter) == seconds
