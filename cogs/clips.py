"""What members do to their clips by the buttons on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import Origin
from bot.ui.components import component
from bot.ui.messages.status_card import status_view
from cogs.context import place_of

if TYPE_CHECKING:
    from bot.services.clips.versions import Versions
    from bot.services.jobs.requests import JobService
    from bot.ui.components import Press
    from cogs.making import Maker


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


class ClipActions:
    """What the buttons under a clip do: each but the last makes its next version, charged to whoever presses."""

    def __init__(self, *, versions: Versions, maker: Maker) -> None:
        self._versions = versions
        self._maker = maker

    @component("clip:{action:again|flip|longer}:{job_id}")
    async def make_version(self, press: Press, action: str, job_id: str) -> None:
        """Make the clip again as it is, in the other shape or longer."""
        request = await self._versions.request(
            job_id,
            Origin(action),
            interaction_id=press.interaction.id,
            channel_id=place_of(press.interaction),
            requester=press.requester,
        )
        await self._maker.make(press.interaction, request)
