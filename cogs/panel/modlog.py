"""The panel's section about the moderators' log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.components import component
from bot.ui.messages.panel.modlog import modlog_settings_view
from cogs.moderation.options import AppCommandPlace, require_log_channel
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.ui.components import Press


class ModlogSection(Section):
    """Shows and changes where the log goes."""

    name = "log"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show where it goes."""
        return modlog_settings_view(await self._panel.details(interaction))

    @component("panel:log_channel", chosen=AppCommandPlace)
    async def set_channel(self, press: Press) -> None:
        """Send the log to the channel that was chosen."""
        channel_id = require_log_channel(press.interaction, press.chosen.id)
        setting = self._acts.set_log_channel(press.interaction, channel_id)
        await self._panel.do(press.interaction, setting, Place(self.name))

    @component("panel:log_clear")
    async def clear_channel(self, press: Press) -> None:
        """Keep no log."""
        await self._panel.do(press.interaction, self._acts.set_log_channel(press.interaction, None), Place(self.name))
