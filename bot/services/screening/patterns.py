r"""Patterns for prompts, on an engine whose time grows only with the prompt: no pattern can hang the bot.

RE2 knows letters beyond a to z everywhere but in ``\b``, ``\w`` and ``\d``. A pattern with one of these that names
neither such a letter nor ``_`` is asked about a text in which ``_`` and digits stand in for them; in one that does,
they are written out. All white space is a space to ``\s``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2 as untyped_re2  # pyright: ignore[reportMissingTypeStubs] (it has none)

from bot.errors import InvalidSettingError
from bot.services.screening.normalize import normalize, strip_invisible

if TYPE_CHECKING:
    from collections.abc import Iterator

PATTERN_MAX_CHARACTERS = 200
_re2: Any = untyped_re2
_INSTRUCTIONS_MAX = 6000
"""A pattern's size once compiled: that of four letters of any alphabet.

A search takes at most so many steps for each byte of the prompt: some 30 ms, in which other threads go on.
"""
_MEMORY_BYTES = 512 << 10
"""How much one pattern may take. More makes no search quicker that is slow.

No other thread goes on while RE2 compiles; what is too large for this is given up after 6 ms.
"""
_PLAIN_PROMPTS = (
    ("sky", "moon", "a car"),
    (
        "a red fox runs through the snow",
        "Two boys play football on a beach at sunset",
        "old clock tower, slow zoom, 4k",
        "my cat sleeping in a box",
        "neon city, rain on the windows",
    ),
)
"""Short and long ones without much in common: a pattern that is found in all of either is found nearly everywhere."""

_ESCAPE = r"\\[pPx]\{[^}]*\}|\\[pP].|\\x..|\\."
_TOKEN = re.compile(rf"{_ESCAPE}|\[\^?\]?|.", re.DOTALL)
_TOKEN_IN_CLASS = re.compile(rf"{_ESCAPE}|\[:\^?\w+:\]|.", re.DOTALL)
_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
_ASCII_CLASS = re.compile(r"\\[bBwWdD]")
_NAMES_LETTERS = re.compile(r"\\[pPxQ]|[^\x00-\x7f]|_|\[:|[!-^]-[`-~]")
"""Letters beyond a to z, or what stands in for them: by itself, in a class by name or in a range."""
_WORD = r"\pL\pM\pN_"
_WRITTEN_OUT = {r"\w": f"[{_WORD}]", r"\W": f"[^{_WORD}]", r"\d": r"\p{Nd}", r"\D": r"\P{Nd}"}
_WRITTEN_OUT_IN_CLASS = {r"\w": _WORD, r"\d": r"\p{Nd}", r"\D": r"\P{Nd}"}


class Pattern:
    """A compiled pattern, found in any case.

    Attributes:
        size: RE2's own, in instructions.

    Raises:
        ValueError: when it can't be read, or is too large.
    """

    def __init__(self, text: str) -> None:
        text = strip_invisible(text)
        self._has_edges = False
        self._reads_stand_ins = False
        if _ASCII_CLASS.search(text) is not None:
            self._reads_stand_ins = _NAMES_LETTERS.search(text) is None
            if not self._reads_stand_ins:
                text, self._has_edges = _write_out(text)
        options = _re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = _MEMORY_BYTES
        try:
            self._compiled = _re2.compile(text, options)
        except _re2.error as error:
            raise ValueError("unreadable") from error
        self.size: int = self._compiled.programsize
        if self.size > _INSTRUCTIONS_MAX:
            raise ValueError("too_complex")

    def is_in(self, text: str) -> bool:
        """Tell whether it is found anywhere."""
        return next(self.spans(text), None) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where it is found: from, and up to but without."""
        if self._reads_stand_ins:
            text = _with_stand_ins(text)
        if not self._has_edges:
            yield from (match.span() for match in self._compiled.finditer(text))
            return
        match = self._compiled.search(text)
        while match is not None:  # what parts two words belongs to both, so that the next begins before it
            start, end = match.span(1)
            yield start, end
            match = self._compiled.search(text, max(end, start + 1))


def readings(text: str) -> set[str]:
    """Return what patterns are looked for in: a text without what is hidden, and with all of it made plain."""
    return {_spaced(strip_invisible(text)), _spaced(normalize(text))}


def tokens(pattern: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a pattern, and of each whether it is inside a class."""
    place, in_class = 0, False
    while match := (_TOKEN_IN_CLASS if in_class else _TOKEN).match(pattern, place):
        token, place = match.group(), match.end()
        yield token, in_class
        in_class = token != "]" if in_class else token.startswith("[")


def _write_out(text: str) -> tuple[str, bool]:
    r"""Write ``\b``, ``\w`` and ``\d`` out for all alphabets; tell whether there was a ``\b`` at either end.

    Raises:
        ValueError: when one of them stands where it can't be written out.
    """
    flags = "".join(match.group() for match in [_FLAGS.match(text)] if match)
    parts = list(tokens(text.removeprefix(flags)))
    edge = (r"\b", False)
    at_start, at_end = parts[:1] == [edge], len(parts) > 1 and parts[-1] == edge
    inner = parts[at_start : len(parts) - at_end]
    if any(part in inner for part in (edge, (r"\B", False), (r"\W", True))):
        raise ValueError("unclear_letters")
    if (at_start or at_end) and _has_alternatives(inner):
        raise ValueError("unclear_letters")
    written = "".join(
        (_WRITTEN_OUT_IN_CLASS if in_class else _WRITTEN_OUT).get(token, token) for token, in_class in inner
    )
    before, after = f"(?:^|[^{_WORD}])" if at_start else "", f"(?:$|[^{_WORD}])" if at_end else ""
    return f"{flags}{before}({written}){after}", at_start or at_end


def _has_alternatives(parts: list[tuple[str, bool]]) -> bool:
    """Tell whether a pattern has alternatives outside of all groups."""
    depth = 0
    for part in parts:
        depth += (part == ("(", False)) - (part == (")", False))
        if depth == 0 and part == ("|", False):
            return True
    return False


def _spaced(text: str) -> str:
    """Return a text whose white space RE2 knows."""
    return text if text.isascii() and text.isprintable() else "".join(map(_as_space, text))


def _as_space(character: str) -> str:
    return " " if character.isspace() and character != "\n" else character


@lru_cache(maxsize=64)  # a prompt is asked about by many patterns, and some servers' in turn
def _with_stand_ins(text: str) -> str:
    return text if text.isascii() else "".join(map(_stand_in, text))


def _stand_in(character: str) -> str:
    r"""Return the character of ASCII that is to ``\b``, ``\w`` and ``\d`` what this one is."""
    kind = unicodedata.category(character)
    if kind == "Nd":
        return str(unicodedata.decimal(character))
    return "_" if kind[0] in "LM" and not character.isascii() else character


def parse_pattern(text: object) -> str:
    """Trim a rule's pattern and check its length; nothing is compiled.

    Raises:
        InvalidSettingError: when it is empty or too long.
    """
    trimmed = strip_invisible(text).strip() if isinstance(text, str) else ""
    if not trimmed:
        raise InvalidSettingError("pattern", "none")
    if len(trimmed) > PATTERN_MAX_CHARACTERS:
        raise InvalidSettingError("pattern", "too_long")
    return trimmed


def check_pattern(text: str) -> int:
    """Compile a rule's pattern and check what it finds; return its size in instructions.

    Raises:
        InvalidSettingError: when it can't be read, is too large, or would refuse nearly everything.
    """
    try:
        pattern = Pattern(text)
    except ValueError as error:
        raise InvalidSettingError("pattern", str(error)) from None
    if pattern.is_in("") or any(all(map(pattern.is_in, prompts)) for prompts in _PLAIN_PROMPTS):
        raise InvalidSettingError("pattern", "matches_everything")
    return pattern.size
