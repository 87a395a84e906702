"""What tests of connected bots rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.another_program import AnotherProgram
from tests.support.connected_bot import connected_bot
from tests.support.databases import sqlite_url
from tests.support.discord_server import DiscordServer, RouteKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.sqlite
async def test_bot_has_done_with_what_it_has_heard_when_its_database_closes(tmp_path: Path) -> None:
    async with DiscordServer() as server:
        async with connected_bot(server, tmp_path):
            server.faults.limit(RouteKind.CALLBACK, 0.02)
            await server.slash(server.clips, server.mia, "video", {"prompt": "A cat"})
            await server.wait_for(lambda world: world.requests_of(RouteKind.CALLBACK))
        [card] = server.clips.messages.values()

    with AnotherProgram(sqlite_url(tmp_path)) as program:
        assert program.rows("SELECT status_message_id FROM jobs") == [(card.id,)]
