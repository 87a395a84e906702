"""The bot as a process, as it is seen over HTTP: from before Discord is there, and not beside another on its port."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.bot_process import BotProcess, bot_environment, free_port
from tests.support.discord_server import DiscordServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAILED = 1


def environment_of(directory: Path, *, discord_port: int, port: int) -> dict[str, str]:
    environment = bot_environment(
        directory=directory,
        discord_api_url=f"http://127.0.0.1:{discord_port}/api/v10",
        discord_gateway_url=f"ws://127.0.0.1:{discord_port}/gateway",
        discord_token="loopback-discord-token",
        toapis_base_url="http://127.0.0.1:9",
    )
    return environment | {"HTTP_LISTEN": f"127.0.0.1:{port}"}


async def test_bot_is_healthy_while_it_waits_for_discord_and_ready_once_it_is_connected(tmp_path: Path) -> None:
    port, discord_port = free_port(), free_port()
    async with (
        BotProcess(tmp_path, environment_of(tmp_path, discord_port=discord_port, port=port)) as bot,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):

        async def get(path: str) -> tuple[int, str]:
            async with session.get(path) as response:
                return response.status, await response.text()

        await bot.wait_for_log("waiting for Discord, which cannot be reached just now")
        assert await get("/healthz") == (200, "ok\n")
        assert await get("/readyz") == (503, "not ready: connected to Discord on 0 of some connections\n")
        async with DiscordServer(port=discord_port):
            await bot.wait_for_log("ready")
            assert await get("/readyz") == (200, "ready\n")
            status, text = await get("/metrics")
            assert status == 200
            figures = dict(line.split(" ") for line in text.splitlines() if not line.startswith("#"))
            assert float(figures["reelay_discord_shards_connected"]) == 1
            assert float(figures["reelay_write_lock_wait_seconds_count"]) > 0
            assert float(figures["process_resident_memory_bytes"]) > 0
            await bot.terminate()
    assert not any("traceback" in line for line in bot.logs)


async def test_bot_whose_port_is_taken_ends_with_one_sentence_and_may_be_started_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with BotProcess(tmp_path, environment_of(tmp_path, discord_port=free_port(), port=port)) as bot:
            assert await bot.wait_exit() == FAILED
    [line] = bot.logs
    assert line["message"].startswith(f"stopped: another program listens at port {port} already: ")
