"""JSON of any make as values: whatever is not what it should be is taken as absent; nothing here raises."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, cast

JsonObject = dict[str, Any]

TEXT_MAX_CHARACTERS = 8192
"""Longer than any address; what is longer is no code, id or address."""
MESSAGE_MAX_CHARACTERS = 500
"""How much of the service's own words is kept for the operator."""
_YEAR_2100 = 4_102_444_800


def read_object(value: object) -> JsonObject:
    """Return a JSON object; empty when it is anything else."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def read_list(value: object) -> list[object]:
    """Return a JSON list; empty when it is anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def read_text(value: object) -> str | None:
    """Return a text or a whole number as trimmed text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    # Control characters and lone surrogates fit neither a database nor an address.
    return text if 0 < len(text) <= TEXT_MAX_CHARACTERS and text.isprintable() else None


def read_number(value: object) -> float | None:
    """Return a finite number, from a number or from text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_time(value: object) -> datetime | None:
    """Return Unix seconds (a number or text) or ISO 8601 as a time; 0, milliseconds and other placeholders are none.

    A time that states no zone means UTC.
    """
    seconds = read_number(value)
    if seconds is None:
        seconds = _iso_seconds(value)
    if seconds is None or not 0 < seconds < _YEAR_2100:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def one_line(text: str) -> str:
    """Return the beginning of a message, fit for one line of a log."""
    return "".join(it if it.isprintable() else " " for it in text[:MESSAGE_MAX_CHARACTERS])


def _iso_seconds(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
