"""Benches start the bot, Discord and the video service, each in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

TIMEOUT_SECONDS = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave benches out of the fast set, and give them their time."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))
