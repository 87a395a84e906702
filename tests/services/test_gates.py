from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import InsufficientFundsError, RateLimitedError, UnauthorizedError, VideoServiceError
from bot.models import OperatorAlert
from bot.services.gates import LONGEST_SPACING_SECONDS, RequestGate, ServiceGates
from bot.services.policy import backoff_seconds

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
BAD_KEY, NO_MONEY = UnauthorizedError("401"), InsufficientFundsError("402")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def wait_of(gate: RequestGate, now: datetime) -> float:
    assert gate.opens_at is not None
    return (gate.opens_at - now).total_seconds()


def refuse_and_wait(gate: RequestGate, now: datetime, times: int) -> datetime:
    for _ in range(times):
        gate.hold(now)
        assert gate.opens_at is not None
        now = gate.opens_at
    return now


def test_an_open_gate_lets_everything_through() -> None:
    assert RequestGate("submit", lambda: 0.0).allowance(NOW, wanted=7, in_flight=3) == 7


def test_after_a_refusal_nothing_goes_out_and_then_one_to_try_with() -> None:
    gate = RequestGate("submit", lambda: 0.0)
    gate.hold(NOW, 30)

    assert gate.allowance(later(29.9), wanted=7, in_flight=0) == 0
    assert gate.allowance(later(30), wanted=7, in_flight=0) == 1
    assert gate.allowance(later(30), wanted=7, in_flight=1) == 0
    assert gate.allowance(later(30), wanted=0, in_flight=0) == 0

    gate.succeed(later(31))
    assert gate.allowance(later(31), wanted=7, in_flight=0) == 7


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 40), (1.0, 50)])
def test_a_hold_is_never_shorter_than_asked_and_a_little_longer_by_chance(jitter: float, seconds: float) -> None:
    gate = RequestGate("submit", lambda: jitter)
    gate.hold(NOW, 40)

    assert wait_of(gate, NOW) == seconds


def test_a_shorter_wait_never_shortens_a_longer_one() -> None:
    gate = RequestGate("submit", lambda: 0.0)
    gate.hold(NOW, 40)
    gate.hold(later(1), 5)

    assert wait_of(gate, NOW) == 40


def test_a_service_that_goes_on_refusing_is_asked_ever_more_slowly_and_trusted_again_by_halves() -> None:
    gate = RequestGate("submit", lambda: 0.0)
    now = refuse_and_wait(gate, NOW, 5)  # spaced out from the third on: 1 s, 2 s, 4 s

    gaps: list[float] = []
    for _ in range(4):
        gate.succeed(now)
        gaps.append(max(0.0, wait_of(gate, now)))
        now += timedelta(seconds=gaps[-1])
    assert gaps == [2.0, 1.0, 0.0, 0.0]
    assert gate.allowance(now, wanted=7, in_flight=0) == 7


def test_spacing_and_back_off_have_an_end() -> None:
    gate = RequestGate("submit", lambda: 0.0)
    now = refuse_and_wait(gate, NOW, 50)

    gate.hold(now)
    assert wait_of(gate, now) == 60
    assert gate.opens_at is not None
    gate.succeed(gate.opens_at)
    assert wait_of(gate, later(0)) > 0
    assert gate.opens_at - now <= timedelta(seconds=60 + LONGEST_SPACING_SECONDS)


# The operator ----------------------------------------------------------------------------------------------------


def test_each_reason_is_news_once_until_a_submit_is_accepted() -> None:
    gates = ServiceGates(lambda: 0.0)
    errors = (BAD_KEY, NO_MONEY, BAD_KEY, NO_MONEY, RateLimitedError("429"))

    assert [gates.note(NOW, error) for error in errors] == [
        OperatorAlert.UNAUTHORIZED,
        OperatorAlert.INSUFFICIENT_FUNDS,
        None,
        None,
        None,
    ]
    gates.resume()
    assert gates.note(NOW, BAD_KEY) is None
    gates.submitted(NOW)
    assert gates.note(NOW, BAD_KEY) is OperatorAlert.UNAUTHORIZED


@pytest.mark.parametrize("error", [VideoServiceError("?"), RateLimitedError("429")])
def test_what_passes_by_itself_does_not_pause(error: VideoServiceError) -> None:
    gates = ServiceGates(lambda: 0.0)

    assert gates.note(NOW, error) is None
    assert not gates.is_paused


def test_further_refusals_do_not_put_the_probe_off_and_probes_grow_rare() -> None:
    gates = ServiceGates(lambda: 0.0)
    gates.note(NOW, BAD_KEY)
    for seconds in range(15):
        gates.note(later(seconds), BAD_KEY)
        assert not gates.take_probe(later(seconds))

    now, waits = later(15), list[float]()
    for _ in range(7):
        assert gates.take_probe(now)
        assert not gates.take_probe(now)
        assert gates.probe_at is not None
        waits.append((gates.probe_at - now).total_seconds())
        now = gates.probe_at
    assert waits == [30, 60, 120, 240, 300, 300, 300]


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 0.0, 2.0), (2, 0.0, 4.0), (3, 1.0, 10.0), (8, 0.0, 256.0), (9, 0.0, 300.0), (10**6, 1.0, 375.0)],
)
def test_back_off_doubles_up_to_five_minutes(attempt: int, jitter: float, seconds: float) -> None:
    assert backoff_seconds(attempt, jitter) == seconds
