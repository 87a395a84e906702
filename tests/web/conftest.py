"""A workshop whose process is seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.support.seen import seen_from_outside
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.support.seen import Seen
    from tests.support.workshop import Workshop


@pytest_asyncio.fixture
async def workshop(tmp_path: Path) -> AsyncGenerator[Workshop]:
    """Give a database, and a sandbox service that queues 2 s and renders 20 s, on one clock."""
    async with open_workshop(tmp_path, queue_seconds=2.0, render_seconds=20.0) as opened:
        yield opened


@pytest_asyncio.fixture
async def seen(workshop: Workshop) -> AsyncGenerator[Seen]:
    """Give a process of the workshop as it is seen from outside."""
    async with seen_from_outside(workshop) as seen:
        yield seen
