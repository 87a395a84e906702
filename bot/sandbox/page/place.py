"""One place of the community, a channel or a thread, as a page of SimCord's that other pages may frame."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

    from simcord import Env
    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle
    from simcord.preview import Preview
    from simcord.preview._pages import _Page  # pyright: ignore[reportPrivateUsage] (SimCord tells no more)

_SCRIPT = Path(__file__).with_name("frame.js")
_REVISIONS_KEPT = 40
"""A browser looks every half second and is sent at most two revisions meanwhile; on a busy machine it is late."""


class Place:
    """A channel or a thread with a page of its own.

    SimCord answers an action on what a page showed a moment ago with "not completed", and one that meets another
    with an error from which the page never recovers. Here each action waits for its turn, and counts if what it is
    about is still the same: a press, if its button has the same id as the one that was seen.

    Attributes:
        channel: what it shows.
    """

    def __init__(self, env: Env, channel: ChannelHandle, preview: Preview, turns: asyncio.Lock) -> None:
        self.channel = channel
        self._env = env
        self._preview = preview
        self._turns = turns
        self._seen: dict[str, dict[int, dict[str, str]]] = {}
        own: Any = preview  # which has no other way in
        self._act: Callable[..., Awaitable[dict[str, Any]]] = own._action
        self._publish: Callable[..., None] = own._publish
        own._action, own._publish = self._act_in_turn, self._publish_and_remember

    @classmethod
    @asynccontextmanager
    async def open(
        cls, env: Env, channel: ChannelHandle, *, viewers: Sequence[MemberActor], turns: asyncio.Lock, framed_by: str
    ) -> AsyncGenerator[Place]:
        """Serve the page of a channel or a thread.

        Args:
            env: where it is.
            channel: what to show.
            viewers: who it may be seen as; the first one at first.
            turns: held while somebody does something in the community.
            framed_by: the origin of the page that shows it in a frame.
        """
        env._preview = None  # pyright: ignore[reportPrivateUsage] (SimCord has one; nothing else of it minds several)
        preview = env.preview(channel, viewers=viewers, layout="channel", height=900)
        server: Any = preview._server  # pyright: ignore[reportPrivateUsage] (no other way in)
        headers = dict(server._SECURITY_HEADERS)
        del headers["X-Frame-Options"]
        policy = headers["Content-Security-Policy"].replace("ancestors 'none'", f"ancestors {framed_by}")
        server._SECURITY_HEADERS = {**headers, "Content-Security-Policy": policy}
        server._STATIC_FILES = {**server._STATIC_FILES, "/app.js": str(_SCRIPT), "/simcord-app.js": "app.js"}
        async with preview:
            yield cls(env, channel, preview, turns)
            # It closes once every request is answered, and one for a clip only is when the clip is converted: seconds.
            if (converter := preview._media_worker) is not None:  # pyright: ignore[reportPrivateUsage] (no other way in)
                await converter.close()

    @property
    def name(self) -> str:
        """Its name as people say it."""
        return f"the thread “{self.channel.name}”" if self.channel.is_thread else f"#{self.channel.name}"

    @property
    def url(self) -> str:
        """Its address on this machine, which is all that one needs to act there."""
        return self._preview.url

    @property
    def is_closed(self) -> bool:
        """Whether somebody has pressed its own end button."""
        return self._preview._closed  # pyright: ignore[reportPrivateUsage] (no other way in)

    async def refresh(self) -> None:
        """Show what has happened; the turn is held, and the clock set.

        Raises:
            SetupError, TimeoutError: while the bot has more to do than SimCord waits for.
        """
        await self._preview.refresh()

    async def _act_in_turn(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        async with self._turns:
            with suppress(TimeoutError):
                await set_clock(self._env)
            self._preview._advance_presentation_time()  # pyright: ignore[reportPrivateUsage] (no other way in)
            self._env._preview = self._preview  # pyright: ignore[reportPrivateUsage] (no other way in)
            page = self._preview._pages.get(context_id or "")  # pyright: ignore[reportPrivateUsage] (no other way in)
            return await self._act(context_id, body if page is None else self._bring_up_to_date(page, body))

    def _bring_up_to_date(self, page: _Page, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an action as one on what its page would show now, if what it is about is still the same."""
        seen = self._seen.get(page.id, {})
        control = body.get("control_key", "")
        before, now = seen.get(body.get("published_revision", 0)), seen.get(page.revision)
        if before is None or now is None or before.get(control) != now.get(control):
            return body
        return {**body, "published_revision": page.revision}

    def _publish_and_remember(self, page: _Page, *, reason: str = "action") -> None:
        self._publish(page, reason=reason)
        seen = self._seen.setdefault(page.id, {})
        seen[page.revision] = dict(_controls_in(page.snapshot["messages"]))
        seen.pop(page.revision - _REVISIONS_KEPT, None)


def _controls_in(value: object) -> Iterator[tuple[str, str]]:
    """Yield buttons and selects of messages: what a page calls each, and what is sent when it is used."""
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        node = cast("dict[str, object]", value)
        if "control_key" in node:
            yield str(node["control_key"]), str(node.get("custom_id"))
        inner = node.values()
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    for item in inner:
        yield from _controls_in(item)


async def set_clock(env: Env) -> None:
    """Bring SimCord's clock, which only moves when it is set, up to the present.

    Raises:
        SetupError, TimeoutError: while the bot has more to do than SimCord waits for.
    """
    behind_seconds = (datetime.now(UTC) - env.now()).total_seconds()
    await env.advance_time(max(0.0, behind_seconds))
