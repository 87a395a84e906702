"""The sandbox's renders: what was accepted, and how far it is at a given time."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.models import Aspect, profile_of

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULT_LIFETIME_SECONDS = 24 * 3600
"""How long a result's address works (``docs/video-service.md``, "Poll")."""

RenderSeconds = float | Callable[[int], float]
"""How long a render takes: always the same, or a function of the clip's length in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxGeneration:
    """A generation that was accepted, and so paid for; times are Unix seconds.

    Attributes:
        payload: the submit's JSON.
        final_change: keys laid over its final answer.
    """

    id: str
    client_business_id: str | None
    prompt: str
    aspect: Aspect
    duration_seconds: int
    accepted_at: float
    starts_at: float
    finishes_at: float
    payload: Mapping[str, Any]
    final_change: Mapping[str, Any]

    @property
    def expires_at(self) -> float:
        """Return when its file goes away."""
        return self.finishes_at + RESULT_LIFETIME_SECONDS

    def has_failed(self, now: float) -> bool:
        """Tell whether it has ended as failed by now."""
        return now >= self.finishes_at and self.final_change.get("status") == "failed"

    def progress(self, now: float) -> dict[str, Any]:
        """Return what an answer says of a generation that is not finished, or an empty dict when it is."""
        if now < self.starts_at:
            return {"status": "queued", "progress": 0}
        if now < self.finishes_at:
            rendered = (now - self.starts_at) / (self.finishes_at - self.starts_at)
            return {"status": "in_progress", "progress": int(100 * rendered)}
        return {}


class RenderQueue:
    """Decides, when a generation is accepted, when it will start and finish; nothing has to run for it."""

    def __init__(self, *, queue_seconds: float, render_seconds: RenderSeconds, max_rendering: int) -> None:
        self._queue_seconds = queue_seconds
        self._render_seconds = render_seconds
        self._slots_free_at = [0.0] * max_rendering

    def accept(self, payload: dict[str, Any], *, now: float, final_change: Mapping[str, Any]) -> SandboxGeneration:
        """Take a payload that ``problem_of`` finds nothing wrong with."""
        duration_seconds: int = payload.get("duration", 6)
        seconds = self._render_seconds
        starts_at = max(now + self._queue_seconds, heapq.heappop(self._slots_free_at))
        finishes_at = starts_at + (seconds(duration_seconds) if callable(seconds) else seconds)
        heapq.heappush(self._slots_free_at, finishes_at)
        return SandboxGeneration(
            id=f"video_{uuid.uuid4().hex}",
            client_business_id=payload.get("client_business_id"),
            prompt=payload["prompt"],
            aspect=Aspect(payload.get("aspect_ratio", "16:9")),
            duration_seconds=duration_seconds,
            accepted_at=now,
            starts_at=starts_at,
            finishes_at=finishes_at,
            payload=payload,
            final_change=final_change,
        )


def problem_of(payload: dict[str, Any], *, model: str) -> str | None:
    """Say what ``docs/video-service.md`` ("Submit") does not allow in a payload, or None."""
    prompt = payload.get("prompt")
    if payload.get("model") != model:
        return f"model must be {model}"
    if not isinstance(prompt, str) or not prompt.strip():
        return "prompt is required"
    profile = profile_of(model)
    for name, offered in (
        ("aspect_ratio", profile.aspects),
        ("duration", profile.durations_seconds),
        ("resolution", profile.resolutions),
    ):
        if payload.get(name, offered[0]) not in offered:
            return f"{name} must be {' or '.join(map(str, offered))}"
    return None
