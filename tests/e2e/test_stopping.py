"""SIGTERM and Ctrl-C: the bot finishes or lets go of what it has begun, ends with exit code 0, and loses nothing."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.acts import DOWN, UP, Act, Moments, Scene, stop_by
from tests.support.bot_process import BotProcess, bot_environment
from tests.support.discord_server import DiscordServer, RouteKind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Outcome
    from tests.support.stage import Part

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def upload_in_hand_is_finished(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask()
    await upload.arrived.wait()
    yield DOWN
    upload.release()
    await part.stage.bot.wait_for_log("job delivered", job_id=part.job["id"])


async def submit_in_hand_is_finished(part: Part) -> Moments:
    submit = part.hold_at_service("submit")
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN
    submit.set()
    await part.stage.bot.wait_for_log("job rendering", job_id=part.job["id"])


async def poll_in_hand_is_finished(part: Part) -> Moments:
    poll = part.hold_at_service("poll")
    await part.ask()
    await part.reaches_service("poll")
    yield DOWN
    poll.set()
    await part.stage.bot.wait_for_log("job ready", job_id=part.job["id"])


async def render_goes_on_and_is_noticed_by_the_next_bot(part: Part) -> Moments:
    await part.ask()
    await part.stage.bot.wait_for_log("job rendering", job_id=(await part.accepted())["id"])
    yield DOWN


async def upload_that_is_never_answered_is_given_up_in_time(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=True)
    await part.ask()
    await upload.arrived.wait()
    yield DOWN


async def submit_that_is_never_answered_is_given_up_in_time(part: Part) -> Moments:
    part.hold_at_service("submit", accept=True)
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN


async def submit_that_is_taken_long_after_the_end_is_found_by_the_next_bot(part: Part) -> Moments:
    submit = part.hold_at_service("submit")
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN
    yield UP
    await part.reaches_service("poll", times=2)  # answered "no such task"
    submit.set()


TERMINATED = Act(
    scenarios=(
        upload_in_hand_is_finished,
        submit_in_hand_is_finished,
        poll_in_hand_is_finished,
        render_goes_on_and_is_noticed_by_the_next_bot,
    ),
    interruption=stop_by(signal.SIGTERM),
)
INTERRUPTED = Act(
    scenarios=(
        upload_in_hand_is_finished,
        submit_in_hand_is_finished,
        upload_that_is_never_answered_is_given_up_in_time,
        submit_that_is_never_answered_is_given_up_in_time,
        submit_that_is_taken_long_after_the_end_is_found_by_the_next_bot,
    ),
    interruption=stop_by(signal.SIGINT),
)


@pytest.mark.parametrize("scene", TERMINATED.scenes, ids=lambda scene: scene.name)
async def test_bot_ends_cleanly_on_sigterm_and(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)


@pytest.mark.parametrize("scene", INTERRUPTED.scenes, ids=lambda scene: scene.name)
async def test_bot_ends_cleanly_on_sigint_and(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)


async def test_bot_ends_cleanly_on_sigint_before_it_serves(tmp_path: Path) -> None:
    async with DiscordServer() as server:
        signing_in = server.faults.hold(RouteKind.GET_ME, stored=False)
        environment = bot_environment(
            directory=tmp_path,
            discord_api_url=server.api_url,
            discord_gateway_url=server.gateway_url,
            discord_token=server.token,
            toapis_base_url="http://127.0.0.1:9",
        )
        async with BotProcess(tmp_path, environment, server=server) as bot:
            await signing_in.arrived.wait()
            os.kill(bot.pid, signal.SIGINT)
            assert await bot.wait_exit() == 0
        signing_in.release()
