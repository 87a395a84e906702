"""Fetching a finished clip from an address that came from outside: bounded, and never into a private network."""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

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

if TYPE_CHECKING:
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
UNANNOUNCED_BYTES = 32_000_000
"""What room is made for where a host does not say how much comes; more of it may find none."""
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
        self._resolver = resolver

    async def download(self, url: str, destination: Path, room: Room, *, is_patient: bool = False) -> None:
        """Fetch an address into a file; after an error there is no file.

        Args:
            room: says how much may be written: twice the clip's size, since something may be made of it.
            is_patient: it may come as slowly as it likes, within the time that there is in all.

        Raises:
            ClipGoneError: the address no longer works (404, 410).
            ClipForbiddenError: the host does not let us have it (403).
            ClipSlowError: it came more slowly than ``LEAST_BYTES_A_SECOND``.
            ClipUnsafeError: it, or one it redirects to, is not https or not public.
            ClipOversizeError: the file is larger than the limit.
            ClipUnavailableError: anything else; trying again may help.
        """
        try:
            async with asyncio.timeout(self._total_timeout_seconds), self._session() as session:
                await self._fetch(session, url, _Target(destination, room, is_patient))
        except BaseException as error:  # cancelled or not, no partial file is left
            await asyncio.to_thread(destination.unlink, missing_ok=True)
            if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
                raise ClipUnsafeError("not an address") from error
            if isinstance(error, aiohttp.ClientError | OSError):  # timeouts and a full disk are OSErrors
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
            async with session.get(hop, allow_redirects=False) as response:
                if response.status not in _REDIRECT_STATUSES:
                    await self._save(response, target)
                    return
                hop = self._checked(response.headers.get("Location", ""), base=str(hop))
        raise ClipUnavailableError("too many redirects")

    def _checked(self, url: str, *, base: str = "") -> URL:
        try:
            hop = URL(urljoin(base, as_sent(url)).partition("#")[0], encoded=True)
        except ValueError as error:
            raise ClipUnsafeError("not an address") from error
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
        unpack = _unpacker(response.headers.get("Content-Encoding", ""))
        await target.room.reserve(2 * (announced_bytes or UNANNOUNCED_BYTES))
        file = await asyncio.to_thread(target.path.open, "wb")
        try:
            await self._copy(response, file, unpack, target)
        finally:
            await asyncio.to_thread(file.close)

    async def _copy(
        self, response: aiohttp.ClientResponse, file: BinaryIO, unpack: _Unpacker | None, target: _Target
    ) -> None:
        pace, written_bytes, gathered = Pace(asyncio.get_running_loop().time), 0, bytearray()
        async for chunk in response.content.iter_any():
            if not target.is_patient:
                pace.note(len(chunk))
            for part in (chunk,) if unpack is None else unpack(chunk):
                written_bytes += len(part)
                if written_bytes > self._max_bytes:
                    raise ClipOversizeError(f"more than {self._max_bytes} bytes")
                target.room.grow(2 * written_bytes)
                gathered += part
                if len(gathered) >= _WRITE_BYTES:
                    await asyncio.to_thread(file.write, gathered)
                    gathered = bytearray()
        await asyncio.to_thread(file.write, gathered)


@dataclass(frozen=True, slots=True)
class _Target:
    path: Path
    room: Room
    is_patient: bool


class Pace:
    """Watches how fast something comes.

    Args:
        monotonic: a clock that only goes on, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since = monotonic()
        self._bytes = 0

    def note(self, count: int) -> None:
        """Note what has come; raise ``ClipSlowError`` where that was too little over ``PACE_SECONDS``."""
        self._bytes += count
        now = self._monotonic()
        if now - self._since < PACE_SECONDS:
            return
        if self._bytes < LEAST_BYTES_A_SECOND * PACE_SECONDS:
            raise ClipSlowError(f"{self._bytes} bytes in {now - self._since:.0f} s")
        self._since, self._bytes = now, 0


def as_sent(url: str) -> str:
    """Return an address as it was given, but for what is no visible ASCII, which is percent-encoded.

    Anything else would be another address: ``%2F`` in a signed one is no slash.
    """
    raw = url.strip(" \t\r\n").encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E else f"%{byte:02X}" for byte in raw)


_Unpacker = Callable[[bytes], "Iterator[bytes]"]


def _unpacker(encoding: str) -> _Unpacker | None:
    """Return what unpacks an answer, a bounded piece at a time; None where nothing is packed.

    Raises:
        ClipUnavailableError: it is packed in a way that was not offered and is not known.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
        case "deflate":
            unpacking = zlib.decompressobj()
        case other:
            raise ClipUnavailableError(f"packed as {other[:20]}")

    def unpack(chunk: bytes) -> Iterator[bytes]:
        try:
            while chunk:
                yield unpacking.decompress(chunk, _WRITE_BYTES)
                chunk = unpacking.unconsumed_tail
        except zlib.error as error:
            raise ClipUnavailableError("packed badly") from error

    return unpack


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
