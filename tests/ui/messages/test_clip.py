"""The message of a finished clip: what is in it, and that Discord takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models import GEMINI_OMNI, ClipFile, ClipLink, JobState, Lineage, Origin, VideoInfo
from bot.services.clips.history import MADE_FROM_SHOWN, ClipDetails
from bot.ui.messages.clip import clip_view
from bot.ui.messages.clip_details import confirm_view, deleted_view, details_view
from bot.ui.text import members
from tests.support.jobs import CREATED_AT, make_job
from tests.support.views import fits_discord, parts, text_of

if TYPE_CHECKING:
    from bot.models import Clip, Job

NOW = CREATED_AT + timedelta(seconds=92)
FILE = ClipFile(Path("clip.mp4"), VideoInfo(1280, 720, 6.0, 1000, "h264"))
LINK = ClipLink("https://files.example/x.mp4", datetime(2026, 3, 5, 12, tzinfo=UTC))
LONG_LINK = ClipLink("https://files.example/" + "x" * 2000, None)

prompts = st.text(min_size=3, max_size=2000).map(lambda text: "cat" + text[3:])


@given(prompt=prompts, clip=st.sampled_from([FILE, LINK, LONG_LINK]))
@example(prompt="😀" * 2000, clip=LONG_LINK)
@example(prompt="\\" * 2000, clip=LONG_LINK)
def test_clip_message_fits_whatever_the_prompt(prompt: str, clip: Clip) -> None:
    assert fits_discord(clip_view(make_job(prompt), clip, NOW, GEMINI_OMNI))


def test_clip_plays_inline_and_says_how_it_came_about() -> None:
    view = clip_view(make_job(), FILE, NOW, GEMINI_OMNI)

    [gallery] = [part for part in parts(view) if "items" in part]
    assert gallery["items"][0]["media"]["url"] == "attachment://reelay-01k2m3n4p5q6r7s8.mp4"
    assert gallery["items"][0]["description"] == "A cat surfing"
    assert text_of(view).splitlines() == [
        "<@4>, your clip is ready.",
        "“\u2068A cat surfing\u2069”",
        "-# Landscape 16:9 · 6 s · took 1 min 32 s",
    ]


def test_link_says_until_when_it_works_and_names_the_job() -> None:
    view = clip_view(make_job(), LINK, NOW, GEMINI_OMNI)

    assert [part["url"] for part in parts(view) if "url" in part] == [LINK.url]
    assert f"until <t:{int(datetime(2026, 3, 5, 12, tzinfo=UTC).timestamp())}:f>" in text_of(view)
    assert text_of(view).endswith("took 1 min 32 s · clip 01k2m3n4p5q6r7s8")


def test_address_too_long_for_a_button_is_written_out() -> None:
    view = clip_view(make_job(), LONG_LINK, NOW, GEMINI_OMNI)

    assert f"<{LONG_LINK.url}>" in text_of(view)
    assert not [part for part in parts(view) if "url" in part]


@pytest.mark.parametrize(
    ("line", "job_id"),
    [
        ("-# Landscape 16:9 · 6 s · took 5 s · job 01k2m3n4", "01k2m3n4"),
        ("-# a long line about its parent · job 01k2m3n4p5q6r7s8t9u0v1w2x", "01k2m3n4p5q6r7s8t9u0v1w2x"),
        ("-# Landscape 16:9 · 6 s · took 5 s · clip 01k2m3n4", "01k2m3n4"),
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
    assert clip_view(make_job(), LINK, NOW, GEMINI_OMNI).timeout is None


def test_a_spoiler_is_hidden_and_none_of_its_links_has_a_preview() -> None:
    job = make_job(is_spoiler=True)

    [gallery] = [part for part in parts(clip_view(job, FILE, NOW, GEMINI_OMNI)) if "items" in part]
    assert gallery["items"][0]["spoiler"]
    [button] = [part for part in parts(clip_view(job, LINK, NOW, GEMINI_OMNI)) if "url" in part]
    assert button["label"] == "Open the clip (spoiler)"
    assert f"||<{LONG_LINK.url}>||" in text_of(clip_view(job, LONG_LINK, NOW, GEMINI_OMNI))
    [gallery] = [part for part in parts(clip_view(make_job(), FILE, NOW, GEMINI_OMNI)) if "items" in part]
    assert not gallery["items"][0]["spoiler"]


# What it was made from -------------------------------------------------------------------------------------------

WIDE = 2**63 - 1
PARENT = make_job(
    id="0" * 16,
    guild_id=WIDE,
    channel_id=WIDE,
    member_id=WIDE,
    state=JobState.DELIVERED,
    message_id=WIDE,
    message_channel_id=WIDE,
    finished_at=NOW,
)
REMIX = Lineage(PARENT.id, PARENT.id, Origin.REMIX)


@given(prompt=prompts, clip=st.sampled_from([FILE, LINK, LONG_LINK]))
@example(prompt="\\" * 2000, clip=LONG_LINK)
def test_clip_made_from_another_fits_whatever_the_prompt(prompt: str, clip: Clip) -> None:
    assert fits_discord(clip_view(make_job(prompt, lineage=REMIX), clip, NOW, GEMINI_OMNI, PARENT))


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (Origin.AGAIN, "made again from"),
        (Origin.REMIX, "remixed from"),
        (Origin.FLIP, "flipped from"),
        (Origin.LONGER, "made longer from"),
    ],
)
def test_small_line_leads_to_what_it_was_made_from(origin: Origin, words: str) -> None:
    job = make_job(lineage=replace(REMIX, origin=origin))

    small = text_of(clip_view(job, LINK, NOW, GEMINI_OMNI, PARENT)).splitlines()[-1]

    address = f"https://discord.com/channels/{WIDE}/{WIDE}/{WIDE}"
    assert small == f"-# Landscape 16:9 · 6 s · took 1 min 32 s · {words} [another clip]({address}) · clip {job.id}"


@pytest.mark.parametrize(
    "parent",
    [
        None,
        replace(PARENT, removed_at=NOW, removed_by_id=5),
        replace(PARENT, message_channel_id=7),
        replace(PARENT, state=JobState.FAILED, message_id=None, message_channel_id=None),
    ],
    ids=["gone", "deleted", "sent directly", "never posted"],
)
def test_small_line_has_no_link_where_that_would_lead_nowhere(parent: Job | None) -> None:
    small = text_of(clip_view(make_job(lineage=REMIX), FILE, NOW, GEMINI_OMNI, parent)).splitlines()[-1]

    assert small.endswith("· remixed from another clip")


def test_small_line_of_a_failed_requests_next_try_says_nothing_of_it() -> None:
    job = make_job(lineage=replace(REMIX, origin=Origin.RETRY))

    assert text_of(clip_view(job, FILE, NOW, GEMINI_OMNI, PARENT)).splitlines()[-1].endswith("took 1 min 32 s")


@given(prompt=prompts, may_delete=st.booleans())
@example(prompt="`" * 2000, may_delete=True)
@example(prompt="😀" * 2000, may_delete=True)
def test_details_fit_and_the_prompt_stays_in_its_block(prompt: str, may_delete: bool) -> None:
    job = replace(PARENT, spec=replace(PARENT.spec, prompt=prompt), lineage=REMIX, archived_at=None)
    made = [replace(PARENT, lineage=REMIX)] * MADE_FROM_SHOWN
    details = ClipDetails(job=job, is_refunded=True, parent=PARENT, made_from_it=made, has_more=True)

    view = details_view(details, reader_id=WIDE, may_delete=may_delete)

    assert fits_discord(view)
    assert text_of(view).count("```") == 2
    copied = text_of(view).removeprefix("```\n").split("\n```\n")[0]
    assert copied.replace("\u200b", "") == prompt.replace("\u200b", "")


# A take of a brainstorm ------------------------------------------------------------------------------------------

TAKE = make_job(round_id="01round000000000", number=3)


def test_a_take_says_its_number_and_difference_and_mentions_nobody() -> None:
    text = text_of(clip_view(TAKE, FILE, NOW, GEMINI_OMNI, difference="golden hour"))

    assert text.splitlines()[:2] == ["**Take 3** · “\u2068golden hour\u2069”", "“\u2068A cat surfing\u2069”"]
    assert "<@" not in text
    assert text_of(clip_view(TAKE, FILE, NOW, GEMINI_OMNI)).startswith("**Take 3**\n")


def test_a_take_is_voted_for_under_its_clip_before_all_else() -> None:
    view = clip_view(TAKE, FILE, NOW, GEMINI_OMNI, difference="golden hour")

    labels = {part["custom_id"]: part["label"] for part in parts(view) if "custom_id" in part}
    assert next(iter(labels.items())) == ("clip:vote:01round000000000:3", "Vote")
    assert list(labels.values())[1:] == ["Again", "Remix", "Flip", "Longer", "⋯"]
    assert all(len(part["components"]) <= 5 for part in parts(view) if part["type"] == 1)


@pytest.mark.parametrize(("job", "is_direct"), [(TAKE, True), (make_job(), False)], ids=["sent directly", "no take"])
def test_nobody_votes_in_direct_messages_nor_for_other_clips(job: Job, is_direct: bool) -> None:
    view = clip_view(job, FILE, NOW, GEMINI_OMNI, is_direct=is_direct)

    assert not [part for part in parts(view) if part.get("label") == "Vote"]


@given(prompt=prompts, difference=st.text(max_size=1500))
@example(prompt="*" * 2000, difference="*" * 1500)
def test_a_take_fits_whatever_its_texts(prompt: str, difference: str) -> None:
    job = replace(TAKE, spec=replace(TAKE.spec, prompt=prompt), lineage=REMIX)

    assert fits_discord(clip_view(job, LONG_LINK, NOW, GEMINI_OMNI, PARENT, difference=difference))


def test_questions_and_answers_about_deleting_fit() -> None:
    for view in (confirm_view("0" * 25, refunds=True), confirm_view("0" * 25, refunds=False), deleted_view("Deleted.")):
        assert fits_discord(view)
