"""Which commands Discord is told of, and when: those of all servers, and the operator's in theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.errors import SettingsError
from bot.gateway.checking import check_token
from bot.gateway.command_sync import CommandSync
from bot.models.operating import Operators
from tests.support.connected_bot import connected_bot
from tests.support.discord_server import DiscordServer, RouteKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


OPERATOR_ID = 7


@pytest_asyncio.fixture
async def server() -> AsyncGenerator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


def told(server: DiscordServer) -> int:
    return len(server.world.requests_of(RouteKind.PUT_COMMANDS))


def operators(server_id: int) -> Operators:
    return Operators(member_ids={OPERATOR_ID}, server_id=server_id)


async def test_the_operators_server_has_commands_of_its_own_until_it_is_another(
    server: DiscordServer, tmp_path: Path
) -> None:
    world, first = server.world, server.guild
    other = world.add_guild("Another")
    async with connected_bot(server, tmp_path, operators=operators(first.id)) as bot:
        application_id, group = bot.application_id, bot.tree.get_command("operator", guild=first)
        assert application_id is not None
        assert group is not None
        [synced] = world.commands[first.id]
        assert (synced["name"], synced["default_member_permissions"]) == ("operator", 0)
        assert "operator" not in {command["name"] for command in world.commands[None]}
        assert await bot._commands.is_current(application_id) is True
        await bot._commands.sync(application_id)
        assert told(server) == 2, "nothing has changed"

        bot.tree.clear_commands(guild=first)  # as in a process whose setting is another
        bot.tree.add_command(group, guild=other)
        changed = CommandSync(bot.tree, bot._commands._digests, operator_server_id=other.id)
        assert await changed.is_current(application_id) is False
        await changed.sync(application_id)
        assert [command["name"] for command in world.commands[other.id]] == ["operator"]
        assert world.commands[first.id] == []
        assert await changed.is_current(application_id) is True
        assert told(server) == 4


async def test_a_server_that_the_bot_is_not_in_keeps_it_from_nothing_and_is_told_to_the_log(
    server: DiscordServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.fail(RouteKind.PUT_COMMANDS, 403, code=50001, where=lambda request: "guild" in request.ids)
    async with connected_bot(server, tmp_path, operators=operators(999)) as bot:
        assert bot.is_ready()

        assert "commands of a server not synced: the bot is not in it" in caplog.messages
        assert bot.application_id is not None
        assert await bot._commands.is_current(bot.application_id) is False


async def test_doctor_says_when_the_bot_is_not_in_the_operators_server(server: DiscordServer, tmp_path: Path) -> None:
    async def is_current(_application_id: int) -> bool:
        return True

    async with connected_bot(server, tmp_path):
        assert "signed in" in await check_token(server.token, is_current, operator_server_id=server.guild.id)
        with pytest.raises(SettingsError, match="OPERATOR_SERVER"):
            await check_token(server.token, is_current, operator_server_id=999)
