"""Discord's official description of its API, where there is a copy beside the project."""

from __future__ import annotations

import pytest

from tests.support.bot_process import REPOSITORY

OPENAPI = REPOSITORY.parent / "shared" / "discord-openapi.json"
needs_openapi = pytest.mark.skipif(not OPENAPI.exists(), reason="Discord's description is not beside the project")
