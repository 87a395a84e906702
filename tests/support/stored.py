"""What is stored, as a test of its end looks at it: rows, and the bytes of the files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.store.tables import metadata
from tests.support.databases import ON_POSTGRESQL

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

DAY = 86_400.0
SECRET = "a very secret prompt about zebras"


def rows(workshop: Workshop, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return what a query finds."""
    return workshop.peeking.rows(query, *values)


def path_of(workshop: Workshop) -> Path:
    """Return the database's file."""
    return Path(workshop.database_url.removeprefix("sqlite+aiosqlite:///"))


def files(workshop: Workshop) -> bytes:
    """Return all bytes of SQLite's database, what is written ahead included; of PostgreSQL's all rows, as text."""
    if ON_POSTGRESQL:
        return str([workshop.peeking.rows(f"SELECT t::text FROM {name} AS t") for name in metadata.tables]).encode()
    path = path_of(workshop)
    return path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()


async def deliver(workshop: Workshop, process: Process, prompt: str = SECRET, **who: int) -> str:
    """Have a clip made and posted; return its job's id."""
    job_id = await workshop.accept(process, prompt, **who)
    await workshop.run_until_idle(process)
    return job_id
