"""The panel's section about who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.messages.panel.audit import audit_view
from bot.ui.messages.panel.parts import PAGE_LENGTH
from cogs.context import guild_id_of
from cogs.directory import deleted_in_changes
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.models import Change


class AuditSection(Section):
    """Shows the latest changes."""

    name = "audit"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of changes."""
        page, (changes, total) = place.page, await self._changes(interaction, place.page)
        count = max(1, -(-total // PAGE_LENGTH))
        if page > count:
            page, (changes, _) = count, await self._changes(interaction, count)
        return audit_view(changes, deleted_in_changes(interaction.guild, changes), max(1, page), count)

    async def _changes(self, interaction: discord.Interaction, page: int) -> tuple[list[Change], int]:
        skip = (max(1, page) - 1) * PAGE_LENGTH
        return await self._services.servers.list_changes(guild_id_of(interaction), limit=PAGE_LENGTH, skip=skip)
