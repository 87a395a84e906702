"""The panel's section about what is on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.components import component
from bot.ui.messages.panel.jobs import jobs_view
from cogs.context import guild_id_of
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.ui.components import Press


class JobsSection(Section):
    """Shows and cancels what waits and renders."""

    name = "jobs"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of open jobs."""
        return jobs_view(await self._services.history.list_open(guild_id_of(interaction)), place.page)

    @component("panel:job_cancel:{job_id}:{page}")
    async def cancel(self, press: Press, job_id: str, page: int) -> None:
        """Cancel a clip that is on the way."""
        cancelling = self._acts.cancel_job(press.interaction, job_id)
        await self._panel.do(press.interaction, cancelling, Place(self.name, page))
