"""The panel's section about seconds that moderators gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.errors import read_all
from bot.ui import filled_forms, forms
from bot.ui.components import component
from bot.ui.messages.panel.grants import grants_view, members_with_grants
from bot.ui.text import forms as form_text
from cogs.context import requester_by_id
from cogs.corrections import form
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
        self._panel.names.note(press.chosen)
        await press.interaction.response.send_modal(await self.grant_form(press, press.chosen.id, page))

    @form("form:grant:{member_id}:{page}")
    async def grant_form(self, press: Press, member_id: int, page: int) -> ui.Modal:
        """Ask how many seconds to give a member, and for how long."""
        name = await self._panel.names.name(press.interaction.client, member_id, otherwise=form_text.THIS_MEMBER)
        return forms.grant_form(member_id, name, page, self._services.profile)

    @component("form:grant:{member_id}:{page}")
    async def grant(self, press: Press, member_id: int, page: int) -> None:
        """Give a member seconds."""
        seconds, days = read_all(
            lambda: filled_forms.parse_whole_seconds(press.typed(forms.SECONDS)),
            lambda: filled_forms.parse_days(press.typed(forms.DAYS)),
        )

        async def give() -> str:
            to = await requester_by_id(press.interaction, member_id)
            return await self._acts.grant(press.interaction, to, seconds, days)

        await self._panel.do(press.interaction, give(), Place(self.name, page))

    @component("panel:gift_end:{page}", chosen=str)
    async def revoke(self, press: Press, page: int) -> None:
        """Take back what is left of the grant that was chosen."""
        revoking = self._acts.revoke_grant(press.interaction, parse_id(press.chosen))
        await self._panel.do(press.interaction, revoking, Place(self.name, page))
