"""The list of a server's brainstorms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui.components import BrainstormListItem
from bot.ui.messages.brainstorms.parts import button, framed, rows, text
from bot.ui.text.brainstorms import lists as list_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from discord import ui

    from bot.models.brainstorms import BrainstormSummary
    from bot.ui.messages.brainstorms.parts import Item

PAGE_LENGTH = 5
"""How many brainstorms a page has: with the longest texts they stay under Discord's 4,000 characters."""


def brainstorms_view(
    summaries: Sequence[BrainstormSummary], page: int, pages: int, hidden: Collection[int] = ()
) -> ui.LayoutView:
    """Show a page of the server's brainstorms.

    Args:
        summaries: at most ``PAGE_LENGTH``.
        page: its number, from 1.
        pages: how many there are.
        hidden: ids of channels that whoever looks does not see: of what was started there, only that it is said.
    """
    items: list[Item] = [text(list_text.heading(page, pages))]
    write = (list_text.hidden_entry if it.brainstorm.channel_id in hidden else list_text.entry for it in summaries)
    items += [text(of(it)) for of, it in zip(write, summaries, strict=True)] or [text(list_text.NOTHING)]
    ways = [(page - 1, list_text.NEWER_BUTTON), (page + 1, list_text.OLDER_BUTTON)]
    offered = [(target, label) for target, label in ways if 1 <= target <= pages]
    items += rows([button(BrainstormListItem, f"brainstorms:page:{target}", label) for target, label in offered])
    return framed(items, discord.Colour.blurple())
