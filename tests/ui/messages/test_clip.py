"""The message of a finished clip: what is in it, and that Discord takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models import GEMINI_OMNI, ClipFile, ClipLink, VideoInfo
from bot.ui.messages.clip import clip_view
from bot.ui.text import members
from tests.support.jobs import CREATED_AT, make_job, make_quota_status
from tests.support.views import fits_discord, parts, text_of

if TYPE_CHECKING:
    from bot.models import Clip

NOW = CREATED_AT + timedelta(seconds=92)
FILE = ClipFile(Path("clip.mp4"), VideoInfo(1280, 720, 6.0, 1000, "h264"))
LINK = ClipLink("https://files.example/x.mp4", datetime(2026, 3, 5, 12, tzinfo=UTC))
LONG_LINK = ClipLink("https://files.example/" + "x" * 2000, None)

prompts = st.text(min_size=3, max_size=2000).map(lambda text: "cat" + text[3:])


@given(prompt=prompts, clip=st.sampled_from([FILE, LINK, LONG_LINK]))
@example(prompt="😀" * 2000, clip=LONG_LINK)
@example(prompt="\\" * 2000, clip=LONG_LINK)
def test_clip_message_fits_whatever_the_prompt(prompt: str, clip: Clip) -> None:
    assert fits_discord(clip_view(make_job(prompt), clip, make_quota_status(), NOW, GEMINI_OMNI))


def test_clip_plays_inline_and_says_how_it_came_about() -> None:
    view = clip_view(make_job(), FILE, make_quota_status(24), NOW, GEMINI_OMNI)

    [gallery] = [part for part in parts(view) if "items" in part]
    assert gallery["items"][0]["media"]["url"] == "attachment://reelay-01k2m3n4p5q6r7s8.mp4"
    assert gallery["items"][0]["description"] == "A cat surfing"
    assert text_of(view).splitlines() == [
        "<@4>, your clip is ready.",
        "“\u2068A cat surfing\u2069”",
        "-# Landscape 16:9 · 6 s · took 1 min 32 s · 36 s left today, six 6-second clips",
    ]


def test_link_says_until_when_it_works_and_names_the_job() -> None:
    view = clip_view(make_job(), LINK, None, NOW, GEMINI_OMNI)

    assert [part["url"] for part in parts(view) if "url" in part] == [LINK.url]
    assert f"until <t:{int(datetime(2026, 3, 5, 12, tzinfo=UTC).timestamp())}:f>" in text_of(view)
    assert text_of(view).endswith("took 1 min 32 s · job 01k2m3n4p5q6r7s8")


def test_address_too_long_for_a_button_is_written_out() -> None:
    view = clip_view(make_job(), LONG_LINK, None, NOW, GEMINI_OMNI)

    assert f"<{LONG_LINK.url}>" in text_of(view)
    assert not [part for part in parts(view) if "url" in part]


@pytest.mark.parametrize(
    ("line", "job_id"),
    [
        ("-# Landscape 16:9 · 6 s · took 5 s · job 01k2m3n4", "01k2m3n4"),
        ("-# a long line about its parent · job 01k2m3n4p5q6r7s8t9u0v1w2x", "01k2m3n4p5q6r7s8t9u0v1w2x"),
        ("-# job 01k2m3n4 · spoiler", None),
        ("-# job 01K2", None),
        ("-# job ../x", None),
        ("-# nojob 01k2m3n4", None),
        ("-# job 01k2m3n4\n", None),
        ("“job 01k2m3n4", None),
        ("", None),
    ],
)
def test_a_clips_job_is_read_from_the_end_of_its_small_line(line: str, job_id: str | None) -> None:
    assert members.job_of_footer(line) == job_id


def test_clip_has_no_timeout_so_that_the_library_forgets_no_button() -> None:
    assert clip_view(make_job(), LINK, None, NOW, GEMINI_OMNI).timeout is None
