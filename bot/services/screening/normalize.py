"""Text as people read it: without what is hidden in it, and without what only decorates it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN = (
    (0x034F, 0x034F),  # a joiner that shows nothing
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)
"""Unicode's Default_Ignorable_Code_Point, as far as it is not of the category Cf."""
_DIACRITICS = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),  # Cyrillic
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),
    (0x0640, 0x0640),  # the stroke that lengthens Arabic words
    (0x064B, 0x065F),  # Arabic vowel signs
    (0x0670, 0x0670),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20E2),
    (0x20E4, 0x20FF),  # without the keycap, which makes a sign
    (0xA66F, 0xA67D),
    (0xFE20, 0xFE2F),
)
"""Marks that only decorate a letter; those of Indic scripts and of Japanese kana make another letter, and stay."""
_LONGEST_PLAIN_BYTES = 8
"""What a character may become. One stands for 33 bytes, and a prompt of these would keep a pattern busy for long."""
_BREVE = "\u0306"
_LETTERS_WITH_BREVE = frozenset("иу")
"""Cyrillic letters that are another letter with a breve."""
_PLAIN_LETTERS = str.maketrans("øđłħŧıƀɨ", "odlhtibi")
"""Letters with a stroke, which Unicode does not take apart."""


def strip_invisible(text: str) -> str:
    """Return a text with nothing hidden in it."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", "".join(character for character in text if not _is_hidden(character)))


def normalize(text: str) -> str:
    """Return a text with nothing hidden and its compatibility forms made plain: full-width letters, ligatures."""
    return make_compatible(strip_invisible(make_compatible(text)))


def make_compatible(text: str) -> str:
    """Return a text's NFKC form, in which a few signs for whole phrases stay as they are."""
    return text if text.isascii() else unicodedata.normalize("NFC", "".join(map(_as_compatible, text)))


@lru_cache(maxsize=4096)
def _as_compatible(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain.encode(errors="surrogatepass")) <= _LONGEST_PLAIN_BYTES else character


def skeleton(text: str) -> str:
    """Return a text with all that decorates its letters taken off: case, accents and whatever ``normalize`` does."""
    return strip_decoration(normalize(text))


def strip_decoration(text: str) -> str:
    """Return the same of a text that is normalized."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = ""
    for character in decomposed:
        makes_a_letter = character == _BREVE and kept[-1:] in _LETTERS_WITH_BREVE
        if character.isascii() or makes_a_letter or not _is_diacritic(character):
            kept += character
    return unicodedata.normalize("NFC", kept).translate(_PLAIN_LETTERS)


def is_in(character: str, ranges: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a character is in one of some ranges of code points, ends included."""
    point = ord(character)
    return any(first <= point <= last for first, last in ranges)


def _is_diacritic(character: str) -> bool:
    return is_in(character, _DIACRITICS) and unicodedata.category(character)[0] in "ML"  # Hebrew has a hyphen there


def _is_hidden(character: str) -> bool:
    if character.isprintable() and character.isascii():
        return False
    kind = unicodedata.category(character)
    if kind == "Cc":
        return character not in "\t\n\v\f\r\x85"  # which part words
    return kind == "Cf" or is_in(character, _HIDDEN)
