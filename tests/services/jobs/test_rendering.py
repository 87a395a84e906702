"""What becomes of a job, and what its member sees, for each answer the video service can give."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import PublishUnavailableError
from bot.models import JobError, JobState, OperatorAlert
from bot.sandbox.faults import Fault, error_body
from tests.support.toapis import client_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import StatusCard
    from tests.support.workshop import Process, Workshop

NOT_A_GENERATION = {
    "malformed": Fault(status=200, body="{"),
    "empty": Fault(status=200, body="{}"),
    "nothing": Fault(status=200, body=""),
    "a page": Fault(status=200, body="<html><h1>Welcome</h1></html>"),
    "a gateway's page": Fault(status=502, body="<html><h1>Bad gateway</h1></html>"),
    "a list": Fault(status=200, body="[1]"),
}
TRANSIENT_STATUSES = (500, 502, 503, 504)


def last_card(workshop: Workshop, job_id: str) -> StatusCard:
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    return card


async def accept_many(workshop: Workshop, process: Process, number: int) -> list[str]:
    return [await workshop.accept(process, f"fox number {place}") for place in range(number)]


# Refused submits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error"),
    [("invalid_request", JobError.REJECTED), ("content_policy_violation", JobError.CONTENT_POLICY)],
)
async def test_a_submit_refused_for_good_is_not_repeated_and_the_seconds_come_back(
    workshop: Workshop, code: str, error: JobError
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error(code, headers={"x-request-id": "req-refused"}))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, error)
    assert len(workshop.server.submits) == 1
    assert workshop.discord.alerts == []
    assert (await workshop.job(job_id)).request_id == "req-refused"


async def test_the_wrong_endpoint_ends_each_job_and_alerts_the_operator_once(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("invalid_apitype", times=None))
    job_ids = await accept_many(workshop, process, 3)

    await workshop.run_until_idle(process)

    for job_id in job_ids:
        await workshop.expect_refund(job_id, JobError.WRONG_ENDPOINT)
    assert workshop.discord.alerts == [OperatorAlert.WRONG_ENDPOINT]


# Only the operator can help ----------------------------------------------------------------------------------


def lose_the_key(workshop: Workshop) -> None:
    workshop.server.api_key = "another-key"


def run_out_of_money(workshop: Workshop) -> None:
    workshop.server.key_credits = 0


def mend(workshop: Workshop) -> None:
    workshop.server.api_key = "sandbox-key"
    workshop.server.key_credits = 1820


OPERATOR_TROUBLES = pytest.mark.parametrize(
    ("break_it", "alert"),
    [(lose_the_key, OperatorAlert.UNAUTHORIZED), (run_out_of_money, OperatorAlert.INSUFFICIENT_FUNDS)],
)


@pytest.mark.slow
@OPERATOR_TROUBLES
async def test_while_only_the_operator_can_help_jobs_wait_and_say_so_and_then_go_on_by_themselves(
    workshop: Workshop, break_it: Callable[[Workshop], None], alert: OperatorAlert
) -> None:
    process = workshop.start(max_concurrent_renders=2)
    break_it(workshop)
    job_ids = await accept_many(workshop, process, 3)

    await workshop.run_for(process, 1800)

    assert [(await workshop.job(job_id)).state for job_id in job_ids] == [JobState.QUEUED] * 3
    assert all(last_card(workshop, job_id).waiting_for_operator for job_id in job_ids)
    assert [last_card(workshop, job_id).queue_place for job_id in job_ids] == [1, 2, 3]
    assert workshop.discord.alerts == [alert]
    assert len(workshop.server.submits) == 2  # those that were out when the first was refused, and none since
    probes = [request.at for request in workshop.server.requests if request.kind == "balance"]
    assert 5 <= len(probes) <= 12

    mend(workshop)
    await workshop.run_until_idle(process)

    for job_id in job_ids:
        await workshop.expect_clip(job_id)
    assert workshop.discord.alerts == [alert]


@OPERATOR_TROUBLES
async def test_the_operator_is_alerted_anew_once_a_submit_has_succeeded_in_between(
    workshop: Workshop, break_it: Callable[[Workshop], None], alert: OperatorAlert
) -> None:
    process = workshop.start()
    for _ in range(2):
        break_it(workshop)
        job_id = await workshop.accept(process)
        await workshop.run_for(process, 30)
        mend(workshop)
        await workshop.run_until_idle(process)
        await workshop.expect_clip(job_id)

    assert workshop.discord.alerts == [alert, alert]


@pytest.mark.slow
async def test_looks_refused_for_the_key_pause_submitting_alert_once_and_lose_no_clip(workshop: Workshop) -> None:
    process = workshop.start()
    rendering = await workshop.accept(process)
    await workshop.run_until(process, rendering, JobState.RENDERING)
    lose_the_key(workshop)

    await workshop.run_for(process, 60)
    waiting = await workshop.accept(process, "a second fox")
    await workshop.run_for(process, 300)

    assert (await workshop.job(rendering)).state is JobState.RENDERING
    assert (await workshop.job(waiting)).state is JobState.QUEUED
    assert len(workshop.server.submits) == 1
    assert workshop.discord.alerts == [OperatorAlert.UNAUTHORIZED]

    mend(workshop)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(rendering)
    await workshop.expect_clip(waiting)


async def test_a_probe_that_gets_no_answer_changes_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    lose_the_key(workshop)
    job_id = await workshop.accept(process)
    await process.worker.tick()
    mend(workshop)
    workshop.server.faults.balance.extend([Fault(drop=True), Fault(status=200, body="<html>")])

    await workshop.run_for(process, 15 + 30)
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


@pytest.mark.parametrize("error", [PublishUnavailableError("503"), ZeroDivisionError("nobody expected this")], ids=repr)
async def test_jobs_do_not_wait_for_an_operators_channel_that_cannot_be_told(
    workshop: Workshop, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    process = workshop.start()
    workshop.discord.fail("alert_operator", error)
    lose_the_key(workshop)
    job_id = await workshop.accept(process)
    await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    mend(workshop)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)
    assert "the operator's channel could not be told" in caplog.messages


# Too many requests -----------------------------------------------------------------------------------------------


def in_seconds(_: Workshop, seconds: float) -> dict[str, str]:
    return {"Retry-After": str(int(seconds))}


def as_date(workshop: Workshop, seconds: float) -> dict[str, str]:
    moment = datetime.fromtimestamp(workshop.time(), UTC) + timedelta(seconds=seconds)
    return {"Retry-After": format_datetime(moment, usegmt=True)}


@pytest.mark.slow
@pytest.mark.parametrize("header", [in_seconds, as_date])
async def test_a_submit_held_back_holds_back_all_submits_for_as_long_as_asked_and_no_look(
    workshop: Workshop, header: Callable[[Workshop, float], dict[str, str]]
) -> None:
    process = workshop.start()
    rendering = await workshop.accept(process)
    await process.worker.tick()
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded", headers=header(workshop, 120)))
    first = await workshop.accept(process, "the first to be held back")
    await process.worker.tick()
    second = await workshop.accept(process, "the second")

    await workshop.run_for(process, 115)

    assert {(await workshop.job(job_id)).state for job_id in (first, second)} == {JobState.QUEUED}
    assert len(workshop.server.submits) == 2
    await workshop.expect_clip(rendering)

    await workshop.run_for(process, 10)
    assert len(workshop.server.submits) >= 3
    await workshop.run_until_idle(process)
    await workshop.expect_clip(first)
    await workshop.expect_clip(second)


async def test_a_look_held_back_holds_back_all_looks_for_as_long_as_asked_and_no_submit(workshop: Workshop) -> None:
    process = workshop.start()
    rendering = await accept_many(workshop, process, 2)
    await process.worker.tick()
    workshop.server.faults.poll.append(Fault.error("rate_limit_exceeded", headers={"Retry-After": "60"}))
    workshop.time.advance(5.0)
    await process.worker.tick()
    refused = len(workshop.server.polls)

    new = await workshop.accept(process, "a third fox")
    await workshop.run_for(process, 55)

    assert len(workshop.server.polls) == refused
    assert (await workshop.job(new)).state is JobState.RENDERING
    await workshop.run_until_idle(process)
    for job_id in (*rendering, new):
        await workshop.expect_clip(job_id)


async def test_without_retry_after_the_wait_doubles_and_a_persistent_refusal_spaces_submits_out(
    workshop: Workshop,
) -> None:
    process = workshop.start(max_concurrent_renders=1)
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded", times=5))
    await workshop.accept(process)

    await workshop.run_for(process, 40)

    times = [request.at for request in workshop.server.submits]
    gaps = [round(later - earlier) for earlier, later in pairwise(times)]
    assert gaps == [1, 2, 4, 8, 16]
    assert process.throttle.submit.opens_at is not None
    assert process.throttle.submit.opens_at.timestamp() > times[-1]  # spaced out although the last one was taken


async def test_requests_refused_together_count_as_one_refusal(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=4)
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded", times=4))
    job_ids = await accept_many(workshop, process, 4)
    await process.worker.tick()
    assert len(workshop.server.submits) == 4

    workshop.time.advance(1.01)
    await process.worker.tick()

    assert len(workshop.server.submits) == 5  # one to try with, after one second
    await workshop.run_until_idle(process)
    for job_id in job_ids:
        await workshop.expect_clip(job_id)


@pytest.mark.parametrize("retry_after", ["0", "Thu, 01 Jan 1970 00:00:00 GMT", "-5"])
async def test_a_retry_after_that_has_passed_is_no_licence_to_hammer(workshop: Workshop, retry_after: str) -> None:
    process = workshop.start()
    headers = {"Retry-After": retry_after}
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded", headers=headers, times=None))
    await workshop.accept(process)

    for _ in range(20):
        await process.worker.tick()

    assert len(workshop.server.submits) == 1


async def test_a_held_back_job_keeps_its_turn(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded"))
    first, second = await accept_many(workshop, process, 2)

    await workshop.run_until_idle(process)

    assert [request.key for request in workshop.server.submits] == [first, first, second]


async def test_looks_held_back_for_ever_end_at_the_deadline(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=60.0, unanswered_grace_seconds=60.0)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault.error("rate_limit_exceeded", times=None))

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.TIMED_OUT)


# Submits that may or may not have arrived ------------------------------------------------------------------


UNCERTAIN_ANSWERS: dict[str, dict[str, Any]] = {
    "lost": {"drop": True},
    **{str(status): {"status": status, "body": error_body("internal_error")} for status in TRANSIENT_STATUSES},
    **{name: {"status": 200, "body": NOT_A_GENERATION[name].body} for name in ("malformed", "a page")},
}
UNCERTAIN = pytest.mark.parametrize("answer", UNCERTAIN_ANSWERS.values(), ids=UNCERTAIN_ANSWERS)


@UNCERTAIN
async def test_a_submit_that_was_taken_but_whose_answer_says_nothing_is_adopted(
    workshop: Workshop, answer: dict[str, Any]
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault(accept=True, **answer))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.submits) == len(workshop.server.paid(job_id)) == 1


@UNCERTAIN
async def test_a_submit_that_was_not_taken_is_sent_again_once_the_service_has_said_so(
    workshop: Workshop, answer: dict[str, Any]
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault(**answer))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    first, second = workshop.server.submits
    asked = [request.at - first.at for request in workshop.server.polls if request.at <= second.at]
    assert len(asked) >= 4
    assert 30 <= max(asked) <= 60
    assert len(workshop.server.paid(job_id)) == 1


@pytest.mark.parametrize("status", [500, 504])
async def test_a_service_that_goes_on_failing_is_asked_four_times_and_then_the_seconds_come_back(
    workshop: Workshop, status: int
) -> None:
    process = workshop.start()
    headers = {"x-oneapi-request-id": "req-broken"}
    workshop.server.faults.submit.append(Fault(status=status, headers=headers, times=None))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.SERVICE_FAULT)
    assert len(workshop.server.submits) == 4
    assert workshop.server.generations == {}


async def test_a_not_found_that_comes_before_the_submit_itself_is_not_believed(workshop: Workshop) -> None:
    process = workshop.start()
    arrived = asyncio.Event()
    workshop.server.faults.submit.append(Fault(hold=arrived))
    job_id = await workshop.accept(process)
    tick = asyncio.create_task(process.worker.tick())
    await workshop.server.until(lambda: len(workshop.server.submits) == 1)
    tick.cancel()  # the process is gone; its request is still on its way
    with suppress(asyncio.CancelledError):
        await tick

    restarted = workshop.start()
    await restarted.worker.reclaim_leases()
    await restarted.worker.tick()
    assert len(workshop.server.polls) == 1  # answered "no such task"
    arrived.set()
    await workshop.server.until(lambda: len(workshop.server.paid(job_id)) == 1)
    await workshop.run_until_idle(restarted)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("status", [401, 402, 400, 422, 429, 503])
async def test_while_the_service_does_not_say_what_became_of_a_submit_it_is_never_sent_again(
    workshop: Workshop, status: int
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault(accept=True, drop=True))
    workshop.server.faults.poll.append(Fault(status=status, times=None))
    job_id = await workshop.accept(process)

    await workshop.run_for(process, 300)

    assert len(workshop.server.paid(job_id)) == len(workshop.server.submits) == 1


async def test_a_submit_that_was_lost_waits_while_another_was_refused_for_the_key(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.extend([Fault(drop=True), Fault.error("insufficient_quota")])
    lost, refused = await accept_many(workshop, process, 2)

    await workshop.run_for(process, 10)
    assert (await workshop.job(lost)).state is JobState.SUBMITTING  # it may be on the wire
    assert (await workshop.job(refused)).state is JobState.QUEUED
    workshop.server.key_credits = 0
    await workshop.run_for(process, 50)
    assert {(await workshop.job(job_id)).state for job_id in (lost, refused)} == {JobState.QUEUED}
    workshop.server.key_credits = 1820

    await workshop.run_until_idle(process)
    await workshop.expect_clip(lost)
    await workshop.expect_clip(refused)


# Looks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["task_not_found", "task_not_exist"])
async def test_a_generation_is_given_up_when_the_service_says_three_times_that_it_has_none(
    workshop: Workshop, code: str
) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault.error(code, times=3, headers={"x-request-id": "req-gone"}))

    await workshop.run_until(process, job_id, JobState.FAILED)
    polls = len(workshop.server.polls)
    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.GENERATION_LOST)
    assert (await workshop.job(job_id)).request_id == "req-gone"
    assert polls == 3
    assert len(workshop.server.submits) == 1


@pytest.mark.parametrize("code", ["task_not_found", "task_not_exist", "invalid_request"])
async def test_a_refused_look_is_not_believed_at_once(workshop: Workshop, code: str) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault.error(code, times=2))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


@pytest.mark.parametrize(
    ("code", "error", "polls"),
    [("content_policy_violation", JobError.CONTENT_POLICY, 3)],
)
async def test_a_look_refused_for_good_ends_the_job(workshop: Workshop, code: str, error: JobError, polls: int) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault.error(code, times=None))

    await workshop.run_until(process, job_id, JobState.FAILED)
    assert len(workshop.server.polls) == polls

    await workshop.run_until_idle(process)
    await workshop.expect_refund(job_id, error)


async def test_looks_that_meet_the_wrong_endpoint_alert_once_and_go_on(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault.error("invalid_apitype", times=4))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert workshop.discord.alerts == [OperatorAlert.WRONG_ENDPOINT]


@pytest.mark.parametrize("code", ["unauthorized", "insufficient_quota", "model_access_denied"])
async def test_looks_refused_for_what_the_account_itself_denies_stop_nobody(workshop: Workshop, code: str) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault.error(code, times=4))
    await workshop.run_for(process, 6)
    other = await workshop.accept(process, "a second fox")
    await process.worker.tick()
    assert (await workshop.job(other)).state is JobState.RENDERING

    await workshop.run_until_idle(process)

    for each in (job_id, other):
        await workshop.expect_clip(each)
    assert workshop.discord.alerts == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NOT_A_GENERATION, *map(str, TRANSIENT_STATUSES)])
async def test_looks_that_say_nothing_are_repeated_until_one_does(workshop: Workshop, name: str) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    fault = NOT_A_GENERATION.get(name) or Fault(status=int(name))
    workshop.server.faults.poll.extend([fault] * 7)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_look_that_gets_no_answer_in_time_is_repeated(workshop: Workshop) -> None:
    never = asyncio.Event()
    async with client_of(workshop.server, poll_timeout_seconds=0.05) as impatient:
        process = workshop.start(service=impatient)
        job_id = await workshop.accept(process)
        await workshop.run_until(process, job_id, JobState.RENDERING)
        workshop.server.faults.poll.append(Fault(hold=never, times=2))

        await workshop.run_until_idle(process)

    never.set()
    await workshop.expect_clip(job_id)


async def test_a_service_that_never_answers_again_is_given_up_long_after_the_deadline(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=60.0, unanswered_grace_seconds=120.0)
    job_id = await workshop.accept(process)
    started_at = workshop.time()
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault(drop=True, times=None))

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.TIMED_OUT)
    assert 180 <= workshop.time() - started_at < 180 + 60


async def test_a_status_nobody_documented_is_looked_at_until_the_deadline(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=240.0)
    workshop.server.faults.render.append(Fault(change={"status": "thinking", "progress": None, "result": None}))
    job_id = await workshop.accept(process)
    started_at = workshop.time()

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.TIMED_OUT)
    assert 240 <= workshop.time() - started_at < 240 + 60
    assert len(workshop.server.polls) > 10


async def test_a_status_nobody_documented_is_no_harm_when_it_passes(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault(change={"status": "thinking", "result": None}, times=5))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_completed_without_an_address_is_not_believed_at_once(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.time.advance(30)
    workshop.server.faults.poll.append(Fault(change={"result": None}, times=2))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_completed_without_an_address_ends_the_job_when_it_stays_so(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.render.append(Fault(change={"result": None}))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.NO_RESULT)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Generation failed: Content violates the content policy", JobError.CONTENT_POLICY),
        ("Generation failed: blocked by safety filters", JobError.CONTENT_POLICY),
        ("Generation failed: out of memory", JobError.GENERATION_FAILED),
    ],
)
async def test_a_failed_generation_tells_the_member_whether_it_was_the_prompt(
    workshop: Workshop, message: str, error: JobError
) -> None:
    process = workshop.start()
    workshop.server.faults.render.append(Fault.failed(message))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, error)
    assert len(workshop.server.submits) == 1


async def test_the_card_shows_the_services_own_progress_and_never_invents_one(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault(change={"progress": None}))

    await workshop.run_until_idle(process)

    shown = [card.job.progress for card in workshop.discord.cards[job_id] if card is not None]
    assert shown[0] is None
    assert all(progress is None or 0 <= progress <= 100 for progress in shown)
    assert any(progress for progress in shown)


# Down for ten minutes --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.SUBMITTING, JobState.RENDERING, JobState.READY])
async def test_a_service_that_is_down_for_ten_minutes_costs_nobody_their_clip(
    workshop: Workshop, state: JobState
) -> None:
    process = workshop.start()
    if state is JobState.SUBMITTING:
        workshop.server.faults.submit.append(Fault(accept=True, drop=True))
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, state)
    await workshop.server.stop()

    await workshop.run_for(process, 600)
    assert not (await workshop.job(job_id)).state.is_final
    await workshop.server.start()
    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1


# For the operator ------------------------------------------------------------------------------------------------


async def test_the_request_id_of_every_refusal_is_in_the_row_and_in_the_log(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    job = await workshop.job(job_id)
    assert job.request_id is not None
    assert job.request_id.startswith("req-")
    workshop.server.faults.poll.append(Fault(status=503, headers={"x-request-id": "req-503"}, times=3))

    workshop.time.advance(6)
    await process.worker.tick()

    assert (await workshop.job(job_id)).request_id == "req-503"
    lines = [record.__dict__ for record in caplog.records if record.__dict__.get("request_id") == "req-503"]
    assert any((line.get("job_id"), line.get("generation_id")) == (job_id, job.generation_id) for line in lines)


async def test_each_step_of_a_jobs_life_is_a_log_line_with_its_ids(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    process = workshop.start()
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    lines = [record for record in caplog.records if record.__dict__.get("job_id") == job_id]
    assert [line.getMessage() for line in lines] == [
        "job accepted",
        "job submitting",
        "job rendering",
        "job ready",
        "job delivering",
        "job delivered",
    ]
    generation_id = (await workshop.job(job_id)).generation_id
    assert {line.__dict__.get("generation_id") for line in lines[2:]} == {generation_id}
