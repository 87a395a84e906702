"""``/video``: take a request in and show its status card."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.errors import StoreUnavailableError
from bot.models import PROMPT_MAX_CHARACTERS, PROMPT_MIN_CHARACTERS
from bot.services.admission.job_request import JobRequest
from bot.ui import replies
from bot.ui.messages.status_card import status_view
from bot.ui.text import commands as command_text
from bot.ui.text import formatting
from cogs.context import channel_id_of, requester, requester_in_place

if TYPE_CHECKING:
    from bot.services.jobs.requests import Accepted, JobService

_log = logging.getLogger(__name__)


class VideoCog(commands.Cog):
    """Turns text into video."""

    def __init__(self, *, jobs: JobService) -> None:
        self._jobs = jobs

    @app_commands.command(name="video", description=command_text.VIDEO_COMMAND)
    @app_commands.guild_only()
    @app_commands.describe(
        prompt=command_text.VIDEO_PROMPT, aspect=command_text.VIDEO_ASPECT, duration=command_text.VIDEO_DURATION
    )
    @app_commands.choices(aspect=[Choice(name=name, value=aspect.value) for aspect, name in formatting.ASPECTS.items()])
    @app_commands.choices(duration=[Choice(name=name, value=seconds) for seconds, name in formatting.DURATIONS.items()])
    async def video(
        self,
        interaction: discord.Interaction,
        prompt: Range[str, PROMPT_MIN_CHARACTERS, PROMPT_MAX_CHARACTERS],
        aspect: str | None = None,
        duration: int | None = None,
    ) -> None:
        """Accept a job, show its card, and remember where the card is."""
        request = JobRequest.parse(
            interaction_id=interaction.id,
            channel_id=channel_id_of(interaction),
            requester=requester(interaction),
            prompt=prompt,
            aspect=aspect,
            duration_seconds=duration,
        )
        _require_permissions(interaction)
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
        asking = await requester_in_place(interaction)
        return await self._jobs.accept_held(replace(request, requester=asking))

    async def _let_start(self, accepted: Accepted, message_id: int | None = None) -> None:
        """Let a job start that was held for its answer, and remember its card where there is one."""
        try:
            await self._jobs.let_start(accepted, message_id)
        except StoreUnavailableError:
            fields = {"job_id": accepted.card.job.id, "message_id": message_id}
            _log.warning("status card not remembered", extra=fields)


def _require_permissions(interaction: discord.Interaction) -> None:
    """Check that the bot can do all that the job will ask of it here, before anything is charged.

    Raises:
        discord.app_commands.BotMissingPermissions: naming all that lack.
    """
    in_thread = isinstance(interaction.channel, discord.Thread)
    granted = interaction.app_permissions
    needed = {
        "view_channel": granted.view_channel,
        "send_messages_in_threads" if in_thread else "send_messages": (
            granted.send_messages_in_threads if in_thread else granted.send_messages
        ),
        "attach_files": granted.attach_files,
        "read_message_history": granted.read_message_history,  # to find a clip posted just before a crash
    }
    lacking = [name for name, has in needed.items() if not has]
    if lacking:
        raise app_commands.BotMissingPermissions(lacking)
