"""A stage for end-to-end tests: a loopback Discord, the sandbox video service, and room for bots between them.

A **part** is one member in a channel of their own who asks for one clip, and how that has to end: on Discord, in the
database and at the video service. Several parts share a stage and the bot on it.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from discord import Permissions

from bot.sandbox.toapis_server import Fault as ServiceFault
from bot.sandbox.toapis_server import SandboxGeneration, SandboxServer
from tests.support import quick_bot
from tests.support.another_program import AnotherProgram
from tests.support.bot_process import BotProcess, bot_environment
from tests.support.databases import fresh_database
from tests.support.discord_server import BOT_PERMISSIONS, DiscordServer, RouteKind
from tests.support.videos import video_file

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping
    from pathlib import Path

    from bot.sandbox.faults import FaultKind
    from tests.support.discord_server import Channel, Faults, Interaction, Member, Message, Request
    from tests.support.discord_server import Fault as DiscordFault

DISCORD_TOKEN = "loopback-discord-token-xyzzy"
TOAPIS_API_KEY = "loopback-video-key-plugh"
"""What runs on the stage: the bot, but for some of its waits."""
HEAVY = "(heavy)"
"""In a prompt it makes the clip some 2.5 MB, worth re-encoding; others have 75 KB."""
PATIENCE_SECONDS = 60.0
"""For anything to happen, on a machine that is busy with other things."""
COST_SECONDS = 6
"""What a clip of the default length is charged."""

Found = TypeVar("Found")


class Stage:
    """What a bot needs around it, and what stays when it is killed.

    Args:
        directory: where bots run and have their database.
        starting: lets in as many as may start at one time; starting is most of a bot's work.

    Attributes:
        server, service: Discord and the video service, each with its own faults to come.
        parts: everyone who asks for something here.
        bot: the one started last.
    """

    def __init__(
        self,
        *,
        directory: Path,
        database_url: str,
        server: DiscordServer,
        service: SandboxServer,
        starting: asyncio.Semaphore,
    ) -> None:
        self.directory = directory
        self.database_url = database_url
        self.server = server
        self.service = service
        self.parts: list[Part] = []
        self.bot: BotProcess
        self._starting = starting

    @asynccontextmanager
    async def start_bot(self, settings: Mapping[str, str]) -> AsyncGenerator[BotProcess]:
        """Start a bot and give it when it is ready; nothing of it is left at the end."""
        async with AsyncExitStack() as stack:
            async with self._starting:
                bot = BotProcess(self.directory, self._environment | settings, server=self.server, main=quick_bot.run)
                await stack.enter_async_context(bot)
                await bot.wait_ready(within_seconds=PATIENCE_SECONDS)
            self.bot = bot
            yield bot

    @property
    def _environment(self) -> dict[str, str]:
        return bot_environment(
            directory=self.directory,
            discord_api_url=self.server.api_url,
            discord_gateway_url=self.server.gateway_url,
            discord_token=DISCORD_TOKEN,
            toapis_base_url=self.service.base_url,
            toapis_api_key=TOAPIS_API_KEY,
        ) | {"DATABASE_URL": self.database_url}

    async def by_hand(self, *arguments: str) -> str:
        """Run a command of ``python -m bot`` beside the bots, as the operator; return what it prints."""
        async with BotProcess(self.directory, self._environment, arguments=arguments) as process:
            code = await process.wait_exit(within_seconds=PATIENCE_SECONDS)
        assert code == 0, process.output
        return "\n".join(process.output)

    def add_part(self, name: str, kind: type[Part]) -> Part:
        """Give a member and a channel to someone who will ask for a clip of that prompt; before any bot starts."""
        world, guild = self.server.world, self.server.guild
        part = kind(
            stage=self,
            prompt=name.replace("_", " "),
            channel=world.add_channel(guild, name),
            member=world.add_member(guild, name),
        )
        self.parts.append(part)
        return part

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Read the database as any other program could."""
        with AnotherProgram(self.database_url) as program:
            return program.named_rows(query, *values)

    def execute(self, statement: str) -> None:
        """Change the database behind the bot's back."""
        self.rows(statement)

    def stick(self, event: str, table: str, when: str) -> None:
        """Let the next such change take for ever, with all before it in its transaction done but not committed.

        Args:
            event: ``INSERT`` or ``UPDATE``.
            when: which rows' change that is, by ``NEW`` and ``OLD``.
        """
        with AnotherProgram(self.database_url) as program:
            program.stick(event, table, when)

    def unstick(self, table: str) -> None:
        """Let such changes be made again."""
        with AnotherProgram(self.database_url) as program:
            program.unstick(table)

    @contextmanager
    def locked_database(self) -> Generator[None]:
        """Keep everyone else from writing to the database."""
        with AnotherProgram(self.database_url) as program, program.writing():
            yield

    async def until_written(self) -> None:
        """Wait until someone is in the middle of writing to the database."""
        with AnotherProgram(self.database_url) as program:
            while not await asyncio.to_thread(program.is_being_written):
                pass


@asynccontextmanager
async def open_stage(
    directory: Path, starting: asyncio.Semaphore, *, openapi: Path | None = None
) -> AsyncGenerator[Stage]:
    """Open a stage whose video service renders at once; ``openapi`` is for Discord to check requests against."""
    server = DiscordServer(token=DISCORD_TOKEN, openapi=openapi)
    server.answer_seconds = PATIENCE_SECONDS
    service = SandboxServer(api_key=TOAPIS_API_KEY, queue_seconds=0, render_seconds=0, clip_maker=_clip)
    async with server, service:
        yield Stage(
            directory=directory,
            database_url=await fresh_database(directory),
            server=server,
            service=service,
            starting=starting,
        )


async def _clip(generation: SandboxGeneration) -> Path:
    if HEAVY in generation.prompt:
        return await asyncio.to_thread(video_file, noise=60, bits_per_second=16_000_000)
    return await asyncio.to_thread(video_file)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a job has to end.

    Attributes:
        paid: how many generations the video service was asked to make, and bills.
        directly: the clip is in the member's direct messages instead of in the channel.
        link: it is a link to the clip instead of the file.
        cards: how many status cards stay behind, each of which says what happened.
        removed: a moderator has taken the clip away again and refunded it.
    """

    state: str = "delivered"
    error_code: str | None = None
    paid: int = 1
    directly: bool = False
    link: bool = False
    cards: int = 0
    removed: bool = False


DELIVERED = Ending()
REFUSED = Ending(state="refused", paid=0)
"""There is no job; nothing was charged, and only the member was told why."""
CANCELLED = Ending(state="cancelled", paid=0, cards=1)

UNHEARD = Ending(state="cancelled", error_code="unheard", paid=0)
"""The job was undone, since Discord told its member that the bot did not respond."""


MESSAGES_CLOSED = Ending(state="cancelled", error_code="messages_closed", paid=0)
"""The job was undone, since its member takes no direct messages and was told so."""


def failed(error_code: str, *, paid: int, cards: int = 1) -> Ending:
    """Make the ending of a job that brings no clip and gives the seconds back."""
    return Ending(state="failed", error_code=error_code, paid=paid, cards=cards)


_ONCE_MORE = {"job:again", "job:remix", "job:why"}


@dataclass(eq=False, kw_only=True)
class Part:
    """One member with one request.

    Attributes:
        asked: their latest ``/video``.
        ending: how it has to end.
        is_private: they ask for a private clip.
    """

    stage: Stage
    prompt: str
    channel: Channel
    member: Member
    ending: Ending = DELIVERED
    is_private: bool = False
    asked: Interaction = field(init=False)

    # Acting --------------------------------------------------------------------------------------

    async def ask(self, *, heard_by: BotProcess | None = None) -> Interaction:
        """Type ``/video``; every bot that is connected hears it, as Discord has it, unless one is named."""
        server = self.stage.server
        sessions = server.sessions_of(self.channel) if heard_by is None else [heard_by.session]
        self.asked = await server.slash(
            self.channel,
            self.member,
            "video",
            {"prompt": self.prompt} | ({"private": True} if self.is_private else {}),
            session=sessions[0],
        )
        for session in sessions[1:]:
            session.dispatch("INTERACTION_CREATE", self.asked.payload(server.world, server.upload_limit_bytes))
        return self.asked

    async def press(self, card: Message, action: str) -> Interaction:
        """Press a button of the card; every bot that is connected hears it."""
        server = self.stage.server
        custom_id = self._button(card, action)
        assert custom_id is not None, f"no button to {action}"
        first, *others = server.sessions_of(card.channel)
        pressed = await server.press(card, custom_id, self.member, session=first)
        for session in others:
            session.dispatch("INTERACTION_CREATE", pressed.payload(server.world, server.upload_limit_bytes))
        return pressed

    def _button(self, card: Message, action: str) -> str | None:
        return next((known for known in card.custom_ids if known.startswith(f"job:{action}:")), None)

    def hold(self, kind: RouteKind, *, stored: bool, words: str = "") -> DiscordFault:
        """Hold the next request of that kind about this part, with those words in it, before or after it is stored."""
        return self.faults.hold(
            kind, stored=stored, where=lambda request: self.concerns(request) and words in str(request.body)
        )

    def spoil(self, kind: FaultKind, fault: ServiceFault) -> None:
        """Let the next request to the video service about this clip go wrong."""
        getattr(self.stage.service.faults, kind).append(replace(fault, prompt=self.prompt))

    def hold_at_service(self, kind: FaultKind, *, accept: bool = False, drop: bool = False) -> asyncio.Event:
        """Keep the next request to the video service about this clip waiting until the event is set.

        Args:
            accept: accept (and bill) a submit first.
            drop: lose the request in the end instead of answering it.
        """
        release = asyncio.Event()
        self.spoil(kind, ServiceFault(hold=release, accept=accept, drop=drop))
        return release

    def allow(self, **permissions: bool) -> None:
        """Change what the bot may do in the channel."""
        allowed = Permissions(BOT_PERMISSIONS.value)
        allowed.update(**permissions)
        self.stage.server.world.set_app_permissions(self.channel, allowed)

    @property
    def faults(self) -> Faults:
        """What is to go wrong at Discord."""
        return self.stage.server.faults

    # Seeing --------------------------------------------------------------------------------------

    @property
    def place(self) -> Channel:
        """Where the card and the clip are."""
        return self.stage.server.world.direct_channel(self.member.user) if self.is_private else self.channel

    def concerns(self, request: Request) -> bool:
        """Tell whether a request to Discord is about this part: its channel, its threads, or what the card is in."""
        world = self.stage.server.world
        here = {self.channel.id, *(thread.id for thread in world.threads_in(self.channel))}
        if request.kind is RouteKind.CALLBACK:
            return world.interactions[int(request.ids["interaction"])].channel.id in here
        if "token" in request.ids:
            return world.interactions_by_token[request.ids["token"]].channel.id in here
        return "channel" in request.ids and request.channel_id in here | {self.place.id}

    def uploading(self, request: Request) -> bool:
        """Tell whether a request posts this part's clip."""
        return bool(request.uploads) and self.concerns(request)

    def requests(self, kind: RouteKind) -> list[Request]:
        """Give the requests of that kind about this part, oldest first."""
        return [request for request in self.stage.server.world.requests_of(kind) if self.concerns(request)]

    def clips(self) -> list[Message]:
        """Find the messages, anywhere, that carry this part's clip."""
        channels = self.stage.server.world.channels.values()
        messages = [message for channel in channels for message in channel.messages.values()]
        return [message for message in messages if self._is_clip(message)]

    def cards(self) -> list[Message]:
        """Find what else the bot has said where the clip belongs and not taken back."""
        told = self.failures()
        return [it for it in self.place.messages.values() if not self._is_clip(it) and it not in told]

    def failures(self) -> list[Message]:
        """Find the messages where the clip belongs that tell its member that there is none."""
        start = f"{self.member.mention}, there is no clip this time"
        return [message for message in self.place.messages.values() if message.text.startswith(start)]

    def _is_clip(self, message: Message) -> bool:
        return message.text.startswith(f"{self.member.mention}, your clip is ready")

    async def accepted(self) -> dict[str, Any]:
        """Wait until the card is shown, which is after the job is stored; return its row."""
        await self.card()
        return self.job

    async def card(self, words: str = "") -> Message:
        """Wait until the status card shows something, with those words in it."""
        return await self.until(lambda: next((card for card in self.cards() if card.text and words in card.text), None))

    async def asks_and_waits(self) -> Message:
        """Ask for a clip that has to wait for the operator; return its card, once it says so and can be cancelled."""
        await self.ask()
        card = await self.card("Waiting for the operator")
        await self.until(lambda: self._button(card, "cancel"))  # on its way to the service it is only discarded
        return card

    async def until(self, condition: Callable[[], Found]) -> Found:
        """Wait until something holds on Discord, and return it."""
        return await self.stage.server.wait_for(lambda _world: condition(), within_seconds=PATIENCE_SECONDS)

    def asked_of_service(self, kind: FaultKind) -> int:
        """Count the requests to the video service about this clip."""
        keys = {self.job["id"]} if self.jobs else set[str]()
        keys |= {generation.id for generation in self.paid}
        return sum(request.kind == kind and request.key in keys for request in self.stage.service.requests)

    async def reaches_service(self, kind: FaultKind, *, times: int = 1) -> None:
        """Wait until the video service was asked about this clip so often."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.stage.service.until(lambda: self.asked_of_service(kind) >= times)

    @property
    def paid(self) -> list[SandboxGeneration]:
        """What the video service bills for this part."""
        return [made for made in self.stage.service.generations.values() if made.prompt == self.prompt]

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All rows that the member has made."""
        return self.stage.rows("SELECT * FROM jobs WHERE member_id = ?", self.member.id)

    @property
    def job(self) -> dict[str, Any]:
        """The one row there must be."""
        (row,) = self.jobs
        return row

    @property
    def ledger(self) -> list[tuple[str, int]]:
        """All that was ever charged to and refunded to the member."""
        query = "SELECT kind, seconds FROM ledger WHERE member_id = ? ORDER BY id"
        return [(row["kind"], row["seconds"]) for row in self.stage.rows(query, self.member.id)]

    # How it ends ---------------------------------------------------------------------------------

    async def ends(self) -> None:
        """Wait until Discord shows the end."""
        match self.ending:
            case Ending(removed=True):
                await self.until(lambda: not self.clips() and not self.cards() and len(self.ledger) > 1)
            case Ending(state="delivered"):
                await self.until(lambda: self.clips() and not self.cards())
            case Ending(error_code="unheard" | "messages_closed", state="cancelled"):
                await self.stage.bot.wait_for_log("nobody heard the answer")
            case Ending(cards=1):
                await self.card("came back")
                await self.until(lambda: len(self.failures()) >= self._failures_told)
            case Ending(state="failed"):
                await self.stage.bot.wait_for_log("job failed", job_id=self.job["id"])

    async def check(self) -> None:
        """Check that what the member, the database and the video service are left with is one and the same end."""
        if self.ending is REFUSED:
            assert not any([self.jobs, self.ledger, self.paid, self.clips(), self.cards()])
            return
        job, ending = self.job, self.ending
        assert (job["state"], job["error_code"]) == (ending.state, ending.error_code)
        assert (job["leased_to"], job["lease_until"]) == (None, None)
        assert len(self.paid) == ending.paid, "generations paid for"
        assert {made.client_business_id for made in self.paid} <= {job["id"]}
        self.check_books(job["id"], self.paid)
        assert not (self.is_private and self.channel.messages), "a private clip leaves nothing in the channel"
        delivered = ending.state == "delivered" and not ending.removed
        assert self.ledger == [("charge", COST_SECONDS)] + [("refund", COST_SECONDS)] * (not delivered)
        assert len(self.clips()) == delivered, "clips"
        for clip in self.clips():
            assert (job["message_channel_id"], job["message_id"]) == (clip.channel.id, clip.id)
            assert (
                (clip.channel.recipient is self.member.user)
                if ending.directly or self.is_private
                else clip.channel is self.channel
            )
            assert clip.pings == {self.member.id}
            assert [file.filename for file in clip.attachments] == [f"reelay-{job['id']}.mp4"] * (not ending.link)
        assert len(self.cards()) == ending.cards, "status cards left behind"
        for card in self.cards():
            assert "came back" in card.text
            assert {custom_id.rpartition(":")[0] for custom_id in card.custom_ids} <= _ONCE_MORE
            assert not card.pings
        assert len(self.failures()) == self._failures_told, "messages that tell of a failure"
        for told in self.failures():
            assert {custom_id.rpartition(":")[0] for custom_id in told.custom_ids} <= _ONCE_MORE
            assert told.pings == {self.member.id}

    @property
    def _failures_told(self) -> int:
        """How many messages have to tell of a failure: none where nobody else sees the card."""
        return self.ending.cards if self.ending.state == "failed" and not self.is_private else 0

    def check_books(self, job_id: str, paid: list[SandboxGeneration]) -> None:
        """Check that what counts as spent is what the service bills, or more while it has not said the last word."""
        submits = self.stage.rows("SELECT seconds, outcome, ended_at FROM submits WHERE job_id = ?", job_id)
        free = {"refused", "not_taken", "not_sent", "missing", "failed"}
        spent = sum(submit["seconds"] for submit in submits if submit["outcome"] not in free)
        now = time.time()
        billed = sum(made.duration_seconds for made in paid if not made.has_failed(now))
        assert spent == billed if all(submit["ended_at"] for submit in submits) else spent >= billed, "spend"
