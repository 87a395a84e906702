"""The demo's page without a browser: what one asks of it over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from types import TracebackType


class PlacePage:
    """A page of one channel or thread, opened as a browser opens it; an async context manager.

    Attributes:
        shown: what it showed when it last looked.
    """

    def __init__(self, address: str) -> None:
        self._address = URL(address)
        self._session = aiohttp.ClientSession(headers={"X-Simcord-Capability": self._address.fragment})
        self._sequence = 0
        self.shown: dict[str, Any] = {}

    async def __aenter__(self) -> PlacePage:
        async with self._session.post(self._address.with_path("/api/pages"), json={}) as answer:
            self.shown = await answer.json()
        self._session.headers["X-Simcord-Context"] = self.shown["context"]["id"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def look(self) -> None:
        """See what is there now."""
        async with self._session.get(self._address.with_path("/api/state")) as answer:
            self.shown = await answer.json()

    async def act(self, kind: str, **details: object) -> dict[str, Any]:
        """Do something to what was shown; return what came of it."""
        body = {
            "kind": kind,
            "protocol_version": 3,
            "sequence": self._sequence + 1,
            "request_id": f"request-{self._sequence + 1}",
            "generation": self.shown["context"]["generation"],
            "bot_generation": self.shown["botGeneration"],
            "published_revision": self.shown["publishedRevision"],
            **details,
        }
        async with self._session.post(self._address.with_path("/api/action"), json=body) as answer:
            receipt = await answer.json()
        self._sequence = receipt["expectedSequence"]
        return receipt


async def places_of(address: str) -> dict[str, str]:
    """Return the addresses of the demo's channels and threads, by name."""
    async with aiohttp.ClientSession() as session, session.get(URL(address) / "places") as answer:
        return {place["name"]: place["url"] for place in await answer.json()}


async def end_on_page(address: str) -> None:
    """Press the page's own end button."""
    async with PlacePage((await places_of(address))["#clips"]) as page:
        assert (await page.act("close"))["settlement"] == "settled"
