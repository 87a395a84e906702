"""Fixtures for tests that need a Discord community."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.support.community import open_community

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.support.community import Community


@pytest_asyncio.fixture
async def community(tmp_path: Path) -> AsyncGenerator[Community]:
    """Give a server with the real bot, two members and a moderator, on a real database."""
    async with open_community(tmp_path) as opened:
        yield opened
