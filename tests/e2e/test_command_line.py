"""What an operator sees who has set something wrong: one sentence that names it, and no secret."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.sandbox.toapis_server import SandboxServer
from tests.support.bot_process import REPOSITORY, bot_environment
from tests.support.discord_server import DiscordServer
from tests.support.old_databases import REVISIONS, fill, old_database
from tests.support.stage import DISCORD_TOKEN, TOAPIS_API_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER_SECRET = "not-for-anyones-eyes"
OK, FAILED, WRONG_SETTINGS = 0, 1, 2


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class CommandLine:
    """Runs ``python -m bot`` in a directory of its own, by default with everything right."""

    directory: Path
    server: DiscordServer
    service: SandboxServer

    async def run(self, *arguments: str, **settings: str | None) -> Ended:
        """Run to the end with some settings changed; None leaves one out.

        Raises:
            AssertionError: when it wrote a secret.
        """
        environment = bot_environment(
            directory=self.directory,
            discord_api_url=self.server.api_url,
            discord_gateway_url=self.server.gateway_url,
            discord_token=DISCORD_TOKEN,
            toapis_base_url=self.service.base_url,
            toapis_api_key=TOAPIS_API_KEY,
        )
        chosen = {name: value for name, value in {**environment, **settings}.items() if value is not None}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments),
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **chosen},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        ended = Ended(process.returncode or 0, output.decode(), errors.decode())
        for secret in (DISCORD_TOKEN, TOAPIS_API_KEY, OTHER_SECRET):
            assert secret not in ended.output + ended.errors
        return ended


@pytest_asyncio.fixture(loop_scope="session")
async def command_line(tmp_path: Path) -> AsyncGenerator[CommandLine]:
    """Give a command line beside a Discord and a video service that take its token and key."""
    async with DiscordServer(token=DISCORD_TOKEN) as server, SandboxServer(api_key=TOAPIS_API_KEY) as service:
        yield CommandLine(tmp_path, server, service)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", None),
        ("DISCORD_TOKEN", OTHER_SECRET),
        ("TOAPIS_BASE_URL", f"ftp://operator:{OTHER_SECRET}@example.com"),
        ("DATABASE_URL", f"mysql://operator:{OTHER_SECRET}@example.com/reelay"),
        ("DATABASE_URL", "sqlite+aiosqlite:///no/such/folder/reelay.db"),
    ],
)
async def test_bot_names_a_setting_that_is_missing_or_wrong_in_one_sentence(
    command_line: CommandLine, name: str, value: str | None
) -> None:
    ended = await command_line.run(**{name: value})
    assert ended.code == WRONG_SETTINGS
    assert ended.output == ""
    (sentence,) = ended.errors.splitlines()
    assert name in sentence
    assert sentence.endswith(".")


async def test_doctor_finds_everything_well_and_says_so_on_any_terminal(command_line: CommandLine) -> None:
    command_line.server.world.bot.name = "Reelay \U0001f3ac"
    ended = await command_line.run(
        "doctor", MAX_SECONDS_PER_DAY="1200", CREDITS_PER_SECOND="20", PYTHONIOENCODING="ascii"
    )
    assert ended.code == OK
    first, *others = ended.output.splitlines()
    assert first == "ok    settings; MAX_SECONDS_PER_DAY 1,200 s (24,000 credits, $120.00)"
    assert [line[:4] for line in others] == ["ok  "] * 3
    assert "no commands are synced yet" in others[-1]
    assert "https://discord.com/oauth2/authorize?client_id=" in others[-1]
    assert "signed in as Reelay \\U0001f3ac" in others[-1]  # which the terminal cannot show
    assert ended.errors == ""


async def test_doctor_says_of_each_thing_that_is_wrong_what_to_do(command_line: CommandLine) -> None:
    ended = await command_line.run(
        "doctor",
        DATABASE_URL="sqlite+aiosqlite:///no/such/folder/reelay.db",
        TOAPIS_API_KEY=OTHER_SECRET,
        DISCORD_TOKEN=OTHER_SECRET,
    )
    assert ended.code == FAILED
    settings, database, service, discord = ended.output.splitlines()
    assert settings.startswith("ok ")
    assert all(line.startswith("FAIL ") for line in (database, service, discord))
    assert "check DATABASE_URL" in database
    assert "check TOAPIS_API_KEY" in service
    assert "check DISCORD_TOKEN" in discord
    assert ended.errors == ""


async def test_doctor_names_a_setting_that_is_missing(command_line: CommandLine) -> None:
    ended = await command_line.run("doctor", TOAPIS_API_KEY=None)
    assert ended.code == FAILED
    (line,) = ended.output.splitlines()
    assert line.startswith("FAIL ")
    assert "TOAPIS_API_KEY" in line


async def test_migrate_says_what_it_did_and_that_there_is_nothing_to_do(command_line: CommandLine) -> None:
    made = await command_line.run("migrate")
    again = await command_line.run("migrate")
    assert (made.code, made.output, again.code, again.output) == (
        *(OK, f"made: {REVISIONS[-1]}\n"),
        *(OK, f"nothing to do: {REVISIONS[-1]}\n"),
    )
    assert made.errors == again.errors == ""


async def test_migrate_upgrades_an_old_database_and_names_the_copy(command_line: CommandLine) -> None:
    async with old_database(f"sqlite+aiosqlite:///{command_line.directory / 'reelay.db'}", "0018") as connection:
        await connection.run_sync(fill)
    ended = await command_line.run("migrate")
    [copy] = command_line.directory.glob("reelay.db.before-*.bak")
    assert ended.code == OK
    assert ended.output == f"migrated from 0018 to {REVISIONS[-1]}; what was before is kept in {copy}\n"
    assert "migrating the database" in ended.errors


async def test_no_command_touches_a_database_of_a_newer_version(command_line: CommandLine) -> None:
    await command_line.run("migrate")
    with closing(sqlite3.connect(command_line.directory / "reelay.db")) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in ((), ("migrate",)):
        ended = await command_line.run(*command)
        assert ended.code == WRONG_SETTINGS
        assert ended.errors == "the database was migrated by a newer version of the bot: update this one.\n"
