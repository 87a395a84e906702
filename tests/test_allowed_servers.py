"""A bot that serves some servers only: what it says elsewhere, which servers it leaves, and which it never does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import discord
import pytest
import pytest_asyncio

from bot.errors import ServerNotServedError
from bot.models import JobState
from tests.support.community import words
from tests.support.connected_bot import connected_bots
from tests.support.discord_server import DiscordServer, RouteKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.support.community import Community
    from tests.support.connected_bot import ConnectedBot
    from tests.support.discord_server import Guild

ELSEWHERE = 1
SENTENCE = "My operator has me serve other servers only; ask them if this one may be added."


# What it says elsewhere --------------------------------------------------------------------------


@pytest.fixture
def unserved(community: Community) -> Community:
    """Give a community that the bot is in, whose server the operator has not named."""
    community.bot._allowed_servers = frozenset({ELSEWHERE})
    return community


@pytest.mark.parametrize(
    ("command", "options"), [("video", {"prompt": "a fox"}), ("quota", {}), ("moderate settings", {})]
)
async def test_every_command_answers_one_sentence_and_does_nothing(
    unserved: Community, command: str, options: dict[str, Any]
) -> None:
    result = await unserved.moderator.slash(unserved.channel, command, **options)

    assert result.ephemeral
    assert words(result.response) == SENTENCE
    assert await unserved.jobs() == []


async def test_nothing_is_offered_while_an_option_is_typed(unserved: Community) -> None:
    assert await unserved.moderator.autocomplete(unserved.channel, "moderate quota set", "for", "") == []


async def test_every_button_answers_the_sentence(community: Community) -> None:
    panel = await community.moderator.slash(community.channel, "moderate settings")
    card = await community.mia.slash(community.channel, "video", prompt="a fox")
    community.bot._allowed_servers = frozenset({ELSEWHERE})

    unknown = {"component_type": 2, "custom_id": "an:old:one"}
    presses = [
        await community.moderator.click(panel.response, label="Refresh"),
        await community.mia.click(card.response, label="Cancel"),
        await community.mia._dispatch_interaction(3, community.channel, unknown),
    ]

    assert [words(pressed.response) for pressed in presses] == [SENTENCE] * 3
    assert [job.state for job in await community.jobs()] == [JobState.QUEUED]


async def test_a_button_in_direct_messages_is_of_its_jobs_server(community: Community) -> None:
    await community.mia.slash(community.channel, "video", prompt="a fox")
    [job] = await community.jobs()
    community.bot._allowed_servers = frozenset({ELSEWHERE})

    with pytest.raises(ServerNotServedError):
        await community.bot.components._guild_id(
            cast("discord.Interaction", SimpleNamespace(guild_id=None)), {"job_id": job.id}
        )


async def test_every_form_answers_the_sentence(unserved: Community) -> None:
    data = {"custom_id": "form:pause", "components": []}

    result = await unserved.moderator._dispatch_interaction(
        discord.InteractionType.modal_submit.value, unserved.channel, data
    )

    assert words(result.response) == SENTENCE
    assert (await unserved.bot.services.servers.view(unserved.guild.id)).server.pause is None


async def test_a_named_server_is_served(community: Community) -> None:
    community.bot._allowed_servers = frozenset({ELSEWHERE, community.guild.id})

    result = await community.mia.slash(community.channel, "video", prompt="a fox")

    assert not result.ephemeral
    assert len(await community.jobs()) == 1


# Which servers it leaves -------------------------------------------------------------------------


@pytest_asyncio.fixture
async def server() -> AsyncGenerator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


def left(server: DiscordServer) -> list[int]:
    return [int(request.ids["guild"]) for request in server.world.requests_of(RouteKind.LEAVE_GUILD)]


async def follow(server: DiscordServer, made: ConnectedBot, *joined: Guild) -> None:
    """Let the bot hear of invitations, and its loops do what follows from them."""
    heard = [made.bot.wait_for("guild_join", check=lambda it, its_id=guild.id: it.id == its_id) for guild in joined]
    async with asyncio.TaskGroup() as waiting:
        for each in heard:
            waiting.create_task(each)
        await asyncio.sleep(0)
        for guild in joined:
            server.world.invite_bot(guild)
    await made.reelay.retention.tick()
    await made.reelay.worker.tick()


async def test_it_stays_in_those_it_is_in_and_leaves_one_that_it_joins(server: DiscordServer, tmp_path: Path) -> None:
    world = server.world
    async with connected_bots(server, tmp_path, count=1, allowed_servers={ELSEWHERE}) as (made,):
        assert made.bot.get_guild(server.guild.id) is not None

        joined = world.add_guild("Strangers")
        gone = asyncio.create_task(made.bot.wait_for("guild_remove"))
        await follow(server, made, joined)
        await gone
        await made.reelay.retention.tick()
        await follow(server, made, joined)  # once more

        assert left(server) == [joined.id, joined.id]
        assert made.bot.get_guild(server.guild.id) is not None


async def test_it_stays_in_one_that_is_back_after_an_outage_and_in_all_after_a_new_session(
    server: DiscordServer, tmp_path: Path
) -> None:
    world = server.world
    async with connected_bots(server, tmp_path, count=1, allowed_servers={ELSEWHERE}) as (made,):
        world.emit("GUILD_DELETE", {"id": str(server.guild.id), "unavailable": True}, 1)
        world.invite_bot(server.guild)  # as Discord would say it if it left out that the server is back
        last = world.add_guild("Strangers")
        await follow(server, made, last)

        assert left(server) == [last.id]
        assert made.bot.get_guild(server.guild.id) is not None


async def test_it_stays_in_a_named_one_that_it_joins_and_everywhere_when_none_is_named(
    server: DiscordServer, tmp_path: Path
) -> None:
    world = server.world
    named, strangers = world.add_guild("Named"), world.add_guild("Strangers")
    del world.guilds[named.id], world.guilds[strangers.id]
    async with connected_bots(server, tmp_path, count=1, allowed_servers={named.id}) as (made,):
        await follow(server, made, named, strangers)
        assert left(server) == [strangers.id]


async def test_one_that_can_not_be_left_just_now_is_left_later(
    server: DiscordServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.fail(RouteKind.LEAVE_GUILD, 503)
    async with connected_bots(server, tmp_path, count=1, allowed_servers={ELSEWHERE}) as (made,):
        joined = server.world.add_guild("Strangers")
        await follow(server, made, joined)
        assert "server not left" in caplog.messages

        await made.reelay.worker.tick()
        assert len(left(server)) == 1, "not yet"
        made.clock.time += timedelta(minutes=1)
        await made.reelay.worker.tick()

        assert left(server) == [joined.id, joined.id]


async def test_one_that_has_removed_the_bot_already_is_left_for_good(server: DiscordServer, tmp_path: Path) -> None:
    server.faults.fail(RouteKind.LEAVE_GUILD, 404, code=10004)
    async with connected_bots(server, tmp_path, count=1, allowed_servers={ELSEWHERE}) as (made,):
        joined = server.world.add_guild("Strangers")
        await follow(server, made, joined)
        made.clock.time += timedelta(minutes=1)
        await made.reelay.worker.tick()

        assert left(server) == [joined.id]
