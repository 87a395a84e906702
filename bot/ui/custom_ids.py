"""The shapes of custom ids: templates with ``{name}`` where something varies, and what may stand there.

What each name stands for is said at ``component`` in ``components.py``.
"""

from __future__ import annotations

import re

from bot.models import SEARCH_MAX_CHARACTERS
from bot.models.brainstorms import LIST_NAME_MAX_CHARACTERS

_FIELD = re.compile(r"\{(?P<name>\w+)(?::(?P<choices>[a-z|]+))?\}")
_TEXT_IDS = ("job_id", "round_id", "preview_id")
_COUNTS = frozenset({"page", "number", "count", "revision"})
_LARGEST_ID = 2**63 - 1
"""What a database holds; Discord's ids are no larger."""


def names_in(template: str) -> set[str]:
    """Return the names of what varies in a template."""
    return {match["name"] for match in _FIELD.finditer(template)}


def compile_template(template: str) -> re.Pattern[str]:
    """Return the pattern of all custom ids of a shape; its groups are named after what varies."""
    return re.compile(_FIELD.sub(lambda match: f"(?P<{match['name']}>{_shape(match)})", template), re.ASCII)


def read(match: re.Match[str]) -> dict[str, str | int] | None:
    """Return what varies in a custom id, numbers as such; None where one is too large to be of anything."""
    ids = {name: int(text) if _is_number(name) else text for name, text in match.groupdict().items()}
    is_known = all(value <= _LARGEST_ID for value in ids.values() if isinstance(value, int))
    return ids if is_known else None


def _shape(match: re.Match[str]) -> str:
    """Return the pattern of what varies in a template."""
    name: str = match["name"]
    if name.endswith(_TEXT_IDS):
        return "[0-9a-z]{1,25}"
    if name == "text":
        return f".{{0,{SEARCH_MAX_CHARACTERS}}}"
    if name == "list_name":
        return f"[a-z0-9_-]{{1,{LIST_NAME_MAX_CHARACTERS}}}"
    if _is_number(name):
        return "[0-9]{1,6}" if name in _COUNTS else "[0-9]{1,19}"
    return match["choices"] or "[a-z_]+"


def _is_number(name: str) -> bool:
    return name in _COUNTS or (name.endswith("_id") and not name.endswith(_TEXT_IDS))
