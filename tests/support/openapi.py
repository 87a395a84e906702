"""Discord's own description of its API, ``openapi.json`` of github.com/discord/discord-api-spec.

``DISCORD_OPENAPI`` names a copy; what it is needed for is skipped without.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

OPENAPI = Path(os.environ.get("DISCORD_OPENAPI", "discord-openapi.json"))
needs_openapi = pytest.mark.skipif(not OPENAPI.exists(), reason="DISCORD_OPENAPI names no file")
