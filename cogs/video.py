"""``/video``: take a request in and show its status card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.errors import ReelayError
from bot.models import PROMPT_MAX_CHARACTERS, PROMPT_MIN_CHARACTERS, Draft
from bot.services.admission.job_request import JobRequest
from bot.ui.text import commands as command_text
from bot.ui.text import formatting
from cogs.context import channel_id_of, requester

if TYPE_CHECKING:
    from bot.models import ModelProfile
    from cogs.making import Maker
    from cogs.remixing import Remixing


class VideoCog(commands.Cog):
    """Turns text into video.

    Args:
        remixing: gives back what is refused.
        profile: what the model takes; its choices are those of the command.
    """

    def __init__(self, *, maker: Maker, remixing: Remixing, profile: ModelProfile) -> None:
        self._maker = maker
        self._remixing = remixing
        aspects = [Choice(name=formatting.ASPECTS[aspect], value=aspect.value) for aspect in profile.aspects]
        durations = [Choice(name=name, value=seconds) for seconds, name in formatting.durations(profile).items()]
        app_commands.choices(aspect=aspects)(self.video)
        app_commands.choices(duration=durations)(self.video)
        app_commands.describe(duration=command_text.video_duration(profile))(self.video)

    @app_commands.command(name="video", description=command_text.VIDEO_COMMAND)
    @app_commands.guild_only()
    @app_commands.describe(
        prompt=command_text.VIDEO_PROMPT,
        aspect=command_text.VIDEO_ASPECT,
        spoiler=command_text.VIDEO_SPOILER,
        private=command_text.VIDEO_PRIVATE,
    )
    async def video(
        self,
        interaction: discord.Interaction,
        prompt: Range[str, PROMPT_MIN_CHARACTERS, PROMPT_MAX_CHARACTERS],
        aspect: str | None = None,
        duration: int | None = None,
        spoiler: bool = False,
        private: bool = False,
    ) -> None:
        """Accept a job, show its card, and remember where the card is; what is refused is given back."""
        try:
            request = JobRequest.parse(
                interaction_id=interaction.id,
                channel_id=channel_id_of(interaction),
                requester=requester(interaction),
                prompt=prompt,
                aspect=aspect,
                duration_seconds=duration,
                is_spoiler=spoiler,
                is_private=private,
            )
            await self._maker.make(interaction, request)
        except (ReelayError, app_commands.AppCommandError) as error:
            draft = Draft.parse(*(str(each or "") for each in (prompt, aspect, duration)))
            await self._remixing.give_back_command(
                interaction, error, draft, is_spoiler=bool(spoiler), is_private=bool(private)
            )
