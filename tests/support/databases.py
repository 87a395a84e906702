"""Fresh databases for tests: copies of one that was migrated once in each test process, as statements are compiled."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from bot.store import database as database_module
from bot.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy.ext.asyncio import AsyncEngine

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


@contextmanager
def statements_compiled_once() -> Generator[None]:
    """Let all SQLite engines know what one has compiled: each test opens its own, which takes a sixth of its time."""
    create = database_module._create_engine
    first: list[AsyncEngine] = []

    def create_alike(url: str, busy_timeout_seconds: float, *pragmas: str) -> AsyncEngine:
        engine = create(url, busy_timeout_seconds, *pragmas)
        if engine.dialect.name == "sqlite":
            if first and first[0].dialect.server_version_info is None:
                first.clear()  # it never got to a database, and so knows nothing that others could share
            first.append(engine)
            same = first[0].sync_engine
            engine.sync_engine.dialect = engine.sync_engine.pool._dialect = same.dialect  # it is part of the key
            engine.sync_engine._compiled_cache = same._compiled_cache
            del first[1:]
        return engine

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database_module, "_create_engine", create_alike)
        yield
