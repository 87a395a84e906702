"""Parts that fail or stop where a test wants them to: the database, the video service, any call."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.errors import StoreUnavailableError
from bot.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Balance, Generation, Room, VideoSpec
    from bot.services.ports import VideoService


@dataclass
class Hold:
    """A call that does not go on before it is let: ``reached`` when it has come, ``release`` to let it go on."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Be the call: come, and wait to be let go on."""
        self.reached.set()
        await self.release.wait()

    async def arrival(self) -> None:
        """Wait until the call has come."""
        async with asyncio.timeout(10):
            await self.reached.wait()


class FlakyDatabase(Database):
    """A database that fails on request: instead of a read, instead of a write, or instead of a write's commit.

    Attributes:
        troubles: what goes wrong with the next uses: ``read`` and ``write`` for each as it comes, ``commit`` for a
            write; None lets one use go by.
        holds: the next use of a kind, ``read`` or ``write``, that waits before it begins, or a write's ``commit``.
        reads, writes: how many of each were begun.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.troubles: deque[str | None] = deque()
        self.holds: dict[str, Hold] = {}
        self.reads = self.writes = 0

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        self.reads += 1
        await self._wait("read")
        if self._next("read") is not None:
            raise StoreUnavailableError("no read")
        async with self._database.read() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        self.writes += 1
        await self._wait("write")
        trouble = self._next("write", "commit")
        if trouble == "write":
            raise StoreUnavailableError("no write")
        async with self._database.write() as connection:
            yield connection
            await self._wait("commit")
            if trouble == "commit":
                raise StoreUnavailableError("no commit")

    async def _wait(self, kind: str) -> None:
        if (hold := self.holds.pop(kind, None)) is not None:
            await hold.wait()

    def _next(self, *kinds: str) -> str | None:
        if not self.troubles or self.troubles[0] not in (None, *kinds):
            return None
        return self.troubles.popleft()


class SurprisingService:
    """The video service, but some calls raise what nobody expects of it: by method name, one for each call.

    Attributes:
        holds: calls that do not go on: ``before submit`` does not reach the service, ``after submit`` has been
            answered and does not return; the other methods likewise.
    """

    def __init__(self, service: VideoService, **unexpected_errors: list[Exception]) -> None:
        self._service = service
        self._unexpected_errors = unexpected_errors
        self.holds: dict[str, Hold] = {}

    @property
    def model(self) -> str:
        return self._service.model

    async def submit(self, spec: VideoSpec, *, client_business_id: str) -> Generation:
        await self._enter("submit")
        generation = await self._service.submit(spec, client_business_id=client_business_id)
        await self._wait("after submit")
        return generation

    async def fetch_generation(self, key: str) -> Generation:
        await self._enter("fetch_generation")
        generation = await self._service.fetch_generation(key)
        await self._wait("after fetch_generation")
        return generation

    async def fetch_balance(self) -> Balance:
        await self._enter("fetch_balance")
        return await self._service.fetch_balance()

    async def fetch_models(self) -> list[str] | None:
        await self._enter("fetch_models")
        return await self._service.fetch_models()

    async def download(self, url: str, destination: Path, room: Room, *, is_patient: bool = False) -> None:
        await self._enter("download")
        await self._service.download(url, destination, room, is_patient=is_patient)
        await self._wait("after download")

    async def _enter(self, method: str) -> None:
        await self._wait(f"before {method}")
        if self._unexpected_errors.get(method):
            raise self._unexpected_errors[method].pop(0)

    async def _wait(self, point: str) -> None:
        if (hold := self.holds.pop(point, None)) is not None:
            await hold.wait()
