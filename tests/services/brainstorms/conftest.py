"""Brainstorms on a workshop: a real database, a sandbox service, and threads in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.brainstorming import Brainstorms

if TYPE_CHECKING:
    from tests.support.workshop import Workshop


@pytest.fixture
def team(workshop: Workshop) -> Brainstorms:
    """Give a process with all it takes to brainstorm by hand."""
    return Brainstorms(workshop)
