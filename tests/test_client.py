"""The client: what it asks of Discord at start, and whom it serves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord
import pytest
from simcord.actors import _dispatch_actor_interaction

from tests.support.community import make_bot
from tests.support.discord_server.requests import RefusedError, RouteKind
from tests.support.discord_server.schema import OpenApiCheck
from tests.support.openapi import OPENAPI, needs_openapi

if TYPE_CHECKING:
    from tests.support.community import Community


def syncs(community: Community) -> int:
    return sum(sent.method == "PUT" and sent.path.endswith("/commands") for sent in community.env.http_requests)


async def test_commands_are_synced_once_and_not_again_while_unchanged(community: Community) -> None:
    assert syncs(community) == 1

    bot, _ = make_bot(community.database, community.clock)
    await community.env.restart_bot(bot)

    assert syncs(community) == 1
    await community.mia.slash(community.channel, "quota")


async def test_changed_commands_are_synced_again(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.quota.QuotaCog.quota.description", "See it differently")

    bot, _ = make_bot(community.database, community.clock)
    await community.env.restart_bot(bot)

    assert syncs(community) == 2


async def test_bot_asks_for_nothing_but_servers(community: Community) -> None:
    assert community.bot.intents == discord.Intents(guilds=True)
    assert community.bot.allowed_mentions.to_dict() == {"parse": []}


async def test_commands_are_offered_in_servers_only(community: Community) -> None:
    assert community.mia.user.available_commands() == ()
    assert {name.split()[0] for name in community.moderator.available_commands(community.channel)} == {
        *("video", "brainstorm", "brainstorms", "clips", "queue", "quota", "privacy", "moderate"),
    }


async def test_forged_command_from_direct_messages_is_refused(community: Community) -> None:
    channel = community.mia.user.dm_channel
    root = community.env.backend.find_command("quota", None, type=1)
    data = {"id": root["id"], "name": "quota", "type": 1, "options": []}
    result = await _dispatch_actor_interaction(community.mia.user, 2, channel, data)

    assert result.ephemeral
    assert result.response.content == "This works in servers only."


async def test_command_nobody_knows_any_more_gets_a_sentence(community: Community) -> None:
    data = {"id": "1", "name": "imagine", "type": 1, "options": []}

    result = await community.mia._dispatch_interaction(2, community.channel, data)

    assert "could not read that command" in result.response.content


def written(command: dict[str, Any]) -> int:
    """Count what Discord counts of a command: names, descriptions and choices, all the way down."""
    own = len(command["name"]) + len(command.get("description", ""))
    choices = sum(len(choice["name"]) + len(str(choice["value"])) for choice in command.get("choices") or [])
    return own + choices + sum(map(written, command.get("options") or []))


async def test_every_command_is_as_long_as_discord_lets_it_be_at_most(community: Community) -> None:
    payloads = [command.to_dict(community.bot.tree) for command in community.bot.tree.get_commands()]

    assert max(map(written, payloads)) <= 8000


@needs_openapi
async def test_commands_are_as_discord_describes_them(community: Community) -> None:
    check = await asyncio.to_thread(OpenApiCheck, OPENAPI)
    payloads = [command.to_dict(community.bot.tree) for command in community.bot.tree.get_commands()]

    check.check_body(RouteKind.PUT_COMMANDS, payloads)
    payloads[0]["description"] = "x" * 101
    with pytest.raises(RefusedError):
        check.check_body(RouteKind.PUT_COMMANDS, payloads)
