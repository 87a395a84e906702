"""The Discord client: its intents, its commands and their sync, and the one place that answers errors."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.errors import NotOperatorError, ServerNotServedError, StoreUnavailableError
from bot.gateway import (
    ShardedBot,
    shard_of,
)
from bot.gateway.checking import INTENTS
from bot.gateway.command_sync import CommandSync
from bot.ui import replies
from bot.ui.components import ITEM_CLASSES, Components
from bot.ui.filled_forms import clean_options, typed_command
from bot.ui.floods import FloodGate
from cogs.brainstorms.commands import BrainstormCog, BrainstormListActions, Planner
from cogs.brainstorms.previews import PreviewActions
from cogs.brainstorms.rounds import RoundActions, VoteActions
from cogs.clip_details import ClipDetailActions
from cogs.clips import ClipActions, StatusCardActions
from cogs.context import guild_id_of, requester_in, require_moderator
from cogs.corrections import Corrections
from cogs.library import LibraryActions, LibraryCog
from cogs.making import Maker
from cogs.moderation.acts import ModeratorActs
from cogs.moderation.diagnosis import DiagnosisSection
from cogs.moderation.group import ModerateGroup
from cogs.moderation.modlog_card import ModlogCardActions
from cogs.operating.group import OperatorGroup
from cogs.panel import make_panel
from cogs.privacy import PrivacyActions, PrivacyCog
from cogs.queue import QueueCog
from cogs.quota import MemberOverview, QuotaActions, QuotaCog
from cogs.remixing import Remixing
from cogs.video import VideoCog

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.models.operating import Operators
    from bot.services.services import Services
    from bot.store.digests import CommandDigests
    from cogs.panel.panel import Panel

_log = logging.getLogger(__name__)

GUILD_READY_TIMEOUT_SECONDS = 0.5
"""How long a pause between two servers at start means that all have come; discord.py's 2 s delays every start."""


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what discord.py logs of a list that another process on this token has offered already."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, discord.HTTPException) and error.code == replies.ALREADY_ANSWERED)


class ReelayTree(app_commands.CommandTree["ReelayBot"]):
    """The command tree: serves servers only, and those who do not flood it, and answers every error."""

    def __init__(self, client: ReelayBot) -> None:
        super().__init__(client)
        logging.getLogger(app_commands.tree.__name__).addFilter(_is_news)

    async def interaction_check(self, interaction: discord.Interaction[ReelayBot]) -> bool:
        """Let through what comes from a server that is served; Discord's own setting for that is only a hint."""
        clean_options(interaction)
        if not await self.client.flood_gate.let_through(interaction):
            return False
        try:
            interaction.client.require_served(guild_id_of(interaction))
        except ServerNotServedError as error:
            if interaction.type is discord.InteractionType.autocomplete:
                await interaction.response.autocomplete([])
            else:
                await replies.reply_with_error(interaction, error)
            return False
        return True

    async def on_error(self, interaction: discord.Interaction[ReelayBot], error: app_commands.AppCommandError) -> None:
        """Tell the member what went wrong, with what they typed; a list that Discord asks for is empty."""
        if interaction.type is discord.InteractionType.autocomplete:
            await replies.offer_nothing(interaction, error)
            return
        original = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        is_of_use = not isinstance(original, app_commands.MissingPermissions | NotOperatorError)
        await replies.reply_with_error(interaction, original, typed=typed_command(interaction) if is_of_use else "")


class ReelayBot(ShardedBot):
    """The bot as Discord sees it; it owns no loop and no job, only what people ask for.

    Args:
        allowed_servers: the only ones that are served; empty is every server.
        operators: who may use ``/operator``, and where; None is nobody.

    Attributes:
        services: what people's commands and buttons ask.
        panel: the settings panels that moderators have open.
        components: what buttons, selects and forms do, once it is signed in.
        flood_gate: what is asked of it goes through here first.
    """

    services: Services
    panel: Panel
    components: Components
    flood_gate: FloodGate

    def __init__(
        self,
        *,
        digests: CommandDigests,
        privacy_url: str | None = None,
        allowed_servers: Collection[int] = (),
        operators: Operators | None = None,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks
        super().__init__(
            command_prefix=commands.when_mentioned,  # unused: without the messages intent no text command arrives
            help_command=None,
            tree_cls=ReelayTree,
            intents=INTENTS,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=GUILD_READY_TIMEOUT_SECONDS,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        server_id = None if operators is None else operators.server_id
        self._commands = CommandSync(self.tree, digests, operator_server_id=server_id)
        self._operators = operators
        self._privacy_url = privacy_url
        self._allowed_servers = frozenset(allowed_servers)
        self._joined: set[int] = set()
        self._acts: ModeratorActs

    def attach_services(self, services: Services) -> None:
        """Give it what people may ask for, before ``sign_in``: some of the services need the client themselves."""
        self.services = services
        self._acts = ModeratorActs(services)
        self.panel = make_panel(services, self._acts, DiagnosisSection)
        self.flood_gate = FloodGate(services.floods)

    async def setup_hook(self) -> None:
        """Load what members can do and tell Discord about it."""
        await super().setup_hook()
        await self._load()
        assert self.application_id is not None, "it is known from the sign-in"
        await self.patience.through(partial(self._commands.sync, self.application_id))

    async def _load(self) -> None:
        services, acts = self.services, self._acts
        maker = Maker(jobs=services.jobs, private_requests=services.private_requests)
        remixing = Remixing(versions=services.versions, drafts=services.drafts, maker=maker, profile=services.profile)
        await self.add_cog(VideoCog(maker=maker, remixing=remixing, profile=services.profile))
        overview = MemberOverview(admission=services.admission, mentions=services.mentions)
        await self.add_cog(QuotaCog(overview=overview))
        await self.add_cog(QueueCog(history=services.history))
        await self.add_cog(LibraryCog(library=services.library))
        await self.add_cog(PrivacyCog(privacy=services.privacy, url=self._privacy_url))
        self.tree.add_command(ModerateGroup(services, acts, self.panel))
        modlog_card = ModlogCardActions(services, acts, self.panel.names)
        of_moderators = (modlog_card, *self.panel.sections.values())
        corrections = Corrections(drafts=services.drafts)
        corrections.add(*of_moderators, check=require_moderator)
        self.components = Components(
            requester=requester_in,
            guild_of_job=services.history.guild_of,
            require_served=self.require_served,
            let_through=self.flood_gate.let_through,
            keep=corrections.keep,
        )
        self.components.add(StatusCardActions(discards=services.discards, versions=services.versions))
        self.components.add(ClipActions(versions=services.versions, maker=maker))
        self.components.add(
            ClipDetailActions(history=services.history, clip_deleter=services.clip_deleter, jobs=services.jobs)
        )
        self.tree.add_command(remixing.message_menu)
        if self._operators is not None:
            group = OperatorGroup(services.operating, self._operators)
            self.tree.add_command(group, guild=discord.Object(self._operators.server_id))
        self.components.add(remixing)
        await self._add_brainstorms(corrections)
        self.components.add(QuotaActions(overview=overview, mentions=services.mentions))
        self.components.add(LibraryActions(library=services.library, sender=services.sender))
        self.components.add(PrivacyActions(privacy=services.privacy))
        self.components.add(corrections)
        self.components.add(*of_moderators, check=require_moderator)
        await self.add_cog(self.components)
        self.add_dynamic_items(*ITEM_CLASSES)

    async def _add_brainstorms(self, corrections: Corrections) -> None:
        """Load what is about brainstorms."""
        services = self.services
        brainstorms, planner = services.brainstorms, Planner(previews=services.brainstorms.previews)
        cog = BrainstormCog(brainstorms=brainstorms, versions=services.versions, planner=planner)
        await self.add_cog(cog)
        self.tree.add_command(cog.message_menu)
        with_forms = (
            PreviewActions(brainstorms=brainstorms, profile=services.profile),
            RoundActions(brainstorms=brainstorms, planner=planner, now=brainstorms.now),
        )
        corrections.add(*with_forms)
        self.components.add(
            *with_forms, VoteActions(brainstorms=brainstorms), BrainstormListActions(brainstorms=brainstorms)
        )

    def require_served(self, guild_id: int) -> None:
        """Check that the operator lets the bot serve a server.

        Raises:
            ServerNotServedError: when not.
        """
        if not self._serves(guild_id):
            raise ServerNotServedError

    def _serves(self, guild_id: int) -> bool:
        return not self._allowed_servers or guild_id in self._allowed_servers

    async def on_shard_connect(self, shard_id: int) -> None:
        """Note the servers that the bot is in: Discord names them when it connects, and sends them one by one then.

        Each connection has its own; those of the others stay as they are known.
        """
        others = {guild_id for guild_id in self._joined if shard_of(guild_id, self.shard_count) != shard_id}
        self._joined = others | {guild.id for guild in self.guilds if guild.shard_id == shard_id}

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Have a server left that has just invited the bot, if it is not served; one that it was in before it stays in.

        Those are told in answer to each command: a mistyped setting must not have the bot leave for good.
        """
        is_new = guild.id not in self._joined
        self._joined.add(guild.id)
        is_wanted = not is_new or self._serves(guild.id)
        if not is_wanted:
            _log.info("leaving a server that is not served", extra={"guild_id": guild.id})
        self.services.presence.note_joined(guild.id, is_wanted=is_wanted)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note a server that was left, not one that is only out of reach; the next time there is a new invitation."""
        self._joined.discard(guild.id)
        self.services.presence.note_left(guild.id)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Have the round looked after that went on in a thread."""
        await self._note_thread_changed(payload.thread_id)

    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """Do so when one is locked: takes that wait are not made for nobody to see."""
        if payload.data["thread_metadata"].get("locked"):
            await self._note_thread_changed(payload.thread_id)

    async def _note_thread_changed(self, thread_id: int) -> None:
        try:
            await self.services.brainstorms.voting.note_thread_changed(thread_id)
        except StoreUnavailableError as error:
            _log.warning("thread not looked after", extra={"thread_id": thread_id, "error": type(error).__name__})

    async def on_ready(self) -> None:
        """Say so in the log; Discord may send it again after a long break."""
        _log.info("connected to Discord", extra={"servers": len(self.guilds), "shards": self.shard_count})
        self.services.presence.watch(lambda: [guild.id for guild in self.guilds])

    async def has_synced(self, application_id: int) -> bool | None:
        """Tell before it signs in whether the commands last synced for an application are its own; None is unknown."""
        await self._load()
        return await self._commands.is_current(application_id)


def point_discord_at(*, api_url: str | None, gateway_url: str | None) -> None:
    """Use another server that speaks Discord's protocol, from now on and in the whole process.

    ``api_url`` is the REST base, up to ``/api/v10``, ``gateway_url`` where the gateway listens; None leaves Discord's.
    """
    if api_url is not None:
        Route.BASE = api_url.rstrip("/")
    if gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
