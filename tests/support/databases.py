"""Fresh databases for tests: copies of one that was migrated, once in each test process."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bot.store.database import Database

_migrated: list[bytes] = []


async def fresh_database(folder: Path) -> str:
    """Put a migrated, empty database into a folder; return its address, to be opened with ``migrate=False``."""
    if not _migrated:
        with TemporaryDirectory() as elsewhere:
            path = Path(elsewhere) / "reelay.db"
            async with Database.open(f"sqlite+aiosqlite:///{path}"):
                pass
            _migrated.append(path.read_bytes())
    path = folder / "reelay.db"
    path.write_bytes(_migrated[0])
    return f"sqlite+aiosqlite:///{path}"
