"""The preview of a brainstorm: what is in it, and that Discord takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models import (
    CapReachedError,
    CapStatus,
    EffectiveQuota,
    Pause,
    PausedError,
    Quota,
    QuotaExceededError,
    QuotaSource,
)
from bot.models.brainstorms import PlannedTake, Take, Vary, VoteTerms
from bot.ui.messages.brainstorms.preview import preview_view
from tests.support.brainstorms import DIFFERENCES, PREVIEW_ID, make_preview, make_status
from tests.support.jobs import CREATED_AT, RESETS_AT, make_quota_status
from tests.support.views import fits_discord, parts, text_of

if TYPE_CHECKING:
    from discord import ui

    from bot.models.brainstorms import Preview

WIDE = 2**63 - 1
RESETS = f"<t:{int(RESETS_AT.timestamp())}:R>"
POOL = EffectiveQuota(Quota(1_000_000), QuotaSource.CHANNEL, WIDE)
SHUFFLE = f"preview:shuffle:{PREVIEW_ID}:1"


def buttons_of(view: ui.LayoutView) -> dict[str, dict[str, Any]]:
    return {part["custom_id"]: part for part in parts(view) if "custom_id" in part}


def slots(combinations: int, **fields: object) -> Preview:
    return make_preview(DIFFERENCES[1:5], combinations=combinations, **fields)


def test_the_idea_is_there_once_then_the_takes_one_a_line() -> None:
    text = text_of(preview_view(make_status(make_preview())))

    assert text.splitlines() == [
        "**Your brainstorm** (nothing is charged yet)",
        "“\u2068A fox\u2069”",
        "**1** · the idea as it is",
        "**2** · “\u2068golden hour\u2069”",
        "**3** · “\u2068moonlight\u2069”",
        "**4** · “\u2068neon\u2069”",
        "-# Varied: Light",
        "-# Landscape 16:9 · 6 s each, 24 s for 4 takes",
        "-# 60 s left today, 10 clips of 6 s",
        "-# Vote: for 1 hour, 1 vote each by whoever sees the thread; counts are hidden until the end",
    ]


def test_its_buttons_start_shuffle_change_and_cancel() -> None:
    buttons = buttons_of(preview_view(make_status(make_preview(revision=3))))

    assert {custom_id: part["label"] for custom_id, part in buttons.items()} == {
        f"preview:start:{PREVIEW_ID}:3:4": "Start",
        f"preview:shuffle:{PREVIEW_ID}:3": "Shuffle",
        f"preview:edit:{PREVIEW_ID}": "Edit…",
        f"preview:vote:{PREVIEW_ID}": "Vote…",
        f"preview:cancel:{PREVIEW_ID}": "Cancel",
    }


@pytest.mark.parametrize(
    ("preview", "line"),
    [
        (slots(2400), "4 of 2,400 combinations"),
        (slots(4), "All 4 combinations"),
        (slots(4, takes=8), "All 4 combinations; that is all there are"),
        (make_preview(vary=Vary.AUTO), "Varied: Auto"),
        (make_preview(vary=Vary.NOTHING), "Nothing is varied"),
    ],
    ids=["many", "as many", "too few", "looks", "nothing"],
)
def test_it_says_what_is_varied_and_how_many_combinations_there_were(preview: Preview, line: str) -> None:
    assert f"-# {line}" in text_of(preview_view(make_status(preview))).splitlines()


@pytest.mark.parametrize(
    ("preview", "is_offered"),
    [
        (slots(5), True),
        (slots(4), False),
        (make_preview(vary=Vary.AUTO), True),
        (make_preview(vary=Vary.NOTHING), False),
    ],
    ids=["other combinations", "no other combinations", "other looks", "nothing varied"],
)
def test_a_draw_is_offered_anew_where_it_could_be_another(preview: Preview, is_offered: bool) -> None:
    assert (SHUFFLE in buttons_of(preview_view(make_status(preview)))) is is_offered


def test_where_not_all_fit_it_says_how_many_and_why_and_starts_no_more() -> None:
    quota = make_quota_status(30)
    status = make_status(make_preview(DIFFERENCES), fits=5, limit=QuotaExceededError(quota, 48), quota=quota)

    view = preview_view(status)

    left = "there are 30 s left today, 5 clips of 6 s"
    assert f"**5 of 8 takes fit.** All together cost 48 s, and {left}. That resets {RESETS}." in text_of(view)
    assert "30 s for 5 takes" in text_of(view)
    assert buttons_of(view)[f"preview:start:{PREVIEW_ID}:1:5"]["label"] == "Start 5"


@pytest.mark.parametrize(
    ("effective", "used", "why"),
    [
        (
            EffectiveQuota(Quota(12), QuotaSource.SERVER),
            6,
            "All together cost 24 s, and your quota here is 12 s a day.",
        ),
        (
            EffectiveQuota(Quota(12), QuotaSource.CHANNEL, 3),
            0,
            "All together cost 24 s, and the pool of <#3> is 12 s a day.",
        ),
        (
            EffectiveQuota(Quota(5), QuotaSource.SERVER),
            0,
            "Your quota here allows no clips: 5 s a day is less than the shortest clip, 6 s. Ask a moderator for more.",
        ),
    ],
)
def test_where_a_quota_never_has_enough_for_all_nobody_is_told_to_wait(
    effective: EffectiveQuota, used: int, why: str
) -> None:
    quota = make_quota_status(used, effective=effective)
    status = make_status(make_preview(), fits=1, limit=QuotaExceededError(quota, 24), quota=quota)

    assert text_of(preview_view(status)).endswith(f"**1 of 4 takes fits.** {why}")


@pytest.mark.parametrize(
    ("seconds", "why"),
    [
        (12, "All together cost 24 s, and the cap of this server is 12 s a day."),
        (5, "No clips can be made in this server: its cap of 5 s a day is less than the shortest clip, 6 s."),
    ],
)
def test_where_the_servers_cap_never_has_enough_for_all_nobody_is_told_to_wait(seconds: int, why: str) -> None:
    limit = CapReachedError(CapStatus(cap=Quota(seconds), used_seconds=0, resets_at=RESETS_AT), 24)

    text = text_of(preview_view(make_status(make_preview(), fits=1, limit=limit)))

    assert text.endswith(f"**1 of 4 takes fits.** {why}")


def test_where_the_servers_cap_is_too_small_for_all_it_says_so() -> None:
    limit = CapReachedError(CapStatus(cap=Quota(60), used_seconds=48, resets_at=RESETS_AT), 24)

    text = text_of(preview_view(make_status(make_preview(), fits=2, limit=limit)))

    left = "there are 12 s left today for this server as a whole"
    assert f"**2 of 4 takes fit.** All together cost 24 s, and {left}. That resets {RESETS}." in text


def test_where_a_quota_allows_no_clips_at_all_it_says_that_instead() -> None:
    quota = make_quota_status(effective=EffectiveQuota(Quota(0), QuotaSource.SERVER))

    text = text_of(preview_view(make_status(make_preview(), fits=0, limit=QuotaExceededError(quota, 24), quota=quota)))

    assert "**0 of 4 takes fit.** Your quota here allows no clips." in text


@pytest.mark.parametrize("fits", [0, 1])
def test_fewer_than_two_can_not_be_started(fits: int) -> None:
    status = make_status(make_preview(), fits=fits, limit=PausedError(Pause("a flood", 1, CREATED_AT)))

    view = preview_view(status)

    assert not [custom_id for custom_id in buttons_of(view) if "start" in custom_id]
    assert f"**{fits} of 4 takes fit" in text_of(view)
    assert "a flood" in text_of(view)


def test_takes_that_the_rules_refuse_are_marked_and_take_no_number() -> None:
    planned = [PlannedTake(Take(words, words), is_refused=words == "moonlight") for words in DIFFERENCES[1:4]]

    view = preview_view(make_status(make_preview(takes=3, planned=tuple(planned))))

    assert text_of(view).splitlines()[2:5] == [
        "**1** · “\u2068golden hour\u2069”",
        "**–** · “\u2068moonlight\u2069” · left out by this server's rules",
        "**2** · “\u2068neon\u2069”",
    ]
    assert buttons_of(view)[f"preview:start:{PREVIEW_ID}:1:2"]["label"] == "Start 2"


def test_where_the_rules_leave_fewer_than_two_it_says_so() -> None:
    planned = [PlannedTake(Take(words, words), is_refused=words != "neon") for words in DIFFERENCES[1:4]]

    view = preview_view(make_status(make_preview(takes=3, planned=tuple(planned))))

    assert "A brainstorm needs at least two takes" in text_of(view)
    assert not [custom_id for custom_id in buttons_of(view) if "start" in custom_id]


def test_the_winner_of_the_last_round_is_take_1_and_free() -> None:
    preview = make_preview(DIFFERENCES[1:2], takes=1, brainstorm_id="01b", reigning_job_id="01j")

    view = preview_view(make_status(preview))

    assert text_of(view).splitlines()[2:4] == [
        "**1** · the winner of the last round, free",
        "**2** · “\u2068golden hour\u2069”",
    ]
    assert "6 s for 1 take" in text_of(view)
    assert f"preview:start:{PREVIEW_ID}:1:1" in buttons_of(view)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (VoteTerms(clock_seconds=None), "Vote: until it is closed by hand, 1 vote each by whoever sees the thread"),
        (VoteTerms(clock_seconds=900, votes_each=3), "Vote: for 15 minutes, 3 votes each"),
        (VoteTerms(shows_counts=True), "counts are shown"),
        (VoteTerms(voter_role_id=9), "by members with <@&9>"),
    ],
)
def test_it_says_how_takes_are_voted_on(terms: VoteTerms, words: str) -> None:
    assert words in text_of(preview_view(make_status(make_preview(vote=terms))))


def test_it_says_what_is_left_in_the_channels_pool() -> None:
    status = make_status(make_preview(), quota=make_quota_status(effective=replace(POOL, subject_id=3)))

    assert "left in the pool of <#3> today" in text_of(preview_view(status))


texts = st.text(max_size=1500)


@given(idea=texts, difference=texts, refused=st.booleans(), fits=st.integers(0, 8))
@example(idea="\\" * 1500, difference="*" * 1500, refused=True, fits=5)
@example(idea="😀" * 1500, difference="😀" * 1500, refused=False, fits=5)
@example(idea="@everyone <@4> " * 100, difference=", ".join(["|" * 100] * 6), refused=False, fits=8)
def test_a_preview_fits_whatever_is_in_it(idea: str, difference: str, refused: bool, fits: int) -> None:
    preview = make_preview(
        [],
        id="9" * 25,
        idea=idea,
        takes=8,
        planned=tuple(PlannedTake(Take("a prompt", difference), is_refused=refused and not n) for n in range(8)),
        combinations=10_000,
        revision=999_999,
        vote=VoteTerms(clock_seconds=None, votes_each=3, voter_role_id=WIDE),
    )
    limit = PausedError(Pause("_" * 300, WIDE, CREATED_AT))
    status = make_status(preview, fits=fits, limit=limit, quota=make_quota_status(effective=POOL))

    view = preview_view(status)

    assert fits_discord(view)
    assert all(len(custom_id) <= 100 for custom_id in buttons_of(view))
    assert "@everyone" not in text_of(view).replace("\\@", "")
