"""``/queue``: what is on the way in a server, and where one's own clips stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.ui import replies
from bot.ui.messages.queue import queue_view
from bot.ui.text import commands as command_text
from cogs.context import guild_id_of

if TYPE_CHECKING:
    from bot.services.clips.history import History


class QueueCog(commands.Cog):
    """Shows members the queue."""

    def __init__(self, *, history: History) -> None:
        self._history = history

    @app_commands.command(name="queue", description=command_text.QUEUE_COMMAND)
    @app_commands.guild_only()
    async def queue(self, interaction: discord.Interaction) -> None:
        """Show it to whoever asks, and to nobody else."""
        queue = await replies.run_or_defer(interaction, self._history.queue(guild_id_of(interaction)), private=True)
        await replies.show_privately(interaction, queue_view(queue, member_id=interaction.user.id))
