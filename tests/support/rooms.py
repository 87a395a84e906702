"""Room on disk for tests that are about something else."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FreeRoom:
    """As much room as anybody wants; ``asked`` is what was wanted, in bytes."""

    asked: list[int] = field(default_factory=list[int])

    async def reserve(self, size_bytes: int) -> None:
        self.asked.append(size_bytes)

    def grow(self, size_bytes: int) -> None:
        self.asked.append(size_bytes)
