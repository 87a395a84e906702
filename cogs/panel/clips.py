"""The panel's sections about clips: those on the way, and those that were posted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import NotRemovableError
from bot.ui import forms
from bot.ui.components import component
from bot.ui.messages.panel.clips import clips_view, jobs_view
from bot.ui.messages.panel.parts import JOBS_PAGE_LENGTH
from bot.ui.text.moderation import modlog as modlog_text
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


class ClipsSection(Section):
    """Shows what was posted, latest first, and removes it."""

    name = "clips"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of posted clips."""
        guild_id = guild_id_of(interaction)
        for page in (place.page, place.page - 1):  # what was on a page may have been removed meanwhile
            found = await self._page(guild_id, page)
            if found is not None:
                return found
        return await self._page(guild_id, 1) or clips_view([], 1, has_more=False)

    async def _page(self, guild_id: int, page: int) -> ui.LayoutView | None:
        """Show a page; None where there is nothing on it."""
        skip = (max(1, page) - 1) * JOBS_PAGE_LENGTH
        posted = await self._services.history.list_posted(guild_id, limit=JOBS_PAGE_LENGTH + 1, skip=skip)
        has_more = len(posted) > JOBS_PAGE_LENGTH
        return clips_view(posted[:JOBS_PAGE_LENGTH], max(1, page), has_more=has_more) if posted else None

    @component("panel:open:clip:{job_id}:{page}")
    async def ask_remove(self, press: Press, job_id: str, page: int) -> None:
        """Ask whether a clip is to be removed, and whether its seconds come back."""
        job = await self._services.history.find(job_id, guild_id=press.guild_id)
        if job is None or job.removed_at is not None:
            await self._panel.show(press.interaction, Place(self.name, page))
            raise NotRemovableError(job and job.removed_by_id, job and job.removed_at)
        refunds = None if job.archived_at is None else False
        asked = forms.removal_form(f"form:clip_remove:{job_id}:{page}", modlog_text.job_line(job), refunds=refunds)
        await press.interaction.response.send_modal(asked)

    @component("form:clip_remove:{job_id}:{page}")
    async def remove(self, press: Press, job_id: str, page: int) -> None:
        """Remove a clip, and refund it if asked."""
        refunds = press.typed(forms.REFUND) == forms.YES
        removing = self._acts.remove_clip(press.interaction, job_id, refunds=refunds)
        await self._panel.do(press.interaction, removing, Place(self.name, page))
