"""The words about a quota."""

from __future__ import annotations

import pytest

from bot.errors import ChannelRefusedError
from bot.models import CapStatus, EffectiveQuota, Period, Quota, QuotaSource
from bot.ui.text import failures
from bot.ui.text import members as member_text
from tests.support.jobs import RESETS_AT, make_quota_status


def test_what_is_left_is_said_in_seconds_and_clips() -> None:
    assert member_text.quota_left(make_quota_status(24)) == "36 s left today, 6 clips of 6 s"


@pytest.mark.parametrize(
    ("period", "words"), [(Period.DAY, "today"), (Period.WEEK, "this week"), (Period.MONTH, "this month")]
)
def test_periods_are_named(period: Period, words: str) -> None:
    effective = EffectiveQuota(Quota(6, period), QuotaSource.SERVER)
    assert member_text.quota_left(make_quota_status(effective=effective)) == f"6 s left {words}, 1 clip of 6 s"


@pytest.mark.parametrize(
    ("source", "subject_id", "sentence"),
    [
        (QuotaSource.MEMBER, 4, "The rule that holds is your own: 60 s per day."),
        (QuotaSource.ROLE, 7, "The rule that holds is that of <@&7>: 60 s per day."),
        (QuotaSource.SERVER, 2, "The rule that holds is this server's default: 60 s per day."),
        (QuotaSource.OPERATOR, None, "The rule that holds is the bot's default: 60 s per day."),
        (
            QuotaSource.CHANNEL,
            3,
            "Clips here are charged to the pool of <#3>: 60 s per day. Your own quota stays untouched.",
        ),
    ],
)
def test_whose_rule_holds_is_said(source: QuotaSource, subject_id: int | None, sentence: str) -> None:
    status = make_quota_status(effective=EffectiveQuota(Quota(60), source, subject_id))

    assert sentence in member_text.quota_overview(status, None).splitlines()


@pytest.mark.parametrize(
    ("source", "left"), [(QuotaSource.SERVER, "no limit"), (QuotaSource.CHANNEL, "no limit in the pool of <#3>")]
)
def test_below_a_clip_no_limit_is_said_in_words(source: QuotaSource, left: str) -> None:
    assert member_text.quota_left(make_quota_status(effective=EffectiveQuota(Quota(None), source, 3))) == left


@pytest.mark.parametrize(
    ("limit", "used", "is_told"),
    [(60, 10, True), (None, 0, True), (24, 0, False)],
    ids=["less than the member's", "no limit of the member's", "more than the member's"],
)
def test_what_the_server_has_left_is_told_where_it_is_less(limit: int | None, used: int, *, is_told: bool) -> None:
    status = make_quota_status(used, effective=EffectiveQuota(Quota(limit), QuotaSource.SERVER))
    cap = CapStatus(cap=Quota(600), used_seconds=570, resets_at=RESETS_AT)

    overview = member_text.quota_overview(status, cap)

    assert ("This server as a whole has only 30 s left" in overview) is is_told


def test_a_used_up_cap_comes_first_unless_something_else_is_in_the_way() -> None:
    cap = CapStatus(cap=Quota(60), used_seconds=58, resets_at=RESETS_AT)

    alone = member_text.quota_overview(make_quota_status(), cap)
    with_more = member_text.quota_overview(make_quota_status(), cap, ChannelRefusedError(3))

    assert alone.startswith("**This server as a whole has only 2 s left")
    assert with_more.startswith("**Moderators allow no clips in this channel.")


@pytest.mark.parametrize("sentences", failures.SENTENCES.values())
def test_no_failure_says_that_the_operator_knows_since_there_may_be_no_channel_to_tell_them(
    sentences: tuple[str, str],
) -> None:
    assert "has been told" not in " ".join(sentences)
