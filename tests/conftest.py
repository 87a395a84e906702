"""Fixtures for tests that need a Discord community, and what all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.community import open_community
from tests.support.databases import ON_POSTGRESQL, statements_compiled_once, statements_in_one_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.support.community import Community

GARBAGE_BEFORE_COLLECTED = 100_000
"""Objects; Python's 700 suits a program that keeps little, and makes these tests an eighth slower."""

FILES_IN_MEMORY = Path("/dev/shm")
FREE_BYTES = 2 * 1024**3
"""What there has to be for that; all tests leave a quarter of it."""


def pytest_configure(config: pytest.Config) -> None:
    """Put the tests' files into memory where there is room, and keep what is compiled even where Python is not to.

    Thousands of databases need not reach a disk. To compile all tests anew takes longer than to import them.
    """
    gc.disable()  # until all tests are collected: nothing of them is garbage
    if sys.dont_write_bytecode and config.pluginmanager.has_plugin("cacheprovider"):
        sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False
    if FILES_IN_MEMORY.is_dir() and shutil.disk_usage(FILES_IN_MEMORY).free > FREE_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(FILES_IN_MEMORY))
        tempfile.tempdir = str(FILES_IN_MEMORY)


def pytest_xdist_auto_num_workers() -> int:
    """Share the tests among one process more than there are processors: some wait for bots, browsers and clips."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about the other engine, and measure no coverage in slow tests.

    To measure takes as long again, and most of what happens in those happens in other processes.
    """
    other_engine = "sqlite" if ON_POSTGRESQL else "postgresql"
    left_out = [item for item in items if item.get_closest_marker(other_engine)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker(other_engine)]
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Look for garbage only in what the tests make, as the bot itself does: what is loaded by now stays."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(GARBAGE_BEFORE_COLLECTED, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Generator[None]:
    with statements_compiled_once():
        yield


@pytest.fixture
def in_one_thread() -> Generator[None]:
    """Let SQLite's statements run in the loop's thread."""
    with statements_in_one_thread():
        yield


@pytest_asyncio.fixture
async def community(tmp_path: Path) -> AsyncGenerator[Community]:
    """Give a server with the real bot, two members and a moderator, on a real database."""
    async with open_community(tmp_path) as opened:
        yield opened
