"""Patterns: which are taken, what they find, and that none can hang the bot."""

from __future__ import annotations

import pytest

from bot.errors import InvalidSettingError
from bot.services.patterns import Pattern, legible, parse_pattern


@pytest.mark.parametrize(
    "text", [r"\bguns?\b", "(?i)knife", "(cat|dog)s? fight", "^only at the start", r"\d{4}-\d{2}", "é"]
)
def test_sensible_patterns_are_taken_as_they_are(text: str) -> None:
    assert parse_pattern(f" {text} ") == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "none"),
        (None, "none"),
        ("(", "unreadable"),
        ("[z-a]", "unreadable"),
        (r"(a)\1", "unreadable"),
        ("a(?=b)", "unreadable"),
        ("x{1001}", "unreadable"),
        ("(?:.?){1000}y", "too_complex"),
        ("((a?){50}){10}", "too_complex"),
        ("a" * 10_000, "too_long"),
        (".*", "matches_everything"),
        (".", "matches_everything"),
        ("a*", "matches_everything"),
        ("|bad", "matches_everything"),
        (r"\w", "matches_everything"),
        ("[a-z]", "matches_everything"),
        (r"^.{0,2000}$", "unreadable"),
        (r"\b", "matches_everything"),
    ],
)
def test_patterns_that_cannot_be_read_or_refuse_everything_are_refused(text: object, reason: str) -> None:
    with pytest.raises(InvalidSettingError) as refusal:
        parse_pattern(text)

    assert (refusal.value.field, refusal.value.reason) == ("pattern", reason)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("knife", "A KNIFE", True),
        (r"\bass\b", "grass", False),
        ("knife", "k\u200bni\u2060fe", True),
        ("knife", "ｋｎｉｆｅ", True),
        ("knife", "fork", False),
    ],
)
def test_patterns_are_found_in_any_case_and_in_what_can_be_read(pattern: str, text: str, *, found: bool) -> None:
    assert Pattern(pattern).is_in(legible(text)) is found


def test_every_place_is_told() -> None:
    assert Pattern("b+").spans("a bb b") == [(2, 4), (5, 6)]


def test_what_takes_a_backtracking_engine_for_ever_takes_this_one_a_moment() -> None:
    assert not Pattern("(a|aa)+$").is_in("a" * 2000 + "b")
    assert not Pattern("(x+x+)+y").is_in("x" * 2000)
