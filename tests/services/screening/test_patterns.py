"""Patterns: which are taken, what they find, and that none can hang the bot."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidSettingError
from bot.services.screening.normalize import make_compatible
from bot.services.screening.patterns import Pattern, check_pattern, parse_pattern, readings


@pytest.mark.parametrize(
    "text", [r"\bguns?\b", "(?i)knife", "(cat|dog)s? fight", "^only at the start", r"\d{4}-\d{2}", "é"]
)
def test_sensible_patterns_are_taken_as_they_are(text: str) -> None:
    assert parse_pattern(f" {text} ") == text
    assert check_pattern(text) > 0


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
        ("((a?){50}){10}", "matches_everything"),
        (".{6}", "matches_everything"),
        (r"(?s).{8,}", "matches_everything"),
        (r"\S+ \S+", "matches_everything"),
        ("[aeiou].*[aeiou]", "matches_everything"),
        ("\u200b", "none"),
        (r"\bплохо|очень\b", "unclear_letters"),
        (r"плохо\b очень", "unclear_letters"),
        (r"\bf[^\W_]ck\b", "unclear_letters"),
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
        check_pattern(parse_pattern(text))

    assert (refusal.value.field, refusal.value.reason) == ("pattern", reason)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("knife", "A KNIFE", True),
        (r"\bass\b", "grass", False),
        ("knife", "k\u200bni\u2060fe", True),
        ("knife", "k\ufe0fn\u034fi\u3164fe", True),
        ("knife", "ｋｎｉｆｅ", True),
        ("knife", "fork", False),
        ("straße", "EINE STRAßE", True),
        ("é", "e\u0301", True),
        ("e\u0301", "é", True),
        ("ｂａｄ", "ｂａｄ", True),
        ("½", "½", True),
        ("می\u200cخواهم", "می\u200cخواهم", True),
        ("👩\u200d💻", "👩\u200d💻", True),
        (r"\bbad\b", "ébadé", False),
        (r"\bbad\b", "é bad é", True),
        (r"\w{5}", "плохо", True),
        (r"^\d\d\D\D$", "٣1ab", True),
        (r"[^\w\s]", "плохо 大", False),
        (r"\bплохо\b", "это плохо", True),
        (r"\bплохо\b", "это плохой", False),
        (r"(?i)\bÉCOLE\b", "une école ici", True),
        (r"\bплох", "неплохо", False),
        (r"плох[\wё]*о\b", "плохонько", True),
        (r"[\d№]", "٣", True),
        (r"\p{Greek}\W", "λ!", True),
        (r"\p{L}{3}x", "плоx плоx", True),
        (r"\b\w+_\w+\b", "рыжая лиса", False),
        (r"\b\w+_\w+\b", "рыжая_лиса", True),
        (r"x[A-z]y", "xéy", False),
        (r"bad\s+word", "bad\u2028word", True),
        (r"bad\s+word", "bad\x85\vword", True),
    ],
)
def test_patterns_are_found_in_any_case_and_in_what_can_be_read(pattern: str, text: str, *, found: bool) -> None:
    assert any(map(Pattern(pattern).is_in, readings(text))) is found


def test_every_place_is_told() -> None:
    assert list(Pattern("b+").spans("a bb b")) == [(2, 4), (5, 6)]
    assert list(Pattern(r"\bя\b").spans("я я яя я")) == [(0, 1), (2, 3), (7, 8)]


def test_what_takes_a_backtracking_engine_for_ever_takes_this_one_a_moment() -> None:
    assert not Pattern("(a|aa)+$").is_in("a" * 2000 + "b")
    assert not Pattern("(x+x+)+y").is_in("x" * 2000)


@pytest.mark.parametrize("sign", ["\ufdfa", "\u3316", "\ufb03", "\u33c2", "\U00010300", "a"])
def test_no_prompt_is_read_as_a_much_longer_one(sign: str) -> None:
    longest = max(len(reading.encode()) for reading in readings(sign * 2000))
    assert longest <= 16_000, "a search takes so many steps for each byte"


@given(st.text(alphabet="aéﬁ①ｂ\u0301\u0308가각ㄱ\u1161한ｶﾞ½ﷲ漢", max_size=20))
def test_ordinary_signs_are_read_in_their_compatible_form(text: str) -> None:
    assert make_compatible(text) == unicodedata.normalize("NFKC", text)


def test_a_pattern_is_stored_as_it_is_shown() -> None:
    assert parse_pattern(" \u200bcat\u2060 ") == "cat"
