"""What the operator reads at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.config import Settings
from bot.errors import SettingsError
from bot.serving import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("chosen", "warns"),
    [
        ({}, True),
        ({"low_balance_credits": 500}, True),
        ({"max_seconds_per_day": 1200}, False),
        ({"max_seconds_per_day_per_member": 0}, False),
    ],
)
async def test_a_start_without_any_ceiling_warns_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, chosen: dict[str, Any], *, warns: bool
) -> None:
    nowhere = f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/reelay.db"
    settings = Settings(discord_token="a", toapis_api_key="b", database_url=nowhere, _env_file=None, **chosen)

    with pytest.raises(SettingsError):  # that is after the warning
        await run(settings)

    lines = [line for line in caplog.messages if "no ceiling is set" in line]
    assert len(lines) == warns
    assert all("\n" not in line and "MAX_SECONDS_PER_DAY" in line for line in lines)
