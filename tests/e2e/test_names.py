"""Bots as processes on one PostgreSQL, as in containers that call themselves alike: each has a name, and keeps one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.bot_process import BotProcess, bot_environment
from tests.support.databases import connect, empty_database
from tests.support.discord_server import DiscordServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.postgresql, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_bots_that_lose_their_sessions_have_names_of_their_own_again(tmp_path: Path) -> None:
    url = await empty_database(tmp_path)
    async with DiscordServer() as server, AsyncExitStack() as stack:
        bots: list[BotProcess] = []
        for number in (1, 2):
            folder = tmp_path / str(number)
            folder.mkdir()
            environment = bot_environment(
                directory=folder,
                discord_api_url=server.api_url,
                discord_gateway_url=server.gateway_url,
                discord_token=server.token,
                toapis_base_url="http://127.0.0.1:9",
            )
            bot = await stack.enter_async_context(BotProcess(folder, environment | {"DATABASE_URL": url}))
            assert (await bot.wait_for_log("ready"))["owner"] == f"postgresql/{number}"
            bots.append(bot)

        connection = await connect(url)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE datname = current_database() AND locktype = 'advisory'"
        )
        await connection.close()

        for bot in bots:
            await bot.wait_for_log("name held again")
        assert sorted(line["owner"] for bot in bots for line in bot.logs if line["message"] == "name held again") == [
            "postgresql/1",
            "postgresql/2",
        ]
        for bot in bots:
            await bot.terminate()
        assert not any("traceback" in line for bot in bots for line in bot.logs)
