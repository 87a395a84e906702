"""Fetching clips so that one slow host keeps nobody else waiting: lanes for downloads alone, one for a slow host."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import ClipForbiddenError, ClipGoneError, ClipSlowError
from bot.models import VideoServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from bot.models import Job, Room
    from bot.services.ports import VideoService

_log = logging.getLogger(__name__)

AT_ONCE, AT_ONCE_A_HOST = 32, 16
"""Downloads at one time: new ones in all, and all from one host. They cost a socket and some memory each; disk has its
own bound."""
NEW_SECONDS = 1.5
"""For how long a download counts among those in all: hosts that drip may have all of their lanes, and nobody else's. As
many as are ever delivered at once, 200, have begun within 10 s."""
PATIENT_FROM = 2
"""Tries after which a download may be as slow as it likes."""


class HostLanes:
    """Says when a download may begin: at once, but for a host that was slow, until it was quick again, one by one.

    Args:
        at_once, new_seconds: how many may have begun within so many seconds.
        at_once_a_host: how many there may be from one host; of a slow one, how many may wait.

    Attributes:
        running, waiting: how many there are now, by host.
    """

    def __init__(
        self, *, at_once: int = AT_ONCE, at_once_a_host: int = AT_ONCE_A_HOST, new_seconds: float = NEW_SECONDS
    ) -> None:
        self._at_once = at_once
        self._at_once_a_host = at_once_a_host
        self._new_seconds = new_seconds
        self.running: Counter[str] = Counter()
        self.waiting: Counter[str] = Counter()
        self._new: set[object] = set()
        self._slow: set[str] = set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncGenerator[None]:
        """Wait for a lane to a host, and hold it.

        Raises:
            ClipSlowError: the host was slow, and enough wait for it.
        """
        with _counted(self.waiting, host):
            while not self._is_free(host):
                if host in self._slow and self.waiting[host] > self._at_once_a_host:
                    raise ClipSlowError("too many wait for this host")
                await self._changed.wait()
        turn = object()
        self._new.add(turn)
        growing_old = asyncio.get_running_loop().call_later(self._new_seconds, self._grow_old, turn)
        try:
            with _counted(self.running, host):
                yield
        finally:
            growing_old.cancel()
            self._grow_old(turn)

    def note(self, host: str, *, is_slow: bool) -> None:
        """Note how quick a host was."""
        if is_slow != (host in self._slow):
            _log.info("host is %s", "slow" if is_slow else "quick again", extra={"host": host})
        if is_slow:
            self._slow.add(host)
        else:
            self._slow.discard(host)
        self._wake_waiting()

    def _is_free(self, host: str) -> bool:
        most = 1 if host in self._slow else self._at_once_a_host
        return len(self._new) < self._at_once and self.running[host] < most

    def _grow_old(self, turn: object) -> None:
        self._new.discard(turn)
        self._wake_waiting()

    def _wake_waiting(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@contextmanager
def _counted(counter: Counter[str], host: str) -> Generator[None]:
    counter[host] += 1
    try:
        yield
    finally:
        counter[host] -= 1
        if not counter[host]:
            del counter[host]


class Downloads:
    """Fetches jobs' clips into files."""

    def __init__(self, *, service: VideoService) -> None:
        self._service = service
        self._lanes = HostLanes()

    async def fetch(self, job: Job, destination: Path, room: Room, *, tries: int = 0) -> Job:
        """Fetch a job's clip; where its address is refused, from the one that the video service gives then.

        Args:
            room: says how much may be written.
            tries: how often it was tried before; from the third try on it may be slow.

        Returns:
            The job with the address that the clip was fetched from, and until when that works.

        Raises:
            ClipError: it could not be fetched.
        """
        assert job.result_url is not None, "a job is ready once its clip has an address"
        try:
            await self._download(job.result_url, destination, room, is_patient=tries >= PATIENT_FROM)
        except (ClipForbiddenError, ClipGoneError) as error:
            fresh = await self._fresh(job)
            if fresh is None or fresh.result_url is None:
                raise
            _log.info("the clip has another address", extra={"job_id": job.id, "error": str(error)})
            await self._download(fresh.result_url, destination, room, is_patient=tries >= PATIENT_FROM)
            return fresh
        return job

    async def _download(self, url: str, destination: Path, room: Room, *, is_patient: bool) -> None:
        host = urlsplit(url).netloc.rpartition("@")[2].lower()
        async with self._lanes.turn(host):
            try:
                await self._service.download(url, destination, room, is_patient=is_patient)
            except ClipSlowError:
                self._lanes.note(host, is_slow=True)
                raise
            self._lanes.note(host, is_slow=False)

    async def _fresh(self, job: Job) -> Job | None:
        """Ask the video service for the address anew; None where it gives none, or the same."""
        if job.generation_id is None:
            return None
        try:
            generation = await self._service.fetch_generation(job.generation_id)
        except VideoServiceError as error:
            _log.info("no other address", extra={"job_id": job.id, "error": type(error).__name__})
            return None
        if generation.result_url in {None, job.result_url}:
            return None
        expires_at = generation.expires_at or job.result_expires_at
        return replace(job, result_url=generation.result_url, result_expires_at=expires_at)
