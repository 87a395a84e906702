"""Finding forbidden words in a prompt, however they are disguised, and never inside other words.

Text is compared word by word after everything that decorates a word is taken off: case, accents, full-width and other
compatibility forms, zero-width characters. Letters may be repeated in the prompt ("baaad"), but not left out: a rule
with two of a letter wants at least two, so that "ass" is not found in "as".

A prompt's word may be read in several ways: without the ending of what somebody owns ("fox's"), without what is written
onto it with an apostrophe ("l'idiot"), in each of the alphabets it mixes, an emoji without its skin tone. A rule is
found in any of them, and reads in one way itself. An emoji is one word, of however many code points.

Scripts that put no spaces between words (Chinese, Japanese, Thai …) have each character as a word of its own: there a
rule is found wherever its characters follow one another, since only a dictionary could tell more.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from bot.errors import InvalidSettingError
from bot.services.screening.emoji import EMOJI, read_emoji
from bot.services.screening.lookalikes import read_in_each_alphabet
from bot.services.screening.normalize import is_in, make_compatible, normalize, strip_decoration, strip_invisible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.services.screening.threads import Steps

WORDS_MAX_CHARACTERS = 100

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
_APOSTROPHES = frozenset("'’ʼʹʻʽʾʿˈˊˋ′՚׳ߴߵꞋꞌ")
"""What joins the parts of a word; quotation marks that open ("‘") part words."""
_CONTRACTED = frozenset({"t", "s", "d", "m", "re", "ve", "ll"})
"""What English writes with an apostrophe at a word's end, and is no word: "don't", "he'll"."""
_WHOLE = frozenset({"o'clock"})
_GREEK = ((0x0370, 0x03FF),)
"""Greek writes articles and prepositions onto words as Romance languages do; Cyrillic has the apostrophe in words."""
_TAILS_MAX = 4
"""In how many places at most what stands before an apostrophe is read as cut off, from the end: prose has one."""


class Word(NamedTuple):
    """A word as compared: its letters without repetitions, and how often each was repeated."""

    letters: str
    repeats: tuple[int, ...]

    def matches(self, wanted: Word) -> bool:
        """Tell whether this, in a prompt, is a rule's word: each letter at least as often."""
        return self.letters == wanted.letters and all(
            found >= least for found, least in zip(self.repeats, wanted.repeats, strict=True)
        )


def words_of(text: str) -> list[Word]:
    """Return a text's words in order, as they are compared."""
    return [readings[0] for readings in read(text)]


def read(text: str) -> Iterator[tuple[Word, ...]]:
    """Yield for each of a text's words how it can be read, first as it is written."""
    composed, place = make_compatible(text), 0
    for emoji in EMOJI.finditer(composed):
        yield from _read_words(composed[place : emoji.start()])
        yield tuple(Word(sign, ()) for sign in read_emoji(emoji.group()))
        place = emoji.end()
    yield from _read_words(composed[place:])


def _read_words(text: str) -> Iterator[tuple[Word, ...]]:
    for written in _split(normalize(text)):
        plain = strip_decoration(written)
        if plain:
            others = map(strip_decoration, read_in_each_alphabet(written))
            yield tuple({_word(cut): None for form in (plain, *others) for cut in _cut(form)})


def _cut(word: str) -> Iterator[str]:
    """Yield a word, and what is left of it without an owner's ending and without what is written onto it."""
    yield word
    if "'" not in word:
        return
    yield word.removesuffix("'s")
    parts = word.split("'")
    if word in _WHOLE or not all(letter.isascii() or is_in(letter, _GREEK) for letter in parts[0]):
        return
    for part, following in zip(parts[1:], [*parts[2:], ""], strict=True):
        if part not in _CONTRACTED and following not in _CONTRACTED - {"s"}:
            yield part
    for number in range(max(1, len(parts) - _TAILS_MAX), len(parts) - 1):
        if parts[number] not in _CONTRACTED:
            yield "'".join(parts[number:])


def parse_words(text: object) -> str:
    """Trim and check a rule's word or phrase.

    Raises:
        InvalidSettingError: when there is no word in it, or too much.
    """
    trimmed = " ".join(_strip_invisible(text).split()) if isinstance(text, str) else ""
    if len(trimmed) > WORDS_MAX_CHARACTERS:
        raise InvalidSettingError("words", "too_long")
    if not words_of(trimmed):
        raise InvalidSettingError("words", "none")
    return trimmed


def _strip_invisible(text: str) -> str:
    """Return a text with nothing hidden in it but what makes one emoji of several code points."""
    composed, place, kept = unicodedata.normalize("NFC", text), 0, ""
    for emoji in EMOJI.finditer(composed):
        kept += strip_invisible(composed[place : emoji.start()]) + emoji.group()
        place = emoji.end()
    return kept + strip_invisible(composed[place:])


class WordFinder:
    """Finds many words and phrases at once, in time that grows with the prompt and hardly with their number."""

    def __init__(self) -> None:
        self._start = _Step()

    def add(self, key: int, phrase: str) -> None:
        """Let a word or phrase be found, under a key of the caller's."""
        wanted = words_of(phrase)
        self._add(key, wanted)
        if len(wanted) > 1 and all(word.repeats == () for word in wanted) and " " not in phrase:
            # An emoji was once stored without what joins it, so signs side by side are also that emoji.
            self._add(key, [Word("".join(word.letters for word in wanted), ())])

    def _add(self, key: int, wanted: list[Word]) -> None:
        step = self._start
        for word in wanted:
            step = step.following[word.letters]
        step.ending.append((wanted, key))

    def find(self, prompt: str) -> Steps[set[int]]:
        """Return the keys of all that the prompt holds."""
        words: list[dict[str, list[Word]]] = []
        for readings in read(prompt):
            # Readings of the same letters go one way together, or the ways through a phrase would multiply.
            words.append(by_letters := {})
            for word in readings:
                by_letters.setdefault(word.letters, []).append(word)
            yield
        found: set[int] = set()
        for start in range(len(words)):
            steps: list[tuple[_Step, _Path]] = [(self._start, ())]
            for readings in islice(words, start, None):
                steps = [
                    (step.following[letters], (*path, alike))
                    for step, path in steps
                    for letters, alike in readings.items()
                    if letters in step.following
                ]
                yield
                if not steps:
                    break
                found |= {
                    key
                    for step, path in steps
                    for wanted, key in step.ending
                    if key not in found and _match(path, wanted)
                }
        return found


def _match(path: _Path, wanted: Sequence[Word]) -> bool:
    """Tell whether each word of a prompt, read in one of some ways, is a rule's word in its place."""
    return all(any(word.matches(each) for word in alike) for alike, each in zip(path, wanted, strict=True))


_Path: TypeAlias = "tuple[Sequence[Word], ...]"
"""How each of a prompt's words can be read on the way to a place in the tree: always the same letters."""


class _Step:
    """A place in the tree of all phrases: the steps to their next words, and which phrases end here."""

    __slots__ = ("ending", "following")

    def __init__(self) -> None:
        self.following: defaultdict[str, _Step] = defaultdict(_Step)
        self.ending: list[tuple[Sequence[Word], int]] = []


def _split(text: str) -> Iterator[str]:
    """Split at whatever is neither a letter, a digit nor a sign; a sign and an unspaced character stand alone."""
    word = ""
    for character, following in zip(text, f"{text[1:]} ", strict=False):
        is_apostrophe = character in _APOSTROPHES
        if is_apostrophe and word and following.isalpha() and not is_in(following, _UNSPACED):
            word += "'"  # "don't" is one word
            continue
        kind = "P" if is_apostrophe else unicodedata.category(character)[0]
        if kind in "LNM" and not is_in(character, _UNSPACED):
            word += character
            continue
        if word:
            yield word
        word = ""
        if kind in "LNMS":
            yield character
    if word:
        yield word


def _word(text: str) -> Word:
    runs = [(letter, len(list(run))) for letter, run in groupby(text)]
    return Word("".join(letter for letter, _ in runs), tuple(length for _, length in runs))
