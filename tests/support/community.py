"""A small Discord community with the real bot in it, on a real database: what SimCord tests stand on."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import discord
import simcord
from sqlalchemy import select

from bot.app import assemble_on_discord
from bot.models import ClipLink, Period, Quota
from bot.parts import Terms
from bot.services.clips.workspace import Workspace
from bot.services.instance_name import InstanceName
from bot.services.jobs.leases import LeasedJobs
from bot.services.jobs.policy import FloodLimits, WorkerPolicy
from bot.store import jobs as job_store
from bot.store import tables
from bot.store.brainstorms import rounds
from bot.store.database import Database
from bot.store.holders import owner_of
from bot.ui.publisher import DiscordPublisher
from tests.support.databases import fresh_database
from tests.support.media import DirectMedia
from tests.support.screening import screening_threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable

    import pytest
    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle, GuildHandle
    from simcord.results import InteractionResult, ResponseMessage

    from bot.app import Reelay
    from bot.client import ReelayBot
    from bot.models import Job
    from bot.services.moderation.modlog import Modlog
    from bot.services.ports import VideoService

NAME = "local/1"
NONCE = "n"
OWNER = owner_of(NAME, NONCE)
"""What the bot writes into leases."""
OPERATOR_CHANNEL_NAME = "operators"
START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_LOOK_SECONDS = 0.001
LOCK_TIMEOUT_SECONDS = 0.05
NO_FLOOD_LIMITS = FloodLimits(videos=10**6, presses=10**6, autocompletes=10**6)
"""Tests ask faster than people can."""


class GivenClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


@dataclass(kw_only=True)
class Community:
    """The bot, two members and a moderator in one server."""

    env: simcord.Env
    bot: ReelayBot
    database: Database
    database_path: Path
    clock: GivenClock
    reelay: Reelay
    publisher: DiscordPublisher
    guild: GuildHandle
    channel: ChannelHandle
    operators: ChannelHandle
    log_channel: ChannelHandle
    mia: MemberActor
    ben: MemberActor
    moderator: MemberActor

    async def forge(
        self,
        actor: MemberActor,
        command: str,
        *options: dict[str, Any],
        resolved: dict[str, Any] | None = None,
        kind: discord.InteractionType = discord.InteractionType.application_command,
    ) -> InteractionResult:
        """Send what no Discord client would: a command with options as they are given, unchecked."""
        name, *path = command.split()
        root = self.env.backend.find_command(name, self.guild.id, type=1)
        for depth, part in reversed(list(enumerate(path, start=1))):
            options = ({"name": part, "type": 1 if depth == len(path) else 2, "options": list(options)},)
        data = {"id": root["id"], "name": name, "type": 1, "options": list(options), "resolved": resolved or {}}
        return await actor._dispatch_interaction(kind.value, self.channel, data)

    def without(self, *permissions: str, name: str = "closed") -> ChannelHandle:
        """Make a channel in which the bot lacks some permissions that members have."""
        denied = discord.PermissionOverwrite(**dict.fromkeys(permissions, False))
        return self.guild.create_text_channel(name, overwrites={self.guild.roles[self.bot.user.name]: denied})

    def hold_until_acknowledged(self, service: object, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make a service's method take until the interaction has been acknowledged without it."""
        acknowledged = asyncio.Event()
        held, defer = getattr(service, method), discord.InteractionResponse.defer

        async def slow(*arguments: object, **options: object) -> object:
            await self.env.external_wait(acknowledged.wait(), reason="a slow database")
            return await held(*arguments, **options)

        async def announced_defer(response: discord.InteractionResponse, **options: bool) -> None:
            await defer(response, **options)
            acknowledged.set()

        monkeypatch.setattr(service, method, slow)
        monkeypatch.setattr(discord.InteractionResponse, "defer", announced_defer)

    def acknowledged_first(self, *, in_private: bool) -> bool:
        """Tell whether the latest interaction was acknowledged before it was answered, and to whose eyes."""
        callbacks = [sent.json for sent in self.env.http_requests if sent.path.endswith("/callback")]
        flags = {"data": {"flags": 64}} if in_private else {}
        return callbacks[-1] == {"type": discord.InteractionResponseType.deferred_channel_message.value} | flags

    def pinged(self, message: discord.Message | ResponseMessage) -> set[int]:
        """Return the ids of all whom a message notified: members, roles, the whole server."""
        stored = self.env.backend.get_message(self._channel_id(message), message.id)
        everyone = {self.guild.id} if stored.mention_everyone else set()
        return {*stored.ping_user_ids, *stored.ping_role_ids, *everyone}

    async def moderate(self, command: str, **options: Any) -> str:  # noqa: ANN401 (of the command)
        """Use a moderator's command; return what the moderator alone is told."""
        result = await self.moderator.slash(self.channel, f"moderate {command}", **options)
        assert result.ephemeral
        assert self.pinged(result.response) == set()
        return words(result.response)

    async def post_clip(
        self,
        actor: MemberActor,
        prompt: str = "A cat surfing",
        *,
        channel: ChannelHandle | None = None,
        in_dm: bool = False,
    ) -> Job:
        """Ask for a clip and let it arrive, as a link, in the channel or in direct messages; return its job."""
        await actor.slash(channel or self.channel, "video", prompt=prompt)
        return await self.deliver(in_dm=in_dm)

    async def deliver(self, *, in_dm: bool = False) -> Job:
        """Let the clip that waits longest arrive, as a link; return its job."""
        now, owner = self.clock.now(), OWNER
        async with self.database.write() as connection:
            [job] = await job_store.start_next(
                connection, now=now, limit=1, owner=owner, lease_until=now, slots_since=now, in_flight=()
            )
            lineage, parent = await job_store.find_source(connection, job)
            difference = job.round_id and await rounds.find_difference(connection, job.round_id, job.number)
        post = self.publisher.post_clip_in_dm if in_dm or job.is_private else self.publisher.post_clip
        clip = ClipLink("https://files.example/x.mp4", None)
        posted = await post(replace(job, lineage=lineage), clip, parent, difference=difference)
        leased_jobs = LeasedJobs(
            database=self.database,
            clock=self.clock,
            audit_trail=self.bot.services.audit_trail,
            card_changes=self.reelay.card_changes,
            instance=InstanceName(NAME, nonce=NONCE),
        )
        return await leased_jobs.deliver(job, channel_id=posted.channel_id, message_id=posted.message_id)

    async def restart(self, **settings: Any) -> None:  # noqa: ANN401 (of ``make_bot``)
        """End the bot and start another on the same database, as after a deploy."""
        self.bot, self.reelay = make_bot(self.database, self.clock, **settings)
        await self.env.restart_bot(self.bot)
        self.publisher = DiscordPublisher(client=self.bot, clock=self.clock, operator_channel_id=None)

    @property
    def log(self) -> Modlog:
        return self.reelay.modlog

    async def keep_log(self) -> None:
        """Choose the log's channel, as a moderator."""
        servers = self.bot.services.servers
        await servers.set_log_channel(self.guild.id, self.log_channel.id, set_by_id=self.moderator.id)

    async def log_cards(self) -> list[discord.Message]:
        """Post what waits to be, and return all of the log's cards."""
        while await self.log.tick() == 0:
            pass
        return self.log_channel.history()

    @property
    def places(self) -> list[ChannelHandle]:
        """All channels and threads of the server, and the members' direct messages."""
        channels = list(self.guild.channels.values())
        threads = [thread for channel in channels if not channel.is_thread for thread in channel.threads]
        return [*channels, *threads, *(actor.user.dm_channel for actor in (self.mia, self.ben, self.moderator))]

    def message(self, job: Job) -> discord.Message:
        """Return a clip's message."""
        channel = next(each for each in self.places if each.id == job.message_channel_id)
        return next(each for each in channel.history() if each.id == job.message_id)

    def labels(self, job: Job) -> list[str]:
        """Return what the buttons under a clip say, links aside."""
        items = discord.ui.LayoutView.from_message(self.message(job), timeout=None).walk_children()
        return [item.label or "" for item in items if isinstance(item, discord.ui.Button) and item.url is None]

    async def deny(self, target: Any, channel: ChannelHandle | None = None, **permissions: bool) -> None:  # noqa: ANN401 (a role)
        """Set what a role may not do in a channel."""
        found = self.bot.get_channel((channel or self.channel).id)
        assert isinstance(found, discord.TextChannel)
        overwrites = found.overwrites | {
            discord.Object(target.id, type=discord.Role): discord.PermissionOverwrite(**permissions)
        }
        await found.edit(overwrites=overwrites)

    def shown(self, message: discord.Message | ResponseMessage, viewer: MemberActor) -> str:
        """Return what a message says to somebody now."""
        channel = next(each for each in self.guild.channels.values() if each.id == self._channel_id(message))
        found = next((each for each in channel.history(viewer=viewer) if each.id == message.id), None)
        return "" if found is None else words(found)

    @staticmethod
    def _channel_id(message: discord.Message | ResponseMessage) -> int:
        return message.channel_id if isinstance(message, simcord.ResponseMessage) else message.channel.id

    async def thread(self, channel: ChannelHandle) -> ChannelHandle:
        """Open a thread in a text channel."""
        cached = self.bot.get_channel(channel.id)
        assert isinstance(cached, discord.TextChannel)
        opened = await cached.create_thread(name="ideas", type=discord.ChannelType.public_thread)
        return next(thread for thread in channel.threads if thread.id == opened.id)

    async def jobs(self) -> list[Job]:
        """Return every job, oldest first."""
        async with self.database.read() as connection:
            ids = (await connection.execute(select(tables.jobs.c.id))).scalars().all()
            return await job_store.get_many(connection, ids)

    async def ledger(self) -> list[tuple[str, int]]:
        """Return every entry's kind and seconds, in order."""
        table = tables.ledger
        async with self.database.read() as connection:
            rows = await connection.execute(select(table.c.kind, table.c.seconds).order_by(table.c.id))
            return [(str(row.kind), row.seconds) for row in rows]

    @contextmanager
    def locked_database(self) -> Generator[None]:
        """Hold the database's write lock, as another process would."""
        other = sqlite3.connect(self.database_path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            yield
        finally:
            other.close()


def words(message: ResponseMessage | discord.Message) -> str:
    """Return all text of a message, plain or in components."""
    found = [message.content]
    components = message.components
    if isinstance(message, discord.Message):
        components = [component.to_dict() for component in components]
    return "\n".join(filter(None, found + list(_texts(components))))


def told(message: ResponseMessage | discord.Message) -> str:
    """Return the sentence that somebody is told, without what they typed and get back with it."""
    return words(message).partition("\n```")[0]


def _texts(components: Iterable[dict[str, Any]]) -> Iterable[str]:
    for component in components:
        if "content" in component:
            yield component["content"]
        yield from _texts(component.get("components", []))


class UnusedService:
    """A video service that nobody asks: in a community no worker runs."""

    model = "gemini_omni"

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} of the video service")


def make_bot(
    database: Database,
    clock: GivenClock,
    *,
    max_open_jobs: int = 2,
    flood_limits: FloodLimits = NO_FLOOD_LIMITS,
    rng: random.Random | None = None,
    name: str = NAME,
    **operator: Any,  # noqa: ANN401 (what else the operator sets)
) -> tuple[ReelayBot, Reelay]:
    """Wire the bot up as the product is, but let nothing run by itself."""
    bot, reelay = assemble_on_discord(
        database=database,
        service=cast("VideoService", UnusedService()),
        media=DirectMedia(),
        workspace=Workspace(Path(tempfile.gettempdir())),
        screening_threads=screening_threads(),
        clock=clock,
        terms=Terms(
            quota=Quota(60, Period.DAY),
            max_open_jobs=max_open_jobs,
            policy=WorkerPolicy(flood_limits=flood_limits, head_start_seconds=0),
            **{name: operator.pop(name) for name in ("retention", "spending", "profile") if name in operator},
        ),
        instance=InstanceName(name, nonce=NONCE),
        rng=rng or random.Random(7),
        **operator,
    )
    bot.panel.seconds_between = 0.0
    return bot, reelay


@asynccontextmanager
async def open_community(folder: Path) -> AsyncGenerator[Community]:
    """Open the database, start the bot and populate a server."""
    path = folder / "reelay.db"
    clock = GivenClock()
    url = await fresh_database(folder)
    async with Database.open(url, busy_timeout_seconds=LOCK_TIMEOUT_SECONDS, migrate=False) as database:
        bot, reelay = make_bot(database, clock)
        env = simcord.Env(bot, shard_count=1)
        # It looks whether all is done when a task ends and each 50 ms, which our loops, that never end, take in full.
        env._settle_internal = partial(env._settle_internal, idle=_LOOK_SECONDS)
        await env.start()
        try:
            guild = env.create_guild("Film club")
            moderators = guild.create_role("Mods", permissions=discord.Permissions(moderate_members=True))
            yield Community(
                env=env,
                bot=bot,
                database=database,
                database_path=path,
                clock=clock,
                reelay=reelay,
                publisher=DiscordPublisher(client=bot, clock=clock, operator_channel_id=None),
                guild=guild,
                channel=guild.create_text_channel("general"),
                operators=guild.create_text_channel(OPERATOR_CHANNEL_NAME),
                log_channel=guild.create_text_channel("mod-log"),
                mia=guild.add_member(env.create_user("mia")),
                ben=guild.add_member(env.create_user("ben")),
                moderator=guild.add_member(env.create_user("mo"), roles=[moderators]),
            )
        finally:
            await env.shutdown()
