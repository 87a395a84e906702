"""The demo's page: all channels of the community side by side, and each thread beside them as soon as there is one."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aiohttp import web
from simcord.backend.access import can_access_channel
from simcord.backend.errors import SetupError

from bot.sandbox.page.place import Place, set_clock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from simcord import Env
    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle

TICK_SECONDS = 0.5
_START_PAGE = Path(__file__).with_name("start.html")


class CommunityPage:
    """What a browser shows of the community: a page with a frame for each channel and each thread.

    Attributes:
        url: its address on this machine, which is all that one needs to act as anybody in the community.
        turns: held while somebody does something in the community, on the page or not: SimCord takes one at a time.
        places: what it shows.
    """

    def __init__(self, env: Env, members: Sequence[MemberActor], stack: AsyncExitStack) -> None:
        self._env = env
        self._members = members
        self._stack = stack
        self._origin = ""
        self._secret = secrets.token_urlsafe(32)
        self.turns = asyncio.Lock()
        self.places: list[Place] = []

    @classmethod
    @asynccontextmanager
    async def open(
        cls, env: Env, channels: Iterable[ChannelHandle], *, members: Sequence[MemberActor]
    ) -> AsyncGenerator[CommunityPage]:
        """Serve the page of some channels, each as it is seen by those of the members who may see it."""
        async with AsyncExitStack() as stack:
            page = cls(env, members, stack)
            await page._listen()
            for channel in channels:
                await page._add(channel)
            yield page

    @property
    def url(self) -> str:
        """Return its address on this machine."""
        return f"{self._origin}/{self._secret}/"

    async def keep_true(self) -> None:
        """Keep the time, and show on open pages what the worker posts and edits on its own, and new threads.

        Returns when somebody presses the end button of one of its frames.
        """
        shown = 0
        while not any(place.is_closed for place in self.places):
            await asyncio.sleep(TICK_SECONDS)
            # Raised while the bot has more to do than SimCord waits for: then in a moment.
            with suppress(SetupError, TimeoutError):
                async with self.turns:
                    await set_clock(self._env)
                    if shown != (requests := len(self._env.http_requests)):
                        await self._show_news()
                        shown = requests

    async def _show_news(self) -> None:
        shown = {place.channel.id for place in self.places}
        threads = [thread for place in self.places if not place.channel.is_thread for thread in place.channel.threads]
        for thread in threads:
            if thread.id not in shown and thread.history():
                await self._add(thread)
        for place in self.places:
            await place.refresh()

    async def _add(self, channel: ChannelHandle) -> None:
        viewers = [
            member for member in self._members if can_access_channel(self._env, channel.id, member, history=True)
        ]
        place = Place.open(self._env, channel, viewers=viewers, turns=self.turns, framed_by=self._origin)
        self.places.append(await self._stack.enter_async_context(place))

    async def _listen(self) -> None:
        """Serve the page itself, under a path that nobody guesses."""
        application = web.Application()
        application.router.add_get(f"/{self._secret}/", self._start_page)
        application.router.add_get(f"/{self._secret}/places", self._list_places)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._origin = f"http://127.0.0.1:{cast('tuple[str, int]', runner.addresses[0])[1]}"

    async def _start_page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_START_PAGE)

    async def _list_places(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([{"name": place.name, "url": place.url} for place in self.places])
