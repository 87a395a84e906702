"""``/quota``: where a member stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.ui import replies
from bot.ui.text import commands as command_text
from bot.ui.text import members as member_text
from cogs.context import requester_in_place

if TYPE_CHECKING:
    from bot.services.admission.decision import AdmissionDetails
    from bot.services.admission.service import Admission


class QuotaCog(commands.Cog):
    """Shows members their own quota."""

    def __init__(self, *, admission: Admission) -> None:
        self._admission = admission

    @app_commands.command(name="quota", description=command_text.QUOTA_COMMAND)
    @app_commands.guild_only()
    async def quota(self, interaction: discord.Interaction) -> None:
        """Show what is used and left, which rule holds and when it resets, and what else is in the way."""

        async def look() -> AdmissionDetails:
            return await self._admission.explain(await requester_in_place(interaction))

        stand = await replies.run_or_defer(interaction, look(), private=True)
        overview = member_text.quota_overview(stand.status, stand.cap, stand.refusal, stand.ceiling_refusal)
        await replies.reply(interaction, overview)
