"""The panel's section about seconds that moderators gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui import filled_forms, forms
from bot.ui.components import component
from bot.ui.messages.panel.grants import grants_view, members_with_grants
from cogs.context import requester_by_id
from cogs.moderation.options import parse_id
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.components import Press


class GrantsSection(Section):
    """Shows given seconds, gives more and takes some back."""

    name = "gifts"  # as in the custom ids of panels that are open

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of what is left of given seconds."""
        details = await self._panel.details(interaction, members=lambda view: members_with_grants(view, place.page))
        return grants_view(details, place.page)

    @component("panel:gift_who:{page}", chosen=discord.Member | discord.User)
    async def ask_grant(self, press: Press, page: int) -> None:
        """Ask how many seconds to give the member that was chosen, and for how long."""
        form = forms.grant_form(press.chosen.id, press.chosen.name, page, self._services.profile)
        await press.interaction.response.send_modal(form)

    @component("form:grant:{member_id}:{page}")
    async def grant(self, press: Press, member_id: int, page: int) -> None:
        """Give a member seconds."""
        seconds = filled_forms.parse_whole_seconds(press.typed(forms.SECONDS))
        days = filled_forms.parse_days(press.typed(forms.DAYS))

        async def give() -> str:
            to = await requester_by_id(press.interaction, member_id)
            return await self._acts.grant(press.interaction, to, seconds, days)

        await self._panel.do(press.interaction, give(), Place(self.name, page))

    @component("panel:gift_end:{page}", chosen=str)
    async def revoke(self, press: Press, page: int) -> None:
        """Take back what is left of the grant that was chosen."""
        revoking = self._acts.revoke_grant(press.interaction, parse_id(press.chosen))
        await self._panel.do(press.interaction, revoking, Place(self.name, page))
