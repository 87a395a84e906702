"""Patterns for prompts, on an engine whose time grows only with the prompt: no pattern can hang the bot."""

from __future__ import annotations

import unicodedata
from typing import Any

import re2 as untyped_re2  # pyright: ignore[reportMissingTypeStubs] (it has none)

from bot.errors import InvalidSettingError

PATTERN_MAX_CHARACTERS = 200
_re2: Any = untyped_re2
_INSTRUCTIONS_MAX = 500
"""A pattern's size once compiled: one of 200 characters without repetition counts has about as many.

A search takes at most so many steps for each character of the prompt: some 30 ms, off the event loop.
"""
_PLAIN_PROMPTS = ("sky", "moon", "a car")
"""Without a letter in common: a pattern that finds something in each finds it in nearly any prompt."""


class Pattern:
    """A compiled pattern, found in any case.

    Raises:
        ValueError: when it can't be read, or is too large.
    """

    def __init__(self, text: str) -> None:
        options = _re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        try:
            self._compiled = _re2.compile(text, options)
        except _re2.error as error:
            raise ValueError("unreadable") from error
        if self._compiled.programsize > _INSTRUCTIONS_MAX:
            raise ValueError("too_complex")

    def is_in(self, text: str) -> bool:
        """Tell whether it is found anywhere."""
        return self._compiled.search(text) is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where it is found: from, and up to but without."""
        return [match.span() for match in self._compiled.finditer(text)]


def legible(text: str) -> str:
    """Return what patterns are looked for in: compatibility forms made plain, and nothing hidden."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(character for character in plain if unicodedata.category(character) != "Cf")


def parse_pattern(text: object) -> str:
    """Trim and check a rule's pattern.

    Raises:
        InvalidSettingError: when it is empty, too long, can't be read, or would refuse nearly everything.
    """
    trimmed = text.strip() if isinstance(text, str) else ""
    if not trimmed:
        raise InvalidSettingError("pattern", "none")
    if len(trimmed) > PATTERN_MAX_CHARACTERS:
        raise InvalidSettingError("pattern", "too_long")
    try:
        pattern = Pattern(trimmed)
    except ValueError as error:
        raise InvalidSettingError("pattern", str(error)) from None
    if pattern.is_in("") or all(map(pattern.is_in, _PLAIN_PROMPTS)):
        raise InvalidSettingError("pattern", "matches_everything")
    return trimmed
