"""The harness that the end-to-end tests stand on, tried with the real bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.bot_process import BotProcess, bot_environment
from tests.support.discord_server import DiscordServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NOBODY_LISTENS = "http://127.0.0.1:9"


async def test_bot_comes_back_after_sigkill_and_stops_cleanly_on_sigterm(tmp_path: Path) -> None:
    async with DiscordServer() as server:
        environment = bot_environment(
            directory=tmp_path,
            discord_api_url=server.api_url,
            discord_gateway_url=server.gateway_url,
            discord_token=server.token,
            toapis_base_url=NOBODY_LISTENS,
        )
        async with BotProcess(tmp_path, environment, server=server) as bot:
            await bot.wait_ready()
            assert server.sessions == [bot.session]
            await bot.kill()
            await server.wait_for(lambda _world: not server.sessions)
        async with BotProcess(tmp_path, environment, server=server) as bot:
            await bot.wait_ready()
            shot = await server.slash(server.clips, server.ada, "quota")
            await shot.acknowledged
            assert shot.is_ephemeral
            await bot.terminate()
        assert not server.sessions
    assert any("video" in command["name"] for command in server.world.commands[None])


async def test_bot_that_ends_early_is_reported_with_what_it_wrote(tmp_path: Path) -> None:
    async with BotProcess(tmp_path, {}) as bot:
        with pytest.raises(AssertionError, match=r"exit code 2[\s\S]*DISCORD_TOKEN is not set"):
            await bot.wait_ready()
        assert await bot.wait_exit() == 2
