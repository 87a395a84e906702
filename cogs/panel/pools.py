"""The panel's section about the pools of channels; ``quotas.py`` sets and clears them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import QuotaSource
from bot.ui import forms
from bot.ui.components import component
from bot.ui.messages.panel.pools import pools_view
from cogs.moderation.options import AppCommandPlace
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.ui.components import Press


class PoolsSection(Section):
    """Shows and changes pools."""

    name = "pools"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of pools."""
        return pools_view(await self._panel.details(interaction), place.page)

    @component("panel:pool_channel:{page}", chosen=AppCommandPlace)
    async def ask_pool(self, press: Press, page: int) -> None:
        """Ask for the pool of the channel that was chosen."""
        channel, profile = press.chosen, self._services.profile
        asked = forms.quota_form(QuotaSource.CHANNEL, channel.id, channel.name, page, profile)
        await press.interaction.response.send_modal(asked)
