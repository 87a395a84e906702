"""What the modules of this package share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

_Value = TypeVar("_Value")

AuditDetails = dict[str, Any]
"""What was the case, as JSON has it: texts, whole numbers, None; moments in ISO 8601."""


def moment(at: datetime | None) -> str | None:
    """Write a moment as an audit's details have it."""
    return None if at is None else at.isoformat()


def storable(text: str) -> str:
    """Return a text without what not every database can store: lone surrogates and NUL."""
    cleaned = text.encode(errors="ignore").decode().replace("\0", "")
    return text if cleaned == text else cleaned  # of two alike one is enough to keep


def unchecked(cls: type[_Value], **fields: object) -> _Value:
    """Make a frozen value of all its fields, past ``__post_init__``."""
    value = object.__new__(cls)
    for name, field in fields.items():
        object.__setattr__(value, name, field)
    return value
