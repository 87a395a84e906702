"""The layouts of the status card and the clip: what is in them, and that Discord takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models import Aspect, ClipFile, ClipLink, JobError, JobState, StatusCard, VideoInfo, VideoSpec
from bot.ui.messages.job import clip_view, status_view
from tests.support.jobs import CREATED_AT, make_job, make_quota_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from discord import ui

    from bot.models import Clip

NOW = CREATED_AT + timedelta(seconds=92)
FILE = ClipFile(Path("clip.mp4"), VideoInfo(1280, 720, 6.0, 1000, "h264"))
LINK = ClipLink("https://files.example/x.mp4", datetime(2026, 3, 5, 12, tzinfo=UTC))
LONG_LINK = ClipLink("https://files.example/" + "x" * 2000, None)

prompts = st.text(min_size=3, max_size=2000).map(lambda text: "cat" + text[3:])


def parts(view: ui.LayoutView) -> Iterator[dict[str, Any]]:
    """Walk all components, nested ones too."""
    waiting = view.to_components()
    while waiting:
        part = waiting.pop(0)
        yield part
        waiting = [*part.get("components", []), *waiting]


def text_of(view: ui.LayoutView) -> str:
    return "\n".join(part["content"] for part in parts(view) if "content" in part)


def fits_discord(view: ui.LayoutView) -> bool:
    """Check the limits that discord.py doesn't: 40 components, 4,000 characters, 10,000 bytes."""
    text = text_of(view)
    return len(list(parts(view))) <= 40 and len(text) <= 4000 and len(text.encode()) <= 10_000


@given(prompt=prompts, state=st.sampled_from(JobState), error=st.none() | st.sampled_from(JobError))
@example(prompt="😀" * 2000, state=JobState.QUEUED, error=None)
@example(prompt="\\" * 2000, state=JobState.FAILED, error=JobError.UNDELIVERABLE)
def test_status_card_fits_whatever_the_prompt(prompt: str, state: JobState, error: JobError | None) -> None:
    job = make_job(prompt, state=state, error_code=error, progress=50.0)

    assert fits_discord(status_view(StatusCard(job, 99_999, waiting_for_operator=True)))


@given(prompt=prompts, clip=st.sampled_from([FILE, LINK, LONG_LINK]))
@example(prompt="😀" * 2000, clip=LONG_LINK)
@example(prompt="\\" * 2000, clip=LONG_LINK)
def test_clip_message_fits_whatever_the_prompt(prompt: str, clip: Clip) -> None:
    assert fits_discord(clip_view(make_job(prompt), clip, make_quota_status(), NOW))


def test_status_card_shows_prompt_shape_length_who_and_since_when() -> None:
    spec = VideoSpec("A cat", Aspect.PORTRAIT, 10)

    assert text_of(status_view(StatusCard(make_job(spec=spec), 3))).splitlines() == [
        "**Waiting, place 3 in the queue**",
        "“\u2068A cat\u2069”",
        f"-# Portrait 9:16 · 10 s · asked by <@4> <t:{int(CREATED_AT.timestamp())}:R>",
    ]


@pytest.mark.parametrize("state", JobState)
def test_only_a_waiting_job_can_be_cancelled(state: JobState) -> None:
    ids = [part["custom_id"] for part in parts(status_view(StatusCard(make_job(state=state)))) if "custom_id" in part]

    assert ids == (["job:cancel:01k2m3n4p5q6r7s8"] if state is JobState.QUEUED else [])


def test_internal_failure_shows_the_job_as_reference_and_others_do_not() -> None:
    def shown(error: JobError) -> str:
        return text_of(status_view(StatusCard(make_job(state=JobState.FAILED, error_code=error))))

    assert "Reference: 01k2m3n4p5q6r7s8" in shown(JobError.INTERNAL)
    assert "01k2m3n4p5q6r7s8" not in shown(JobError.CONTENT_POLICY)


def test_views_have_no_timeout_so_that_the_library_forgets_no_button() -> None:
    assert status_view(StatusCard(make_job())).timeout is None
    assert clip_view(make_job(), LINK, None, NOW).timeout is None


def test_clip_plays_inline_and_says_how_it_came_about() -> None:
    view = clip_view(make_job(), FILE, make_quota_status(24), NOW)

    [gallery] = [part for part in parts(view) if "items" in part]
    assert gallery["items"][0]["media"]["url"] == "attachment://reelay-01k2m3n4p5q6r7s8.mp4"
    assert gallery["items"][0]["description"] == "A cat surfing"
    assert text_of(view).splitlines() == [
        "<@4>, your clip is ready.",
        "“\u2068A cat surfing\u2069”",
        "-# Landscape 16:9 · 6 s · took 1 min 32 s · 36 s left today, six 6-second clips",
    ]


def test_link_says_until_when_it_works_and_names_the_job() -> None:
    view = clip_view(make_job(), LINK, None, NOW)

    assert [part["url"] for part in parts(view) if "url" in part] == [LINK.url]
    assert f"until <t:{int(datetime(2026, 3, 5, 12, tzinfo=UTC).timestamp())}:f>" in text_of(view)
    assert text_of(view).endswith("took 1 min 32 s · job 01k2m3n4p5q6r7s8")


def test_address_too_long_for_a_button_is_written_out() -> None:
    view = clip_view(make_job(), LONG_LINK, None, NOW)

    assert f"<{LONG_LINK.url}>" in text_of(view)
    assert not [part for part in parts(view) if "url" in part]
