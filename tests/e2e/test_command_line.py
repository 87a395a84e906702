"""What an operator sees who has set something wrong: one sentence that names it, and no secret."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.sandbox.toapis_server import SandboxServer
from tests.support.bot_process import REPOSITORY, bot_environment
from tests.support.discord_server import DiscordServer
from tests.support.stage import DISCORD_TOKEN, TOAPIS_API_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER_SECRET = "not-for-anyones-eyes"
NOBODY_LISTENS = "http://127.0.0.1:9"
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


async def test_doctor_finds_everything_well(command_line: CommandLine) -> None:
    ended = await command_line.run("doctor")
    assert ended.code == OK
    assert [line[:4] for line in ended.output.splitlines()] == ["ok  "] * 4
    assert "no ceiling is set" in ended.output.splitlines()[0]
    assert "no commands are synced yet" in ended.output
    assert "https://discord.com/oauth2/authorize?client_id=" in ended.output
    assert ended.errors == ""


async def test_doctor_names_the_ceilings_that_are_set(command_line: CommandLine) -> None:
    ended = await command_line.run("doctor", MAX_SECONDS_PER_DAY="1200", CREDITS_PER_SECOND="20")
    first = ended.output.splitlines()[0]
    assert first == "ok    settings; MAX_SECONDS_PER_DAY 1,200 s (24,000 credits, $120.00)"


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


async def test_doctor_says_that_nobody_answers(command_line: CommandLine) -> None:
    ended = await command_line.run(
        "doctor", TOAPIS_BASE_URL=NOBODY_LISTENS, DISCORD_API_URL=f"{NOBODY_LISTENS}/api/v10"
    )
    assert ended.code == FAILED
    _, _, service, discord = ended.output.splitlines()
    assert service == "FAIL  video service: nothing answers at 127.0.0.1:9: check TOAPIS_BASE_URL."
    assert discord == "FAIL  Discord: nothing answers at 127.0.0.1:9: check DISCORD_API_URL."
    assert ended.errors == ""


async def test_doctor_says_that_the_account_is_empty(command_line: CommandLine) -> None:
    command_line.service.account_credits = 0
    ended = await command_line.run("doctor")
    assert ended.code == FAILED
    assert "top it up" in ended.output.splitlines()[2]


async def test_doctor_says_which_models_the_key_may_use(command_line: CommandLine) -> None:
    command_line.service.models = ["veo", "gemini-omni-flash"]
    ended = await command_line.run("doctor")
    assert ended.code == FAILED
    line = ended.output.splitlines()[2]
    assert "1,820 credits to spend" in line
    assert "TOAPIS_MODEL is gemini_omni" in line
    assert "veo, gemini-omni-flash" in line


async def test_doctor_names_a_setting_that_is_missing(command_line: CommandLine) -> None:
    ended = await command_line.run("doctor", TOAPIS_API_KEY=None)
    assert ended.code == FAILED
    (line,) = ended.output.splitlines()
    assert line.startswith("FAIL ")
    assert "TOAPIS_API_KEY" in line
