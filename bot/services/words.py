"""Finding forbidden words in a prompt, however they are dressed up, and never inside other words.

Text is compared word by word after everything that dresses a word up is taken off: case, accents, full-width and other
compatibility forms, zero-width characters. Letters may be repeated in the prompt ("baaad"), but not left out: a rule
with two of a letter wants at least two, so that "ass" is not found in "as".

Scripts that put no spaces between words (Chinese, Japanese, Thai …) have each character as a word of its own: there a
rule is found wherever its characters follow one another, since only a dictionary could tell more.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import InvalidSettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

WORDS_MAX_CHARACTERS = 100

_DIACRITICS = (
    (0x0300, 0x036F),  # accents, and the joiner U+034F that shows nothing
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),
    (0x064B, 0x065F),  # Arabic vowel signs
    (0x0670, 0x0670),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFE20, 0xFE2F),
)
"""Marks that dress a letter up; those of Indic scripts and of Japanese kana make another letter, and stay."""
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # kana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_PLAIN_LETTERS = str.maketrans("øđłħŧıƀɨ", "odlhtibi")
"""Letters with a stroke, which Unicode does not take apart."""
_FILLERS = frozenset("\u115f\u1160\u17b4\u17b5")
_APOSTROPHES = frozenset("'’ʼ＇")


class Word(NamedTuple):
    """A word as compared: its letters without repetitions, and how often each was repeated."""

    letters: str
    repeats: tuple[int, ...]

    def dresses(self, wanted: Word) -> bool:
        """Tell whether this, in a prompt, is a rule's word: each letter at least as often."""
        return self.letters == wanted.letters and all(
            found >= least for found, least in zip(self.repeats, wanted.repeats, strict=True)
        )


def bare(text: str) -> str:
    """Take off a text what only dresses it up."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(character for character in decomposed if not _is_dress(character))
    return unicodedata.normalize("NFC", kept).translate(_PLAIN_LETTERS)


def words_of(text: str) -> list[Word]:
    """Return a text's words in order, as they are compared."""
    return [_word(word) for word in _split(bare(text))]


def parse_words(text: object) -> str:
    """Trim and check a rule's word or phrase.

    Raises:
        InvalidSettingError: when there is no word in it, or too much.
    """
    trimmed = " ".join(text.split()) if isinstance(text, str) else ""
    if len(trimmed) > WORDS_MAX_CHARACTERS:
        raise InvalidSettingError("words", "too_long")
    if not words_of(trimmed):
        raise InvalidSettingError("words", "none")
    return trimmed


class WordFinder:
    """Finds many words and phrases at once, in time that grows with the prompt and not with their number.

    Args:
        phrases: by a key of the caller's.
    """

    def __init__(self, phrases: Mapping[int, str]) -> None:
        self._by_first: defaultdict[str, list[tuple[Sequence[Word], int]]] = defaultdict(list)
        for key, phrase in phrases.items():
            wanted = words_of(phrase)
            if wanted:
                self._by_first[wanted[0].letters].append((wanted, key))

    def find(self, prompt: str) -> set[int]:
        """Return the keys of all that the prompt holds."""
        words = words_of(prompt)
        return {
            key
            for start, word in enumerate(words)
            for wanted, key in self._by_first.get(word.letters, ())
            if len(words) - start >= len(wanted)
            and all(found.dresses(each) for found, each in zip(words[start:], wanted, strict=False))
        }


def _split(text: str) -> Iterator[str]:
    """Split at whatever is neither a letter, a digit nor a sign; a sign and an unspaced character stand alone."""
    word = ""
    for character, following in zip(text, f"{text[1:]} ", strict=False):
        kind = unicodedata.category(character)[0]
        if kind in "LNM" and not _in(character, _UNSPACED):
            word += character
            continue
        if character in _APOSTROPHES and word and following.isalpha() and not _in(following, _UNSPACED):
            word += "'"  # "don't" is one word
            continue
        yield from _whole(word)
        word = ""
        if kind in "LNMS":
            yield character
    yield from _whole(word)


def _whole(word: str) -> Iterable[str]:
    possessor = word.removesuffix("'s")
    return (possessor,) if possessor else ()


def _word(text: str) -> Word:
    runs = [(letter, len(list(run))) for letter, run in groupby(text)]
    return Word("".join(letter for letter, _ in runs), tuple(length for _, length in runs))


def _is_dress(character: str) -> bool:
    if character.isascii():
        return False
    return unicodedata.category(character) in {"Cf", "Cc"} or _in(character, _DIACRITICS) or character in _FILLERS


def _in(character: str, ranges: Sequence[tuple[int, int]]) -> bool:
    point = ord(character)
    return any(first <= point <= last for first, last in ranges)
