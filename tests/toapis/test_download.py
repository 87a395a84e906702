"""Fetching clips: bounded in bytes and time, never into a private network, and nothing left behind by a failure."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
import zlib
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import (
    ClipError,
    ClipForbiddenError,
    ClipGoneError,
    ClipOversizeError,
    ClipSlowError,
    ClipUnavailableError,
    ClipUnsafeError,
)
from bot.models import VideoSpec
from bot.sandbox.toapis_server import Fault, SandboxServer
from bot.toapis.download import (
    LEAST_BYTES_A_SECOND,
    LIKELY_BYTES,
    MADE_BYTES,
    REDIRECTS_MAX,
    Downloader,
    Pace,
    is_loopback_host,
    is_public,
)
from tests.support.rooms import FreeRoom
from tests.support.toapis import ManualTime, client_of, sandbox, server, service_time, tiny_clip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.sandbox.toapis_server import SandboxGeneration

__all__ = ["server", "service_time"]


class FixedResolver(AbstractResolver):
    """Answers each look-up with the next of the given addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        address = self.addresses.pop(0)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
        ]

    async def close(self) -> None:
        self.addresses.clear()


@pytest.fixture
async def clip_url(server: SandboxServer, service_time: ManualTime) -> str:
    """The address of a finished clip on the running sandbox."""
    async with client_of(server) as client:
        accepted = await client.submit(VideoSpec(prompt="a red fox"), client_business_id="job-1")
    service_time.advance(200)
    return f"{server.base_url}/files/{accepted.id}.mp4"


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


async def error_of(url: str, destination: Path, **settings: Any) -> ClipError:  # noqa: ANN401 - the downloader's own
    """Fail to download, and find that nothing is left of the file."""
    with pytest.raises(ClipError) as raised:
        await Downloader(**({"allow_loopback": True} | settings)).download(url, destination, FreeRoom())
    assert content(destination) is None
    return raised.value


@asynccontextmanager
async def raw_host(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]], *, stalls: bool = True
) -> AsyncIterator[str]:
    """Serve bytes that no well-behaved server would send."""
    released = asyncio.Event()
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer)
        if stalls:
            await released.wait()
        writer.transport.abort()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1") as listener:
        host, port = listener.sockets[0].getsockname()
        yield f"http://{host}:{port}/x.mp4"
        released.set()
        await ended.wait()


async def test_a_clip_is_fetched_without_the_key(server: SandboxServer, clip_url: str, destination: Path) -> None:
    async with client_of(server) as client:
        await client.download(clip_url, destination, FreeRoom())
    assert content(destination) == tiny_clip()
    assert server.requests[-1].kind == "file"
    assert "Authorization" not in server.requests[-1].headers


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=404), ClipGoneError),
        (Fault(status=410), ClipGoneError),
        (Fault(status=403), ClipForbiddenError),
        (Fault(status=429), ClipUnavailableError),
        (Fault(status=500), ClipUnavailableError),
        (Fault(status=503), ClipUnavailableError),
        (Fault(status=204), ClipUnavailableError),
        (Fault(drop=True, times=2), ClipUnavailableError),
        (Fault(endless=True), ClipOversizeError),
        (Fault(status=200, body="x" * 1_000_001), ClipOversizeError),
        (Fault(hold=asyncio.Event(), times=None), ClipSlowError),
        (Fault(status=302, headers={"Location": "http://10.0.0.1/x.mp4"}), ClipUnsafeError),
        (Fault(status=302, headers={"Location": "//10.0.0.1/x.mp4"}), ClipUnsafeError),
        (Fault(status=301, headers={"Location": "http://[::ffff:10.0.0.1]/x.mp4"}), ClipUnsafeError),
        (Fault(status=303, headers={"Location": "http://169.254.169.254/latest/meta-data"}), ClipUnsafeError),
        (Fault(status=307, headers={"Location": "file:///etc/passwd"}), ClipUnsafeError),
        (Fault(status=308, headers={"Location": "http://["}), ClipUnsafeError),
        (Fault(status=302, times=None), ClipUnavailableError),
    ],
)
async def test_each_failure_of_a_file_host_is_its_own_error_and_leaves_no_file(
    server: SandboxServer, clip_url: str, destination: Path, fault: Fault, expected: type[ClipError]
) -> None:
    server.faults.file.append(fault)
    error = await error_of(clip_url, destination, max_bytes=1_000_000, stall_timeout_seconds=0.2)
    assert type(error) is expected


async def test_a_host_that_is_down_makes_a_clip_unavailable(
    server: SandboxServer, clip_url: str, destination: Path
) -> None:
    await server.stop()
    assert type(await error_of(clip_url, destination)) is ClipUnavailableError


async def test_the_total_timeout_holds_though_nothing_stalls_longer_than_it_may(
    server: SandboxServer, clip_url: str, destination: Path
) -> None:
    server.faults.file.append(Fault(hold=asyncio.Event()))
    error = await error_of(clip_url, destination, total_timeout_seconds=0.05, stall_timeout_seconds=60)
    assert type(error) is ClipSlowError


async def send_half(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + bytes(2_000_000))
    await writer.drain()


async def test_a_body_that_ends_too_early_makes_a_clip_unavailable(destination: Path) -> None:
    async with raw_host(send_half, stalls=False) as url:
        assert type(await error_of(url, destination)) is ClipUnavailableError


@pytest.mark.slow
async def test_a_body_that_stalls_midway_is_too_slow(destination: Path) -> None:
    async with raw_host(send_half) as url:
        error = await error_of(url, destination, stall_timeout_seconds=0.2)
    assert type(error) is ClipSlowError


async def test_an_answer_that_begins_bit_by_bit_is_too_slow(destination: Path) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for byte in b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 1000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.02)

    async with raw_host(drip, stalls=False) as url:
        error = await error_of(url, destination, stall_timeout_seconds=0.05)
    assert type(error) is ClipSlowError


async def test_a_body_announced_as_too_large_is_not_fetched_at_all(destination: Path) -> None:
    async with raw_host(send_half) as url:
        error = await error_of(url, destination, max_bytes=3_999_999, stall_timeout_seconds=60)
    assert type(error) is ClipOversizeError


async def test_a_cancelled_download_leaves_no_file(destination: Path) -> None:
    sent = asyncio.Event()

    async def send_half_and_tell(writer: asyncio.StreamWriter) -> None:
        await send_half(writer)
        sent.set()

    async with raw_host(send_half_and_tell) as url:
        download = asyncio.create_task(Downloader(allow_loopback=True).download(url, destination, FreeRoom()))
        await sent.wait()
        download.cancel()
        with pytest.raises(asyncio.CancelledError):
            await download
    assert content(destination) is None


async def test_a_place_that_cannot_be_written_makes_a_clip_unavailable(clip_url: str, tmp_path: Path) -> None:
    assert type(await error_of(clip_url, tmp_path / "missing" / "clip.mp4")) is ClipUnavailableError


# Redirects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("hops", [1, REDIRECTS_MAX])
async def test_redirects_are_followed_up_to_the_limit(
    server: SandboxServer, clip_url: str, destination: Path, hops: int
) -> None:
    server.faults.file.append(
        Fault(status=302, headers={"Location": clip_url.partition(server.base_url)[2]}, times=hops)
    )
    await Downloader(allow_loopback=True).download(clip_url, destination, FreeRoom())
    assert content(destination) == tiny_clip()


async def test_one_redirect_more_than_the_limit_is_not_followed(
    server: SandboxServer, clip_url: str, destination: Path
) -> None:
    server.faults.file.append(Fault(status=302, headers={"Location": clip_url}, times=REDIRECTS_MAX + 1))
    assert type(await error_of(clip_url, destination)) is ClipUnavailableError


# Private networks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.215.14/x.mp4",
        "ftp://93.184.215.14/x.mp4",
        "file:///etc/passwd",
        "data:video/mp4;base64,AAAA",
        "/etc/passwd",
        "x.mp4",
        "",
        "https://",
        "https://[",
        "https://127.0.0.1:{port}/x.mp4",
        "https://127.1:{port}/x.mp4",
        "https://2130706433:{port}/x.mp4",
        "https://0x7f000001:{port}/x.mp4",
        "https://localhost:{port}/x.mp4",
        "https://user:word@127.0.0.1:{port}/x.mp4",
        "https://0.0.0.0:{port}/x.mp4",
        "https://10.0.0.1/x.mp4",
        "https://100.64.0.1/x.mp4",
        "https://169.254.169.254/latest/meta-data",
        "https://172.16.0.1/x.mp4",
        "https://192.168.0.1/x.mp4",
        "https://224.0.0.1/x.mp4",
        "https://255.255.255.255/x.mp4",
        "https://[::1]/x.mp4",
        "https://[::]/x.mp4",
        "https://[::ffff:127.0.0.1]/x.mp4",
        "https://[64:ff9b::a00:1]/x.mp4",
        "https://[fd00::1]/x.mp4",
        "https://[fe80::1]/x.mp4",
        "https://[ff02::1]/x.mp4",
    ],
)
async def test_an_address_that_is_not_https_or_not_public_is_never_connected_to(url: str, destination: Path) -> None:
    connected = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as listener:
        port = listener.sockets[0].getsockname()[1]
        error = await error_of(url.replace("{port}", str(port)), destination, allow_loopback=False)
    assert type(error) is ClipUnsafeError
    assert not connected.is_set()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:192.168.0.1", "fe80::1%1"])
async def test_a_name_that_resolves_into_a_private_network_is_never_connected_to(
    address: str, destination: Path
) -> None:
    resolver = FixedResolver(address)
    error = await error_of("https://files.example/x.mp4", destination, allow_loopback=False, resolver=resolver)
    assert type(error) is ClipUnsafeError
    assert resolver.asked == ["files.example"]


async def test_a_name_that_changes_its_address_between_two_hops_does_not_slip_by(
    server: SandboxServer, clip_url: str, destination: Path
) -> None:
    resolver = FixedResolver("127.0.0.1", "10.0.0.1")
    server.faults.file.append(Fault(status=302, headers={"Location": "http://files.example:1/x.mp4"}))
    first_hop = clip_url.replace("127.0.0.1", "files.example")
    assert type(await error_of(first_hop, destination, resolver=resolver)) is ClipUnsafeError
    assert resolver.asked == ["files.example", "files.example"]


async def test_a_client_of_a_public_service_fetches_nothing_from_loopback(
    server: SandboxServer, clip_url: str, destination: Path
) -> None:
    async with client_of(server, base_url="https://toapis.example") as client:
        with pytest.raises(ClipUnsafeError):
            await client.download(clip_url, destination, FreeRoom())
        with pytest.raises(ClipUnsafeError):
            await client.download(clip_url.replace("http:", "https:"), destination, FreeRoom())
    assert not [request for request in server.requests if request.kind == "file"]


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["2002:a00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "240.0.0.1", "192.0.2.1", "::ffff:169.254.1.1"]
)
def test_addresses_that_stand_for_private_ones_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("toapis.com", False), ("", False)],
)
def test_this_machines_own_hosts_are_told_from_others(host: str, is_own: bool) -> None:
    assert is_loopback_host(host) is is_own


# Cost --------------------------------------------------------------------------------------------


async def test_ten_mebibytes_pass_through_in_a_fraction_of_their_size(
    service_time: ManualTime, tmp_path: Path, destination: Path
) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(bytes(10 * 1024 * 1024))

    async def large_clip(_: SandboxGeneration) -> Path:
        return source

    async with sandbox(service_time, clip_maker=large_clip) as server, client_of(server) as client:
        accepted = await client.submit(VideoSpec(prompt="a red fox"), client_business_id="job-1")
        service_time.advance(200)
        tracemalloc.start()
        try:
            await client.download(f"{server.base_url}/files/{accepted.id}.mp4", destination, FreeRoom())
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert content(destination) == bytes(10 * 1024 * 1024)
    assert peak_bytes < 6 * 1024 * 1024


# What goes over the wire ---------------------------------------------------------------------------


@asynccontextmanager
async def host(answers: Callable[[str], bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve what a function says for each request's target; give the address, and the targets as they came."""
    targets: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")[0].decode("latin-1")
        target = line.removeprefix("GET ").removesuffix(" HTTP/1.1")
        targets.append(target)
        writer.write(answers(target))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as listener:
        name, port = listener.sockets[0].getsockname()
        yield f"http://{name}:{port}", targets


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    head = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(body)}", "Connection: close"))
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


SIGNED = "/a%2Fb/c%20d+e/%7Bx%7D/..%2f/~t/x.mp4?X-Sig=aB%2Bc%2F==&q=a%2Cb;c:d@e!$'()*,[]&empty=&&z=%E2%82%AC%zz"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (SIGNED, SIGNED),
        ("/x.mp4#fragment", "/x.mp4"),
        ("/caf\u00e9 x.mp4?n=\U0001f98a", "/caf%C3%A9%20x.mp4?n=%F0%9F%A6%8A"),
        ("/a//b/./c/../x.mp4", "/a//b/./c/../x.mp4"),
        ("/x.mp4?", "/x.mp4?"),
        ("/x.mp4;?a=;", "/x.mp4;?a=;"),
        ("/" + "%41" * 5 + "?a=1?b=2", "/" + "%41" * 5 + "?a=1?b=2"),
    ],
)
async def test_an_address_is_asked_for_as_it_was_given(given: str, sent: str, destination: Path) -> None:
    async with host(lambda _: answer(b"clip")) as (base, targets):
        await Downloader(allow_loopback=True).download(base + given, destination, FreeRoom())

    assert [target.rstrip("?") for target in targets] == [sent.rstrip("?")]
    assert content(destination) == b"clip"


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        (SIGNED, SIGNED),
        ("x%2Fy.mp4?s=%2B", "/first//a/x%2Fy.mp4?s=%2B"),
        ("x//y.mp4", "/first//a/x//y.mp4"),
        ("../x.mp4", "/first//x.mp4"),
        ("./../../x/../y.mp4", "/first/x/../y.mp4"),
        ("/b/../x.mp4;?a", "/b/../x.mp4;?a"),
        ("?only=%2F", "/first//a/b.mp4?only=%2F"),
        ("//{host}/z%2F.mp4", "/z%2F.mp4"),
        ("http://{host}/z;?a#fragment", "/z;?a"),
        ("caf\u00e9.mp4", "/first//a/caf%C3%A9.mp4"),
    ],
)
async def test_a_redirect_is_followed_as_it_was_given(location: str, sent: str, destination: Path) -> None:
    def answers(target: str) -> bytes:
        is_first = target == "/first//a/b.mp4?z"
        return answer(b"", f"Location: {there}", status="302 Found") if is_first else answer(b"clip")

    async with host(answers) as (base, targets):
        there = location.replace("{host}", base.removeprefix("http://"))
        await Downloader(allow_loopback=True).download(f"{base}/first//a/b.mp4?z", destination, FreeRoom())

    assert targets[1] == sent


async def test_a_host_in_other_letters_is_looked_up_as_names_are(destination: Path) -> None:
    resolver = FixedResolver("127.0.0.1")
    async with host(lambda _: answer(b"clip")) as (base, _):
        url = base.replace("127.0.0.1", "b\u00fccher.example") + "/x.mp4"
        await Downloader(allow_loopback=True, resolver=resolver).download(url, destination, FreeRoom())

    assert resolver.asked == ["xn--bcher-kva.example"]


@pytest.mark.parametrize("name", ["127.0.0.1:99999", "127.0.0.1:abc", "a" * 300 + ".example", "....", "\u2488.example"])
async def test_what_is_no_address_is_refused_whatever_the_library_makes_of_it(name: str, destination: Path) -> None:
    assert type(await error_of(f"https://{name}/x.mp4", destination)) is ClipUnsafeError


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("x-gzip", 31), ("deflate", 15), ("GZIP", 31)])
async def test_what_comes_packed_all_the_same_is_unpacked(encoding: str, wbits: int, destination: Path) -> None:
    packer = zlib.compressobj(wbits=wbits)
    body = packer.compress(tiny_clip()) + packer.flush()
    async with host(lambda _: answer(body, f"Content-Encoding: {encoding}")) as (base, _):
        await Downloader(allow_loopback=True).download(f"{base}/x.mp4", destination, FreeRoom())

    assert content(destination) == tiny_clip()


@pytest.mark.parametrize(
    ("encoding", "wbits", "parts", "rest"),
    [("gzip", 31, 2, b""), ("gzip", 31, 1, bytes(50)), ("deflate", -15, 1, b""), ("deflate", 15, 1, b"x")],
)
async def test_what_is_packed_in_parts_or_without_a_head_or_with_something_behind_it_is_whole(
    encoding: str, wbits: int, parts: int, rest: bytes, destination: Path
) -> None:
    def packed() -> bytes:
        packer = zlib.compressobj(wbits=wbits)
        return packer.compress(tiny_clip()) + packer.flush()

    body = packed() * parts + rest
    async with host(lambda _: answer(body, f"Content-Encoding: {encoding}")) as (base, _):
        await Downloader(allow_loopback=True).download(f"{base}/x.mp4", destination, FreeRoom())

    assert content(destination) == tiny_clip() * parts


async def test_what_comes_behind_what_was_packed_is_bounded_too(destination: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    body = packer.compress(b"clip") + packer.flush() + bytes(3_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    async with host(lambda _: head + body) as (base, _):
        error = await error_of(f"{base}/x.mp4", destination, max_bytes=1_000_000)

    assert type(error) is ClipOversizeError


async def test_what_unpacks_without_end_is_bounded(destination: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    body = packer.compress(bytes(50_000_000)) + packer.flush()
    async with host(lambda _: answer(body, "Content-Encoding: gzip")) as (base, _):
        error = await error_of(f"{base}/x.mp4", destination, max_bytes=1_000_000)

    assert type(error) is ClipOversizeError


CUT = ("gzip", bytes.fromhex("1f8b0800000000000003"))
"""The head of something packed, and no more."""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"x"), ("gzip", b"not packed at all"), ("gzip, br", b"x"), ("gzip", b""), CUT],
)
async def test_what_can_not_be_unpacked_is_tried_again(encoding: str, body: bytes, destination: Path) -> None:
    async with host(lambda _: answer(body, f"Content-Encoding: {encoding}")) as (base, _):
        assert type(await error_of(f"{base}/x.mp4", destination)) is ClipUnavailableError


def test_less_than_the_least_speed_over_half_a_minute_is_too_slow() -> None:
    seconds = 0.0
    pace = Pace(lambda: seconds)
    pace.note(LEAST_BYTES_A_SECOND * 31)
    seconds = 30.0
    pace.note(1)  # enough in the first half minute
    seconds = 59.0
    pace.note(1)
    seconds = 60.0
    with pytest.raises(ClipSlowError):
        pace.note(1)


class NoRoom(FreeRoom):
    """None until it is ``given``."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted, self.given = asyncio.Event(), asyncio.Event()

    async def reserve(self, size_bytes: int) -> None:
        await super().reserve(size_bytes)
        self.wanted.set()
        await self.given.wait()


async def test_room_is_made_for_a_clip_and_what_is_made_of_it(destination: Path) -> None:
    room = FreeRoom()
    async with host(lambda _: answer(b"clip")) as (base, _):
        await Downloader(allow_loopback=True).download(f"{base}/x.mp4", destination, room)

    assert room.asked == [4 + MADE_BYTES] * 2


async def test_a_host_takes_room_only_for_what_comes_and_never_for_all_that_it_announces(destination: Path) -> None:
    room, sent, more = NoRoom(), asyncio.Event(), asyncio.Event()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 190000000\r\n\r\n" + bytes(100_000))
        await writer.drain()
        sent.set()
        await more.wait()
        writer.write(bytes(1_000_000))
        await writer.drain()

    async with raw_host(drip) as url:
        download = asyncio.create_task(Downloader(allow_loopback=True).download(url, destination, room))
        await sent.wait()
        wanted = asyncio.create_task(room.wanted.wait())
        await asyncio.wait([wanted], timeout=0.05)
        assert room.asked == []
        more.set()
        await wanted
        download.cancel()
        await asyncio.wait([download])

    assert room.asked == [2 * LIKELY_BYTES]


async def test_waiting_for_room_is_no_fault_of_the_hosts(destination: Path) -> None:
    room = NoRoom()
    async with host(lambda _: answer(b"clip")) as (base, _):
        downloader = Downloader(allow_loopback=True, total_timeout_seconds=0.2)
        download = asyncio.create_task(downloader.download(f"{base}/x.mp4", destination, room))
        await room.wanted.wait()
        await asyncio.wait([download], timeout=0.3)
        room.given.set()
        await download

    assert content(destination) == b"clip"
