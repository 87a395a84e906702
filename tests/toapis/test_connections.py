"""Which failures were before there was a connection, so that nothing was sent, and which were not: on real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from bot.models import NoAnswerError, NotConnectedError, VideoServiceError, VideoSpec
from bot.sandbox.toapis_server import Fault, SandboxServer
from bot.toapis.client import CONNECT_TIMEOUT_SECONDS
from tests.support.toapis import client_of, server, service_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.toapis.client import ToApisClient

__all__ = ["server", "service_time"]

FOX = VideoSpec(prompt="a red fox")
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# A certificate for nobody, signed by itself, and its key: made for this test, valid until 2126.
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUQMB3baujKcPOdV1LGCSg9dQyIgcwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwObm9ib2R5LmludmFsaWQwIBcNMjYxMTI2MDE0MzI0WhgPMjEy
NjExMDIwMTQzMjRaMBkxFzAVBgNVBAMMDm5vYm9keS5pbnZhbGlkMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEk0FfA0BLG/QgHC2BqMnIX9OxIZ8DVjRhRVZZcj0M
M8NnaO0+b0cYrTsG5hriWppAt2HfkCcAodlQcDI+zf7hxKNTMFEwHQYDVR0OBBYE
FGygxRisCi9XGzGANDmYWXaEPN8xMB8GA1UdIwQYMBaAFGygxRisCi9XGzGANDmY
WXaEPN8xMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhALT0hQBV
wChjkvLlpX4e7unYPtYfGHd+Hr4J3uOaltuCAiAeFikMUWgsgip/zd8OvFyWf2y6
iZrfkIIqYNdEVZhrkQ==
-----END CERTIFICATE-----
"""
CERTIFICATE_KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkbCVPCaXDrRzAL5L
SXsjQNL12ubuW4jrztqhSu82tEmhRANCAASTQV8DQEsb9CAcLYGoychf07EhnwNW
NGFFVllyPQwzw2do7T5vRxitOwbmGuJamkC3Yd+QJwCh2VBwMj7N/uHE
-----END PRIVATE KEY-----
"""


async def ask(client: ToApisClient, kind: str) -> object:
    if kind == "submit":
        return await client.submit(FOX, client_business_id="job-1")
    if kind == "poll":
        return await client.fetch_generation("job-1")
    return await client.fetch_balance()


async def error_of(client: ToApisClient, kind: str) -> VideoServiceError:
    with pytest.raises(VideoServiceError) as raised:
        await ask(client, kind)
    return raised.value


@asynccontextmanager
async def listening(behave: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Accept connections and do this with each; give the port."""
    handlers: set[asyncio.Task[None] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        await behave(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(handle, "127.0.0.1", ssl=tls) as listener:
        yield listener.sockets[0].getsockname()[1]
        await asyncio.gather(*(task for task in handlers if task is not None))


async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_connect_timeout_is_ten_seconds_unless_another_is_given() -> None:
    assert CONNECT_TIMEOUT_SECONDS == 10.0


@pytest.mark.parametrize("kind", ["submit", "poll", "balance"])
async def test_nobody_listening_is_no_connection(server: SandboxServer, kind: str) -> None:
    await server.stop()
    async with client_of(server) as client:
        assert type(await error_of(client, kind)) is NotConnectedError


async def test_name_nobody_knows_is_no_connection() -> None:
    async with client_of(SandboxServer(), base_url="http://nobody.invalid") as client:
        assert type(await error_of(client, "submit")) is NotConnectedError


@pytest.mark.parametrize("behave", [speak_plainly, hang_up])
async def test_tls_that_fails_is_no_connection(behave: Behaviour) -> None:
    async with (
        listening(behave) as port,
        client_of(SandboxServer(), base_url=f"https://127.0.0.1:{port}") as client,
    ):
        assert type(await error_of(client, "submit")) is NotConnectedError


async def test_tls_that_is_never_spoken_is_no_connection() -> None:
    async with (
        listening(say_nothing) as port,
        client_of(SandboxServer(), base_url=f"https://127.0.0.1:{port}", connect_timeout_seconds=0.05) as client,
    ):
        assert type(await error_of(client, "submit")) is NotConnectedError


async def test_certificate_of_somebody_else_is_no_connection(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text(CERTIFICATE + CERTIFICATE_KEY)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "certificate.pem")
    async with (
        listening(say_nothing, tls) as port,
        client_of(SandboxServer(), base_url=f"https://127.0.0.1:{port}") as client,
    ):
        assert type(await error_of(client, "submit")) is NotConnectedError


async def test_full_backlog_is_no_connection() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
            base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with client_of(SandboxServer(), base_url=base_url, connect_timeout_seconds=0.05) as client:
                assert type(await error_of(client, "submit")) is NotConnectedError
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize("kind", ["submit", "poll"])
async def test_connection_that_breaks_may_have_carried_the_request(kind: str) -> None:
    async with (
        listening(cut) as port,
        client_of(SandboxServer(), base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert type(await error_of(client, kind)) is NoAnswerError


@pytest.mark.parametrize("kind", ["submit", "poll"])
async def test_kept_connection_that_breaks_may_have_carried_the_request(server: SandboxServer, kind: str) -> None:
    async with client_of(server) as client:
        await client.fetch_models()
        server.faults.everywhere(Fault(drop=True))
        assert type(await error_of(client, kind)) is NoAnswerError
    assert [it.kind for it in server.requests] == ["models", kind]


async def test_answer_that_takes_too_long_may_have_been_on_its_way(server: SandboxServer) -> None:
    server.faults.submit.append(Fault(hold=asyncio.Event()))
    async with client_of(server, submit_timeout_seconds=0.05, connect_timeout_seconds=5.0) as client:
        assert type(await error_of(client, "submit")) is NoAnswerError
