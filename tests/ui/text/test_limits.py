"""The words for quotas and caps that are too small, or used up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.models import EffectiveQuota, Quota, QuotaSource, profile_of
from bot.ui.text import limits
from tests.support.jobs import RESETS_AT, make_grant, make_quota_status

OF_SERVER = EffectiveQuota(Quota(5), QuotaSource.SERVER)


@pytest.mark.parametrize(("seconds", "is_small"), [(None, False), (0, False), (1, True), (5, True), (6, False)])
def test_a_rule_is_too_small_where_it_is_meant_to_allow_clips_and_allows_none(
    seconds: int | None, *, is_small: bool
) -> None:
    assert (limits.too_small(Quota(seconds), profile_of("gemini_omni")) is not None) is is_small


def test_seconds_that_moderators_gave_beyond_the_period_make_a_small_quota_worth_waiting_for() -> None:
    later = make_quota_status(5, effective=OF_SERVER)
    later = replace(later, grants=(make_grant(1, 4, RESETS_AT + timedelta(days=1)),))
    now = replace(later, grants=(make_grant(1, 4, RESETS_AT),))

    assert "Your quota resets" in limits.quota_exceeded(later, 6)
    assert "5 s a day is less than the shortest clip, 6 s" in limits.quota_exceeded(now, 6)
