"""Fetching a finished clip from an address that came from outside: bounded, and never into a private network."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from bot.errors import (
    ClipForbiddenError,
    ClipGoneError,
    ClipOversizeError,
    ClipSlowError,
    ClipUnavailableError,
    ClipUnsafeError,
)
from bot.toapis.hops import next_address
from bot.toapis.unpacking import Unpacker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from aiohttp.abc import AbstractResolver

    from bot.models import Room

CLIP_MAX_BYTES = 200_000_000
"""200 MB; a 10-second 720p clip is some 10 MB."""
REDIRECTS_MAX = 5
"""File hosts redirect once or twice; browsers give up after 20."""
_WRITE_BYTES = 1024 * 1024
"""How much is gathered before a thread writes it: rare enough to be cheap, small beside the memory budget."""
LEAST_BYTES_A_SECOND, PACE_SECONDS = 32 * 1024, 30.0
"""A clip of 10 MB takes five minutes then: slower is no host to wait for, but where nothing else is left."""
LIKELY_BYTES = 32_000_000
"""What room is waited for at most: whatever a host says; more of it may find none, and then has to come again."""
MADE_BYTES = 16_000_000
"""What something that is made of a clip may take, though the clip is smaller."""
_GONE_STATUSES = frozenset({404, 410})
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_NAT64_NETWORK = IPv6Network("64:ff9b::/96")


class Downloader:
    """Fetches clips into files.

    Args:
        allow_loopback: the video service itself is on loopback, so plain http and loopback addresses are
            allowed; other private addresses never are.
        max_bytes: how large a clip may be.
        total_timeout_seconds: how long a clip may take in all, redirects included.
        stall_timeout_seconds: how long nothing may arrive.
        resolver: turns names into addresses; by default the system's. Whatever it says is checked.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        max_bytes: int = CLIP_MAX_BYTES,
        total_timeout_seconds: float = 300.0,
        stall_timeout_seconds: float = 30.0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._max_bytes = max_bytes
        self._total_timeout_seconds = total_timeout_seconds
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=stall_timeout_seconds, sock_read=stall_timeout_seconds
        )
        self._answer_timeout_seconds = 2 * stall_timeout_seconds  # of two addresses one may be dead
        self._resolver = resolver

    async def download(self, url: str, destination: Path, room: Room, *, is_patient: bool = False) -> None:
        """Fetch an address into a file; after an error there is no file.

        Args:
            room: says how much may be written: the clip, and what may be made of it.
            is_patient: it may come as slowly as it likes, within the time that there is in all.

        Raises:
            ClipGoneError: the address no longer works (404, 410).
            ClipForbiddenError: the host does not let us have it (403).
            ClipSlowError: it came more slowly than ``LEAST_BYTES_A_SECOND``, or not at all.
            ClipUnsafeError: it, or one it redirects to, is not https or not public.
            ClipOversizeError: the file is larger than the limit.
            ClipUnavailableError: anything else; trying again may help.
        """
        try:
            async with asyncio.timeout(self._total_timeout_seconds) as deadline, self._session() as session:
                pace = None if is_patient else Pace(asyncio.get_running_loop().time)
                await self._fetch(session, url, _Target(destination, room, deadline, pace))
        except BaseException as error:  # cancelled or not, no partial file is left
            await asyncio.to_thread(destination.unlink, missing_ok=True)
            if isinstance(error, ValueError | aiohttp.NonHttpUrlClientError):  # the host's name or its port is none
                raise ClipUnsafeError("not an address") from error
            if isinstance(error, TimeoutError):
                raise ClipSlowError(type(error).__name__) from error
            if isinstance(error, aiohttp.ClientError | OSError):  # a full disk is an OSError
                raise ClipUnavailableError(type(error).__name__) from error
            raise

    def _session(self) -> aiohttp.ClientSession:
        # One session a clip: clips are few and large, and nothing (no cookie, no header) crosses between them.
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            socket_factory=self._open_socket,
            # One address after the other, so that a refused one ends the attempt at once.
            happy_eyeballs_delay=None,
        )
        return aiohttp.ClientSession(
            connector=connector,
            connector_owner=True,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},  # some hosts compress all the same
            auto_decompress=False,
        )

    def _open_socket(self, address_info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        # Called for each address that is really about to be connected to, literals too: no later look-up of
        # the name can come between this check and the connection.
        family, kind, protocol, _, socket_address = address_info
        address = ip_address(str(socket_address[0]).partition("%")[0])
        if not (is_public(address) or (self._allow_loopback and address.is_loopback)):
            raise ClipUnsafeError("the address leads into a private network")
        return socket.socket(family, kind, protocol)

    async def _fetch(self, session: aiohttp.ClientSession, url: str, target: _Target) -> None:
        hop = self._checked(url)
        for _ in range(REDIRECTS_MAX + 1):
            async with asyncio.timeout(self._answer_timeout_seconds):
                response = await session.get(hop, allow_redirects=False)
            async with response:
                if response.status not in _REDIRECT_STATUSES:
                    await self._save(response, target)
                    return
                hop = self._checked(response.headers.get("Location", ""), base=str(hop))
        raise ClipUnavailableError("too many redirects")

    def _checked(self, url: str, *, base: str = "") -> URL:
        hop = URL(next_address(url, base=base), encoded=True)
        if hop.scheme != "https" and not (hop.scheme == "http" and self._allow_loopback):
            raise ClipUnsafeError(f"not https but {hop.scheme or 'nothing'}")
        return hop

    async def _save(self, response: aiohttp.ClientResponse, target: _Target) -> None:
        if response.status == 403:
            raise ClipForbiddenError(f"HTTP {response.status}")
        if response.status in _GONE_STATUSES:
            raise ClipGoneError(f"HTTP {response.status}")
        if response.status != 200:
            raise ClipUnavailableError(f"HTTP {response.status}")
        announced_bytes = response.content_length
        if (announced_bytes or 0) > self._max_bytes:
            raise ClipOversizeError(f"{announced_bytes} bytes announced")
        unpacker = Unpacker(response.headers.get("Content-Encoding", ""))
        if target.pace is not None:
            target.pace.restart()
        file = await asyncio.to_thread(target.path.open, "wb")
        try:
            await self._copy(response, target, _Writer(file, target, announced_bytes), unpacker)
        finally:
            await asyncio.to_thread(file.close)

    async def _copy(
        self, response: aiohttp.ClientResponse, target: _Target, writer: _Writer, unpacker: Unpacker
    ) -> None:
        came_bytes = 0
        async for chunk in response.content.iter_any():
            if target.pace is not None:
                target.pace.note(len(chunk))
            came_bytes += len(chunk)
            self._check_size(came_bytes)
            for part in unpacker.unpack(chunk):
                await writer.write(part)
                self._check_size(writer.taken_bytes)
        unpacker.finish()
        await writer.flush()

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise ClipOversizeError(f"more than {self._max_bytes} bytes")


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a clip goes, and what watches over it: None where it may come as slowly as it likes."""

    path: Path
    room: Room
    deadline: asyncio.Timeout
    pace: Pace | None


class _Writer:
    """Writes what comes into a file, in large pieces, once there is room for it.

    Attributes:
        taken_bytes: how much has come in all.
    """

    def __init__(self, file: BinaryIO, target: _Target, announced_bytes: int | None) -> None:
        self._file = file
        self._target = target
        self._announced_bytes = announced_bytes or LIKELY_BYTES
        self._has_room = False
        self._gathered = bytearray()
        self.taken_bytes = 0

    async def write(self, part: bytes) -> None:
        """Take what comes next."""
        self._gathered += part
        self.taken_bytes += len(part)
        if len(self._gathered) >= _WRITE_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write what has been gathered. What has come is little before the first time, and needs no room."""
        if not self._has_room:
            await self._wait_for_room()
        self._target.room.grow(_room_bytes(self.taken_bytes))
        await asyncio.to_thread(self._file.write, self._gathered)
        self._gathered = bytearray()

    async def _wait_for_room(self) -> None:
        """Wait for as long as it takes: that is no fault of the host's."""
        loop, deadline = asyncio.get_running_loop(), self._target.deadline
        ends_at = deadline.when()
        assert ends_at is not None, "it is only ever put off here"
        since = loop.time()
        deadline.reschedule(None)
        await self._target.room.reserve(_room_bytes(min(self._announced_bytes, LIKELY_BYTES)))
        deadline.reschedule(ends_at + loop.time() - since)
        if self._target.pace is not None:
            self._target.pace.restart()
        self._has_room = True


def _room_bytes(clip_bytes: int) -> int:
    return clip_bytes + max(clip_bytes, MADE_BYTES)


class Pace:
    """Watches how fast something comes.

    Args:
        monotonic: a clock that only goes on, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.restart()

    def restart(self) -> None:
        """Begin anew: nobody could have come meanwhile."""
        self._since, self._bytes = self._monotonic(), 0

    def note(self, count: int) -> None:
        """Note what has come; raise ``ClipSlowError`` where that was too little over ``PACE_SECONDS``."""
        self._bytes += count
        now = self._monotonic()
        if now - self._since < PACE_SECONDS:
            return
        if self._bytes < LEAST_BYTES_A_SECOND * PACE_SECONDS:
            raise ClipSlowError(f"{self._bytes} bytes in {now - self._since:.0f} s")
        self.restart()


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address, and any IPv4 address it stands for, is on the public internet."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64_NETWORK:
            inner = IPv4Address(address.packed[-4:])
        if inner is not None:
            return is_public(inner)
    # is_global alone calls multicast and some reserved ranges global.
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def is_loopback_host(host: str) -> bool:
    """Tell whether a host name or address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
