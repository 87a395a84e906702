"""What is made of answers that are not Discord's: each request raises one error, which all take for "not now"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import pytest

from bot.errors import PublishUnavailableError
from bot.ui.discord_errors import as_publish_errors
from tests.support.connected_bot import connected_bot
from tests.support.discord_answers import NOT_NOW, Way, code, ways
from tests.support.discord_server import Answer, DiscordServer, RouteKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.client import ReelayBot

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}
FOREIGN = {
    "a page": Answer(200, "<html>Sorry</html>"),
    "nothing": Answer(200, ""),
    "a page in another encoding": Answer(200, "<p>Désolé".encode("latin-1"), HTML),
    "JSON that breaks off": Answer(200, b'{"id": "1', JSON),
    "JSON in another encoding": Answer(201, '{"content": "é"}'.encode("latin-1"), JSON),
    "JSON of nothing": Answer(200, b"null", JSON),
    "a refusal's JSON that breaks off": Answer(403, b'{"code": 50013', JSON),
    "a refusal's page in another encoding": Answer(401, "<p>Désolé".encode("latin-1"), HTML),
    "the edge's page with Discord's header": Answer(429, "<html>Slow down</html>", {"Via": "1.1 google"}),
}
Ask = tuple["RouteKind", "Callable[[discord.PartialMessage], Awaitable[object]]"]
ASKS: dict[str, Ask] = {
    "GET": (RouteKind.GET_MESSAGE, lambda message: message.fetch()),
    "POST": (RouteKind.CREATE_MESSAGE, lambda message: message.channel.send("hello")),
    "PATCH": (RouteKind.EDIT_MESSAGE, lambda message: message.edit(content="hello")),
    "DELETE": (RouteKind.DELETE_MESSAGE, lambda message: message.delete()),
}


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@pytest.fixture
async def bot(server: DiscordServer, tmp_path: Path) -> AsyncIterator[ReelayBot]:
    async with connected_bot(server, tmp_path) as bot:
        yield bot


async def test_answer_that_is_not_discords_is_no_answer_to_any_request(server: DiscordServer, bot: ReelayBot) -> None:
    channel = bot.get_partial_messageable(server.clips.id)
    message = channel.get_partial_message((await channel.send("here")).id)
    for kind, ask in ASKS.values():
        for answer in FOREIGN.values():
            server.faults.answer(kind, answer)
            with pytest.raises(PublishUnavailableError, match="ForeignAnswerError"), as_publish_errors():
                await ask(message)
    for _, ask in ASKS.values():
        await ask(message)
    assert message.id not in server.clips.messages


@pytest.mark.parametrize("status", [302, 307])
async def test_answer_from_where_a_request_is_sent_on_to_is_not_discords(
    server: DiscordServer, bot: ReelayBot, status: int
) -> None:
    channel = bot.get_partial_messageable(server.clips.id)
    elsewhere = server.api_url.removesuffix("/api/v10")
    for kind, ask in ASKS.values():
        server.faults.answer(kind, Answer(status, "", {"Location": f"{elsewhere}/sign-in"}))
        with pytest.raises(PublishUnavailableError), as_publish_errors():
            await ask(channel.get_partial_message(1))


@pytest.mark.parametrize("status", [401, 403, 404, 418, 503])
async def test_refusal_in_other_words_than_discords_is_one_without_a_code(
    server: DiscordServer, bot: ReelayBot, status: int
) -> None:
    server.faults.page(RouteKind.CREATE_MESSAGE, status)

    with pytest.raises(discord.HTTPException) as refusal:
        await bot.get_partial_messageable(server.clips.id).send("hello")

    assert (refusal.value.status, refusal.value.code) == (status, 0)


@ways(*NOT_NOW, code(404, 10062), code(400, 40060))
@pytest.mark.parametrize("command", ["video", "quota", "moderate settings"])
async def test_command_whose_answer_is_answered_so_leaves_no_traceback_and_all_else_goes_on(
    server: DiscordServer, bot: ReelayBot, caplog: pytest.LogCaptureFixture, command: str, way: Way
) -> None:
    replace(way, times=1).play(server.faults, RouteKind.CALLBACK)
    await server.slash(server.clips, server.mia, command, {"prompt": "A cat"} if command == "video" else {})
    await server.wait_for(lambda world: world.requests_of(RouteKind.CALLBACK))
    asked = await server.slash(server.clips, server.ben, "quota")
    await server.wait_for(lambda _: asked.text)

    assert bot.is_ready()
    assert [record.message for record in caplog.records if record.exc_info] == []


@ways(*NOT_NOW, code(404, 10062), code(400, 40060))
async def test_form_that_is_not_shown_is_not_an_error_of_the_bots(
    server: DiscordServer, bot: ReelayBot, caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    asked = await server.slash(server.clips, server.mia, "moderate settings")
    await server.wait_for(lambda _: asked.response and asked.response.custom_ids)
    replace(way, times=1).play(server.faults, RouteKind.CALLBACK)
    pressed = await server.press(asked.response, "panel:pause", server.mia)
    await server.wait_for(lambda world: len(world.requests_of(RouteKind.CALLBACK)) > 1)
    again = await server.press(asked.response, "panel:pause", server.mia)
    await again.acknowledged

    assert bot.is_ready()
    assert pressed.callback_type in {None, 4, 9}
    assert [record.message for record in caplog.records if record.exc_info] == []


async def test_each_time_that_discord_says_to_slow_down_is_counted(server: DiscordServer, bot: ReelayBot) -> None:
    channel = bot.get_partial_messageable(server.clips.id)
    server.faults.limit(RouteKind.CREATE_MESSAGE, 0.001, times=2)
    before = bot.times_limited
    await channel.send("hello")
    await channel.send("hello again")

    assert bot.times_limited == before + 2
