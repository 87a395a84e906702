"""The panel's section about who is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui import forms, replies
from bot.ui.components import component
from bot.ui.messages.panel.blocks import blocked_members, blocks_view
from bot.ui.text import forms as form_text
from cogs.corrections import form
from cogs.moderation.options import parse_block, parse_id
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
        self._panel.names.note(press.chosen)
        await press.interaction.response.send_modal(await self.block_form(press, press.chosen.id, page))

    @form("form:block:{member_id}:{page}")
    async def block_form(self, press: Press, member_id: int, page: int) -> ui.Modal:
        """Ask for why and how long a member is to be blocked."""
        name = await self._panel.names.name(press.interaction.client, member_id, otherwise=form_text.THIS_MEMBER)
        is_oneself = member_id == press.member_id
        return forms.block_form(f"form:block:{member_id}:{page}", name, is_oneself=is_oneself)

    @component("form:block:{member_id}:{page}")
    async def block(self, press: Press, member_id: int, page: int) -> None:
        """Block a member."""
        blocking = self._acts.block(press.interaction, member_id, *parse_block(press, member_id))
        await self._panel.do(press.interaction, blocking, Place(self.name, page))

    @form("form:block_me")
    async def block_me_form(self, press: Press) -> ui.Modal:
        """Ask a moderator who wants to block themselves by the command."""
        return forms.block_form("form:block_me", press.interaction.user.display_name, is_oneself=True)

    @component("form:block_me")
    async def block_me(self, press: Press) -> None:
        """Block whoever asks for it."""
        blocking = self._acts.block(press.interaction, press.member_id, *parse_block(press, press.member_id))
        await replies.run_and_reply(press.interaction, blocking)

    @component("panel:unblock:{page}", chosen=str)
    async def unblock(self, press: Press, page: int) -> None:
        """End the block that was chosen."""
        unblocking = self._acts.unblock(press.interaction, parse_id(press.chosen))
        await self._panel.do(press.interaction, unblocking, Place(self.name, page))
