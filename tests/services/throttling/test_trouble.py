from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotConnectedError,
    NotTakenError,
    OperatorAlert,
    RateLimitedError,
    RequestRejectedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
)
from bot.services.jobs.policy import WorkerPolicy
from bot.services.throttling.throttle import FIRST_PROBE_SECONDS, LONGEST_TRIAL_SECONDS, ServiceThrottle
from bot.services.throttling.trouble import FAILURES, PROVED, Failures, Work

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
FAULT = ServiceFaultError("500", http_status=500)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def service_throttle() -> ServiceThrottle:
    return ServiceThrottle(WorkerPolicy(), lambda: 0.0)


def in_trouble(work: Work = Work.SUBMIT) -> ServiceThrottle:
    throttle = service_throttle()
    for _ in range(FAILURES):
        fail(throttle, work, NOW)
    assert throttle.is_in_trouble
    return throttle


def fail(throttle: ServiceThrottle, work: Work, now: datetime) -> None:
    match work:
        case Work.POLL:
            throttle.refused(throttle.poll, now, FAULT)
        case Work.SUBMIT:
            throttle.refused(throttle.submit, now, FAULT)
        case Work.RENDER:
            throttle.render_failed(now)


def succeed(throttle: ServiceThrottle, work: Work, now: datetime) -> None:
    match work:
        case Work.POLL:
            throttle.answered(throttle.poll, now, None)
        case Work.SUBMIT:
            throttle.submitted(now)
        case Work.RENDER:
            throttle.rendered()


@pytest.mark.parametrize("error", [FAULT, NotTakenError("503"), NoAnswerError("timeout"), NotConnectedError("refused")])
def test_five_faults_of_the_services_within_two_minutes_are_trouble(error: VideoServiceError) -> None:
    throttle = service_throttle()
    for number in range(FAILURES):
        assert not throttle.is_in_trouble
        throttle.refused(throttle.submit, later(number * 30), error)

    assert throttle.is_in_trouble
    assert not throttle.waits_for_operator
    assert throttle.paused_for is OperatorAlert.SERVICE_TROUBLE
    assert throttle.paused_at == later(120)


@pytest.mark.parametrize(
    "error",
    [
        ContentPolicyError("422"),
        RequestRejectedError("400"),
        RateLimitedError("429"),
        UnauthorizedError("401"),
        InsufficientFundsError("402"),
        ModelAccessError("403"),
    ],
)
def test_refusals_are_no_trouble(error: VideoServiceError) -> None:
    throttle = service_throttle()
    for _ in range(20):
        throttle.refused(throttle.submit, NOW, error)

    assert not throttle.is_in_trouble


def test_failures_that_are_further_apart_are_no_trouble() -> None:
    throttle = service_throttle()
    for number in range(20):
        throttle.refused(throttle.submit, later(number * 31), FAULT)

    assert not throttle.is_in_trouble


def test_a_success_between_starts_the_count_anew() -> None:
    throttle = service_throttle()
    for _ in range(4):
        throttle.refused(throttle.submit, NOW, FAULT)
    throttle.submitted(NOW)
    for _ in range(4):
        throttle.refused(throttle.submit, NOW, FAULT)

    assert not throttle.is_in_trouble


@pytest.mark.parametrize("failed", Work)
@pytest.mark.parametrize("worked", Work)
def test_what_worked_ends_the_trouble_that_it_disproves_and_no_other(failed: Work, worked: Work) -> None:
    throttle = in_trouble(failed)

    succeed(throttle, worked, later(1))

    assert throttle.is_in_trouble is (failed not in PROVED[worked])


def test_a_probe_that_the_service_refuses_for_its_prompt_ends_trouble_with_submits() -> None:
    throttle = in_trouble()
    throttle.refused(throttle.submit, later(20), ContentPolicyError("422"))
    assert not throttle.is_paused

    throttle = in_trouble(Work.RENDER)
    throttle.refused(throttle.submit, later(20), ContentPolicyError("422"))
    assert throttle.is_in_trouble


def test_probes_come_ever_more_rarely_and_never_ask_about_the_account() -> None:
    throttle = in_trouble()
    assert not throttle.tries_one(later(FIRST_PROBE_SECONDS - 1))
    waits: list[float] = []
    now = NOW
    for _ in range(4):
        assert throttle.probe_at is not None
        waits.append((throttle.probe_at - now).total_seconds())
        now = throttle.probe_at
        assert throttle.tries_one(now)
        assert not throttle.take_probe(now)
        throttle.note_tried(now)
        assert not throttle.tries_one(now)

    assert waits == [15.0, 30.0, 60.0, LONGEST_TRIAL_SECONDS]


def test_a_refused_key_in_trouble_is_the_operators_and_ends_with_a_good_check() -> None:
    throttle = in_trouble()

    assert throttle.refused(throttle.submit, later(20), UnauthorizedError("401")) is OperatorAlert.UNAUTHORIZED
    assert throttle.waits_for_operator
    assert throttle.take_probe(later(200))
    throttle.resume()

    assert not throttle.is_paused
    throttle.refused(throttle.submit, later(201), FAULT)
    assert not throttle.is_in_trouble


def test_an_answer_that_there_is_no_such_task_is_an_answer() -> None:
    throttle = in_trouble(Work.POLL)

    throttle.refused(throttle.poll, NOW, GenerationNotFoundError("404"))

    assert not throttle.is_paused


def test_refusals_in_trouble_are_held_against_no_job() -> None:
    throttle = in_trouble()
    for number in range(100):
        throttle.refused(throttle.submit, later(number), NotTakenError("503"), job_id="a")

    assert not throttle.suspects.last


STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from(Work), st.integers(0, 60)), max_size=40)


@given(STEPS)
def test_there_is_trouble_exactly_while_failures_stand_that_were_enough(steps: list[tuple[bool, Work, int]]) -> None:
    throttle, failures, now, expected = service_throttle(), Failures(), NOW, False
    for fails, work, seconds in steps:
        now += timedelta(seconds=seconds)
        if fails:
            fail(throttle, work, now)
            failures.add(work, now)
            expected = expected or failures.are_trouble(now)
        else:
            succeed(throttle, work, now)
            failures.disprove(work)
            expected = expected and failures.are_open
        assert throttle.is_in_trouble is expected
        if not expected:
            assert throttle.probe_at is None
