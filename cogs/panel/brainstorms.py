"""The panel's section about brainstorming: how it is held, and the server's own lists of phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import read_all
from bot.ui import filled_forms, forms
from bot.ui.components import component
from bot.ui.messages.panel.brainstorms import brainstorms_view
from cogs.context import guild_id_of
from cogs.corrections import form
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.ui.components import Press


class BrainstormsSection(Section):
    """Shows and changes how brainstorms are held, and adds, edits and removes lists."""

    name = "brainstorms"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show the settings and a page of lists."""
        lists = await self._services.phrase_lists.list_own(guild_id_of(interaction))
        return brainstorms_view(await self._panel.details(interaction), lists, place.page)

    @component("panel:brainstorms_set:{page}")
    async def ask_settings(self, press: Press, page: int) -> None:
        """Ask how brainstorms are held."""
        await press.interaction.response.send_modal(await self.settings_form(press, page))

    @form("form:brainstorms:{page}")
    async def settings_form(self, press: Press, page: int) -> ui.Modal:
        """Ask how brainstorms are held."""
        details = await self._panel.details(press.interaction)
        server = details.view.server
        return forms.brainstorms_form(server, page, voters_deleted=server.voter_role_id in details.deleted)

    @component("form:brainstorms:{page}")
    async def set(self, press: Press, page: int) -> None:
        """Set how brainstorms are held."""
        voter_role_id, allows_own_votes = read_all(
            lambda: filled_forms.parse_role_id(press.typed(forms.VOTERS)),
            lambda: filled_forms.parse_own_votes(press.typed(forms.OWN_VOTES)),
        )
        setting = self._acts.set_brainstorms(
            press.interaction,
            per_channel=filled_forms.parse_count(press.typed(forms.PER_CHANNEL)),
            per_member=filled_forms.parse_count(press.typed(forms.PER_MEMBER)),
            voter_role_id=voter_role_id,
            allows_own_votes=allows_own_votes,
        )
        await self._panel.do(press.interaction, setting, Place(self.name, page))

    @component("panel:list_add:{page}")
    async def ask_list(self, press: Press, page: int) -> None:
        """Ask for a new list."""
        await press.interaction.response.send_modal(await self.list_form(press, page))

    @form("form:list_add:{page}")
    async def list_form(self, press: Press, page: int) -> ui.Modal:
        """Ask for a new list."""
        return forms.list_form(page)

    @component("form:list_add:{page}")
    async def add(self, press: Press, page: int) -> None:
        """Add a list."""
        name, phrases = press.typed(forms.LIST_NAME), press.typed(forms.PHRASES)
        adding = self._acts.add_list(press.interaction, name, phrases)
        await self._panel.do(press.interaction, adding, Place(self.name, page))

    @component("panel:list_edit:{page}", chosen=str)
    async def ask_phrases(self, press: Press, page: int) -> None:
        """Ask for the phrases of the list that was chosen."""
        await press.interaction.response.send_modal(await self.phrases_form(press, press.chosen, page))

    @form("form:list_edit:{list_name}:{page}")
    async def phrases_form(self, press: Press, list_name: str, page: int) -> ui.Modal:
        """Ask for a list's phrases."""
        return forms.phrases_form(await self._services.phrase_lists.find(press.guild_id, list_name), page)

    @component("form:list_edit:{list_name}:{page}")
    async def edit(self, press: Press, list_name: str, page: int) -> None:
        """Give a list other phrases."""
        editing = self._acts.replace_list(press.interaction, list_name, press.typed(forms.PHRASES))
        await self._panel.do(press.interaction, editing, Place(self.name, page))

    @component("panel:list_remove:{page}", chosen=str)
    async def remove(self, press: Press, page: int) -> None:
        """Remove the list that was chosen."""
        removing = self._acts.remove_list(press.interaction, press.chosen)
        await self._panel.do(press.interaction, removing, Place(self.name, page))
