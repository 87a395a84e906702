"""What somebody typed into a form that was refused: given back to them, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord import ui

from bot.models import TYPED_MAX_CHARACTERS
from bot.ui.text import formatting

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIECE_CHARACTERS = 2000
"""As much as the longest prompt; in UTF-8 it leaves room for a sentence under Discord's 10,000 bytes a message."""


def typed_views(sentence: str, typed: str, button: ui.Item[Any] | None = None) -> Sequence[ui.LayoutView]:
    """Say why something was refused, and show all that was typed, in as many messages as it takes.

    Args:
        typed: nothing where there is only something to be pressed.
        button: by which to go on, where there is one.
    """
    typed = typed[:TYPED_MAX_CHARACTERS]
    pieces = [typed[start : start + _PIECE_CHARACTERS] for start in range(0, len(typed), _PIECE_CHARACTERS)]
    first, *rest = map(formatting.block, pieces or [""])
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(sentence)]
    if typed:
        items.append(ui.TextDisplay(first))
    if button is not None:
        items.append(ui.ActionRow[ui.LayoutView]().add_item(button))
    return [_view(*items), *(_view(ui.TextDisplay(piece)) for piece in rest)]


def _view(*items: ui.Item[ui.LayoutView]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()  # discord.py need not keep it, with a timer, for 15 minutes: its button is heard without it
    return view
