"""The panel's first page, the way to the sections, and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui import forms
from bot.ui.components import component
from bot.ui.messages.panel.home import home_view
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.ui.components import Press


class HomeSection(Section):
    """Shows how everything stands, and pauses video making."""

    name = "home"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show the first page."""
        return home_view(await self._panel.details(interaction))

    @component("panel:open:{section}:{page}")
    async def open(self, press: Press, section: str, page: int) -> None:
        """Go to a section's page."""
        await self._panel.show(press.interaction, Place(section, page))

    @component("panel:section", chosen=str)
    async def choose_section(self, press: Press) -> None:
        """Go to the section that was chosen."""
        await self._panel.show(press.interaction, Place(press.chosen))

    @component("panel:pause")
    async def ask_pause(self, press: Press) -> None:
        """Ask for a reason."""
        await press.interaction.response.send_modal(forms.pause_form())

    @component("form:pause")
    async def pause(self, press: Press) -> None:
        """Take no new clips."""
        pausing = self._acts.pause(press.interaction, press.typed(forms.REASON))
        await self._panel.do(press.interaction, pausing, Place("home"))

    @component("panel:resume")
    async def resume(self, press: Press) -> None:
        """Take clips again."""
        await self._panel.do(press.interaction, self._acts.resume(press.interaction), Place("home"))
