"""Letters of one alphabet that look like another's (UTS 39), put right in words that mix alphabets, and only there.

A word that mixes alphabets is read once in each of them: every letter that has a look-alike there is read as that. A
word of one alphabet is left alone, whatever it looks like: "сосна" is Russian for a pine.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = {"LATIN": (0x41, 0x7A), "CYRILLIC": (0x400, 0x45F), "GREEK": (0x370, 0x3FF)}
"""Where these alphabets' usual letters are; others look alike as well, but nobody writes words with them."""


def read_in_each_alphabet(word: str) -> Iterator[str]:
    """Yield a word as it reads in each of the alphabets that it mixes; nothing if it has only one.

    Args:
        word: in the case in which it was written: "В" looks like "B", and "в" not like "b".
    """
    if word.isascii():
        return
    alphabets = sorted({alphabet for character in word if (alphabet := _alphabet_of(character)) is not None})
    if len(alphabets) > 1:
        for alphabet in alphabets:
            yield "".join(_put_into(character, alphabet) for character in word)


@lru_cache(maxsize=4096)
def _alphabet_of(character: str) -> str | None:
    """Return a letter's alphabet as Unicode names it, or None for what is none's letter."""
    if unicodedata.category(character) not in {"Lu", "Ll", "Lt", "Lo"}:
        return None
    return unicodedata.name(character, "").partition(" ")[0] or None


@lru_cache(maxsize=4096)
def _put_into(character: str, alphabet: str) -> str:
    """Return an alphabet's letter that looks like a character, else the character.

    A small letter without one is read as its capital is: many alphabets write "к" as a small "К".
    """
    if _alphabet_of(character) in {None, alphabet}:
        return character
    for form in (character, character.upper()):
        found = [other for other in _alike(form) if _is_usual(other, alphabet)]
        if found:
            return min(found, key=lambda other: (other.isupper() != form.isupper(), other))
    return character


def _is_usual(text: str, alphabet: str) -> bool:
    if len(text) != 1 or _alphabet_of(text) != alphabet:
        return False
    first, last = _USUAL.get(alphabet, (0, 0x10FFFF))
    return first <= ord(text) <= last and unicodedata.decomposition(text) == ""


def _alike(text: str) -> set[str]:
    """Return all that looks like a character: what it is read as, and what else is read as that."""
    pairs = _confusables()
    nearest = {pair["c"] for pair in pairs.get(text, ())}
    return nearest | {pair["c"] for other in nearest for pair in pairs.get(other, ())}


@cache
def _confusables() -> dict[str, list[dict[str, str]]]:
    """Read Unicode's table, once, when a word first needs it: that takes a twentieth of a second."""
    from confusable_homoglyphs import confusables  # pyright: ignore[reportMissingTypeStubs]

    untyped: Any = confusables
    return untyped.confusables_data
