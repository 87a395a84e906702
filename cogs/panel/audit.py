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


class AuditSection(Section):
    """Shows the latest changes."""

    name = "audit"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of changes."""
        page = max(1, place.page)
        changes, total = await self._services.servers.list_changes(
            guild_id_of(interaction), limit=PAGE_LENGTH, skip=(page - 1) * PAGE_LENGTH
        )
        deleted = deleted_in_changes(interaction.guild, changes)
        return audit_view(changes, deleted, page, max(1, -(-total // PAGE_LENGTH)))
