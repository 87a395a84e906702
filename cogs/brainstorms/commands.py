"""``/brainstorm``, the message menu *Brainstorm this*, and ``/brainstorms``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.errors import InvalidSpecError
from bot.models import is_blank
from bot.models.brainstorms import TAKES_DEFAULT, TAKES_FEWEST, TAKES_MOST, Vary
from bot.services.brainstorms.drawing.idea import IDEA_MAX_CHARACTERS, escaped
from bot.services.brainstorms.previews import Plan
from bot.ui import replies
from bot.ui.components import component
from bot.ui.markup import words_of
from bot.ui.messages.brainstorms.listing import PAGE_LENGTH, brainstorms_view
from bot.ui.messages.brainstorms.preview import preview_view
from bot.ui.messages.clip import clip_job_id
from bot.ui.text import commands as command_text
from bot.ui.text.brainstorms import takes as take_text
from cogs.context import channel_id_of, guild_id_of, requester, requester_in_place, sees
from cogs.gates import require_place_for_thread

if TYPE_CHECKING:
    from bot.models.brainstorms import PreviewStatus
    from bot.services.brainstorms.brainstorming import Brainstorming
    from bot.services.brainstorms.previews import Previews
    from bot.services.brainstorms.records import BrainstormPage
    from bot.services.clips.versions import Versions
    from bot.ui.components import Press


class Planner:
    """Shows whoever asks for takes which ones would be made."""

    def __init__(self, *, previews: Previews) -> None:
        self._previews = previews

    async def plan(self, interaction: discord.Interaction, plan: Plan) -> None:
        """Draw takes and show them to the member alone; nothing is charged.

        Raises:
            NoThreadsError, ThreadClosedError: when there can be no thread.
            discord.app_commands.AppCommandError: when the bot or the member lacks a permission there.
            BrokenIdeaError, RefusedError, StoreUnavailableError: as ``Previews.make``.
        """
        require_place_for_thread(interaction)
        status = await replies.run_or_defer(interaction, self._make(interaction, plan), private=True)
        await replies.show_privately(interaction, preview_view(status))

    async def _make(self, interaction: discord.Interaction, plan: Plan) -> PreviewStatus:
        return await self._previews.make(plan, await requester_in_place(interaction))


class BrainstormCog(commands.Cog):
    """Begins brainstorms, and lists them.

    Attributes:
        message_menu: *Brainstorm this*, in the menu of messages.
    """

    def __init__(self, *, brainstorms: Brainstorming, versions: Versions, planner: Planner) -> None:
        self._brainstorms = brainstorms
        self._versions = versions
        self._planner = planner
        self.message_menu = app_commands.ContextMenu(name=command_text.BRAINSTORM_MENU, callback=self.brainstorm_this)

    @app_commands.command(name="brainstorm", description=command_text.BRAINSTORM_COMMAND)
    @app_commands.guild_only()
    @app_commands.describe(
        idea=command_text.BRAINSTORM_IDEA, takes=command_text.BRAINSTORM_TAKES, vary=command_text.BRAINSTORM_VARY
    )
    @app_commands.choices(vary=[Choice(name=label, value=vary.value) for vary, label in take_text.VARIED.items()])
    async def brainstorm(
        self,
        interaction: discord.Interaction,
        idea: Range[str, 1, IDEA_MAX_CHARACTERS],
        takes: Range[int, TAKES_FEWEST, TAKES_MOST] = TAKES_DEFAULT,
        vary: str = Vary.AUTO.value,
    ) -> None:
        """Show which takes of an idea would be made."""
        plan = Plan(
            interaction_id=interaction.id, channel_id=channel_id_of(interaction), idea=idea, takes=takes, vary=vary
        )
        await self._planner.plan(interaction, plan)

    async def brainstorm_this(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show takes of a message's words; on a clip of ours of its prompt. Braces in them are just braces."""
        job_id = clip_job_id(message) if message.author == interaction.client.user else None
        is_spoiler = False
        if job_id is not None:
            clip = await self._versions.find(job_id, requester=requester(interaction))
            words, is_spoiler = clip.spec.prompt, clip.is_spoiler
        else:
            forwarded = (snapshot.content for snapshot in message.message_snapshots)
            words = words_of("\n".join(filter(None, (message.content, *forwarded))))
        if is_blank(words):
            raise InvalidSpecError("message", "empty")
        plan = Plan(
            interaction_id=interaction.id,
            channel_id=channel_id_of(interaction),
            idea=escaped(words),
            is_spoiler=is_spoiler,
        )
        await self._planner.plan(interaction, plan)

    @app_commands.command(name="brainstorms", description=command_text.BRAINSTORMS_COMMAND)
    @app_commands.guild_only()
    async def brainstorms(self, interaction: discord.Interaction) -> None:
        """List the server's brainstorms, newest first."""
        records = self._brainstorms.records
        listing = records.page(guild_id_of(interaction), 1, length=PAGE_LENGTH)
        found = await replies.run_or_defer(interaction, listing, private=True)
        await replies.show_privately(interaction, _list(interaction, found))


class BrainstormListActions:
    """What the buttons of the list of brainstorms do."""

    def __init__(self, *, brainstorms: Brainstorming) -> None:
        self._records = brainstorms.records

    @component("brainstorms:page:{page}")
    async def turn_page(self, press: Press, page: int) -> None:
        """Show another page."""
        listing = self._records.page(press.guild_id, page, length=PAGE_LENGTH)
        found = await replies.run_or_defer(press.interaction, listing, private=True, redraws=True)
        await replies.redraw(press.interaction, _list(press.interaction, found))


def _list(interaction: discord.Interaction, found: BrainstormPage) -> discord.ui.LayoutView:
    """Show a page of the list; of what goes on where whoever looks does not see it, not a word."""
    channel_ids = {each.brainstorm.channel_id for each in found.summaries}
    hidden = {channel_id for channel_id in channel_ids if not sees(interaction, channel_id)}
    return brainstorms_view(found.summaries, found.page, found.pages, hidden)
