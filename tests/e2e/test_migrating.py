"""A process that is stopped or killed while it migrates, or waits for another that does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.bot_process import BotProcess, bot_environment
from tests.support.discord_server import DiscordServer
from tests.support.old_databases import REVISIONS, fill, old_database
from tests.support.slow_migration import WRITTEN, run, run_beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRONG_SETTINGS = 2

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAITING = "migrating the database: waiting for another process, which holds it as one that migrates it does"


@pytest_asyncio.fixture(loop_scope="session")
async def path(tmp_path: Path) -> Path:
    """Give the file of a database of the version before this one."""
    async with old_database(f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}", REVISIONS[-2]) as connection:
        await connection.run_sync(fill)
    return tmp_path / "reelay.db"


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def bot_on(path: Path, main: Callable[[], int]) -> BotProcess:
    """Give a bot on this database, with nobody at Discord's address."""
    environment = bot_environment(
        directory=path.parent,
        discord_api_url="http://127.0.0.1:9/api/v10",
        discord_gateway_url="ws://127.0.0.1:9/gateway",
        discord_token="loopback-discord-token",
        toapis_base_url="http://127.0.0.1:9",
    )
    return BotProcess(path.parent, environment, main=main)


async def test_bot_told_to_stop_while_it_migrates_ends_soon_and_leaves_the_database_as_it_was(path: Path) -> None:
    before = content(path)
    async with bot_on(path, run) as bot:
        await bot.wait_for_log(WRITTEN)
        await bot.terminate(within_seconds=10)
    assert bot.logs[-1]["message"] == "stopped before serving"
    assert content(path) == before


async def test_bot_told_to_stop_while_it_waits_for_another_that_migrates_ends_soon(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with bot_on(path, run_beside) as bot:
            await bot.wait_for_log(WAITING)
            await bot.terminate(within_seconds=10)


async def test_bot_killed_while_it_migrates_leaves_the_database_as_it_was_to_whoever_waits(path: Path) -> None:
    before = content(path)
    async with bot_on(path, run) as killed:
        await killed.wait_for_log(WRITTEN)
        async with bot_on(path, run_beside) as waiting:
            await waiting.wait_for_log(WAITING)
            await killed.kill()
            migrated = await waiting.wait_for_log("migrated the database")
    assert content(path.parent / migrated["copy"]) == before
    assert content(path) != before


async def test_bot_beside_a_newer_version_that_has_migrated_charges_nothing_and_ends_with_one_sentence(
    tmp_path: Path,
) -> None:
    async with DiscordServer() as server:
        environment = bot_environment(
            directory=tmp_path,
            discord_api_url=server.api_url,
            discord_gateway_url=server.gateway_url,
            discord_token=server.token,
            toapis_base_url="http://127.0.0.1:9",
        )
        async with BotProcess(tmp_path, environment, server=server, main=run_beside) as bot:
            await bot.wait_ready()
            with closing(sqlite3.connect(tmp_path / "reelay.db")) as newer, newer:
                newer.execute("UPDATE schema_epoch SET epoch = epoch + 1")
            asked = await server.slash(server.clips, server.ada, "video", {"prompt": "a cat"})
            assert await bot.wait_exit(within_seconds=40) == WRONG_SETTINGS
    assert "Waiting" not in asked.text
    assert bot.output[-1] == "the database was migrated by a newer version of the bot: update this one."
    assert not any("traceback" in line for line in bot.logs)
    with closing(sqlite3.connect(tmp_path / "reelay.db")) as connection:
        assert connection.execute("SELECT count(*) FROM ledger").fetchone() == (0,)
