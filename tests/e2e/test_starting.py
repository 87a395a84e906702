"""A start goes on in an outage, ends with a sentence where it must, and well at a signal; a bot has 16 connections."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.sandbox.toapis_server import SandboxServer
from tests.support import quick_bot
from tests.support.acts import Act, Scene
from tests.support.bot_process import REPOSITORY, BotProcess, bot_environment
from tests.support.databases import fresh_database
from tests.support.discord_server import DiscordServer, RouteKind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Outcome
    from tests.support.stage import Part, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRONG_SETTINGS, FAILED = 2, 1
SHARDS = 16


def environment_of(server: DiscordServer, directory: Path) -> dict[str, str]:
    """Give the settings of a bot beside a Discord, with nobody at the video service's address."""
    return bot_environment(
        directory=directory,
        discord_api_url=server.api_url,
        discord_gateway_url=server.gateway_url,
        discord_token=server.token,
        toapis_base_url="http://127.0.0.1:9",
    )


def bot_of(server: DiscordServer, directory: Path, *arguments: str, **settings: str) -> BotProcess:
    """Give a bot that is to be started as people do."""
    return BotProcess(directory, environment_of(server, directory) | settings, server=server, arguments=arguments)


async def quick_bot_of(server: DiscordServer, directory: Path) -> BotProcess:
    """Give a bot that is to be started with all imported and migrated."""
    await fresh_database(directory)
    return BotProcess(directory, environment_of(server, directory), server=server, main=quick_bot.run)


def messages(bot: BotProcess) -> list[str]:
    return [line["message"] for line in bot.logs]


# Outages -----------------------------------------------------------------------------------------


async def test_bot_started_while_nobody_answers_at_discords_address_waits_and_says_so_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    environment = bot_environment(
        directory=tmp_path,
        discord_api_url=f"http://127.0.0.1:{port}/api/v10",
        discord_gateway_url=f"ws://127.0.0.1:{port}/gateway",
        discord_token="loopback-discord-token",
        toapis_base_url="http://127.0.0.1:9",
    )
    async with BotProcess(tmp_path, environment) as bot:
        waiting = await bot.wait_for_log("waiting for Discord, which cannot be reached just now")
        assert waiting["error"] == "ClientConnectorError"
        async with DiscordServer(port=port):
            await bot.wait_for_log("ready")
            await bot.wait_for_log("Discord is there again")
            await bot.terminate()
    assert sum(message.startswith("waiting for Discord") for message in messages(bot)) == 1
    assert not any("traceback" in line for line in bot.logs)


# Refusals ----------------------------------------------------------------------------------------


async def test_gateway_that_refuses_the_token_ends_the_bot_with_one_sentence(tmp_path: Path) -> None:
    async with DiscordServer() as server:
        server.world.gateway_refusal = 4004
        async with await quick_bot_of(server, tmp_path) as bot:
            assert await bot.wait_exit() == WRONG_SETTINGS
    assert bot.output[-1] == "the token is not accepted by Discord: check DISCORD_TOKEN."
    assert "ready" not in messages(bot)
    assert not any("Traceback" in line or "traceback" in line for line in bot.output)


async def test_bot_that_is_closed_while_it_serves_for_want_of_connections_finishes_and_ends(tmp_path: Path) -> None:
    async with DiscordServer() as server, await quick_bot_of(server, tmp_path) as bot:
        await bot.wait_ready()
        server.world.shards_required = SHARDS
        assert bot.session is not None
        await server.disconnect(bot.session, code=4011)
        assert await bot.wait_exit() == FAILED
    assert bot.logs[-1]["message"].startswith("stopped: Discord wants the bot to have more connections")


# Signals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "number"),
    [("click", signal.SIGTERM), ("pydantic", signal.SIGINT), ("discord", signal.SIGTERM)],
)
async def test_bot_told_to_stop_while_it_is_imported_ends_well(
    module: str, number: signal.Signals, tmp_path: Path
) -> None:
    async with DiscordServer() as server:
        (tmp_path / "sitecustomize.py").write_text(_STOPPED_AT_IMPORT.format(module=module, number=int(number)))
        async with bot_of(server, tmp_path, PYTHONPATH=f"{tmp_path}:{REPOSITORY}") as bot:
            assert await bot.wait_exit(within_seconds=10) == 0
    assert bot.output == []


_STOPPED_AT_IMPORT = """
import os, sys

class Stopped:
    def find_spec(self, name, path=None, target=None):
        main = sys.modules.get("__main__")
        if name == {module!r} and getattr(main, "__spec__", None) and main.__spec__.name == "bot.__main__":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Stopped())
"""


async def test_bot_told_to_stop_while_it_waits_for_discord_ends_well(tmp_path: Path) -> None:
    async with DiscordServer() as server:
        server.faults.fail(RouteKind.GET_ME, 503, times=100)
        async with await quick_bot_of(server, tmp_path) as bot:
            await bot.wait_for_log("waiting for Discord, which cannot be reached just now")
            await bot.terminate(within_seconds=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "sigint"])
async def test_doctor_told_to_stop_ends_well(number: signal.Signals, tmp_path: Path) -> None:
    async with DiscordServer() as server, SandboxServer() as service:
        signing_in = server.faults.hold(RouteKind.GET_ME, stored=False)
        settings = {"TOAPIS_BASE_URL": service.base_url, "TOAPIS_API_KEY": service.api_key}
        async with bot_of(server, tmp_path, "doctor", **settings) as doctor:
            await signing_in.arrived.wait()
            os.kill(doctor.pid, number)
            assert await doctor.wait_exit(within_seconds=10) == 0
    assert not any("Traceback" in line for line in doctor.output)


# The database ------------------------------------------------------------------------------------


async def test_database_that_is_replaced_while_the_bot_runs_ends_it_with_an_error(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    async with DiscordServer() as server, await quick_bot_of(server, tmp_path) as bot:
        await bot.wait_ready()
        for suffix in ("", "-wal"):  # what the bot has open, under a name of its own, however much is in the log yet
            (tmp_path / f"old.db{suffix}").hardlink_to(f"{path}{suffix}")
        shutil.copyfile(path, tmp_path / "restored.db")
        (tmp_path / "restored.db").replace(path)
        asked = await server.slash(server.clips, server.ada, "video", {"prompt": "a cat"})
        assert await bot.wait_exit(within_seconds=40) == FAILED
    assert "Waiting" not in asked.text
    assert bot.logs[-1]["message"] == (
        "stopped: the file of the database was replaced or removed while the bot ran; nothing is accepted since."
    )
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)
    assert [line["traceback"] for line in bot.logs if "traceback" in line] == []


# Sixteen connections -----------------------------------------------------------------------------


def _with_many_connections(stage: Stage) -> dict[str, str]:
    world = stage.server.world
    world.shards = world.shards_required = world.identify_lanes = SHARDS
    return {}


async def clip_is_made_over_sixteen_connections_with_its_log(part: Part) -> None:
    server = part.stage.server
    sessions = server.sessions
    assert sorted(session.shard_id for session in sessions) == list(range(SHARDS))
    assert len(server.sessions_of(part.channel)) == 1
    await part.stage.bot.wait_for_log("connected to Discord", servers=1, shards=SHARDS)
    moderator, log = server.mia, server.brainstorm
    answer = await server.slash(part.channel, moderator, "moderate settings")
    panel = await part.until(lambda: answer.response if "### Settings" in answer.text else None)
    await server.press(panel, "panel:section", moderator, "log")
    await part.until(lambda: "### Log" in panel.text)
    await server.press(panel, "panel:log_channel", moderator, log)
    await part.until(lambda: "goes to" in panel.text)
    await part.ask()
    await part.ends()
    await part.until(lambda: any(part.prompt in message.text for message in log.messages.values()))


SHARDED = Act(scenarios=(clip_is_made_over_sixteen_connections_with_its_log,), prepare=_with_many_connections)


@pytest.mark.parametrize("scene", SHARDED.scenes, ids=lambda scene: scene.name)
async def test_sharded(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
