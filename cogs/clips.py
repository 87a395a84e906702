"""What members do to their clips by the buttons on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.components import component
from bot.ui.messages.status_card import status_view

if TYPE_CHECKING:
    from bot.services.jobs.requests import JobService
    from bot.ui.components import Press


class StatusCardActions:
    """What the button on a status card does."""

    def __init__(self, *, jobs: JobService) -> None:
        self._jobs = jobs

    @component("job:cancel:{job_id}")
    async def cancel(self, press: Press, job_id: str) -> None:
        """Cancel a member's own clip and show it."""
        await press.interaction.response.defer()
        card = await self._jobs.cancel(job_id, guild_id=press.guild_id, member_id=press.member_id)
        await press.interaction.edit_original_response(view=status_view(card))
