"""A workshop whose Discord is the loopback one: the bot's own client over real sockets, on the test's clock."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord import Permissions

from bot.ui.modlog_publisher import DiscordLogPublisher
from bot.ui.publisher import DiscordPublisher
from tests.support.clocks import ServiceClock
from tests.support.connected_bot import connected_bot
from tests.support.discord_server import DiscordServer
from tests.support.discord_server.model import COMPONENTS_V2, TEXT_DISPLAY
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from bot.client import ReelayBot
    from bot.models import Job, JobState
    from bot.services.admission.job_request import JobRequest
    from tests.support.discord_server import Channel, Guild, Member
    from tests.support.workshop import Process, Workshop


CARD = {"flags": COMPONENTS_V2, "components": [{"type": TEXT_DISPLAY, "content": "Starting"}]}


@dataclass(kw_only=True)
class Premises:
    """The loopback Discord, a client of it, and a process that posts through that.

    Attributes:
        bot: only its client is used; its own services have another database.
    """

    server: DiscordServer
    bot: ReelayBot
    workshop: Workshop
    process: Process

    def spot(self) -> Spot:
        """Return a server, a channel, a log channel and a member that nobody else has."""
        world = self.server.world
        guild = world.add_guild("Spot")
        channel, log = world.add_channel(guild, "clips"), world.add_channel(guild, "log")
        return Spot(premises=self, guild=guild, channel=channel, log=log, member=world.add_member(guild, "ada"))

    def restart(self) -> None:
        """End the process and start another, with a memory of its own."""
        self.process = self.workshop.start(ports=_ports(self.bot, self.workshop))


@dataclass(kw_only=True)
class Spot:
    """A server of its own on the premises, of which the bot was not told; so each test is alone in it."""

    premises: Premises
    guild: Guild
    channel: Channel
    log: Channel
    member: Member

    @property
    def direct_messages(self) -> Channel:
        return self.premises.server.world.direct_channel(self.member.user)

    def request(self, prompt: str = "A cat", **changes: Any) -> JobRequest:  # noqa: ANN401 (of a request)
        """Return a ``/video`` of the member's."""
        who = {"guild_id": self.guild.id, "member_id": self.member.id}
        interaction_id = self.premises.server.world.snowflake()
        return self.premises.workshop.request(
            prompt, interaction_id=interaction_id, channel_id=self.channel.id, **(who | changes)
        )

    async def accept(self, prompt: str = "A cat", *, has_card: bool = True, **changes: Any) -> str:  # noqa: ANN401 (as above)
        """Accept a job of the member's, with its card; return its id."""
        world, process = self.premises.server.world, self.premises.process
        job_id = (await process.jobs.accept(self.request(prompt, **changes))).job.id
        if has_card:
            card = world.post(self.channel, world.bot, CARD)
            await process.jobs.attach_status(job_id, card.id)
        return job_id

    async def run(self, job_id: str, *states: JobState) -> Job:
        """Let the worker work until the job is in one of these states, or settled; move the clock to what is due."""
        workshop, process = self.premises.workshop, self.premises.process
        for _ in range(200):
            job = await workshop.job(job_id)
            if job.state in states or job.due_at is None:
                return job
            await process.worker.tick()
            workshop.advance_to_next(process)
        raise AssertionError(f"the job never came to rest, it is {job.state}")

    async def run_log(self, passes: int = 20) -> None:
        """Let the log's loop work until nothing of it waits."""
        for _ in range(passes):
            pause = await self.premises.process.log.tick()
            if pause is None:
                return
            self.premises.workshop.time.advance(pause)
        raise AssertionError("the log never came to rest")


@asynccontextmanager
async def open_premises(folder: Path, **service: Any) -> AsyncGenerator[Premises]:  # noqa: ANN401 (of the sandbox)
    """Open a Discord that remembers no nonces, in whose servers the bot may do what it asks for and read AutoMod."""
    (folder / "bot").mkdir()
    server = DiscordServer()
    server.world.nonce_seconds = 0
    [own] = server.guild.members[server.world.bot.id].roles
    own.permissions |= Permissions(manage_guild=True)
    async with (
        server,
        connected_bot(server, folder / "bot") as bot,
        open_workshop(folder, **({"queue_seconds": 0.0, "render_seconds": 0.0} | service)) as workshop,
    ):
        yield Premises(server=server, bot=bot, workshop=workshop, process=workshop.start(ports=_ports(bot, workshop)))


def _ports(bot: ReelayBot, workshop: Workshop) -> dict[str, Any]:
    log = DiscordLogPublisher(client=bot)
    publisher = DiscordPublisher(client=bot, clock=ServiceClock(workshop.time), operator_channel_id=None)
    return {"publisher": publisher, "modlog_publisher": log, "automod_source": log}
