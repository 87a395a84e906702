"""How often the bot backs up the database by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPolicy:
    """How often a backup is made, and how many are kept."""

    every: timedelta = timedelta(hours=24)
    keep: int = 7
