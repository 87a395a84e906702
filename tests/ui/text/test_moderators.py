"""The words for what moderators set and see."""

from __future__ import annotations

import pytest

from bot.models import CapStatus, Period, Quota
from bot.services.screening.automod_rules import AutomodRule, AutomodRules
from bot.ui.text import moderators as moderator_text
from tests.support.jobs import RESETS_AT

UNREADABLE = AutomodRule(name="Lookahead", patterns=("(?=a)b", "c"))


def cap(seconds: int, used_seconds: int = 0) -> CapStatus:
    return CapStatus(cap=Quota(seconds, Period.WEEK), used_seconds=used_seconds, resets_at=RESETS_AT)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (None, "This server has no cap now."),
        (cap(0), "The whole server: no clips can be made."),
        (cap(60, 20), "The whole server: 60 s per week: 20 s used this week, 40 s left; resets <t:1772668800:R>."),
        (
            cap(60, 58),
            "The whole server: 60 s per week: 58 s used this week, 2 s left; resets <t:1772668800:R>. "
            "No more clips can be made until then.",
        ),
    ],
)
def test_a_cap_is_confirmed_with_where_it_stands(status: CapStatus | None, sentence: str) -> None:
    assert moderator_text.cap_set(status) == sentence


def test_a_cap_of_nothing_needs_no_figures() -> None:
    assert moderator_text.cap_standing(cap(0)) == "0 s per week, so no clips"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (None, "AutoMod rules that I can't read just now"),
        (AutomodRules(is_closed=True), "AutoMod rules that I may not read (give me **Manage Server**)"),
        (AutomodRules(), "no AutoMod keyword rules"),
        (AutomodRules((UNREADABLE,)), "1 AutoMod keyword rule (1 of their patterns I can't read)"),
    ],
)
def test_how_many_automod_rules_hold_is_said_or_why_none_do(rules: AutomodRules | None, words: str) -> None:
    assert moderator_text.automod_count(rules) == words
