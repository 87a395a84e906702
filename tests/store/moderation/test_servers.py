"""What moderators set, stored and read again."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import ClipButtons, Pause, Period, Quota, Server
from bot.store.database import Database
from bot.store.moderation import servers
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OTHER: dict[str, Any] = {
    "guild_id": 7,
    "timezone": "Europe/Berlin",
    "cap": Quota(600, Period.WEEK),
    "log_channel_id": 12,
    "log_closed": True,
    "pause": Pause("Too much.", 3, NOW),
    "rules_version": 4,
    "clip_buttons": ClipButtons.REQUESTER,
    "cap_told_percent": 80,
    "cap_told_at": NOW,
    "allows_private": False,
    "brainstorms_per_channel": 20,
    "brainstorms_per_member": 5,
    "voter_role_id": 2**63 - 1,
    "allows_own_votes": False,
}
"""Something else than the default for each setting."""


@pytest.mark.parametrize("name", [field.name for field in fields(Server)])
async def test_each_setting_is_read_as_it_was_stored(tmp_path: Path, name: str) -> None:
    server = replace(Server(guild_id=7), **{name: OTHER[name]})
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            await servers.put(connection, Server(guild_id=7))
            await servers.put(connection, server)
        async with database.read() as connection:
            assert await servers.get(connection, 7) == server
