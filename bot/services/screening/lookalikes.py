"""Letters of one alphabet that look like another's (UTS 39), put right in words that mix alphabets, and only there.

A word that mixes alphabets is read once in each of them, and in Latin, which "соρ" looks like without one letter of it:
every letter that has a look-alike there is read as that. A word of one alphabet is left alone, whatever it looks like:
"сосна" is Russian for a pine.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache, lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = {"LATIN": (0x41, 0x7A), "CYRILLIC": (0x400, 0x45F), "GREEK": (0x370, 0x3FF)}
"""Where these alphabets' usual letters are; others look alike as well, but nobody writes words with them."""
_READINGS_MAX = 8
"""In how many alphabets a word is read at most, these first, then those of which it has most."""


def read_in_each_alphabet(word: str) -> Iterator[str]:
    """Yield a word as it reads in each of the alphabets that it mixes, and in Latin; nothing if it has only one.

    Args:
        word: in the case in which it was written: "В" looks like "B", and "в" not like "b".
    """
    if word.isascii():
        return
    alphabets = Counter(alphabet for character in word if (alphabet := _alphabet_of(character)) is not None)
    if len(alphabets) > 1:
        others = (alphabet for alphabet, _ in alphabets.most_common() if alphabet not in _USUAL)
        usual = (alphabet for alphabet in _USUAL if alphabet in alphabets or alphabet == "LATIN")
        for alphabet in islice(chain(usual, others), _READINGS_MAX):
            yield "".join(_put_into(character, alphabet) for character in word)


@lru_cache(maxsize=4096)
def _alphabet_of(character: str) -> str | None:
    """Return a letter's alphabet as Unicode names it, or None for what is none's letter."""
    if unicodedata.category(character) not in {"Lu", "Ll", "Lt", "Lo"}:
        return None
    return unicodedata.name(character, "").partition(" ")[0] or None


def _put_into(character: str, alphabet: str) -> str:
    """Return an alphabet's letter that looks like a character, else the character."""
    is_foreign = _alphabet_of(character) not in {None, alphabet}
    return _look_alikes(character).get(alphabet, character) if is_foreign else character


@lru_cache(maxsize=4096)
def _look_alikes(character: str) -> dict[str, str]:
    """Return the letter of each alphabet that looks like a character.

    A small letter without one is read as its capital is: many alphabets write "к" as a small "К".
    """
    found: dict[str, str] = {}
    for form in (character, character.upper()):
        others = sorted(_alike(form), key=lambda other: (other.isupper() != form.isupper(), other))
        here = {alphabet: other for other in reversed(others) if (alphabet := _usual_alphabet_of(other)) is not None}
        found = here | found
    return found


def _usual_alphabet_of(text: str) -> str | None:
    """Return the alphabet of which a text is one of the usual letters, or None."""
    if len(text) != 1 or (alphabet := _alphabet_of(text)) is None or unicodedata.decomposition(text) != "":
        return None
    first, last = _USUAL.get(alphabet, (0, 0x10FFFF))
    return alphabet if first <= ord(text) <= last else None


def _alike(text: str) -> set[str]:
    """Return all that looks like a character: what it is read as, and what else is read as that."""
    pairs = _confusables()
    nearest = {pair["c"] for pair in pairs.get(text, ())}
    return nearest | {pair["c"] for other in nearest for pair in pairs.get(other, ())}


@cache
def _confusables() -> dict[str, list[dict[str, str]]]:
    """Read Unicode's table, once, when a word first needs it: that takes a twentieth of a second."""
    from confusable_homoglyphs import confusables  # pyright: ignore[reportMissingTypeStubs] (it has none)

    untyped: Any = confusables
    return untyped.confusables_data
