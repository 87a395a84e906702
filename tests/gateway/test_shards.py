"""Sixteen connections to the loopback Discord, as the bot and its members meet them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import PublishUnavailableError
from bot.gateway.identifying import Identifying
from bot.ui.publisher import DiscordPublisher
from bot.ui.text.clips.cards import TROUBLE_SIGN
from tests.support.community import GivenClock
from tests.support.connected_bot import connected, connected_bot, unconnected_bot
from tests.support.discord_server import DiscordServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.discord_server import Guild
    from tests.support.discord_server.world import World

SHARDS = 16


def sharded(server: DiscordServer) -> list[Guild]:
    """Have the server want sixteen connections, and give it a guild on each."""
    world = server.world
    world.shards = world.shards_required = world.identify_lanes = SHARDS
    return [world.add_guild(f"Studio {number}", shard=(number, SHARDS)) for number in range(SHARDS)]


async def test_each_connection_brings_its_own_servers_and_all_are_known_when_it_is_ready(tmp_path: Path) -> None:
    server = DiscordServer()
    guilds = sharded(server)
    async with server, connected_bot(server, tmp_path) as bot:
        assert bot.is_ready()
        assert {guild.id for guild in bot.guilds} == {server.guild.id, *(guild.id for guild in guilds)}
        assert [bot.get_guild(guild.id).shard_id for guild in guilds] == list(range(SHARDS))
        assert server.world.starts_left == 1000 - SHARDS


async def test_command_is_answered_on_whichever_connection_it_comes(tmp_path: Path) -> None:
    server = DiscordServer()
    sharded(server)
    async with server, connected_bot(server, tmp_path):
        asked = await server.slash(server.clips, server.ada, "quota")
        await server.wait_for(lambda _: asked.text)


async def test_connection_that_is_down_keeps_the_sign_from_none_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_down(**_presence: object) -> None:
        raise ConnectionResetError

    server = DiscordServer()
    guilds = sharded(server)
    async with server, connected_bot(server, tmp_path) as bot:
        monkeypatch.setattr(bot._connections[5].ws, "change_presence", is_down)
        publisher = DiscordPublisher(client=bot, clock=GivenClock(), operator_channel_id=None)
        with pytest.raises(PublishUnavailableError):  # so that it is tried again
            await publisher.show_trouble(is_in_trouble=True)

        [down] = server.world.sessions_of(guilds[5].id)
        others = [session for session in server.sessions if session is not down]
        await server.wait_for(lambda _: all(session.signs[-1] == TROUBLE_SIGN for session in others))
        assert down.signs == [""]


async def test_sign_is_shown_on_all_connections(tmp_path: Path) -> None:
    server = DiscordServer()
    sharded(server)
    async with server, connected_bot(server, tmp_path) as bot:
        publisher = DiscordPublisher(client=bot, clock=GivenClock(), operator_channel_id=None)
        await publisher.show_trouble(is_in_trouble=True)
        await server.wait_for(lambda _: all(session.signs[-1] == TROUBLE_SIGN for session in server.sessions))


async def test_sign_is_shown_at_once_where_the_bot_is_let_in_and_elsewhere_as_soon_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, may_go_on = 5, asyncio.Event()

    async def wait_turn(_: Identifying, shard_id: int) -> None:
        if shard_id == waiting:
            await may_go_on.wait()

    monkeypatch.setattr(Identifying, "wait_turn", wait_turn)
    server = DiscordServer()
    sharded(server)

    def shows_sign(_: World) -> bool:
        return all(session.signs[-1] == TROUBLE_SIGN for session in server.sessions)

    async with server, unconnected_bot(server, tmp_path) as bot:
        await bot.sign_in(server.token)
        connection = asyncio.create_task(bot.connect())
        await server.wait_for(lambda _: len(server.sessions) == waiting)
        await DiscordPublisher(client=bot, clock=GivenClock(), operator_channel_id=None).show_trouble(
            is_in_trouble=True
        )
        await server.wait_for(shows_sign)
        may_go_on.set()
        await server.wait_for(lambda world: len(server.sessions) == SHARDS and shows_sign(world))
        await bot.close()
        await connection


async def test_sign_that_a_broken_connection_has_not_shown_is_shown_when_it_is_there_again(tmp_path: Path) -> None:
    server = DiscordServer()
    guilds = sharded(server)
    async with server, connected_bot(server, tmp_path) as bot:
        [session] = server.world.sessions_of(guilds[7].id)
        gone = asyncio.create_task(bot.wait_for("shard_disconnect", timeout=10))
        await server.disconnect(session, code=4000)
        await gone
        await DiscordPublisher(client=bot, clock=GivenClock(), operator_channel_id=None).show_trouble(
            is_in_trouble=True
        )
        await server.wait_for(
            lambda _: len(server.sessions) == SHARDS and all(it.signs[-1] == TROUBLE_SIGN for it in server.sessions)
        )


async def test_server_that_the_bot_was_taken_out_of_meanwhile_is_forgotten_with_a_new_session(tmp_path: Path) -> None:
    server = DiscordServer()
    guilds = sharded(server)
    async with server, connected_bot(server, tmp_path) as bot:
        [session] = server.world.sessions_of(guilds[3].id)
        del server.world.guilds[guilds[3].id]
        again = asyncio.create_task(bot.wait_for("shard_connect", timeout=10))
        await server.forget(session)

        assert await again == 3
        assert bot.get_guild(guilds[3].id) is None
        assert bot.get_guild(guilds[4].id) is not None


async def test_connection_that_breaks_is_taken_up_again_while_the_others_go_on(tmp_path: Path) -> None:
    server = DiscordServer()
    guilds = sharded(server)
    async with server, connected_bot(server, tmp_path) as bot:
        [session] = server.world.sessions_of(guilds[7].id)
        again = asyncio.create_task(bot.wait_for("shard_resumed", timeout=10))
        await server.disconnect(session, code=4000)

        assert await again == 7
        assert len(server.sessions) == SHARDS
        assert server.world.starts_left == 1000 - SHARDS


async def test_bot_knows_on_how_many_connections_it_is_let_in_and_how_slow_they_are(tmp_path: Path) -> None:
    server = DiscordServer()
    server.world.shards = server.world.shards_required = server.world.identify_lanes = 2
    async with server, unconnected_bot(server, tmp_path) as bot:
        assert (bot.shard_count, bot.shards_connected, bot.slowest_latency_seconds) == (None, 0, None)
        async with connected(bot, server):
            assert (bot.shard_count, bot.shards_connected) == (2, 2)
            lost = asyncio.create_task(bot.wait_for("shard_disconnect", timeout=5))
            await server.disconnect(server.world.sessions[0])
            await lost
            assert bot.shards_connected == 1
            await bot.wait_for("shard_resumed", timeout=5)
            assert bot.shards_connected == 2
