"""The status card: what is in it, and that Discord takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models import (
    DISCARDABLE_STATES,
    Aspect,
    ClipFile,
    ClipLink,
    JobError,
    JobState,
    StatusCard,
    VideoInfo,
    VideoSpec,
)
from bot.ui.messages.status_card import failure_view, status_view
from tests.support.jobs import CREATED_AT, make_job
from tests.support.views import fits_discord, parts, text_of

NOW = CREATED_AT + timedelta(seconds=92)
FILE = ClipFile(Path("clip.mp4"), VideoInfo(1280, 720, 6.0, 1000, "h264"))
LINK = ClipLink("https://files.example/x.mp4", datetime(2026, 3, 5, 12, tzinfo=UTC))
LONG_LINK = ClipLink("https://files.example/" + "x" * 2000, None)

prompts = st.text(min_size=3, max_size=2000).map(lambda text: "cat" + text[3:])


@given(prompt=prompts, state=st.sampled_from(JobState), error=st.none() | st.sampled_from(JobError))
@example(prompt="😀" * 2000, state=JobState.QUEUED, error=None)
@example(prompt="\\" * 2000, state=JobState.FAILED, error=JobError.UNDELIVERABLE)
def test_status_card_fits_whatever_the_prompt(prompt: str, state: JobState, error: JobError | None) -> None:
    job = make_job(prompt, state=state, error_code=error, progress=50.0)

    assert fits_discord(status_view(StatusCard(job, 99_999, waiting_for_operator=True)))
    if state is JobState.FAILED:
        assert fits_discord(failure_view(job, operator_hears=True))


def test_status_card_shows_prompt_shape_length_who_and_since_when() -> None:
    spec = VideoSpec("A cat", Aspect.PORTRAIT, 10)

    assert text_of(status_view(StatusCard(make_job(spec=spec), 3))).splitlines() == [
        "**Waiting, place 3 in the queue**",
        "“\u2068A cat\u2069”",
        f"-# Portrait 9:16 · 10 s · asked by <@4> <t:{int(CREATED_AT.timestamp())}:R>",
    ]


@pytest.mark.parametrize("state", JobState)
def test_a_waiting_job_can_be_cancelled_one_that_has_started_discarded_and_a_failed_one_tried_again(
    state: JobState,
) -> None:
    ids = [part["custom_id"] for part in parts(status_view(StatusCard(make_job(state=state)))) if "custom_id" in part]

    actions = {JobState.QUEUED: ["cancel"], JobState.FAILED: ["again"]} | {
        state: ["discard"] for state in DISCARDABLE_STATES
    }
    assert ids == [f"job:{action}:01k2m3n4p5q6r7s8" for action in actions.get(state, [])]


@pytest.mark.parametrize("error", JobError)
def test_a_failed_job_can_be_tried_again_and_changed_where_its_prompt_was_refused(error: JobError) -> None:
    card = StatusCard(make_job(state=JobState.FAILED, error_code=error))
    labels = [part["label"] for part in parts(status_view(card)) if "label" in part]

    is_refused = error in {JobError.CONTENT_POLICY, JobError.REJECTED}
    assert labels == (["Try again", "Remix", "Why?"] if is_refused else ["Try again"])
    told = [part["label"] for part in parts(failure_view(card.job, operator_hears=True)) if "label" in part]
    assert told == labels
    assert ("cat" in text_of(status_view(card))) is not is_refused


def test_internal_failure_shows_the_job_as_reference_and_others_do_not() -> None:
    def shown(error: JobError) -> str:
        return text_of(status_view(StatusCard(make_job(state=JobState.FAILED, error_code=error))))

    assert "Reference: 01k2m3n4p5q6r7s8" in shown(JobError.INTERNAL)
    assert "01k2m3n4p5q6r7s8" not in shown(JobError.CONTENT_POLICY)


def test_card_has_no_timeout_so_that_the_library_forgets_no_button() -> None:
    assert status_view(StatusCard(make_job())).timeout is None
