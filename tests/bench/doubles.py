"""What runs beside the bot in processes of their own: Discord with its members, and the video service."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from bot.sandbox.toapis_server import SandboxServer
from tests.support.discord_server import DiscordServer
from tests.support.toapis import tiny_clip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from bot.sandbox.toapis_server import SandboxGeneration
    from tests.support.discord_server import Interaction, Message, World

PATIENCE_SECONDS = 30.0
QUICK_SECONDS, LONG_SECONDS = 6, 10
"""Clips of 6 seconds are rendered at once, those of 10 seconds not before the bench is over."""
_NEVER_SECONDS = 3600.0
DEFERRED = 5
"""A first answer that only says "thinking" (Discord's documentation, "Interaction Callback Type")."""


class DiscordDouble:
    """The loopback Discord, driven by calls; times are the machine's monotonic clock's."""

    def __init__(self) -> None:
        self._server = DiscordServer()
        self._names = iter(range(1_000_000))

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._server.__aexit__(*exception)

    async def addresses(self) -> dict[str, str]:
        """Return what of the bot's settings depends on this server."""
        server = self._server
        return {
            "discord_api_url": server.api_url,
            "discord_gateway_url": server.gateway_url,
            "discord_token": server.token,
        }

    async def wait_identified(self, *, after: float) -> float:
        """Return when a bot identified itself, the first time after a moment."""

        def found(world: World) -> float | None:
            return next((it.identified_at for it in world.sessions if it.identified_at > after), None)

        when = await self._server.wait_for(found, within_seconds=PATIENCE_SECONDS)
        assert when is not None
        return when

    async def ask(self, *, members: int, each: int = 1, duration: int = LONG_SECONDS) -> dict[str, Any]:
        """Send ``/video`` at once for new members, each so many times; return how they were acknowledged."""
        server = self._server
        asking = [server.world.add_member(server.guild, f"member{next(self._names)}") for _ in range(members)]
        started = time.monotonic()
        shots: list[Interaction] = []
        for _ in range(each):
            for member in asking:
                options = {"prompt": f"a lighthouse in the rain, for {member.user.name}", "duration": duration}
                shots.append(await server.slash(server.clips, member, "video", options))
        sending_seconds = time.monotonic() - started
        await asyncio.wait([shot.acknowledged for shot in shots], timeout=PATIENCE_SECONDS)
        answered = [shot for shot in shots if shot.acknowledged.done()]
        return {
            "asked": len(shots),
            "sending_ms": sending_seconds * 1000,
            "latencies_ms": [shot.acknowledged.result() * 1000 for shot in answered],
            "deferred": sum(shot.callback_type == DEFERRED for shot in answered),
        }

    async def wait_cards(self, *, count: int) -> None:
        """Wait until so many interactions are answered with a card."""
        await self._server.wait_for(
            lambda world: (
                sum(it.response is not None and not it.response.is_loading for it in world.interactions.values())
                >= count
            ),
            within_seconds=PATIENCE_SECONDS,
        )

    async def wait_clips(self, *, count: int) -> int:
        """Wait until so many clips are posted; return the bytes of the newest."""
        clips = await self._server.wait_for(lambda world: _clips(world, count), within_seconds=2 * PATIENCE_SECONDS)
        return clips[-1].attachments[0].size_bytes


def _clips(world: World, count: int) -> list[Message]:
    messages = [message for channel in world.channels.values() for message in channel.messages.values()]
    clips = [message for message in messages if message.attachments]
    return clips if len(clips) >= count else []


class ServiceDouble:
    """The sandbox video service, driven by calls; times are Unix seconds.

    Args:
        clip: the file that every clip is; a tiny one by default.
    """

    def __init__(self, clip: Path | None = None) -> None:
        self._clip = clip
        self._tiny_clips = 0
        self._server = SandboxServer(
            queue_seconds=0.0,
            render_seconds=lambda duration: 0.5 if duration == QUICK_SECONDS else _NEVER_SECONDS,
            max_rendering=10_000,
            clip_maker=self._give_clip,
        )

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:  # noqa: ANN401 (handed through)
        await self._server.__aexit__(kind, error, trace)

    async def settings(self) -> dict[str, str]:
        """Return what of the bot's settings depends on this server."""
        return {"toapis_base_url": self._server.base_url, "toapis_api_key": self._server.api_key}

    async def wait_accepted(self, *, count: int, within_seconds: float = 4 * PATIENCE_SECONDS) -> None:
        """Wait until so many generations were paid for."""
        await self._until(lambda: len(self._server.generations) >= count, within_seconds)

    async def wait_polled(
        self,
        *,
        since: float,
        count: int = 1,
        generation_ids: Collection[str] = (),
        within_seconds: float = 4 * PATIENCE_SECONDS,
    ) -> list[float]:
        """Wait until different generations have been polled since a moment; return when each first was, in order.

        Args:
            count: how many at least.
            generation_ids: these at least; then the others' times are left out.
            within_seconds: how long to wait at most.
        """
        requests = self._server.requests
        looked_at = 0
        seen: dict[str, float] = {}

        def done() -> bool:
            nonlocal looked_at
            for request in requests[looked_at:]:
                if request.kind == "poll" and request.at >= since:
                    seen.setdefault(request.key, request.at)
            looked_at = len(requests)
            return len(seen) >= count and seen.keys() >= set(generation_ids)

        await self._until(done, within_seconds)
        return sorted(at for key, at in seen.items() if not generation_ids or key in generation_ids)

    async def give_tiny_clips(self, *, count: int) -> None:
        """Let the next clips be tiny ones, whatever the others are."""
        self._tiny_clips = count

    async def wait_file(self, *, count: int) -> float:
        """Wait until so many files were asked for; return when the last of them was."""

        def asked() -> list[float]:
            return [request.at for request in self._server.requests if request.kind == "file"]

        await self._until(lambda: len(asked()) >= count)
        return asked()[count - 1]

    async def count_requests(self, *, since: float, until: float) -> dict[str, int]:
        """Count what was asked between two moments, by kind."""
        return dict(Counter(request.kind for request in self._server.requests if since <= request.at < until))

    async def _until(self, condition: Callable[[], bool], within_seconds: float = 4 * PATIENCE_SECONDS) -> None:
        async with asyncio.timeout(within_seconds):
            await self._server.until(condition)

    async def _give_clip(self, _generation: SandboxGeneration) -> Path | bytes:
        self._tiny_clips -= 1
        return tiny_clip() if self._clip is None or self._tiny_clips >= 0 else self._clip
