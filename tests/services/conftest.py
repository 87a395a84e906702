"""The workshop, for tests of the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.brainstorming import Brainstorms
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.support.workshop import Workshop


@pytest_asyncio.fixture
async def workshop(tmp_path: Path) -> AsyncGenerator[Workshop]:
    """Give a database, a sandbox service that queues 2 s and renders 20 s, and a simulated Discord on one clock."""
    async with open_workshop(tmp_path, queue_seconds=2.0, render_seconds=20.0) as opened:
        yield opened


@pytest.fixture
def team(workshop: Workshop) -> Brainstorms:
    """Give a process of the workshop with all it takes to brainstorm by hand."""
    return Brainstorms(workshop)
