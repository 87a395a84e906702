"""``python -m bot demo``: types one ``/video`` in the demo's community, and serves its page."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from simcord.backend.errors import SetupError

from bot.errors import InvalidSpecError
from bot.models import GEMINI_OMNI, Job, JobState, StatusCard, VideoSpec
from bot.sandbox.community import CLIPS_CHANNEL, Community
from bot.sandbox.page.community_page import TICK_SECONDS
from bot.sandbox.terminal import check_writable, fail, stop_event
from bot.sandbox.toapis_server import SandboxServer
from bot.store import jobs
from bot.ui.text import failures, refusals
from bot.ui.text.clips.cards import card_details

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simcord.builders import ChannelHandle

HINT = """Now type /video on the page yourself, /brainstorm in #brainstorm, or /moderate settings as the moderator Mo
("Viewing as", at the top of each channel). An idea for /brainstorm, whose thread then opens beside the channels:
  A paper boat drifts across a {calm|stormy} lake, {light}
Vote as Mia, then as Ben; as Mia press Manage… and Close now to see the winner. Ctrl-C ends it."""
ONE_CLIP_HINT = "There is no terminal to stop it from, so it ends after one clip. To keep the page: demo --serve"
DEMO_PROMPT = "A paper boat drifts across a calm lake at dawn, slow camera, soft light"
OTHER_WORDS = "A paper lantern drifts across a dark lake at night, slow camera, warm light"
QUEUE_SECONDS = 1.0
RENDER_SECONDS, WATCHED_RENDER_SECONDS = 5.0, 8.0
"""Somebody at the page should see the card move, and cards are edited every 5 s at most."""
CLIPS_FOLDER = Path("clips")
_BAR_WIDTH = 30


async def show(*, prompt: str | None, aspect: str, duration_seconds: int, out: Path | None, serve: bool = False) -> int:
    """Run the demo until it is done or stopped; return the exit code, 0 when all went well.

    Args:
        prompt: make one clip of it and end; None makes the demo's own, and goes on serving the page if there is
            a terminal to stop it from.
        out: where to save the clip; None is a file named after its job, in the folder ``clips``.
        serve: go on serving the page without a terminal, too.
    """
    try:
        spec = VideoSpec.parse(DEMO_PROMPT if prompt is None else prompt, aspect, duration_seconds)
        GEMINI_OMNI.check(spec.prompt, spec.aspect, spec.duration_seconds)
        await asyncio.to_thread(check_writable, out or CLIPS_FOLDER / "clip.mp4")
    except InvalidSpecError as error:
        return fail(f"Refused: {refusals.explain(error)}")
    except OSError as error:
        return fail(f"The clip cannot be saved there: {error.filename}: {error.strerror}.")
    serving = prompt is None and (serve or sys.stdin.isatty())
    stopped = stop_event()
    render_seconds = WATCHED_RENDER_SECONDS if serving else RENDER_SECONDS
    service = SandboxServer(queue_seconds=QUEUE_SECONDS, render_seconds=render_seconds)
    async with Community.open(service) as community:
        print(f"The community's page: {community.page.url}", flush=True)
        if prompt is None and not serving:
            print(ONE_CLIP_HINT, flush=True)
        channel = community.channels[CLIPS_CHANNEL]
        job = await _ask(community, channel, spec)
        if job is None:
            return 1
        async with community.running(stopped):
            job = await _follow(community, job, stopped)
            if not job.state.is_final:
                return 0 if serving else fail("Stopped before the clip was there.")
            code = await _hand_over(job, channel, out)
            if serving and not stopped.is_set():
                await _press(community, job, channel)
                print(HINT, flush=True)
                await stopped.wait()
    return code


async def _ask(community: Community, channel: ChannelHandle, spec: VideoSpec) -> Job | None:
    """Type one ``/video`` as a member, while nothing else runs yet; say so when it is refused."""
    options = {"prompt": spec.prompt, "aspect": spec.aspect.value, "duration": spec.duration_seconds}
    print("Mia types: /video", *(f"{name}:{value}" for name, value in options.items()), flush=True)
    async with community.page.turns:
        answer = await community.mia.slash(channel, "video", **options)
    async with community.database.read() as connection:
        opened = await jobs.list_open(connection, community.guild.id)
    if opened:
        return opened[0]
    said = [message.content for message in (answer.response, *answer.followups) if message is not None]
    fail(f"Refused: {' '.join(said)}")
    return None


async def _press(community: Community, job: Job, channel: ChannelHandle) -> None:
    """Have the clip's next versions made by its buttons: the same again by Ben, one with other words by Mia."""
    message = next(message for message in channel.history() if message.id == job.message_id)
    asked = {"prompt": OTHER_WORDS, "aspect": job.spec.aspect.value, "duration": [str(job.spec.duration_seconds)]}

    async def remix() -> None:
        form = await community.mia.click(message, custom_id=f"clip:remix:{job.id}")
        await community.mia.submit_modal(form, asked)

    print("Under the clip Ben presses Again, and Mia presses Remix and changes the words.", flush=True)
    await _when_free(community, lambda: community.ben.click(message, custom_id=f"clip:again:{job.id}"))
    await _when_free(community, remix)


async def _when_free(community: Community, act: Callable[[], Awaitable[object]]) -> None:
    """Do something as a member; in a moment, while the bot has more to do than can be waited for."""
    while True:
        try:
            async with community.page.turns:
                await act()
        except (SetupError, TimeoutError):
            await asyncio.sleep(TICK_SECONDS)
        else:
            return


async def _follow(community: Community, job: Job, stopped: asyncio.Event) -> Job:
    """Show the job's state in the terminal until it ends or the demo is stopped."""
    in_place = sys.stdout.isatty()
    shown = ""
    while True:
        async with community.database.read() as connection:
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
