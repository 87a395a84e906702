"""How a form that was filled in is read: its fields, and what was typed or chosen in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.errors import InvalidQuotaError, InvalidSettingError
from bot.ui.forms import NO, PHRASES, PROMPT, YES
from bot.ui.text import forms as form_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LONG_FIELDS = (PROMPT, PHRASES)
_DIGITS = 20
_GROUPED = r"[0-9]{1,3}(?:[,_\s][0-9]{3})+"
"""Digits in groups of three; ``1,5`` is no number of seconds."""
_SECONDS = re.compile(rf"(-?(?:{_GROUPED}|[0-9]+))\s*(?:s|secs?|seconds?)?")
_DAYS = re.compile(r"(-?[0-9]+)\s*(?:d|days?)?")


def fields_of(form: Mapping[str, Any]) -> dict[str, str]:
    """Read a form as Discord sends it: the fields' names, and what was typed or chosen."""
    return dict(_filled_in(form["components"]))


def _filled_in(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for part in components:
        match part:
            case {"component": inner}:  # a label's
                yield from _filled_in([inner])
            case {"components": inner}:
                yield from _filled_in(inner)
            case {"custom_id": name, "values": chosen}:
                yield name, str(chosen[0]) if chosen else ""
            case {"custom_id": name, "value": typed}:
                yield name, str(typed or "")
            case _:
                continue


def typed_at_length(fields: Mapping[str, str]) -> str:
    """Return what was typed that nobody wants to type again, where it is refused."""
    return next((fields[name] for name in _LONG_FIELDS if fields.get(name)), "")


def parse_count(text: str) -> int | None:
    """Read a number that was chosen; None where none was."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def parse_role_id(text: str) -> int | None:
    """Read which role was chosen; None where none was.

    Raises:
        InvalidSettingError: when it is no role's id.
    """
    role_id = parse_count(text)
    if text and role_id is None:
        raise InvalidSettingError("subject", "elsewhere")
    return role_id


def parse_own_votes(text: str) -> bool:
    """Read whether members may vote for takes of their own.

    Raises:
        InvalidSettingError: when neither was chosen.
    """
    if text not in {YES, NO}:
        raise InvalidSettingError("own_votes", "unknown")
    return text == YES


def parse_seconds(text: str) -> int | None:
    """Read seconds as typed; None is unlimited.

    Raises:
        InvalidQuotaError: when it is neither.
    """
    return None if text.strip().lower() in form_text.UNLIMITED_WORDS else parse_whole_seconds(text)


def parse_whole_seconds(text: str) -> int:
    """Read seconds as typed, such as ``60``, ``1,000`` or ``60 s``.

    Raises:
        InvalidQuotaError: when they are no whole number.
    """
    return _whole_number(_SECONDS, text, InvalidQuotaError("not_a_number"))


def parse_days(text: str) -> int | None:
    """Read days as typed; None is without end.

    Raises:
        InvalidSettingError: when it is no whole number.
    """
    typed = text.strip()
    return _whole_number(_DAYS, typed, InvalidSettingError("days", "out_of_range")) if typed else None


def _whole_number(written: re.Pattern[str], text: str, error: Exception) -> int:
    match = written.fullmatch(text.strip().lower())
    if match is None:
        raise error
    return int(re.sub(r"[,_\s]", "", match[1])[:_DIGITS])
