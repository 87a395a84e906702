"""``/quota``: where a member stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.ui import answers, descriptions, texts
from cogs.members import asker

if TYPE_CHECKING:
    from bot.services.quotas import QuotaService


class QuotaCog(commands.Cog):
    """Shows members their own quota."""

    def __init__(self, *, quotas: QuotaService) -> None:
        self._quotas = quotas

    @app_commands.command(name="quota", description=descriptions.QUOTA_COMMAND)
    @app_commands.guild_only()
    async def quota(self, interaction: discord.Interaction) -> None:
        """Show what is used and left, which rule holds and when it resets."""
        asking = self._quotas.status(asker(interaction))
        status, cap = await answers.promptly(interaction, asking, private=True)
        await answers.say(interaction, texts.quota_overview(status, cap))
