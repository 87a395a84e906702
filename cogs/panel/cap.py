"""The panel's section about the server's cap and its time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui import forms
from bot.ui.components import component
from bot.ui.messages.panel.cap import cap_view
from cogs.corrections import form
from cogs.moderation.options import parse_typed_quota
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.ui.components import Press


class CapSection(Section):
    """Shows and changes the cap and the time zone."""

    name = "cap"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show both."""
        return cap_view(await self._panel.details(interaction))

    @component("panel:cap_set")
    async def ask_cap(self, press: Press) -> None:
        """Ask for a cap."""
        await press.interaction.response.send_modal(await self.cap_form(press))

    @form("form:cap")
    async def cap_form(self, press: Press) -> ui.Modal:
        """Ask for a cap."""
        return forms.cap_form(self._services.profile)

    @component("form:cap")
    async def set_cap(self, press: Press) -> None:
        """Set the cap."""
        setting = self._acts.set_cap(press.interaction, parse_typed_quota(press))
        await self._panel.do(press.interaction, setting, Place(self.name))

    @component("panel:cap_clear")
    async def clear_cap(self, press: Press) -> None:
        """Take the cap away."""
        await self._panel.do(press.interaction, self._acts.set_cap(press.interaction, None), Place(self.name))

    @component("panel:timezone")
    async def ask_timezone(self, press: Press) -> None:
        """Ask for a time zone."""
        await press.interaction.response.send_modal(await self.timezone_form(press))

    @form("form:timezone")
    async def timezone_form(self, press: Press) -> ui.Modal:
        """Ask for a time zone."""
        return forms.timezone_form()

    @component("form:timezone")
    async def set_timezone(self, press: Press) -> None:
        """Set the time zone."""
        setting = self._acts.set_timezone(press.interaction, press.typed(forms.ZONE))
        await self._panel.do(press.interaction, setting, Place(self.name))
