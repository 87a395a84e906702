"""What is on the way in a server, as a Components V2 layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.ui.text.clips.queue import queue_overview

if TYPE_CHECKING:
    from bot.models import ServerQueue


def queue_view(queue: ServerQueue, *, member_id: int) -> ui.LayoutView:
    """Show it to one member."""
    view = ui.LayoutView(timeout=None)
    words = ui.TextDisplay[ui.LayoutView](queue_overview(queue, member_id))
    view.add_item(ui.Container(words, accent_colour=discord.Colour.greyple()))
    return view
