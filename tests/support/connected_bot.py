"""The bot in this process, connected to the loopback Discord: its gateway and its HTTP."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
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

    from bot.client import ReelayBot
    from tests.support.discord_server import DiscordServer

SERVERS_WITHIN_SECONDS = 0.05
"""The loopback Discord sends all servers at once; when no further one has come in that time, the bot is ready."""


@asynccontextmanager
async def unconnected_bot(
    server: DiscordServer, folder: Path, *, allowed_servers: Collection[int] = ()
) -> AsyncGenerator[ReelayBot]:
    """Give the bot before it has signed in, on a new database in the folder."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Route, "BASE", server.api_url)
        patched.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(server.gateway_url))
        patched.setattr(identifying, "LANE_SECONDS", 0.0)  # the loopback Discord lets anybody identify at any time
        async with Database.open(await fresh_database(folder), migrate=False) as database:
            bot, _ = make_bot(database, GivenClock(), allowed_servers=frozenset(allowed_servers))
            bot._connection.guild_ready_timeout = SERVERS_WITHIN_SECONDS
            async with bot:
                yield bot


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
    await bot.close()
    await connection


@asynccontextmanager
async def connected_bot(
    server: DiscordServer, folder: Path, *, allowed_servers: Collection[int] = ()
) -> AsyncGenerator[ReelayBot]:
    """Give the bot once it is ready, on a new database in the folder."""
    async with unconnected_bot(server, folder, allowed_servers=allowed_servers) as bot, connected(bot, server):
        yield bot
