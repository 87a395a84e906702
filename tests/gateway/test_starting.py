"""A start beside the loopback Discord: through outages of each kind, into refusals of each kind."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from unittest.mock import AsyncMock

import pytest
from discord.backoff import ExponentialBackoff
from discord.http import Route

from bot.errors import ReelayError, SettingsError
from bot.gateway import GatewayClosedError, Patience
from bot.gateway.checking import check_token
from tests.support.connected_bot import connected, connected_bot, unconnected_bot
from tests.support.discord_server import Answer, DiscordServer, RouteKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.client import ReelayBot

SHARDS = 16
WAITING, THERE_AGAIN = "waiting for Discord, which cannot be reached just now", "Discord is there again"
ASKED_AT_START = (RouteKind.GET_ME, RouteKind.GET_APPLICATION, RouteKind.PUT_COMMANDS, RouteKind.GET_GATEWAY)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what was said of waiting."""
    return [record.getMessage() for record in caplog.records if record.name == "bot.gateway.patience"]


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


# Outages -----------------------------------------------------------------------------------------


async def test_bot_waits_whatever_it_asks_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with DiscordServer() as server, unconnected_bot(server, tmp_path) as bot:
        bot.patience = Patience(at_once)
        for kind in ASKED_AT_START:
            server.faults.fail(kind, 503, times=2)
            server.faults.fail(kind, 403)
            server.faults.limit(kind, 1.0, via=False)
            server.faults.reset(kind, stored=False)
        async with connected(bot, server):
            pass
    assert said(caplog) == [WAITING, THERE_AGAIN] * 2  # to sign in with all that this takes, and to ask for the gateway
    assert not any(record.exc_info for record in caplog.records)


FOREIGN = {
    "a page": (200, "<html>", "text/html"),
    "a page that refuses": (401, "<html>", "text/html"),
    "a page in another encoding": (503, "<html>gestört".encode("latin-1"), "text/html"),
    "half an answer": (200, '{"id": ', "application/json"),
    "nothing, called JSON": (503, "", "application/json"),
    "null": (200, "null", "application/json"),
    "a word": (200, '"sorry"', "application/json"),
    "an object of its own": (
        200,
        '{"id": "a", "url": 1, "shards": "b", "session_start_limit": {}}',
        "application/json",
    ),
    "a list": (200, '[{"sorry": true}]', "application/json"),
}


@pytest.mark.parametrize(("status", "body", "content_type"), FOREIGN.values(), ids=FOREIGN)
async def test_what_answers_in_discords_place_is_waited_out(
    status: int, body: str | bytes, content_type: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with DiscordServer() as server, unconnected_bot(server, tmp_path) as bot:
        bot.patience = Patience(at_once)
        for kind in ASKED_AT_START:
            server.faults.answer(kind, Answer(status, body, {"Content-Type": content_type}))
        await bot.sign_in(server.token)
    assert said(caplog) == [WAITING, THERE_AGAIN] * 2


@pytest.mark.parametrize(("status", "body", "content_type"), FOREIGN.values(), ids=FOREIGN)
async def test_doctor_says_that_what_answers_is_not_discord(
    status: int, body: str | bytes, content_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with DiscordServer() as server:
        monkeypatch.setattr(Route, "BASE", server.api_url)
        for kind in (RouteKind.GET_ME, RouteKind.GET_APPLICATION, RouteKind.GET_GATEWAY):
            server.faults.answer(kind, Answer(status, body, {"Content-Type": content_type}))
            with pytest.raises(SettingsError, match="try again later"):
                await check_token(server.token, AsyncMock(return_value=None))
            server.faults.clear()


def down(server: DiscordServer) -> None:
    server.world.gateway_is_down = True


def hanging_up(server: DiscordServer) -> None:
    server.world.gateway_hang_ups = 10**6


def closing(server: DiscordServer) -> None:
    server.world.gateway_refusal = 4000


@pytest.mark.parametrize("fail", [down, hanging_up, closing])
async def test_gateway_that_lets_nobody_in_is_waited_for_with_growing_pauses(
    fail: Callable[[DiscordServer], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    taken: list[float] = []

    async def pause(seconds: float) -> None:
        assert not bot.is_ready()
        taken.append(seconds)
        if len(taken) == 4:
            world.gateway_is_down, world.gateway_hang_ups, world.gateway_refusal = False, 0, None

    async with DiscordServer() as server, unconnected_bot(server, tmp_path) as bot:
        world = server.world
        fail(server)
        bot.patience = Patience(pause)
        async with connected(bot, server):
            pass
    assert taken[:4] == [1, 2, 5, 10]
    assert said(caplog) == [WAITING, THERE_AGAIN]
    assert not any(record.exc_info for record in caplog.records)


async def test_gateway_that_hangs_up_after_an_outage_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay", lambda _: 0.0)
    async with DiscordServer() as server, connected_bot(server, tmp_path) as bot:
        back = asyncio.create_task(bot.wait_for("shard_connect", timeout=10))
        server.world.gateway_is_down = True
        await server.disconnect(server.sessions[0], code=4000)
        await bot.wait_for("shard_disconnect", timeout=10)
        server.world.gateway_is_down, server.world.gateway_hang_ups = False, 3
        assert await back == 0


async def test_bot_that_is_closed_while_it_waits_for_the_gateway_ends_well(tmp_path: Path) -> None:
    waits = asyncio.Event()

    async def for_ever(_seconds: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    async with DiscordServer() as server, unconnected_bot(server, tmp_path) as bot:
        bot.patience = Patience(for_ever)
        server.world.gateway_is_down = True
        await bot.sign_in(server.token)
        connection = asyncio.create_task(bot.connect())
        await waits.wait()
        await bot.close()
        await asyncio.wait_for(connection, 10)


async def test_connection_that_discord_wants_anew_is_nothing_to_wait_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with DiscordServer() as server, connected_bot(server, tmp_path) as bot:
        back = asyncio.create_task(bot.wait_for("shard_connect", timeout=10))
        [session] = server.sessions
        await server.forget(session)
        await back
    assert said(caplog) == []


# Refusals ----------------------------------------------------------------------------------------


async def serve_until_closed(bot: ReelayBot, server: DiscordServer, code: int) -> None:
    async with connected(bot, server):
        closed = asyncio.create_task(bot.wait_for("shard_disconnect", timeout=10))
        await server.disconnect(server.sessions[0], code=code)
        await closed


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (4004, SettingsError, "check DISCORD_TOKEN"),
        (4010, GatewayClosedError, "update the bot"),
        (4011, GatewayClosedError, "start the bot again"),
        (4012, GatewayClosedError, "update the bot"),
        (4013, SettingsError, "close code 4013"),
        (4014, SettingsError, "close code 4014"),
    ],
)
@pytest.mark.parametrize("is_serving", [False, True], ids=["at start", "while it serves"])
async def test_gateway_that_refuses_the_bot_ends_it_with_one_sentence(
    code: int, kind: type[ReelayError], words: str, is_serving: bool, tmp_path: Path
) -> None:
    async with DiscordServer() as server, unconnected_bot(server, tmp_path) as bot:
        server.world.shards = SHARDS  # the first is refused: the bot does not go on with the others
        if not is_serving:
            server.world.gateway_refusal = code
        with pytest.raises(kind, match=words):
            await serve_until_closed(bot, server, code)
        assert len(server.world.sessions) == (SHARDS if is_serving else 0)


async def test_token_that_is_refused_is_said(tmp_path: Path) -> None:
    async with DiscordServer(token="another") as server, unconnected_bot(server, tmp_path) as bot:
        with pytest.raises(SettingsError, match="the token is not accepted by Discord"):
            await bot.sign_in("wrong-one")


async def test_bot_that_may_not_be_started_often_enough_today_is_not_started(tmp_path: Path) -> None:
    async with DiscordServer() as server, unconnected_bot(server, tmp_path) as bot:
        server.world.shards, server.world.starts_left, server.world.starts_return_ms = SHARDS, 15, 5_400_000
        with pytest.raises(SettingsError, match="15 of 16 starts are left today, too few: try again in 2 h"):
            await bot.sign_in(server.token)
        assert server.world.starts_left == 15


async def test_commands_that_discord_does_not_take_are_no_outage(tmp_path: Path) -> None:
    async with DiscordServer() as server, unconnected_bot(server, tmp_path) as bot:
        server.faults.fail(RouteKind.PUT_COMMANDS, 400, code=50035)
        with pytest.raises(GatewayClosedError, match="update the bot"):
            await bot.sign_in(server.token)
