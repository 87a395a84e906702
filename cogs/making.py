"""Having a clip made: what ``/video`` and the buttons under a clip do, once they know what is asked for."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from discord import app_commands

from bot.errors import ReelayError, StoreUnavailableError
from bot.ui import replies
from bot.ui.messages.status_card import status_view
from bot.ui.text import members as member_text
from cogs.gates import requester_there, require_open_place

if TYPE_CHECKING:
    import discord

    from bot.services.admission.job_request import JobRequest
    from bot.services.admission.privately import PrivateRequests
    from bot.services.jobs.requests import Accepted, JobService

_log = logging.getLogger(__name__)


class Maker:
    """Takes requests in, with a status card as the answer."""

    def __init__(self, *, jobs: JobService, private_requests: PrivateRequests) -> None:
        self._jobs = jobs
        self._private_requests = private_requests

    async def make(self, interaction: discord.Interaction, request: JobRequest) -> None:
        """Accept a job, show its card, and remember where the card is.

        A private job's card is sent directly, and the answer says so; in direct messages the answer is the card, and
        the request's place is asked about in the request's server.

        Raises:
            discord.app_commands.AppCommandError, PublishError: what ``gates`` says no with.
            RefusedError: likewise, and what ``Admission`` says no with.
            MessagesClosedError: when a private job's member takes no direct messages; it is undone.
            StoreUnavailableError: when the database cannot be asked; the answer is then no.
        """
        if interaction.guild_id is not None:
            require_open_place(interaction, posts=not request.is_private)
            if request.is_private:
                await replies.run_and_reply(interaction, self._accept_privately(interaction, request))
                return
        try:
            accepted = await replies.run_or_defer(interaction, self._accept(interaction, request), private=False)
        except (ReelayError, app_commands.AppCommandError):  # so says the acceptance itself: there is no job
            raise
        except BaseException:  # whatever it was: a job that is accepted all the same is held by nobody
            self._jobs.abandon(interaction.id)
            raise
        with self._jobs.held.while_answering(accepted.card.job):
            await self._show(interaction, accepted)
        if accepted.last_under is not None:
            await self._tell_last(interaction, member_text.last_clip(accepted.last_under))

    async def _show(self, interaction: discord.Interaction, accepted: Accepted) -> None:
        """Show the card of an accepted job, and let the job start."""
        try:
            if interaction.response.is_done():  # acknowledged without the card, which the job need not wait for
                await self._let_start(accepted)
            message_id = await replies.show(interaction, status_view(accepted.card))
        except replies.UnheardError:
            self._jobs.withdraw_unheard(accepted)
        except BaseException:  # whatever it was: a job that is accepted all the same is held by nobody
            self._jobs.abandon(interaction.id)
            raise
        else:
            await self._let_start(accepted, message_id, is_heard=message_id is not None)

    async def _accept(self, interaction: discord.Interaction, request: JobRequest) -> Accepted:
        """Take a request in, once its place is known."""
        asking = await requester_there(interaction, request.requester.guild_id, request.channel_id)
        return await self._jobs.accept_held(replace(request, requester=asking))

    async def _accept_privately(self, interaction: discord.Interaction, request: JobRequest) -> str:
        """Take a private request in and send its card; return what its member is told where they asked."""
        asking = await requester_there(interaction, request.requester.guild_id, request.channel_id)
        accepted = await self._private_requests.accept(replace(request, requester=asking))
        last = "" if accepted.last_under is None else member_text.last_clip(accepted.last_under)
        return "\n".join(filter(None, (member_text.PRIVATE_ACCEPTED, last)))

    async def _tell_last(self, interaction: discord.Interaction, words: str) -> None:
        """Tell a member beside the card that it was their last clip for now; that they did not hear it is logged."""
        try:
            await interaction.followup.send(words, ephemeral=True)
        except replies.UNDELIVERED as error:
            _log.warning("last clip not told", extra={"error": type(error).__name__})

    async def _let_start(self, accepted: Accepted, message_id: int | None = None, *, is_heard: bool = True) -> None:
        """Let a job start that was held for its answer, and remember its card where there is one."""
        try:
            await self._jobs.let_start(accepted, message_id, is_heard=is_heard)
        except StoreUnavailableError:
            fields = {"job_id": accepted.card.job.id, "message_id": message_id}
            _log.warning("status card not remembered", extra=fields)
