"""A line to a server on loopback that can be cut: then nothing comes through any more, and nobody is told."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Self


class CutLine:
    """Relays connections to a port; use it as a context.

    Attributes:
        port: where it is found.
    """

    port: int

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._whole = asyncio.Event()
        self._whole.set()
        self._relays: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    def cut(self) -> None:
        """Let nothing through, in neither direction."""
        self._whole.clear()

    def mend(self) -> None:
        """Let everything through again, what was kept back included."""
        self._whole.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        async with AsyncExitStack() as stack:
            stack.callback(writer.close)
            await self._whole.wait()
            answers, requests = await asyncio.open_connection("127.0.0.1", self._to_port)
            stack.callback(requests.close)
            with suppress(OSError):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass_on(reader, requests))
                    group.create_task(self._pass_on(answers, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while received := await reader.read(65_536):
            await self._whole.wait()
            writer.write(received)
        writer.close()
