"""What the sandbox has accepted: each generation is a clip somebody pays for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.sandbox.faults import Faults, next_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.renders import RenderQueue, SandboxGeneration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateSubmit:
    """A submit that will be accepted, whatever its connection was answered."""

    due_at: float
    payload: dict[str, Any]
    faults: Faults


class Generations:
    """The accepted generations, and the submits that will be accepted later.

    Args:
        renders: where a generation waits and renders.
        faults: what goes wrong next with those whose prompts name nothing.
        time: tells the Unix time.
    """

    def __init__(self, *, renders: RenderQueue, faults: Faults, time: Callable[[], float]) -> None:
        self._renders = renders
        self._faults = faults
        self._time = time
        self._accepted: dict[str, SandboxGeneration] = {}
        self._late: list[LateSubmit] = []

    @property
    def has_late(self) -> bool:
        """Tell whether a submit will be accepted as time passes."""
        return bool(self._late)

    def by_id(self) -> dict[str, SandboxGeneration]:
        """Return what has been accepted by now."""
        due = sorted((it for it in self._late if it.due_at <= self._time()), key=lambda it: it.due_at)
        for submit in due:
            self.accept_late(submit)
        return self._accepted

    def accept(self, payload: dict[str, Any], faults: Faults, *, at: float | None = None) -> SandboxGeneration:
        """Take a submit, now or as of a Unix time."""
        render_fault = next_fault(faults.render or self._faults.render, payload["prompt"])
        now = self._time() if at is None else at
        generation = self._renders.accept(payload, now=now, final_change=render_fault.change)
        self._accepted[generation.id] = generation
        return generation

    def expect(self, payload: dict[str, Any], faults: Faults, *, seconds: float) -> LateSubmit:
        """Have a submit accepted in some seconds."""
        submit = LateSubmit(due_at=self._time() + seconds, payload=payload, faults=faults)
        self._late.append(submit)
        return submit

    def accept_late(self, submit: LateSubmit) -> SandboxGeneration:
        """Take a submit at its time, or before it when it is answered in full before that; once."""
        if submit in self._late:
            self._late.remove(submit)
            return self.accept(submit.payload, submit.faults, at=min(submit.due_at, self._time()))
        return next(it for it in self._accepted.values() if it.payload is submit.payload)
