"""``python -m bot demo``: the real bot, worker and database, with a video service and a Discord of their own.

The video service is the sandbox's on loopback, Discord is SimCord with its local page. Nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import aiohttp
import discord
import simcord
from simcord.backend.errors import SetupError

from bot.app import Reelay, assemble_on_discord, loops_of
from bot.errors import InvalidSpecError
from bot.media.worker import MediaWorker
from bot.models import GEMINI_OMNI, Job, JobState, Period, PromptRuleKind, Quota, QuotaSource, StatusCard, VideoSpec
from bot.parts import Terms
from bot.sandbox.demo_page import TICK_SECONDS, CommunityPage, set_clock
from bot.sandbox.terminal import check_writable, fail, on_enter, stop_event
from bot.sandbox.toapis_server import SandboxServer
from bot.services.clips.workspace import Workspace
from bot.services.jobs.policy import WorkerPolicy
from bot.services.ports import SystemClock
from bot.services.screening.threads import ScreeningThreads
from bot.store import jobs
from bot.store.database import Database
from bot.toapis.client import ToApisClient
from bot.ui.text import failures, refusals
from bot.ui.text.clips.cards import card_details

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle, GuildHandle

    from bot.client import ReelayBot

CHANNELS = ("clips", "brainstorm", "mod-log")
"""Of the community; brainstorm has a pool, and mod-log is the moderators'."""
_, BRAINSTORM_CHANNEL, LOG_CHANNEL = CHANNELS
CLIPS_HINT = "Now type /video on the page yourself, or /moderate settings as the moderator Mo. Ctrl-C ends it."
BRAINSTORM_HINT = """Now type /brainstorm on the page yourself; an idea to begin with:
  A paper boat drifts across a {calm|stormy} lake, {light}
The page goes into the brainstorm's thread by itself. Vote as Mia, then as Ben ("Viewing as", at the top);
as Mia press Manage… and Close now to see the winner. Ctrl-C ends it."""
DEMO_PROMPT = "A paper boat drifts across a calm lake at dawn, slow camera, soft light"
OTHER_WORDS = "A paper lantern drifts across a dark lake at night, slow camera, warm light"
QUEUE_SECONDS = 1.0
RENDER_SECONDS, WATCHED_RENDER_SECONDS = 5.0, 8.0
"""Somebody at the page should see the card move, and cards are edited every 5 s at most."""
POLICY = WorkerPolicy(
    max_concurrent_renders=3, poll_time_scale=0.2, job_deadline_seconds=60.0, stop_deadline_seconds=2.0
)
"""Renders take seconds here, not minutes, so the bot looks five times as often as it does at the real service."""
CLIPS_FOLDER = Path("clips")
_BAR_WIDTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """Everything the demo shows."""

    bot: ReelayBot
    reelay: Reelay
    database: Database
    env: simcord.Env
    guild: GuildHandle
    channels: dict[str, ChannelHandle]
    mia: MemberActor
    ben: MemberActor
    moderator: MemberActor


async def show(
    *, prompt: str | None, aspect: str, duration_seconds: int, out: Path | None, channel: str = CHANNELS[0]
) -> int:
    """Run the demo until it is done or stopped; return the exit code, 0 when all went well.

    Args:
        channel: which of the community's channels the page shows.
        prompt: make one clip of it and end; None makes the demo's own, and goes on serving the page if there is
            a terminal to stop it from.
        out: where to save the clip; None is a file named after its job, in the folder ``clips``.
    """
    try:
        spec = VideoSpec.parse(DEMO_PROMPT if prompt is None else prompt, aspect, duration_seconds)
        GEMINI_OMNI.check(spec.prompt, spec.aspect, spec.duration_seconds)
        await asyncio.to_thread(check_writable, out or CLIPS_FOLDER / "clip.mp4")
    except InvalidSpecError as error:
        return fail(f"Refused: {refusals.explain(error)}")
    except OSError as error:
        return fail(f"The clip cannot be saved there: {error.filename}: {error.strerror}.")
    serving = prompt is None and sys.stdin.isatty()
    stopped = stop_event()
    async with AsyncExitStack() as stack:
        stage = await _set(stack, render_seconds=WATCHED_RENDER_SECONDS if serving else RENDER_SECONDS)
        viewers = [stage.moderator] if channel == LOG_CHANNEL else [stage.mia, stage.ben, stage.moderator]
        page = await stack.enter_async_context(CommunityPage.open(stage.env, stage.channels[channel], viewers=viewers))
        print(f"The community's page: {page.url}", flush=True)
        if serving:
            stack.enter_context(on_enter(page.turn))
        if serving and channel == BRAINSTORM_CHANNEL:
            async with _running(stage, page, stopped):
                print(BRAINSTORM_HINT, flush=True)
                await stopped.wait()
            return 0
        typed_in = stage.channels[CHANNELS[0] if channel == LOG_CHANNEL else channel]
        job = await _ask(stage, typed_in, spec)
        if job is None:
            return 1
        async with _running(stage, page, stopped):
            job = await _follow(stage, job, stopped)
            if not job.state.is_final:
                return 0 if serving else fail("Stopped before the clip was there.")
            code = await _hand_over(job, typed_in, out)
            if serving and not stopped.is_set():
                await _press(stage, page, job, typed_in, stopped)
            if serving and not stopped.is_set():
                print(CLIPS_HINT, flush=True)
                await stopped.wait()
    return code


async def _set(stack: AsyncExitStack, *, render_seconds: float) -> _Stage:
    """Start the video service, the bot and a small community."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="reelay-demo-")))
    service = await stack.enter_async_context(SandboxServer(queue_seconds=QUEUE_SECONDS, render_seconds=render_seconds))
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
        owner="demo",
    )
    answer_error = bot.tree.on_error
    running = simcord.run(bot, check_errors=False, shard_count=1)  # the bot logs its errors
    env = await stack.enter_async_context(running)
    bot.tree.error(answer_error)  # SimCord's own would have its page call every refused command a failure
    await set_clock(env)
    assert bot.user is not None, "signed in"
    await bot.user.edit(username="Reelay")
    guild = env.create_guild("Film club")
    moderators = guild.create_role("Moderators", permissions=discord.Permissions(moderate_members=True))
    hidden, seen = discord.PermissionOverwrite(view_channel=False), discord.PermissionOverwrite(view_channel=True)
    channels = {name: guild.create_text_channel(name) for name in CHANNELS if name != LOG_CHANNEL}
    channels[LOG_CHANNEL] = guild.create_text_channel(
        LOG_CHANNEL, overwrites={guild.default_role: hidden, moderators: seen, bot.user: seen}
    )
    moderator = guild.add_member(env.create_user("Mo"), roles=[moderators])
    await _moderate(reelay, guild, channels, moderator)
    return _Stage(
        bot=bot,
        reelay=reelay,
        database=database,
        env=env,
        guild=guild,
        channels=channels,
        mia=guild.add_member(env.create_user("Mia")),
        ben=guild.add_member(env.create_user("Ben")),
        moderator=moderator,
    )


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


async def _ask(stage: _Stage, channel: ChannelHandle, spec: VideoSpec) -> Job | None:
    """Type one ``/video`` as a member, while nothing else runs yet; say so when it is refused."""
    options = {"prompt": spec.prompt, "aspect": spec.aspect.value, "duration": spec.duration_seconds}
    print("Mia types: /video", *(f"{name}:{value}" for name, value in options.items()), flush=True)
    answer = await stage.mia.slash(channel, "video", **options)
    async with stage.database.read() as connection:
        opened = await jobs.list_open(connection, stage.guild.id)
    if opened:
        return opened[0]
    said = [message.content for message in (answer.response, *answer.followups) if message is not None]
    fail(f"Refused: {' '.join(said)}")
    return None


async def _press(stage: _Stage, page: CommunityPage, job: Job, channel: ChannelHandle, stopped: asyncio.Event) -> None:
    """Have the clip's next versions made by its buttons: the same again by Ben, one with other words by Mia.

    Returns when both are there: each update of the page clears what somebody has begun to type.
    """
    message = next(message for message in channel.history() if message.id == job.message_id)
    asked = {"prompt": OTHER_WORDS, "aspect": job.spec.aspect.value, "duration": [str(job.spec.duration_seconds)]}

    async def remix() -> None:
        form = await stage.mia.click(message, custom_id=f"clip:remix:{job.id}")
        await stage.mia.submit_modal(form, asked)

    print("Under the clip Ben presses Again, and Mia presses Remix and changes the words.", flush=True)
    await _when_free(page, lambda: stage.ben.click(message, custom_id=f"clip:again:{job.id}"))
    await _when_free(page, remix)
    while not stopped.is_set():
        async with stage.database.read() as connection:
            if not await jobs.list_open(connection, stage.guild.id):
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), TICK_SECONDS)


async def _when_free(page: CommunityPage, act: Callable[[], Awaitable[object]]) -> None:
    """Do something as a member; in a moment, while the bot has more to do than can be waited for."""
    while True:
        try:
            async with page.turns:
                await act()
        except (SetupError, TimeoutError):
            await asyncio.sleep(TICK_SECONDS)
        else:
            return


@asynccontextmanager
async def _running(stage: _Stage, page: CommunityPage, stopped: asyncio.Event) -> AsyncGenerator[None]:
    """Run the loops and what the page needs; the page's own end button stops the demo."""

    async def stop_with_page() -> None:
        await page.wait_closed()
        stopped.set()

    async with asyncio.TaskGroup() as group:
        loops = loops_of(stage.bot, stage.reelay)
        for loop in loops:
            group.create_task(loop.run())
        for_page = [group.create_task(page.keep_true()), group.create_task(stop_with_page())]
        try:
            yield
        finally:
            for loop in loops:
                loop.stop()
            for task in for_page:
                task.cancel()


async def _follow(stage: _Stage, job: Job, stopped: asyncio.Event) -> Job:
    """Show the job's state in the terminal until it ends or the demo is stopped."""
    in_place = sys.stdout.isatty()
    shown = ""
    while True:
        async with stage.database.read() as connection:
            job = await jobs.get(connection, job.id) or job
        line = _progress_line(job)
        if line != shown:
            shown = line
            print(f"\r{line}" if in_place else line, end="" if in_place else "\n", flush=True)
        if job.state.is_final or stopped.is_set():
            print(end="\n" if in_place else "", flush=True)
            return job
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), TICK_SECONDS / 2)


def _progress_line(job: Job) -> str:
    progress = job.progress or 0.0
    done = round(progress / 100 * _BAR_WIDTH)
    return f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}] {progress:3.0f} %  {job.state.value:<10}"


async def _hand_over(job: Job, channel: ChannelHandle, out: Path | None) -> int:
    """Save the clip of a finished job and say where, or say why there is none."""
    if job.state is not JobState.DELIVERED:
        is_failed = job.state is JobState.FAILED
        details = failures.explained(job, operator_hears=False) if is_failed else card_details(StatusCard(job))
        return fail(f"No clip: {details}")
    path = out or CLIPS_FOLDER / f"reelay-{job.id}.mp4"
    message = next(message for message in channel.history() if message.id == job.message_id)
    clip = await message.attachments[0].read()
    try:
        await asyncio.to_thread(path.write_bytes, clip)
    except OSError as error:
        return fail(f"The clip is in #{channel.name}, but could not be saved as {path}: {error.strerror}.")
    print(f"The clip is in #{channel.name}, and saved as {path}", flush=True)
    return 0
