"""``python -m bot demo``: the real bot, worker and database, with a video service and a Discord of their own.

The video service is the sandbox's on loopback, Discord is SimCord with its local page. Nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import aiohttp
import discord
import simcord
from simcord.backend.errors import SetupError

from bot.app import Reelay, assemble
from bot.media import MediaWorker
from bot.models import Job, JobState, Quota, StatusCard
from bot.sandbox.toapis_server import SandboxServer
from bot.services.policy import WorkerPolicy
from bot.services.ports import SystemClock
from bot.store import jobs
from bot.store.database import Database
from bot.toapis.client import ToApisClient
from bot.ui import texts

if TYPE_CHECKING:
    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle, GuildHandle
    from simcord.preview import Preview

DEMO_PROMPT = "A paper boat drifts across a calm lake at dawn, slow camera, soft light"
QUEUE_SECONDS = 1.5
RENDER_SECONDS = 8.0
POLL_TIME_SCALE = 0.2
"""Renders take seconds here, not minutes, so the bot looks five times as often as it does at the real service."""
_REFRESH_SECONDS = 0.5
_BAR_WIDTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """Everything the demo shows."""

    reelay: Reelay
    database: Database
    env: simcord.Env
    guild: GuildHandle
    channel: ChannelHandle
    mia: MemberActor
    ben: MemberActor
    moderator: MemberActor


async def show(*, prompt: str | None, aspect: str, duration_seconds: int, out: Path | None) -> int:
    """Run the demo; return the exit code, 0 once a clip is there.

    Args:
        prompt: make one clip of it and end; None makes the demo's own, and goes on serving the page if there is
            a terminal to stop it from.
        out: where to save the clip; None is a file named after its job, in the folder ``clips``.
    """
    async with AsyncExitStack() as stack:
        stage = await _set(stack)
        page = stage.env.preview(
            stage.channel, viewers=[stage.mia, stage.ben, stage.moderator], layout="channel", height=900
        )
        await stack.enter_async_context(page)
        print(f"The community's page: {page.url}", flush=True)
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(stage.reelay.worker.run()),
                group.create_task(stage.reelay.board.run()),
                group.create_task(_keep_page_fresh(stage, page)),
            ]
            code = await _perform(stage, prompt or DEMO_PROMPT, aspect, duration_seconds, out)
            if prompt is None and sys.stdin.isatty():
                print("Now type /video on the page yourself, as Mia, Ben or the moderator. Ctrl-C ends the demo.")
                await page.wait_closed()
            stage.reelay.worker.stop()
            stage.reelay.board.stop()
            await running[0]
            running[2].cancel()
    return code


async def _set(stack: AsyncExitStack) -> _Stage:
    """Start the video service, the bot and a small community."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="reelay-demo-")))
    service = await stack.enter_async_context(SandboxServer(queue_seconds=QUEUE_SECONDS, render_seconds=RENDER_SECONDS))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    database = await stack.enter_async_context(Database.open(f"sqlite+aiosqlite:///{folder / 'reelay.db'}"))
    reelay = assemble(
        database=database,
        service=ToApisClient(session=session, base_url=service.base_url, api_key=service.api_key, model="gemini_omni"),
        media=await stack.enter_async_context(MediaWorker()),
        clock=SystemClock(),
        operator_quota=Quota(60),
        max_open_jobs=2,
        policy=WorkerPolicy(poll_time_scale=POLL_TIME_SCALE),
        owner="demo",
    )
    env = await stack.enter_async_context(simcord.run(reelay.bot))
    guild = env.create_guild("Film club")
    moderators = guild.create_role("Moderators", permissions=discord.Permissions(moderate_members=True))
    channel = guild.create_text_channel("clips")
    guild.create_text_channel("brainstorm")
    return _Stage(
        reelay=reelay,
        database=database,
        env=env,
        guild=guild,
        channel=channel,
        mia=guild.add_member(env.create_user("Mia")),
        ben=guild.add_member(env.create_user("Ben")),
        moderator=guild.add_member(env.create_user("Mo"), roles=[moderators]),
    )


async def _perform(stage: _Stage, prompt: str, aspect: str, duration_seconds: int, out: Path | None) -> int:
    """Type one ``/video`` as a member, follow it, save its clip."""
    print(f"Mia types: /video prompt:{prompt} aspect:{aspect} duration:{duration_seconds}", flush=True)
    answer = await stage.mia.slash(stage.channel, "video", prompt=prompt, aspect=aspect, duration=duration_seconds)
    async with stage.database.read() as connection:
        opened = await jobs.list_open(connection, stage.guild.id)
    if not opened:
        said = [message.content for message in (answer.response, *answer.followups) if message is not None]
        print(f"Refused: {' '.join(said)}", file=sys.stderr)
        return 1
    job = await _follow(stage, opened[-1])
    if job.state is not JobState.DELIVERED or job.message_id is None:
        print(f"No clip: {texts.card_details(StatusCard(job))}", file=sys.stderr)
        return 1
    path = out or Path("clips") / f"reelay-{job.id}.mp4"
    await _save(stage, job.message_id, path)
    print(f"The clip is in #{stage.channel.name}, and saved as {path}", flush=True)
    return 0


async def _follow(stage: _Stage, job: Job) -> Job:
    """Show the job's state in the terminal until it ends."""
    shown = ""
    while True:
        async with stage.database.read() as connection:
            job = await jobs.get(connection, job.id) or job
        line = _progress_line(job)
        if line != shown:
            shown = line
            print(f"\r{line}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n", flush=True)
        if job.state.is_final:
            print(end="\n" if sys.stdout.isatty() else "")
            return job
        await asyncio.sleep(_REFRESH_SECONDS / 2)


def _progress_line(job: Job) -> str:
    progress = job.progress or 0.0
    done = round(progress / 100 * _BAR_WIDTH)
    return f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}] {progress:3.0f} %  {job.state.value:<10}"


async def _save(stage: _Stage, message_id: int, path: Path) -> None:
    message = next(message for message in stage.channel.history() if message.id == message_id)
    clip = await message.attachments[0].read()
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(path.write_bytes, clip)


async def _keep_page_fresh(stage: _Stage, page: Preview) -> None:
    """Show on an open page what the worker posts and edits on its own."""
    seen: object = None
    while True:
        await asyncio.sleep(_REFRESH_SECONDS)
        now = [(message.id, message.edited_at) for message in stage.channel.history()]
        if now != seen:
            # Somebody is just pressing something on the page: that shows the news as well.
            with suppress(SetupError):
                await page.refresh()
                seen = now
