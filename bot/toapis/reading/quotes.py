"""A member's words in the service's: a message may quote the prompt, and what a member wrote decides nothing."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_BLANKS = re.compile(r"\s+")
_RUN_CHARACTERS = 16
"""As long as this, what prompt and message have in common is a quote, and no chance."""


def without_quotes(message: str, prompt: str) -> str:
    """Return a message without what it quotes of a prompt: whole, cut short, or escaped as in JSON."""
    text, quoted = _plain(message), _lower(_plain(prompt))
    run = min(len(quoted), _RUN_CHARACTERS)
    if not run:
        return text
    runs = {quoted[start : start + run] for start in range(len(quoted) - run + 1)}
    lower, is_quoted = _lower(text), bytearray(len(text))
    for start in range(len(text) - run + 1):
        if lower[start : start + run] in runs:
            is_quoted[start : start + run] = b"\1" * run
    return "".join(" " if cut else character for character, cut in zip(text, is_quoted, strict=True))


def _plain(text: str) -> str:
    """Undo JSON's escapes (twice: errors are put into errors) and runs of blanks."""
    for _ in range(2):
        text = _ESCAPED.sub(_unescape, text)
    return _BLANKS.sub(" ", text).strip()


def _unescape(escape: re.Match[str]) -> str:
    name = escape[1]
    if len(name) == 5:
        return chr(int(name[1:], 16))
    return " " if name in "nrtbf" else name


def _lower(text: str) -> str:
    """Return a text in lower case, character by character, so that places in it stay what they are."""
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in text)
