"""Columns and times for a terminal; nothing in them is read as markup, and nothing moves the cursor."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Write rows with their columns one under another."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, nothing: str) -> str:
    """Write rows under their names; ``nothing`` where there are none."""
    return aligned([head, *rows]) if rows else nothing


def moment(at: datetime) -> str:
    """Write a time in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(at: datetime, now: datetime) -> str:
    """Write how long ago something was: ``5 min ago``."""
    seconds = max(0, round((now - at).total_seconds()))
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:,} {name} ago"
    return f"{seconds} s ago"
