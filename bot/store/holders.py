"""What leases call their holder: a process's name, and what no other process has, of whichever name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_SEPARATOR = "#"


def owner_of(name: str, nonce: str) -> str:
    """Return what a process of a name writes into leases."""
    return f"{name}{_SEPARATOR}{nonce}"


def is_of_name(owner: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Tell whether a lease is, or was, that of any process of a name."""
    is_leased = owner > ""  # which an index finds, however many jobs have ended
    return is_leased & owner.startswith(f"{name}{_SEPARATOR}", autoescape=True)
