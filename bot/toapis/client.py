"""The video service over HTTP: one request in, a model or an error of ``bot.errors`` out."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.errors import NoAnswerError, ServiceFaultError
from bot.models import GenerationStatus
from bot.toapis import wire
from bot.toapis.download import Downloader, is_loopback_host

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bot.models import Balance, Generation, VideoSpec

logger = logging.getLogger(__name__)

BODY_MAX_BYTES = 1024 * 1024
"""An answer is some hundred bytes by the contract; what is larger than this is not read."""


class ToApisClient:
    """The video service by its contract; implements ``services.ports.VideoService``.

    Args:
        session: carries the requests; its owner closes it.
        base_url: the service's address; a trailing ``/v1`` or slash is tolerated.
        api_key: sent to this address only, and part of no repr, log line or error.
        model: the model every clip is asked of.
        resolution: the resolution every clip is asked in.
        submit_timeout_seconds: how long a submit may take; what is cut off may have been accepted.
        poll_timeout_seconds: how long each try of a poll or a look at the balance may take.
        retry_delays_seconds: the waits before polls and balance are asked again after a 5xx; the contract
            advises two or three short ones.
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
        self._retry_delays_seconds = tuple(retry_delays_seconds)
        self._jitter = jitter
        self._now = now
        self._downloader = downloader or Downloader(allow_loopback=is_loopback_host(URL(self._base_url).host or ""))
        self._unknown_statuses: set[str] = set()

    def __repr__(self) -> str:
        return f"ToApisClient(base_url={self._base_url!r}, model={self._model!r}, api_key='***')"

    async def submit(self, spec: VideoSpec, *, client_business_id: str) -> Generation:
        """Ask for a clip with exactly one request.

        Raises:
            VideoServiceError: by the contract's table. After a ``ServiceFaultError`` or ``NoAnswerError`` the
                generation may exist: ask for the ``client_business_id`` before submitting again.
        """
        payload = wire.submit_payload(
            spec, model=self._model, resolution=self._resolution, client_business_id=client_business_id
        )
        answer = await self._exchange(
            "POST", "/v1/videos/generations", timeout_seconds=self._submit_timeout_seconds, payload=payload
        )
        return self._generation(answer, wire.check(answer, now=self._now(), names_generation=False))

    async def fetch_generation(self, key: str) -> Generation:
        """Ask what became of a generation, by its id or the ``client_business_id`` it was sent with.

        Raises:
            VideoServiceError: by the contract's table; ``GenerationNotFoundError`` when there is none.
        """
        path = f"/v1/videos/generations/{quote(key, safe='')}"
        answer, body = await self._get(path, names_generation=True)
        return self._generation(answer, body)

    async def fetch_balance(self) -> Balance:
        """Ask what the account has left.

        Raises:
            VideoServiceError: by the contract's table.
        """
        return wire.parse_balance(*await self._get("/v1/balance", names_generation=False))

    async def download(self, url: str, destination: Path) -> None:
        """Fetch a finished clip into a file, without the key.

        Raises:
            ClipError: as ``download.Downloader.download`` does.
        """
        await self._downloader.download(url, destination)

    async def _get(self, path: str, *, names_generation: bool) -> tuple[wire.Answer, wire.JsonObject]:
        for delay_seconds in self._retry_delays_seconds:
            answer = await self._exchange("GET", path, timeout_seconds=self._poll_timeout_seconds)
            if answer.http_status < 500:
                break
            logger.warning(
                "the video service failed, asking again",
                extra={"http_status": answer.http_status, "request_id": answer.request_id, "path": path},
            )
            await asyncio.sleep(delay_seconds * (1 + self._jitter()))
        else:
            answer = await self._exchange("GET", path, timeout_seconds=self._poll_timeout_seconds)
        return answer, wire.check(answer, now=self._now(), names_generation=names_generation)

    async def _exchange(
        self, method: str, path: str, *, timeout_seconds: float, payload: wire.JsonObject | None = None
    ) -> wire.Answer:
        try:
            async with self._session.request(
                method,
                URL(self._base_url + path, encoded=True),
                json=payload,
                headers={"Authorization": f"Bearer {self._api_key}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            ) as response:
                body = await self._read(response)
        except aiohttp.ClientResponseError as error:
            # Not chained: its repr holds the request's headers, and so the key.
            raise ServiceFaultError(f"{method} {path}: no HTTP: {type(error).__name__}") from None
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise NoAnswerError(f"{method} {path}: {type(error).__name__}") from error
        answer = wire.Answer(http_status=response.status, headers=response.headers, body=body)
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
                raise ServiceFaultError("the answer is too long to be one", http_status=response.status)
        # A service may quote the key it refuses, and its words go to the log.
        return bytes(body).replace(self._api_key.encode(), b"***") if self._api_key else bytes(body)

    def _generation(self, answer: wire.Answer, body: wire.JsonObject) -> Generation:
        generation = wire.parse_generation(answer, body)
        status = wire.raw_status(body)
        if generation.status is GenerationStatus.UNKNOWN and status not in self._unknown_statuses:
            self._unknown_statuses.add(status)
            logger.warning(
                "the video service reported a status nobody documented",
                extra={"status": status, "generation_id": generation.id, "request_id": answer.request_id},
            )
        return generation
