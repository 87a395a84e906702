"""The real bot, ``python -m bot``, as a process of its own: started, watched through its log lines, killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.support.forked_process import ForkedProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.discord_server import DiscordServer, Session

REPOSITORY = Path(__file__).resolve().parents[2]
LINE_LIMIT_BYTES = 1024 * 1024
SECRET_SETTINGS = ("DISCORD_TOKEN", "TOAPIS_API_KEY")
"""Whose values no bot may ever write anywhere; looked for in all its output when its context ends."""


def free_port() -> int:
    """Return a port of this machine at which nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        return reserved.getsockname()[1]


def bot_environment(
    *,
    directory: Path,
    discord_api_url: str,
    discord_gateway_url: str,
    discord_token: str,
    toapis_base_url: str,
    toapis_api_key: str = "loopback-video-key",
) -> dict[str, str]:
    """Give the settings that point a bot at loopback servers, with its database in the directory."""
    return {
        "DISCORD_TOKEN": discord_token,
        "DISCORD_API_URL": discord_api_url,
        "DISCORD_GATEWAY_URL": discord_gateway_url,
        "TOAPIS_API_KEY": toapis_api_key,
        "TOAPIS_BASE_URL": toapis_base_url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{directory / 'reelay.db'}",
        "LOG_FORMAT": "json",
    }


class BotProcess:
    """One run of ``python -m bot``; an async context manager that leaves no process behind.

    It runs in its directory, so that no ``.env`` of the developer's is read, with nothing of the environment but
    ``PATH``; its temporary files go to ``directory/tmp``.

    Args:
        directory: where it runs; one directory for several runs is one bot that is restarted.
        environment: its settings; see ``bot_environment``.
        server: the loopback Discord, when it runs in this process: then ready means connected to it.
        module: what runs; the bench gives one that measures itself and is the bot otherwise.
        arguments: of the command line, behind ``python -m bot``.
        main: runs instead, in a process that is forked from one that has imported it: starting is most of the work.

    Attributes:
        logs: what it has logged as JSON, oldest first.
        output: all it has written, line by line.
        session: its gateway session, once ready.
    """

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        *,
        server: DiscordServer | None = None,
        module: str = "bot",
        arguments: tuple[str, ...] = (),
        main: Callable[[], int] | None = None,
    ) -> None:
        self.logs: list[dict[str, Any]] = []
        self.output: list[str] = []
        self.session: Session | None = None
        self._directory = directory
        self._environment = environment
        self._server = server
        self._module = module
        self._arguments = arguments
        self._main = main
        self._change = asyncio.Event()
        self._secrets = [environment[name] for name in SECRET_SETTINGS if environment.get(name)]

    async def __aenter__(self) -> Self:
        temporary = self._directory / "tmp"
        temporary.mkdir(exist_ok=True)
        self._sessions_before = len(self._server.world.sessions) if self._server else 0
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(temporary), **self._environment}
        self._process, read_end = await (
            self._start(environment)
            if self._main is None
            else ForkedProcess.start(self._main, directory=self._directory, environment=environment)
        )
        reader = asyncio.StreamReader(limit=LINE_LIMIT_BYTES)
        self._pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb")
        )
        self._reading = asyncio.create_task(self._read(reader))
        return self

    async def _start(self, environment: dict[str, str]) -> tuple[asyncio.subprocess.Process, int]:
        # A pipe of our own, not asyncio's: the end of the bot can be waited for while a child of its own, left
        # over after SIGKILL, still holds the other end.
        read_end, write_end = os.pipe()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            *self._arguments,
            cwd=self._directory,
            env={"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1", **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            start_new_session=True,
        )
        os.close(write_end)
        return process, read_end

    async def __aexit__(self, *_exception: object) -> None:
        with suppress(ProcessLookupError):  # the whole group, with what the bot may have left behind
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):  # or it alone, where it has no group yet
            self._process.kill()
        await self._process.wait()
        await self._reading
        self._pipe.close()
        leaks = [line for line in self.output if any(secret in line for secret in self._secrets)]
        assert not leaks, f"secrets in the bot's output: {leaks}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended yet, as far as is known."""
        return self._process.returncode is None

    async def wait_ready(self, *, within_seconds: float = 20.0) -> None:
        """Wait until it says so, and until it is connected to Discord when that runs here.

        Raises:
            AssertionError: when it ends or the time is over before; shows its output.
        """
        await self.wait_for_log("ready", within_seconds=within_seconds)
        if self._server is not None:
            self.session = await self._server.wait_for(
                lambda world: next(iter(world.sessions[self._sessions_before :]), None),
                within_seconds=within_seconds,
            )

    async def wait_for_log(
        self, message: str | None = None, *, within_seconds: float = 20.0, **fields: object
    ) -> dict[str, Any]:
        """Wait for a log line of that message (None: any) and those fields; return all of it.

        Raises:
            AssertionError: when it ends or the time is over before; shows its output.
        """
        wanted = fields if message is None else {"message": message, **fields}
        try:
            async with asyncio.timeout(within_seconds):
                while True:
                    for line in self.logs:
                        if wanted.items() <= line.items():
                            return line
                    if self._reading.done():
                        await self._process.wait()
                        raise AssertionError(self.story(f"ended without logging {wanted}"))
                    await self._change.wait()
        except TimeoutError:
            raise AssertionError(self.story(f"did not log {wanted} in {within_seconds} s")) from None

    async def wait_exit(self, *, within_seconds: float = 20.0) -> int:
        """Wait for its end; return the exit code.

        Raises:
            AssertionError: when it does not end in time; shows its output.
        """
        try:
            async with asyncio.timeout(within_seconds):
                return await self._process.wait()
        except TimeoutError:
            raise AssertionError(self.story(f"still runs after {within_seconds} s")) from None

    async def kill(self) -> None:
        """End it as a crash would, with SIGKILL; what it leaves behind goes on until the context ends."""
        self._process.kill()
        await self._process.wait()

    async def terminate(self, *, within_seconds: float = 20.0) -> None:
        """Ask it to end, with SIGTERM.

        Raises:
            AssertionError: when it does not end in time, or not with exit code 0; shows its output.
        """
        self._process.terminate()
        code = await self.wait_exit(within_seconds=within_seconds)
        assert code == 0, self.story("did not stop cleanly")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self.output.append(line.decode(errors="replace").rstrip())
                with suppress(ValueError):  # a traceback, or a sentence before logging is set up
                    self.logs.append(json.loads(line))
                self._changed()
        finally:
            asyncio.get_running_loop().call_soon(self._changed)  # when this task is done, not a moment before

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def story(self, what: str) -> str:
        """Tell what it did, with the last of its output."""
        tail = "\n  ".join(self.output[-40:]) or "nothing"
        return f"the bot (exit code {self._process.returncode}) {what}; it wrote:\n  {tail}"
