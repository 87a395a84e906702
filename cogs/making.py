"""Having a clip made: what ``/video`` and the buttons under a clip do, once they know what is asked for."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import StoreUnavailableError
from bot.ui import replies
from bot.ui.messages.status_card import status_view
from cogs.gates import requester_there, require_open_place

if TYPE_CHECKING:
    import discord

    from bot.services.admission.job_request import JobRequest
    from bot.services.jobs.requests import Accepted, JobService

_log = logging.getLogger(__name__)


class Maker:
    """Takes requests in, with a status card as the answer."""

    def __init__(self, *, jobs: JobService) -> None:
        self._jobs = jobs

    async def make(self, interaction: discord.Interaction, request: JobRequest) -> None:
        """Accept a job, show its card, and remember where the card is.

        In direct messages the request's place is asked about in the request's server.

        Raises:
            discord.app_commands.AppCommandError, PublishError: what ``gates`` says no with.
            RefusedError: likewise, and what ``Admission`` says no with.
            StoreUnavailableError: when the database cannot be asked; the answer is then no.
        """
        if interaction.guild_id is not None:
            require_open_place(interaction)
        try:
            accepted = await replies.run_or_defer(interaction, self._accept(interaction, request), private=False)
        except BaseException:  # whatever it was: a job that is accepted all the same is held by nobody
            self._jobs.abandon(interaction.id)
            raise
        try:
            if interaction.response.is_done():  # acknowledged without the card, which the job need not wait for
                await self._let_start(accepted)
            message_id = await replies.show(interaction, status_view(accepted.card))
        except replies.UnheardError:
            self._jobs.withdraw_unheard(accepted)
        except BaseException:  # as above
            self._jobs.abandon(interaction.id)
            raise
        else:
            await self._let_start(accepted, message_id)

    async def _accept(self, interaction: discord.Interaction, request: JobRequest) -> Accepted:
        """Take a request in, once its place is known."""
        asking = await requester_there(interaction, request.requester.guild_id, request.channel_id)
        return await self._jobs.accept_held(replace(request, requester=asking))

    async def _let_start(self, accepted: Accepted, message_id: int | None = None) -> None:
        """Let a job start that was held for its answer, and remember its card where there is one."""
        try:
            await self._jobs.let_start(accepted, message_id)
        except StoreUnavailableError:
            fields = {"job_id": accepted.card.job.id, "message_id": message_id}
            _log.warning("status card not remembered", extra=fields)
