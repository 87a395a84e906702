"""The video service over HTTP: one request in, a model or an error of ``bot.errors`` out."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.models import GenerationStatus, NoAnswerError, NotConnectedError, VideoServiceError
from bot.toapis import account, wire
from bot.toapis.download import Downloader, is_loopback_host
from bot.toapis.reading.answers import Answer, RequestKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bot.models import Balance, Generation, Room, VideoSpec
    from bot.toapis.reading.values import JsonObject

logger = logging.getLogger(__name__)

BODY_MAX_BYTES = 1024 * 1024
"""An answer is some hundred bytes as documented; what is larger than this is not read."""
CONNECT_TIMEOUT_SECONDS = 10.0
"""A connection is there within a second, or not at all."""
_UNKNOWN_STATES_MAX = 100
"""A service that invents a new state for each poll must not fill the memory or the log."""


_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class _Reader(Protocol[_T_co]):
    """Reads an answer about the account."""

    def __call__(self, answer: Answer, *, now: datetime) -> _T_co: ...


class ToApisClient:
    """The video service as its makers document it; implements ``services.ports.VideoService``.

    Args:
        session: carries the requests; its owner closes it.
        base_url: the service's address; a trailing ``/v1`` or slash is tolerated.
        api_key: sent to this address only, and part of no repr, log line or error.
        model: the model every clip is asked of.
        resolution: the resolution every clip is asked in.
        submit_timeout_seconds: how long a submit may take; what is cut off may have been accepted.
        poll_timeout_seconds: how long a poll, or each question about the account, may take.
        connect_timeout_seconds: how long it may take until there is a connection, in these times.
        retry_delays_seconds: the waits before a question about the account is asked again after a 5xx or no answer;
            submits and polls are sent once.
        jitter: returns a factor's random part, 0 to 1; each wait is 1 to 2 times its delay.
        now: tells the present, for a ``Retry-After`` that is a date.
        downloader: fetches clips; by default as ``download.Downloader`` does.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        base_url: str,
        api_key: str,
        model: str,
        resolution: str = "720P",
        submit_timeout_seconds: float = 60.0,
        poll_timeout_seconds: float = 20.0,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        retry_delays_seconds: Sequence[float] = (0.5, 1.5),
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        downloader: Downloader | None = None,
    ) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/").removesuffix("/v1").rstrip("/")
        self._api_key = api_key
        self._model = model
        self._resolution = resolution
        self._submit_timeout_seconds = submit_timeout_seconds
        self._poll_timeout_seconds = poll_timeout_seconds
        self._connect_timeout_seconds = connect_timeout_seconds
        self._retry_delays_seconds = tuple(retry_delays_seconds)
        self._jitter = jitter
        self._now = now
        self._downloader = downloader or Downloader(allow_loopback=is_loopback_host(URL(self._base_url).host or ""))
        self._unknown_states: set[str] = set()

    def __repr__(self) -> str:
        return f"ToApisClient(base_url={self._base_url!r}, model={self._model!r}, api_key='***')"

    @property
    def model(self) -> str:
        """Return the model that clips are asked of."""
        return self._model

    async def submit(self, spec: VideoSpec, *, client_business_id: str) -> Generation:
        """Ask for a clip with exactly one request.

        Raises:
            VideoServiceError: what the service refuses, and why. After a ``NoAnswerError`` that is no
                ``NotConnectedError``, and after whatever came with a 5xx, the generation may exist: ask for the
                ``client_business_id`` before submitting again.
        """
        payload = wire.submit_payload(
            spec, model=self._model, resolution=self._resolution, client_business_id=client_business_id
        )
        answer = await self._exchange(
            "POST", "/v1/videos/generations", timeout_seconds=self._submit_timeout_seconds, payload=payload
        )
        return self._generation(answer, RequestKind.SUBMIT, prompt=spec.prompt)

    async def fetch_generation(self, key: str) -> Generation:
        """Ask what became of a generation, by its id or the ``client_business_id`` it was sent with, once.

        Raises:
            VideoServiceError: ``GenerationNotFoundError`` when the service itself says that there is none.
        """
        path = f"/v1/videos/generations/{quote(key, safe='')}"
        answer = await self._exchange("GET", path, timeout_seconds=self._poll_timeout_seconds)
        return self._generation(answer, RequestKind.POLL, asked=key)

    async def fetch_balance(self) -> Balance:
        """Ask what key and account can spend; what can't be read is unknown.

        Raises:
            VideoServiceError: what the key's own check brings when the account's says nothing either;
                ``UnauthorizedError`` whenever the key's own check says so, and never else.
        """
        key, of_account = await asyncio.gather(
            self._look_up("/v1/balance", account.read_balance),
            self._look_up("/v1/user/balance", account.read_balance),
        )
        return account.combine_balance(key, of_account)

    async def fetch_models(self) -> list[str] | None:
        """Ask which video models the key may use; None when the service does not say, empty when it says none.

        Raises:
            VideoServiceError: when it refuses or does not answer.
        """
        models = await self._look_up("/v1/models?type=video", account.read_models)
        if isinstance(models, VideoServiceError):
            raise models
        return models

    async def download(self, url: str, destination: Path, room: Room, *, is_patient: bool = False) -> None:
        """Fetch a finished clip into a file, without the key.

        Args:
            room, is_patient: as ``download.Downloader.download`` takes them.

        Raises:
            ClipError: as that does.
        """
        await self._downloader.download(url, destination, room, is_patient=is_patient)

    async def _look_up(self, path: str, read: _Reader[_T]) -> _T | VideoServiceError:
        """Ask about the account, again after a 5xx or no answer; return what was read, or the last error."""
        for delay_seconds in self._retry_delays_seconds:
            found = await self._look_up_once(path, read)
            if not isinstance(found, VideoServiceError) or not _is_temporary(found):
                return found
            logger.warning(
                "the video service failed, asking again",
                extra={"http_status": found.http_status, "request_id": found.request_id, "path": path},
            )
            await asyncio.sleep(delay_seconds * (1 + self._jitter()))
        return await self._look_up_once(path, read)

    async def _look_up_once(self, path: str, read: _Reader[_T]) -> _T | VideoServiceError:
        try:
            return read(await self._exchange("GET", path, timeout_seconds=self._poll_timeout_seconds), now=self._now())
        except VideoServiceError as error:
            return error

    async def _exchange(
        self, method: str, path: str, *, timeout_seconds: float, payload: JsonObject | None = None
    ) -> Answer:
        """Send one request and read its answer.

        Raises:
            NoAnswerError: when there is none, or nothing that HTTP allows.
        """
        try:
            async with self._session.request(
                method,
                URL(self._base_url + path, encoded=True),
                json=payload,
                headers={"Authorization": f"Bearer {self._api_key}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_seconds, connect=self._connect_timeout_seconds),
                middlewares=(_send_once,),
            ) as response:
                body = await self._read(response)
        except aiohttp.ClientResponseError as error:
            # Not chained: its repr holds the request's headers, and so the key.
            raise NoAnswerError(f"{method} {path}: no HTTP: {type(error).__name__}", is_foreign=True) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotConnectedError(f"{method} {path}: {type(error).__name__}") from error
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise NoAnswerError(f"{method} {path}: {type(error).__name__}") from error
        answer = Answer(http_status=response.status, headers=response.headers, body=body)
        logger.debug(
            "the video service answered",
            extra={"http_status": answer.http_status, "request_id": answer.request_id, "path": path},
        )
        return answer

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > BODY_MAX_BYTES:
                raise NoAnswerError("the answer is too long to be one", is_foreign=True, http_status=response.status)
        # A service may quote the key it refuses, and its words go to the log.
        return bytes(body).replace(self._api_key.encode(), b"***") if self._api_key else bytes(body)

    def _generation(self, answer: Answer, request: RequestKind, *, prompt: str = "", asked: str = "") -> Generation:
        generation = wire.read_generation(answer, request=request, now=self._now(), prompt=prompt, asked=asked)
        if generation.status is not GenerationStatus.UNKNOWN:
            return generation
        state = wire.unknown_state(answer, request=request, asked=asked)
        if state is not None and state not in self._unknown_states and len(self._unknown_states) < _UNKNOWN_STATES_MAX:
            self._unknown_states.add(state)
            logger.warning(
                "the video service reported a status nobody documented",
                extra={"status": state, "generation_id": generation.id, "request_id": answer.request_id},
            )
        return generation


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a question again, unasked, when a connection that was kept alive has broken."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise NoAnswerError(f"{request.method} {request.url.path}: {type(error).__name__}") from error


def _is_temporary(error: VideoServiceError) -> bool:
    return isinstance(error, NoAnswerError) if error.http_status is None else error.http_status >= 500
