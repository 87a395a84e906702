"""Who speaks, what about, and when it is over: what becomes of a job for answers that gateways really give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import JobError, JobState, OperatorAlert, SubmitOutcome
from bot.sandbox.faults import Fault
from tests.support.toapis import STARTED_AT

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop


async def rendering(workshop: Workshop, process: Process) -> str:
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    return job_id


# Who speaks --------------------------------------------------------------------------------------

PROXY_ANSWERS = {
    **{f"a page with {status}": Fault.page(status) for status in (400, 401, 403, 404, 405, 429, 500, 502, 503, 520)},
    **{f"nothing with {status}": Fault(status=status) for status in (403, 404, 502, 504)},
    **{f"text with {status}": Fault(status=status, body="404 page not found") for status in (403, 404)},
    "a welcome page": Fault.page(200),
    "a redirect": Fault(status=302, headers={"Location": "https://login.example/"}),
    "an API gateway's JSON": Fault.foreign(403),
    "an API gateway's 404": Fault(status=404, body={"message": "no Route matched with those values"}),
    "a cloud's 404": Fault(status=404, body={"error": {"code": "404", "message": "Resource not found"}}),
    "the family's no route": Fault.error("no_route"),
}
PROXIES = pytest.mark.parametrize("answer", PROXY_ANSWERS.values(), ids=PROXY_ANSWERS)


@pytest.mark.slow
@PROXIES
async def test_a_proxys_answers_to_polls_lose_no_clip(workshop: Workshop, answer: Fault) -> None:
    process = workshop.start()
    job_id = await rendering(workshop, process)
    workshop.server.faults.poll.extend([answer] * 4)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert workshop.discord.alerts == []


@pytest.mark.slow
@PROXIES
async def test_a_proxys_answer_to_a_submit_is_no_refusal(workshop: Workshop, answer: Fault) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(answer)
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


async def test_five_answers_in_a_row_that_are_not_the_services_tell_the_operator_once(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await rendering(workshop, process)
    workshop.server.faults.poll.extend([Fault.page(404)] * 9)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert sorted(workshop.discord.alerts) == [OperatorAlert.FOREIGN_ANSWERS, OperatorAlert.SERVICE_TROUBLE]


# What is it about --------------------------------------------------------------------------------

OPERATORS = {
    "unauthorized": OperatorAlert.UNAUTHORIZED,
    "insufficient_quota": OperatorAlert.INSUFFICIENT_FUNDS,
    "insufficient_user_quota": OperatorAlert.INSUFFICIENT_FUNDS,
    "insufficient_quota_429": OperatorAlert.INSUFFICIENT_FUNDS,
    "quota_under_a_number": OperatorAlert.INSUFFICIENT_FUNDS,
    "model_access_denied": OperatorAlert.NO_ACCESS,
    "model_not_found": OperatorAlert.NO_ACCESS,
    "access_denied": OperatorAlert.NO_ACCESS,
}


@pytest.mark.parametrize(("name", "alert"), OPERATORS.items())
@pytest.mark.slow
async def test_what_is_the_operators_to_mend_pauses_alerts_once_and_blames_no_prompt(
    workshop: Workshop, name: str, alert: OperatorAlert
) -> None:
    process = workshop.start(max_concurrent_renders=1, longest_wait_seconds=3600)
    workshop.server.faults.submit.append(Fault.error(name, times=None))
    workshop.server.faults.balance.append(Fault.page(502, times=None))
    workshop.server.faults.models.append(Fault.page(502, times=None))
    job_ids = [await workshop.accept(process, f"fox {place}") for place in range(2)]

    await workshop.run_for(process, 2 * 3600)

    assert [(await workshop.job(job_id)).state for job_id in job_ids] == [JobState.QUEUED] * 2
    assert workshop.discord.alerts.count(alert) == len([it for it in workshop.discord.alerts if it is alert]) == 1
    assert set(workshop.discord.alerts) <= {alert, OperatorAlert.FOREIGN_ANSWERS}
    assert len(workshop.server.submits) < 50
    card = workshop.discord.cards[job_ids[0]][-1]
    assert card is not None
    assert card.waiting_for_operator

    workshop.server.faults.clear()
    await workshop.run_until_idle(process)
    for job_id in job_ids:
        await workshop.expect_clip(job_id)
        assert len(workshop.server.paid(job_id)) == 1


@pytest.mark.parametrize("name", ["moderation_blocked", "sensitive_words_detected", "moderation_in_words"])
async def test_what_moderation_refused_says_so_whatever_the_status(workshop: Workshop, name: str) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error(name))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.CONTENT_POLICY)
    assert workshop.discord.alerts == []
    assert await workshop.spent_seconds() == 0


@pytest.mark.parametrize("is_taken", [False, True])
async def test_a_refusal_under_a_fault_ends_the_job_and_is_asked_about_for_the_books(
    workshop: Workshop, *, is_taken: bool
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("moderation_under_500", accept=is_taken))
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await workshop.expect_refund(job_id, JobError.CONTENT_POLICY)
    assert await workshop.spent_seconds() == 6

    await workshop.run_for(process, 120)

    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == (6 if is_taken else 0)
    assert len(workshop.server.submits) == 1


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize(
    "answer",
    [
        Fault.error("model_access_denied", times=None),
        Fault.error("unauthorized", times=None),
        Fault.error("insufficient_user_quota", times=None),
        Fault.error("rate_limit_exceeded", times=None),
    ],
    ids=["access", "key", "money", "rate"],
)
@pytest.mark.slow
async def test_one_jobs_refusal_that_looks_like_everybodys_stops_nobody_for_long(
    workshop: Workshop, slots: int, answer: Fault
) -> None:
    process = workshop.start(max_concurrent_renders=slots)
    workshop.server.faults.submit.append(replace(answer, prompt="a poisoned fox"))
    poisoned = await workshop.accept(process, "a poisoned fox")
    others = [await workshop.accept(process, f"fox {place}", member_id=400 + place) for place in range(8)]

    await workshop.run_until_idle(process, most=900)

    for job_id in others:
        await workshop.expect_clip(job_id)
    assert max(it.accepted_at for it in workshop.server.generations.values()) - STARTED_AT < 600
    assert len(workshop.discord.alerts) <= 1
    await workshop.expect_refund(poisoned, JobError.SERVICE_FAULT)
    assert await workshop.spent_seconds() == workshop.server.billed_seconds()


async def test_one_jobs_own_refusals_end_it_once_others_were_taken(workshop: Workshop) -> None:
    process = workshop.start()
    refusal = Fault.error("model_access_denied", times=None)
    workshop.server.faults.submit.append(replace(refusal, prompt="a poisoned fox"))
    poisoned = await workshop.accept(process, "a poisoned fox")
    other = await workshop.accept(process, "a fox")

    await workshop.run_until_idle(process)

    await workshop.expect_clip(other)
    await workshop.expect_refund(poisoned, JobError.SERVICE_FAULT)
    assert set(await workshop.outcomes(poisoned)) == {SubmitOutcome.REFUSED}
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


@pytest.mark.parametrize("name", ["rate_limit_exceeded", "insufficient_quota", "model_access_denied", "unauthorized"])
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_fault_is_asked_about_whatever_else_it_says(workshop: Workshop, name: str, status: int) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error(name, status=status, accept=True))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1


@pytest.mark.parametrize("kind", ["poll", "submit"])
async def test_a_page_that_asks_to_wait_for_a_day_holds_nobody_back_for_more_than_a_minute(
    workshop: Workshop, kind: str
) -> None:
    process = workshop.start()
    job_id = await rendering(workshop, process)
    getattr(workshop.server.faults, kind).append(Fault.page(503, headers={"Retry-After": "86400"}))
    other = await workshop.accept(process, "another fox")
    await workshop.run_for(process, 180)

    assert (await workshop.job(job_id)).state is JobState.DELIVERED
    assert (await workshop.job(other)).state is JobState.DELIVERED


async def test_polls_that_are_refused_as_wrong_blame_no_prompt_and_lose_no_clip(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await rendering(workshop, process)
    workshop.server.faults.poll.append(Fault.error("invalid_request", times=8))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_an_address_that_follows_a_minute_after_completed_is_taken(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await rendering(workshop, process)
    workshop.time.advance(30)
    workshop.server.faults.poll.append(Fault(change={"result": None}, times=6))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_members_words_that_come_back_in_a_message_stop_nobody(workshop: Workshop) -> None:
    process = workshop.start()
    words = "insufficient quota invalid api key no access to this model"
    body = {"error": {"code": "invalid_request", "type": "invalid_request_error", "message": f"bad prompt: {words}"}}
    workshop.server.faults.submit.append(Fault(status=400, body=body))
    job_id = await workshop.accept(process, words)
    other = await workshop.accept(process, "another fox")

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.REJECTED)
    await workshop.expect_clip(other)
    assert workshop.discord.alerts == []


@pytest.mark.parametrize("body", [{"success": False, "message": "busy"}, {"error": {"message": "busy"}}], ids=str)
async def test_an_error_under_200_is_an_error(workshop: Workshop, body: dict[str, Any]) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault(status=200, body=body))
    job_id = await workshop.accept(process)
    await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.SUBMITTING

    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_one_stray_401_on_a_poll_stops_nobodys_submits(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await rendering(workshop, process)
    workshop.server.faults.poll.append(Fault.error("unauthorized"))
    workshop.time.advance(6)
    await process.worker.tick()
    other = await workshop.accept(process, "another fox")
    await process.worker.tick()

    assert (await workshop.job(other)).state is JobState.RENDERING
    await workshop.run_until_idle(process)
    for each in (job_id, other):
        await workshop.expect_clip(each)
    assert workshop.discord.alerts == []
    assert [request.kind for request in workshop.server.requests].count("balance") == 1


# When is it over ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["succeeded", "SUCCESS", "done", "Finished", "COMPLETED"])
async def test_another_spelling_of_done_is_done(workshop: Workshop, word: str) -> None:
    process = workshop.start()
    workshop.server.spellings = {"completed": word, "in_progress": "RUNNING", "queued": "NOT_START"}
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


@pytest.mark.parametrize("word", ["FAILURE", "error", "canceled", "expired", "timeout"])
async def test_another_spelling_of_failed_is_failed(workshop: Workshop, word: str) -> None:
    process = workshop.start()
    change = {"status": word, "progress": "100%", "fail_reason": "out of memory", "result": None}
    workshop.server.faults.render.append(Fault(change=change))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.GENERATION_FAILED)


@pytest.mark.parametrize("status", ["thinking", "in_progress"])
async def test_at_the_deadline_a_clip_whose_address_is_known_is_taken(workshop: Workshop, status: str) -> None:
    process = workshop.start(job_deadline_seconds=240.0)
    workshop.server.faults.render.append(Fault(change={"status": status}))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_service_that_falls_silent_after_it_gave_the_address_costs_no_clip(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=60.0, unanswered_grace_seconds=60.0)
    workshop.server.faults.render.append(Fault(change={"status": "thinking"}))
    job_id = await rendering(workshop, process)
    await workshop.run_for(process, 40)
    workshop.server.faults.poll.append(Fault(drop=True, times=None))

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


# A pause ends by itself --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "balance",
    [Fault.page(404, times=None), Fault(status=200, body={"success": True, "remain_balance": 0}, times=None)],
    ids=["no such page", "no credits in it"],
)
async def test_a_topped_up_account_goes_on_whatever_the_balance_says(workshop: Workshop, balance: Fault) -> None:
    process = workshop.start()
    workshop.server.key_credits = 0
    workshop.server.faults.balance.append(balance)
    workshop.server.faults.account.append(balance)
    job_ids = [await workshop.accept(process, f"fox {place}") for place in range(3)]
    await workshop.run_for(process, 60)
    assert len(workshop.server.submits) == 3
    workshop.server.key_credits = 1820

    await workshop.run_until_idle(process)

    for job_id in job_ids:
        await workshop.expect_clip(job_id)
    assert workshop.server.submits[3].at - workshop.server.submits[0].at <= 15 + 30 + 60 + 15 + 1


async def test_while_the_account_confirms_the_refusal_a_job_is_sent_to_see_but_rarely(workshop: Workshop) -> None:
    """It may be the account's own answers that are wrong."""
    process = workshop.start()
    workshop.server.key_credits = 0
    workshop.server.faults.balance.append(Fault(change={"remain_credits": 0}, times=None))
    job_id = await workshop.accept(process)
    await workshop.run_for(process, 1800)
    assert len(workshop.server.submits) == 1

    workshop.server.key_credits = 1820  # topped up, but the balance goes on saying 0
    await workshop.run_for(process, 1800)

    assert len(workshop.server.submits) == 2
    assert workshop.discord.alerts == [OperatorAlert.INSUFFICIENT_FUNDS]
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_key_that_only_the_balance_refuses_stops_nobody_for_ever(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.key_credits = 0
    workshop.server.faults.balance.append(Fault.error("unauthorized", times=None))
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.server.key_credits = 1820

    await workshop.run_for(process, 300)

    assert workshop.discord.alerts == [OperatorAlert.INSUFFICIENT_FUNDS]
    await workshop.expect_clip(job_id)


@pytest.mark.parametrize(
    "models",
    [Fault(change={"data": []}, times=2), Fault(change={"data": None}, times=2)],
    ids=["without it", "unknown"],
)
async def test_a_pause_for_the_model_ends_when_the_account_lists_it(workshop: Workshop, models: Fault) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("model_access_denied"))
    workshop.server.faults.models.append(models)
    job_id = await workshop.accept(process)
    await workshop.run_for(process, 100)
    assert (await workshop.job(job_id)).state is JobState.QUEUED
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    assert card.waiting_for_operator

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.submits) == 2
    asked_at = [
        request.at - workshop.server.submits[0].at for request in workshop.server.requests if request.kind == "models"
    ]
    assert asked_at == pytest.approx([15, 15 + 30, 15 + 30 + 60], abs=1)
    assert workshop.discord.alerts == [OperatorAlert.NO_ACCESS]


async def test_a_look_at_the_account_that_is_held_back_is_not_repeated_sooner_than_asked(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.key_credits = 0
    held_back = Fault.error("rate_limit_exceeded", headers={"Retry-After": "200"})
    workshop.server.faults.balance.append(held_back)
    workshop.server.faults.account.append(held_back)
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.server.key_credits = 1820

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    first, second = [request.at for request in workshop.server.requests if request.kind == "balance"]
    assert 200 <= second - first < 201
