"""The panel's section about who is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui import filled_forms, forms
from bot.ui.components import component
from bot.ui.messages.panel.blocks import blocked_members, blocks_view
from cogs.moderation.options import parse_id
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.components import Press


class BlocksSection(Section):
    """Shows, blocks and unblocks members."""

    name = "blocks"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of blocked members."""
        details = await self._panel.details(interaction, members=lambda view: blocked_members(view, place.page))
        return blocks_view(details, place.page)

    @component("panel:block_who:{page}", chosen=discord.Member | discord.User)
    async def ask_block(self, press: Press, page: int) -> None:
        """Ask for why and how long the member that was chosen is to be blocked."""
        await press.interaction.response.send_modal(forms.block_form(press.chosen.id, press.chosen.name, page))

    @component("form:block:{member_id}:{page}")
    async def block(self, press: Press, member_id: int, page: int) -> None:
        """Block a member."""
        days = filled_forms.parse_days(press.typed(forms.DAYS))
        blocking = self._acts.block(press.interaction, member_id, press.typed(forms.REASON), days)
        await self._panel.do(press.interaction, blocking, Place(self.name, page))

    @component("panel:unblock:{page}", chosen=str)
    async def unblock(self, press: Press, page: int) -> None:
        """End the block that was chosen."""
        unblocking = self._acts.unblock(press.interaction, parse_id(press.chosen))
        await self._panel.do(press.interaction, unblocking, Place(self.name, page))
