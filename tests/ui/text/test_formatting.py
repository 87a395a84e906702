"""How anything is written."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models import GEMINI_OMNI
from bot.ui.text import formatting


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
        (0, "no clip of 6 s"),
        (5, "no clip of 6 s"),
        (6, "1 clip of 6 s"),
        (36, "6 clips of 6 s"),
        (72, "12 clips of 6 s"),
        (78, "13 clips of 6 s"),
        (600_000, "100,000 clips of 6 s"),
    ],
)
def test_clips_are_counted_in_words(seconds: int, clips: str) -> None:
    assert formatting.clips(seconds, GEMINI_OMNI) == clips


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (92, "1 min 32 s"), (-3, "0 s")])
def test_elapsed_time_is_written_in_minutes_and_seconds(seconds: float, words: str) -> None:
    assert formatting.elapsed(seconds) == words


@pytest.mark.parametrize(("share", "filled"), [(-1, 0), (0, 0), (0.5, 6), (1, 12), (7, 12)])
def test_bar_has_one_length_whatever_the_share(share: float, filled: int) -> None:
    assert formatting.bar(share) == "▰" * filled + "▱" * (12 - filled)
