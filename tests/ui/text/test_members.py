"""The words people read."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import (
    BlockedError,
    CapReachedError,
    ChannelRefusedError,
    DestinationClosedError,
    InvalidQuotaError,
    InvalidSettingError,
    InvalidSpecError,
    NotCancellableError,
    NotRemovableError,
    PausedError,
    PromptRefusedError,
    PublishUnavailableError,
    QuotaExceededError,
    RefusedError,
    RulesUnknownError,
    StoreUnavailableError,
    TooManyOpenJobsError,
)
from bot.models import (
    CapStatus,
    EffectiveQuota,
    JobError,
    JobState,
    OperatorAlert,
    Pause,
    Period,
    Quota,
    QuotaSource,
    StatusCard,
)
from bot.ui.text import formatting
from bot.ui.text import members as member_text
from bot.ui.text.members import INVALID_SETTINGS
from tests.support.bot_process import REPOSITORY
from tests.support.jobs import CREATED_AT, RESETS_AT, make_block, make_job, make_quota_status

if TYPE_CHECKING:
    from bot.errors import ReelayError


@given(st.text(max_size=2000))
@example("\\" * 1999)
@example("\\*" * 1000)
def test_no_markup_survives_in_a_quoted_prompt(prompt: str) -> None:
    inside = formatting.quoted(prompt)[2:-2]
    unescaped = re.sub(r"\\.", "", inside)

    assert not re.search(r"[\\*_~`|<>@:#\[\]()]", unescaped)


@given(st.text(max_size=2000))
def test_quoted_prompt_is_one_bounded_line_that_turns_no_direction(prompt: str) -> None:
    quoted = formatting.quoted(prompt)

    assert len(quoted.splitlines()) == 1
    assert len(quoted) <= 2 * formatting.PROMPT_SHOWN_CHARACTERS + 4
    assert len(quoted.encode()) <= 4 * formatting.PROMPT_SHOWN_CHARACTERS + 12
    assert (quoted[:2], quoted[-2:]) == ("“\u2068", "\u2069”")
    assert not {unicodedata.bidirectional(character) for character in quoted[2:-2]} & {
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
    }


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("A cat, isn't it?", "A cat, isn't it?"),
        ("two\nlines\r\n\tand more", "two lines and more"),
        ("a\u202eb\u200bc\ufeffd", "abcd"),
        ("👩\u200d👧 نمی\u200cخواهم", "👩\u200d👧 نمی\u200cخواهم"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * formatting.COMBINING_MARKS_IN_A_ROW),
        ("a" * 501, "a" * 499 + "…"),
        ("👩\u200d" * 400, "👩\u200d" * 249 + "👩…"),
    ],
)
def test_prompt_is_shown_as_plain_text(prompt: str, shown: str) -> None:
    assert formatting.plain(prompt) == shown


@pytest.mark.parametrize(
    ("seconds", "clips"),
    [
        (0, "no 6-second clips"),
        (5, "no 6-second clips"),
        (6, "one 6-second clip"),
        (36, "six 6-second clips"),
        (72, "twelve 6-second clips"),
        (78, "13 6-second clips"),
        (600_000, "100,000 6-second clips"),
    ],
)
def test_clips_are_counted_in_words(seconds: int, clips: str) -> None:
    assert formatting.clips(seconds) == clips


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (92, "1 min 32 s"), (-3, "0 s")])
def test_elapsed_time_is_written_in_minutes_and_seconds(seconds: float, words: str) -> None:
    assert formatting.elapsed(seconds) == words


@pytest.mark.parametrize(("share", "filled"), [(-1, 0), (0, 0), (0.5, 6), (1, 12), (7, 12)])
def test_bar_has_one_length_whatever_the_share(share: float, filled: int) -> None:
    assert formatting.bar(share) == "▰" * filled + "▱" * (12 - filled)


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


KNOWN_REFUSALS: list[ReelayError] = [
    *(InvalidSpecError("prompt", reason) for reason in ("empty", "too_short", "too_long")),
    *(InvalidSpecError(field, "not_offered") for field in ("aspect", "duration")),
    *(
        InvalidQuotaError(reason)
        for reason in (
            *("not_a_number", "negative", "too_large", "not_positive"),
            *("contradictory", "missing", "period"),
        )
    ),
    QuotaExceededError(make_quota_status(58), 6),
    QuotaExceededError(make_quota_status(effective=EffectiveQuota(Quota(0), QuotaSource.SERVER)), 6),
    TooManyOpenJobsError(1),
    TooManyOpenJobsError(2),
    *(NotCancellableError(state) for state in (None, *JobState)),
    *(NotCancellableError(state, by_moderator=True) for state in (None, *JobState)),
    *(InvalidSettingError(*key) for key in INVALID_SETTINGS),
    PausedError(Pause("a flood", 1, CREATED_AT)),
    BlockedError(make_block()),
    BlockedError(make_block(expires_at=RESETS_AT)),
    ChannelRefusedError(3),
    PromptRefusedError("bad word", is_automod=False),
    RulesUnknownError(),
    CapReachedError(CapStatus(cap=Quota(60), used_seconds=58, resets_at=RESETS_AT), 6),
    QuotaExceededError(make_quota_status(58, effective=EffectiveQuota(Quota(60), QuotaSource.CHANNEL, 3)), 6),
    NotRemovableError(),
    NotRemovableError(1, CREATED_AT),
    DestinationClosedError(),
    PublishUnavailableError(),
    StoreUnavailableError(),
]


@pytest.mark.parametrize("error", KNOWN_REFUSALS, ids=repr)
def test_every_refusal_has_words(error: ReelayError) -> None:
    assert member_text.explain(error)


def test_every_kind_of_refusal_is_among_those_with_words() -> None:
    assert {type(error) for error in KNOWN_REFUSALS} >= set(RefusedError.__subclasses__())


def test_every_setting_that_can_be_refused_anywhere_has_words() -> None:
    sources = [path.read_text() for folder in ("bot", "cogs") for path in (REPOSITORY / folder).rglob("*.py")]
    raised = {key for source in sources for key in re.findall(r'InvalidSettingError\("(\w+)", "(\w+)"\)', source)}

    assert raised
    assert raised <= set(INVALID_SETTINGS)


def test_a_refused_prompt_is_not_told_which_word() -> None:
    assert "bad word" not in (member_text.explain(PromptRefusedError("bad word", is_automod=False)) or "")


def test_one_open_job_is_not_called_clips() -> None:
    assert "1 clip on the way" in (member_text.explain(TooManyOpenJobsError(1)) or "")


@pytest.mark.parametrize("alert", OperatorAlert)
def test_operator_is_told_what_to_act_upon(alert: OperatorAlert) -> None:
    assert member_text.operator_alert(alert)


def test_permissions_are_named_as_discord_names_them() -> None:
    assert "**Attach Files** in" in member_text.bot_lacks(["attach_files"])
    assert "**View Channel** and **Attach Files**" in member_text.bot_lacks(["view_channel", "attach_files"])
