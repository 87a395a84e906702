"""``/privacy``: what is stored about whoever asks, and that it is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.ui import replies
from bot.ui.components import component
from bot.ui.messages.privacy import confirm_view, erasing_view, stored_view
from bot.ui.text import commands as command_text

if TYPE_CHECKING:
    from bot.services.retention.privacy import PrivacyService
    from bot.ui.components import Press


class PrivacyCog(commands.Cog):
    """Shows members what is stored about them.

    Args:
        url: where they can read more; None is nowhere.
    """

    def __init__(self, *, privacy: PrivacyService, url: str | None) -> None:
        self._privacy = privacy
        self._url = url

    @app_commands.command(name="privacy", description=command_text.PRIVACY_COMMAND)
    @app_commands.guild_only()
    async def privacy(self, interaction: discord.Interaction) -> None:
        """Show it to whoever asks, and to nobody else."""
        about = await replies.run_or_defer(interaction, self._privacy.describe(interaction.user.id), private=True)
        await replies.show_privately(interaction, stored_view(about, days=self._privacy.days, url=self._url))


class PrivacyActions:
    """What the buttons do: for whoever presses them, whosever answer they are under."""

    def __init__(self, *, privacy: PrivacyService) -> None:
        self._privacy = privacy

    @component("privacy:ask")
    async def ask(self, press: Press) -> None:
        """Ask whether it is to be erased."""
        await replies.redraw(press.interaction, confirm_view())

    @component("privacy:erase")
    async def erase(self, press: Press) -> None:
        """Erase it."""
        await replies.run_or_defer(press.interaction, self._privacy.erase(press.member_id), private=True, redraws=True)
        await replies.redraw(press.interaction, erasing_view())
