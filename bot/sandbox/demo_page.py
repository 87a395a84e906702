"""The demo's page: one place of the community, kept up to date, which goes into a thread as soon as there is one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simcord.backend.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from simcord import Env
    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle
    from simcord.preview import Preview

TICK_SECONDS = 0.5
_CLOCK_TICKS = 6
"""Ticks between two settings of the page's clock when nothing else happens."""


class CommunityPage:
    """What a browser shows of the community: a channel, or the thread that was opened in it last.

    SimCord's page shows one place and has no way into a thread, so all that are open are turned to it together.

    Attributes:
        turns: held while somebody does something in the community, on the page or not: SimCord takes one at a time, and
            answers what meets another on the page with an error from which the page never recovers.
    """

    def __init__(self, env: Env, channel: ChannelHandle, preview: Preview) -> None:
        self._env = env
        self._channel = channel
        self._preview = preview
        self._followed = {thread.id for thread in channel.threads}
        self._turn_to: ChannelHandle | None = None
        self.turns = asyncio.Lock()
        act = preview._action  # pyright: ignore[reportPrivateUsage] (no other way)

        async def act_in_turn(context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
            async with self.turns:
                return await act(context_id, body)

        preview._action = act_in_turn  # pyright: ignore[reportPrivateUsage]

    @classmethod
    @asynccontextmanager
    async def open(
        cls, env: Env, channel: ChannelHandle, *, viewers: Sequence[MemberActor]
    ) -> AsyncGenerator[CommunityPage]:
        """Serve the page of a channel."""
        async with env.preview(channel, viewers=viewers, layout="channel", height=900) as preview:
            yield cls(env, channel, preview)
            # It closes once every request is answered, and one for a clip only is when the clip is converted: seconds.
            if (converter := preview._media_worker) is not None:  # pyright: ignore[reportPrivateUsage] (no other way)
                await converter.close()

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return self._preview.url

    async def wait_closed(self) -> None:
        """Wait until somebody presses the page's own end button."""
        await self._preview.wait_closed()

    def turn(self) -> None:
        """Go back from a thread to its channel, or into the channel's newest thread, in a moment."""
        newest = self._newest_thread()
        self._turn_to = newest if self._preview.channel.id == self._channel.id else self._channel

    async def keep_true(self) -> None:
        """Keep the time, and show on open pages what the worker posts and edits on its own.

        Only when there is something new that is not an answer to the page itself, and the time alone but rarely:
        whatever a reader types or presses meanwhile, and within the half second a page takes to catch up, SimCord
        refuses.
        """
        shown, idle_ticks = 0, 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            idle_ticks += 1
            requests = sum(request.path.startswith("/channels/") for request in self._env.http_requests)
            if requests == shown and self._turn_to is None and idle_ticks < _CLOCK_TICKS:
                continue
            # Raised while the bot has more to do than SimCord waits for: then in a moment.
            with suppress(SetupError, TimeoutError):
                async with self.turns:
                    await set_clock(self._env)
                    idle_ticks = 0
                    if requests != shown or self._turn_to is not None:
                        self._follow()
                        await self._preview.refresh()
                        shown = requests

    def _follow(self) -> None:
        """Turn the page to where somebody wants it, or to a thread that is new."""
        newest = self._newest_thread()
        if newest is not None and newest.id not in self._followed:
            self._followed.add(newest.id)
            self._turn_to = newest
        if (place := self._turn_to) is not None:
            self._turn_to = None
            self._show(place)

    def _newest_thread(self) -> ChannelHandle | None:
        """Return the newest thread in which there is something to see."""
        threads = [thread for thread in self._channel.threads if thread.history()]
        return max(threads, key=lambda thread: thread.id, default=None)

    def _show(self, place: ChannelHandle) -> None:
        """Have all open pages, and those to come, show another place, from its latest message."""
        self._preview.channel = place
        for page in self._preview._pages.values():  # pyright: ignore[reportPrivateUsage] (no other way)
            page.channel_id = place.id
            page.target_id = page.window_end_id = None
            page.generation += 1  # what was begun on the page as it was is refused
        print(f"The page now shows {place_name(place)}. Press Enter here to go back and forth.", flush=True)


def place_name(place: ChannelHandle) -> str:
    """Name a channel or a thread as people do."""
    return f"the thread “{place.name}”" if place.is_thread else f"#{place.name}"


async def set_clock(env: Env) -> None:
    """Bring SimCord's clock, which only moves when it is set, up to the present.

    Ahead of it by the time until it is set again, or what happens meanwhile would be shown as yet to come.
    """
    behind_seconds = (datetime.now(UTC) - env.now()).total_seconds() + TICK_SECONDS
    await env.advance_time(max(0.0, behind_seconds))
