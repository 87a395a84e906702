"""``/quota``: where a member stands, and whether they are mentioned when a clip is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.ui import replies
from bot.ui.components import component
from bot.ui.messages.quota import quota_view
from bot.ui.text import commands as command_text
from cogs.context import requester_in_place

if TYPE_CHECKING:
    from discord import ui

    from bot.services.admission.service import Admission
    from bot.services.clips.mentions import Mentions
    from bot.ui.components import Press


class MemberOverview:
    """Puts together what a member is shown of where they stand."""

    def __init__(self, *, admission: Admission, mentions: Mentions) -> None:
        self._admission = admission
        self._mentions = mentions

    async def view(self, interaction: discord.Interaction) -> ui.LayoutView:
        """Show it to whoever asks, as of now."""
        details = await self._admission.explain(await requester_in_place(interaction))
        return quota_view(details, is_mentioned=await self._mentions.are_wanted(interaction.user.id))


class QuotaCog(commands.Cog):
    """Shows members their own quota."""

    def __init__(self, *, overview: MemberOverview) -> None:
        self._overview = overview

    @app_commands.command(name="quota", description=command_text.QUOTA_COMMAND)
    @app_commands.guild_only()
    async def quota(self, interaction: discord.Interaction) -> None:
        """Show what is used and left, which rule holds and when it resets, and what else is in the way."""
        view = await replies.run_or_defer(interaction, self._overview.view(interaction), private=True)
        await replies.show_privately(interaction, view)


class QuotaActions:
    """What the button under the answer does: for whoever presses it."""

    def __init__(self, *, overview: MemberOverview, mentions: Mentions) -> None:
        self._overview = overview
        self._mentions = mentions

    @component("quota:mention:{setting:on|off}")
    async def switch_mention(self, press: Press, setting: str) -> None:
        """Mention a member when a clip of theirs is ready, or only name them; show it."""

        async def switch() -> ui.LayoutView:
            await self._mentions.switch(press.member_id, on=setting == "on")
            return await self._overview.view(press.interaction)

        view = await replies.run_or_defer(press.interaction, switch(), private=True, redraws=True)
        await replies.redraw(press.interaction, view)
