"""What the layouts of brainstorming are made of, and how such a message is found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord
from discord import ui

from bot.ui.text.brainstorms import boards as board_text
from bot.ui.text.brainstorms import results as result_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.ui.components import BrainstormListItem, PreviewItem, RoundItem

Item = ui.Item[ui.LayoutView]
Row = ui.ActionRow[ui.LayoutView]
PLAIN, MAIN, DANGER = discord.ButtonStyle.secondary, discord.ButtonStyle.primary, discord.ButtonStyle.danger
IN_A_ROW = 4
"""How many numbered buttons stand side by side: two rows of four are read at a glance."""


def text(words: str) -> ui.TextDisplay[ui.LayoutView]:
    """Show some words."""
    return ui.TextDisplay(words)


def framed(items: Iterable[Item], colour: discord.Colour) -> ui.LayoutView:
    """Put a message together, in a frame of a colour."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=colour))
    return view


def button(
    item_class: type[PreviewItem | RoundItem | BrainstormListItem],
    custom_id: str,
    label: str,
    style: discord.ButtonStyle = PLAIN,
    *,
    disabled: bool = False,
) -> Item:
    """Make a button of a kind of message."""
    plain = ui.Button[Any](label=label, style=style, custom_id=custom_id, disabled=disabled)
    return cast("Item", item_class(plain))


def rows(buttons: Sequence[Item], length: int = 5) -> list[Item]:
    """Put buttons into as many rows as they need."""
    made: list[Item] = []
    for start in range(0, len(buttons), length):
        row = Row()
        for each in buttons[start : start + length]:
            row.add_item(each)
        made.append(row)
    return made


def board_round_id(message: discord.Message) -> str | None:
    """Return the id of the round whose board a message of the bot's is; None where it is none."""
    return _found(message, board_text.round_of_reference)


def start_brainstorm_id(message: discord.Message) -> str | None:
    """Return the id of the brainstorm whose start message a message of the bot's is; None where it is none."""
    return _found(message, result_text.brainstorm_of_reference)


def result_round_id(message: discord.Message) -> str | None:
    """Return the id of the round whose result card a message of the bot's is; None where it is none."""
    return _found(message, result_text.round_of_result)


def _found(message: discord.Message, read: Callable[[str], str | None]) -> str | None:
    """Read a message's small line: it stands alone in its text, which nothing that people write ever does."""
    items = ui.LayoutView.from_message(message, timeout=None).walk_children()
    ids = (read(item.content) for item in items if isinstance(item, ui.TextDisplay))
    return next((each for each in ids if each is not None), None)
