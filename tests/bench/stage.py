"""Everything on loopback: Discord, the video service and the bot, a process each."""

from __future__ import annotations

import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.bench.doubles import LONG_SECONDS, DiscordDouble, ServiceDouble
from tests.bench.remote import Remote
from tests.support.bot_process import BotProcess, bot_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ASKED_AT_ONCE = 50
NO_LIMITS = {"DEFAULT_QUOTA_SECONDS": "1000000", "MAX_OPEN_JOBS_PER_MEMBER": "1000"}
"""Settings under which no member is refused."""
UNLIMITED_BOT = "tests.bench._bot"


class Stage:
    """Discord and the video service, and bots to run against them; an async context manager.

    Args:
        settings: of the bots, beside the addresses.
        clip: the file that every clip is; a tiny one by default.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, *, clip: Path | None = None) -> None:
        self.discord = Remote(DiscordDouble)
        self.service = Remote(ServiceDouble, clip=clip)
        self._settings = {**NO_LIMITS, **(settings or {})}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="reelay-bench-")))
        await self._stack.enter_async_context(self.discord)
        await self._stack.enter_async_context(self.service)
        self._addresses = await self.discord.call("addresses") | await self.service.call("settings")
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    def directory(self, name: str = "bot") -> Path:
        """Return a bot's directory; it has its database there, so one directory is one bot."""
        directory = self._directory / name
        directory.mkdir(exist_ok=True)
        return directory

    def bot(self, name: str = "bot", *, module: str = UNLIMITED_BOT, arguments: tuple[str, ...] = ()) -> BotProcess:
        """Return a bot to be started in its directory."""
        return BotProcess(self.directory(name), self.environment(name), module=module, arguments=arguments)

    def environment(self, name: str) -> dict[str, str]:
        """Return the settings of the bot in a directory."""
        return bot_environment(directory=self.directory(name), **self._addresses) | self._settings

    async def wait_ready(self, bot: BotProcess, *, started_at: float) -> dict[str, float]:
        """Wait until a bot says so and is connected; return the seconds that each took from its start."""
        await bot.wait_ready()
        ready_seconds = time.monotonic() - started_at
        identified_at = await self.discord.call("wait_identified", after=started_at)
        return {"ready_seconds": ready_seconds, "identified_seconds": identified_at - started_at}

    async def ask_in_groups(self, count: int) -> None:
        """Have so many members ask for a clip that is not done before the end, a group after the other."""
        for first in range(0, count, ASKED_AT_ONCE):
            await self.discord.call("ask", members=min(ASKED_AT_ONCE, count - first), duration=LONG_SECONDS)
