"""Bots in this process, connected to the loopback Discord: its gateway and its HTTP."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.gateway import identifying
from bot.store.database import Database
from tests.support.community import GivenClock, make_bot
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection
    from pathlib import Path

    from bot.app import Reelay
    from bot.client import ReelayBot
    from bot.models.operating import Operators
    from tests.support.discord_server import DiscordServer

SERVERS_WITHIN_SECONDS = 0.05
"""The loopback Discord sends all servers at once; when no further one has come in that time, the bot is ready."""
HANDLERS = ("CommandTree-invoker", "discord.py: ", "discord-ui-dynamic-item-")
"""What discord.py calls the tasks in which a bot answers."""


@dataclass(kw_only=True)
class ConnectedBot:
    """A bot with its parts, whose loops a test drives by hand, and the clock of all bots."""

    bot: ReelayBot
    reelay: Reelay
    database: Database
    clock: GivenClock


@asynccontextmanager
async def unconnected_bot(
    server: DiscordServer, folder: Path, *, allowed_servers: Collection[int] = (), operators: Operators | None = None
) -> AsyncGenerator[ReelayBot]:
    """Give the bot before it has signed in, on a new database in the folder."""
    async with _bots(server, folder, count=1, allowed_servers=allowed_servers, operators=operators) as (made,):
        yield made.bot


@asynccontextmanager
async def connected_bot(
    server: DiscordServer, folder: Path, *, allowed_servers: Collection[int] = (), operators: Operators | None = None
) -> AsyncGenerator[ReelayBot]:
    """Give the bot once it is ready, on a new database in the folder."""
    made = unconnected_bot(server, folder, allowed_servers=allowed_servers, operators=operators)
    async with made as bot, connected(bot, server):
        yield bot


@asynccontextmanager
async def connected_bots(
    server: DiscordServer, folder: Path, *, count: int, allowed_servers: Collection[int] = ()
) -> AsyncGenerator[list[ConnectedBot]]:
    """Give some bots once they are ready, on one new database in the folder."""
    bots = _bots(server, folder, count=count, allowed_servers=allowed_servers)
    async with bots as made, AsyncExitStack() as stack:
        for each in made:
            await stack.enter_async_context(connected(each.bot, server))
        yield made


@asynccontextmanager
async def connected(bot: ReelayBot, server: DiscordServer) -> AsyncGenerator[None]:
    """Sign the bot in and have it connected, once it is ready; what ends it before is raised."""
    await bot.sign_in(server.token)
    ready = asyncio.create_task(bot.wait_for("ready"))
    connection = asyncio.create_task(bot.connect())
    await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        ready.cancel()
        await connection
    yield
    await all_handled()  # what goes on would lose its database
    await bot.close()
    await connection


async def all_handled() -> None:
    """Wait until whichever bot has heard of something has done with it."""
    while handlers := [task for task in asyncio.all_tasks() if task.get_name().startswith(HANDLERS)]:
        await asyncio.wait(handlers)


@asynccontextmanager
async def _bots(
    server: DiscordServer,
    folder: Path,
    *,
    count: int,
    allowed_servers: Collection[int] = (),
    operators: Operators | None = None,
) -> AsyncGenerator[list[ConnectedBot]]:
    clock = GivenClock()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Route, "BASE", server.api_url)
        patched.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(server.gateway_url))
        patched.setattr(identifying, "LANE_SECONDS", 0.0)  # the loopback Discord lets anybody identify at any time
        url = await fresh_database(folder)
        async with AsyncExitStack() as stack:
            made: list[ConnectedBot] = []
            for number in range(1, count + 1):
                database = await stack.enter_async_context(Database.open(url, migrate=False))
                bot, reelay = make_bot(
                    database,
                    clock,
                    allowed_servers=frozenset(allowed_servers),
                    operators=operators,
                    name=f"local/{number}",
                )
                bot._connection.guild_ready_timeout = SERVERS_WITHIN_SECONDS
                await stack.enter_async_context(bot)
                made.append(ConnectedBot(bot=bot, reelay=reelay, database=database, clock=clock))
            yield made
