"""The words for prompt rules."""

from __future__ import annotations

import pytest

from bot.services.screening.automod_rules import AutomodRule, AutomodRules
from bot.ui.text import rules as rule_text

UNREADABLE = AutomodRule(name="Lookahead", patterns=("(?=a)b", "c"))


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
    assert rule_text.automod_count(rules) == words
