"""The words on the status card, beside the clip and about a quota."""

from __future__ import annotations

import pytest

from bot.models import (
    EffectiveQuota,
    JobError,
    JobState,
    Period,
    Quota,
    QuotaSource,
    StatusCard,
)
from bot.ui.text import members as member_text
from tests.support.jobs import make_job, make_quota_status


def test_what_is_left_is_said_in_seconds_and_clips() -> None:
    assert member_text.quota_left(make_quota_status(24)) == "36 s left today, six 6-second clips"


@pytest.mark.parametrize(
    ("period", "words"), [(Period.DAY, "today"), (Period.WEEK, "this week"), (Period.MONTH, "this month")]
)
def test_periods_are_named(period: Period, words: str) -> None:
    effective = EffectiveQuota(Quota(6, period), QuotaSource.SERVER)
    assert member_text.quota_left(make_quota_status(effective=effective)) == f"6 s left {words}, one 6-second clip"


@pytest.mark.parametrize("error", JobError)
def test_failed_job_says_what_happened_that_seconds_came_back_and_what_to_do(error: JobError) -> None:
    details = member_text.card_details(StatusCard(make_job(state=JobState.FAILED, error_code=error)))

    assert details is not None
    happened, rest = details.split(" Your 6 s came back. ")
    assert happened.endswith(".")
    assert "." not in happened[:-1]
    assert rest


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_words(state: JobState) -> None:
    assert member_text.card_title(StatusCard(make_job(state=state)))


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
    assert member_text.card_title(card) == title


@pytest.mark.parametrize(
    ("progress", "details"),
    [(None, None), (0.0, "▱▱▱▱▱▱▱▱▱▱▱▱ 0 %"), (50.9, "▰▰▰▰▰▰▱▱▱▱▱▱ 50 %"), (140.0, "▰▰▰▰▰▰▰▰▰▰▰▰ 100 %")],
)
def test_progress_is_shown_only_when_the_service_reports_it(progress: float | None, details: str | None) -> None:
    assert member_text.card_details(StatusCard(make_job(state=JobState.RENDERING, progress=progress))) == details
