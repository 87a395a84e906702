"""The demo's community: the real bot, worker and database, with a video service and a Discord of their own.

The video service is the sandbox's on loopback, Discord is SimCord. Nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import aiohttp
import discord
import simcord

from bot.app import Reelay, assemble_on_discord, loops_of
from bot.media.worker import MediaWorker
from bot.models import GEMINI_OMNI, Period, PromptRuleKind, Quota, QuotaSource
from bot.parts import Terms
from bot.sandbox.page.community_page import CommunityPage
from bot.sandbox.page.place import set_clock
from bot.services.clips.workspace import Workspace
from bot.services.instance_name import InstanceName
from bot.services.jobs.policy import WorkerPolicy
from bot.services.ports import SystemClock
from bot.services.screening.threads import ScreeningThreads
from bot.store.database import Database
from bot.toapis.client import ToApisClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle, GuildHandle

    from bot.client import ReelayBot
    from bot.sandbox.toapis_server import SandboxServer

CLIPS_CHANNEL, BRAINSTORM_CHANNEL, LOG_CHANNEL = "clips", "brainstorm", "mod-log"
"""Of the community; brainstorm has a pool, and mod-log is the moderators'."""
POLICY = WorkerPolicy(
    max_concurrent_renders=3, poll_time_scale=0.2, job_deadline_seconds=60.0, stop_deadline_seconds=2.0
)
"""Renders take seconds here, not minutes, so the bot looks five times as often as it does at the real service."""
SETTLE_SECONDS = 20.0
"""How long an action on the page may take: past it the page calls it uncertain, which on a busy machine it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """Everything the demo shows.

    Attributes:
        channels: by name.
        page: what a browser shows of it.
    """

    bot: ReelayBot
    reelay: Reelay
    database: Database
    guild: GuildHandle
    channels: dict[str, ChannelHandle]
    mia: MemberActor
    ben: MemberActor
    moderator: MemberActor
    page: CommunityPage

    @classmethod
    @asynccontextmanager
    async def open(cls, service: SandboxServer) -> AsyncGenerator[Community]:
        """Start a video service, the bot and a small community, and serve its page; no loop runs yet."""
        async with AsyncExitStack() as stack:
            yield await cls._set_up(stack, await stack.enter_async_context(service))

    @classmethod
    async def _set_up(cls, stack: AsyncExitStack, service: SandboxServer) -> Community:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reelay-demo-")))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        database = await stack.enter_async_context(Database.open(f"sqlite+aiosqlite:///{folder / 'reelay.db'}"))
        workspace = stack.enter_context(Workspace.open())
        bot, reelay = assemble_on_discord(
            database=database,
            service=ToApisClient(
                session=session, base_url=service.base_url, api_key=service.api_key, model=GEMINI_OMNI.model
            ),
            media=await stack.enter_async_context(MediaWorker(parent=workspace.root)),
            workspace=workspace,
            screening_threads=stack.enter_context(ScreeningThreads.open()),
            clock=SystemClock(),
            terms=Terms(quota=Quota(60), max_open_jobs=2, policy=POLICY),
            instance=InstanceName("demo", nonce=""),
        )
        answer_error = bot.tree.on_error
        # The bot logs its errors.
        running = simcord.run(bot, check_errors=False, shard_count=1, settle_timeout=SETTLE_SECONDS)
        env = await stack.enter_async_context(running)
        bot.tree.error(answer_error)  # SimCord's own would have its page call every refused command a failure
        await set_clock(env)
        assert bot.user is not None, "signed in"
        await bot.user.edit(username="Reelay")
        guild = env.create_guild("Film club")
        moderators = guild.create_role("Moderators", permissions=discord.Permissions(moderate_members=True))
        hidden, seen = discord.PermissionOverwrite(view_channel=False), discord.PermissionOverwrite(view_channel=True)
        channels = {name: guild.create_text_channel(name) for name in (CLIPS_CHANNEL, BRAINSTORM_CHANNEL)}
        channels[LOG_CHANNEL] = guild.create_text_channel(
            LOG_CHANNEL, overwrites={guild.default_role: hidden, moderators: seen, bot.user: seen}
        )
        moderator = guild.add_member(env.create_user("Mo"), roles=[moderators])
        await _moderate(reelay, guild, channels, moderator)
        mia, ben = guild.add_member(env.create_user("Mia")), guild.add_member(env.create_user("Ben"))
        page = await stack.enter_async_context(
            CommunityPage.open(env, channels.values(), members=[mia, ben, moderator])
        )
        return cls(
            bot=bot,
            reelay=reelay,
            database=database,
            guild=guild,
            channels=channels,
            mia=mia,
            ben=ben,
            moderator=moderator,
            page=page,
        )

    @asynccontextmanager
    async def running(self, stopped: asyncio.Event) -> AsyncGenerator[None]:
        """Run the bot's loops and what the page needs; the page's own end buttons set the event."""

        async def show_it() -> None:
            await self.page.keep_true()
            stopped.set()

        async with asyncio.TaskGroup() as group:
            loops = loops_of(self.bot, self.reelay)
            for loop in loops:
                group.create_task(loop.run())
            page = group.create_task(show_it())
            try:
                yield
            finally:
                for loop in loops:
                    loop.stop()
                page.cancel()


async def _moderate(
    reelay: Reelay, guild: GuildHandle, channels: dict[str, ChannelHandle], moderator: MemberActor
) -> None:
    """Set up what a moderator would in two minutes: a log, a pool, a cap and a rule for prompts."""
    services = reelay.services
    await services.servers.set_log_channel(guild.id, channels[LOG_CHANNEL].id, set_by_id=moderator.id)
    await services.servers.set_cap(guild.id, Quota(600), set_by_id=moderator.id)
    await services.quotas.set_rule(
        guild_id=guild.id,
        source=QuotaSource.CHANNEL,
        subject_id=channels[BRAINSTORM_CHANNEL].id,
        quota=Quota(300, Period.WEEK),
        set_by_id=moderator.id,
    )
    await services.prompts.add(guild_id=guild.id, kind=PromptRuleKind.WORDS, text="spoiler", set_by_id=moderator.id)
