"""The words on the status card, and of the message that answers it where there is no clip."""

from __future__ import annotations

import pytest

from bot.models import PROMPT_ERRORS, Arrival, JobError, JobState, StatusCard
from bot.ui.text import failures
from bot.ui.text.clips import cards as card_text
from tests.support.jobs import CREATED_AT, make_job


@pytest.mark.parametrize("error", JobError)
def test_failed_job_says_what_happened_that_seconds_came_back_and_what_to_do(error: JobError) -> None:
    details = failures.explained(make_job(state=JobState.FAILED, error_code=error), operator_hears=False)

    happened, rest = details.split(" Your 6 s came back. ")
    assert happened.endswith(".")
    assert "." not in happened[:-1]
    assert rest


@pytest.mark.parametrize("error", JobError)
@pytest.mark.parametrize("is_private", [False, True])
def test_why_a_prompt_was_refused_is_told_to_its_member_alone(error: JobError, *, is_private: bool) -> None:
    job = make_job(state=JobState.FAILED, error_code=error, is_private=is_private)
    details = card_text.card_details(StatusCard(job)) or ""
    told = card_text.told(job, operator_hears=False)

    is_hidden = error in PROMPT_ERRORS and not is_private
    assert (failures.SENTENCES[error][0] not in details) is is_hidden
    assert ("*Why?* tells you the reason" in details) is is_hidden
    assert told == f"<@4>, there is no clip this time. {details}"
    assert "cat" not in told
    assert failures.SENTENCES[error][0] in failures.why(job)


def test_the_operator_is_said_to_be_told_only_where_there_is_somebody_to_tell() -> None:
    job = make_job(state=JobState.FAILED, error_code=JobError.WRONG_ENDPOINT)

    assert "The operator has been told" in card_text.told(job, operator_hears=True)
    assert "has been told" not in card_text.told(job, operator_hears=False)
    others = (make_job(state=JobState.FAILED, error_code=error) for error in set(JobError) - {job.error_code})
    assert not any("has been told" in card_text.told(other, operator_hears=True) for other in others)


@pytest.mark.parametrize(
    ("arrival", "words"),
    [
        (None, None),
        (Arrival(), "Usually 1 to 5 minutes once it starts."),
        (Arrival(is_late=True), "Taking longer than usual."),
        (Arrival(CREATED_AT), f"Should be here <t:{int(CREATED_AT.timestamp())}:R>."),
    ],
)
@pytest.mark.parametrize("progress", [None, 50.0])
def test_a_card_says_when_the_clip_should_be_there(
    arrival: Arrival | None, words: str | None, progress: float | None
) -> None:
    job = make_job(state=JobState.RENDERING, progress=progress)
    lines = [None if progress is None else "▰▰▰▰▰▰▱▱▱▱▱▱ 50 %", words]

    assert card_text.card_details(StatusCard(job, arrival=arrival)) == ("\n".join(filter(None, lines)) or None)


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_words(state: JobState) -> None:
    assert card_text.card_title(StatusCard(make_job(state=state)))


@pytest.mark.parametrize(
    ("card", "title"),
    [
        (StatusCard(make_job(), 1), "Waiting, next in line"),
        (StatusCard(make_job(), 1204), "Waiting, place 1,204 in the queue"),
        (StatusCard(make_job()), "Waiting in the queue"),
        (StatusCard(make_job(), 2, waiting_for_operator=True), "Waiting for the operator"),
        (StatusCard(make_job(state=JobState.RENDERING), waiting_for_operator=True), "Rendering"),
    ],
)
def test_waiting_is_told_with_its_place(card: StatusCard, title: str) -> None:
    assert card_text.card_title(card) == title


@pytest.mark.parametrize(
    ("progress", "details"),
    [(None, None), (0.0, "▱▱▱▱▱▱▱▱▱▱▱▱ 0 %"), (50.9, "▰▰▰▰▰▰▱▱▱▱▱▱ 50 %"), (140.0, "▰▰▰▰▰▰▰▰▰▰▰▰ 100 %")],
)
def test_progress_is_shown_only_when_the_service_reports_it(progress: float | None, details: str | None) -> None:
    assert card_text.card_details(StatusCard(make_job(state=JobState.RENDERING, progress=progress))) == details
