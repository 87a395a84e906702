"""The panel's section about the quotas of members, roles and everyone; pools are set and cleared in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.errors import read_all
from bot.models import QuotaSource
from bot.ui import filled_forms, forms
from bot.ui.components import component
from bot.ui.messages.panel.quotas import members_with_quotas, quotas_view
from bot.ui.text import forms as form_text
from cogs.corrections import form
from cogs.directory import names_in
from cogs.moderation.options import parse_rule_key, parse_subject, parse_typed_quota, require_subject
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.components import Press

QUOTA_FORM = "form:quota:{source:member|role|server|channel}:{subject_id}:{page}"


class QuotasSection(Section):
    """Shows and changes quotas."""

    name = "quotas"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of quotas."""
        details = await self._panel.details(interaction, members=lambda view: members_with_quotas(view, place.page))
        return quotas_view(details, place.page)

    @component("panel:quota_who:{page}", chosen=discord.Member | discord.User | discord.Role)
    async def ask_quota(self, press: Press, page: int) -> None:
        """Ask for the quota of the member or role that was chosen."""
        source, subject_id = parse_subject(press.interaction, press.chosen)
        if source is QuotaSource.MEMBER:
            self._panel.names.note(press.chosen)
        await press.interaction.response.send_modal(await self.quota_form(press, source, subject_id, page))

    @component("panel:quota_everyone:{page}")
    async def ask_everyones_quota(self, press: Press, page: int) -> None:
        """Ask for everyone's quota."""
        asked = await self.quota_form(press, QuotaSource.SERVER, press.guild_id, page)
        await press.interaction.response.send_modal(asked)

    @form(QUOTA_FORM)
    async def quota_form(self, press: Press, source: str, subject_id: int, page: int) -> ui.Modal:
        """Ask for the quota of a member, a role or everyone, or for a channel's pool."""
        subject = QuotaSource(source)
        name = names_in(press.interaction.guild).get(subject_id, str(subject_id))
        if subject is QuotaSource.SERVER:
            name = form_text.EVERYONE
        elif subject is QuotaSource.MEMBER:
            name = await self._panel.names.name(press.interaction.client, subject_id, otherwise=form_text.THIS_MEMBER)
        return forms.quota_form(subject, subject_id, name, page, self._services.profile)

    @component(QUOTA_FORM)
    async def set_quota(self, press: Press, source: str, subject_id: int, page: int) -> None:
        """Set a quota or a pool."""
        quota, days = read_all(
            lambda: parse_typed_quota(press), lambda: filled_forms.parse_days(press.typed(forms.DAYS))
        )

        async def change() -> str:
            await require_subject(press.interaction, QuotaSource(source), subject_id)
            return await self._acts.set_quota(press.interaction, QuotaSource(source), subject_id, quota, days)

        section = "pools" if source == QuotaSource.CHANNEL else "quotas"
        await self._panel.do(press.interaction, change(), Place(section, page))

    @component("panel:rule_clear:{section:quotas|pools}:{page}", chosen=str)
    async def clear_quota(self, press: Press, section: str, page: int) -> None:
        """Remove the quota or pool that was chosen."""
        clearing = self._acts.clear_quota(press.interaction, *parse_rule_key(press.chosen))
        await self._panel.do(press.interaction, clearing, Place(section, page))
