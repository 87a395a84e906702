"""Looking into layouts: what is in them, and whether Discord takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from discord import ui


def parts(view: ui.LayoutView) -> Iterator[dict[str, Any]]:
    """Walk all components, nested ones too."""
    waiting = view.to_components()
    while waiting:
        part = waiting.pop(0)
        yield part
        waiting = [*part.get("components", []), *waiting]


def text_of(view: ui.LayoutView) -> str:
    return "\n".join(part["content"] for part in parts(view) if "content" in part)


def fits_discord(view: ui.LayoutView) -> bool:
    """Check the limits that discord.py doesn't: 40 components, 4,000 characters, 10,000 bytes."""
    text = text_of(view)
    return len(list(parts(view))) <= 40 and len(text) <= 4000 and len(text.encode()) <= 10_000
