"""The panel's section about the quotas of members, roles and everyone; pools are set and cleared in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.models import QuotaSource
from bot.ui import filled_forms, forms
from bot.ui.components import component
from bot.ui.messages.panel.quotas import members_with_quotas, quotas_view
from bot.ui.text import forms as form_text
from cogs.moderation.options import parse_rule_key, parse_subject, parse_typed_quota, require_subject
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.components import Press


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
        form = forms.quota_form(source, subject_id, press.chosen.name, page, self._services.profile)
        await press.interaction.response.send_modal(form)

    @component("panel:quota_everyone:{page}")
    async def ask_everyones_quota(self, press: Press, page: int) -> None:
        """Ask for everyone's quota."""
        form = forms.quota_form(QuotaSource.SERVER, press.guild_id, form_text.EVERYONE, page, self._services.profile)
        await press.interaction.response.send_modal(form)

    @component("form:quota:{source:member|role|server|channel}:{subject_id}:{page}")
    async def set_quota(self, press: Press, source: str, subject_id: int, page: int) -> None:
        """Set a quota or a pool."""
        quota, days = parse_typed_quota(press), filled_forms.parse_days(press.typed(forms.DAYS))

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
