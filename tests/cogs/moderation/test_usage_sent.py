"""What ``/moderate usage`` sends over Discord's own HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.connected_bot import connected_bot
from tests.support.discord_server import DiscordServer
from tests.support.openapi import OPENAPI, needs_openapi

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@needs_openapi
async def test_the_chart_and_the_tables_arrive_and_are_as_discord_describes_them(tmp_path: Path) -> None:
    async with DiscordServer(openapi=OPENAPI) as server, connected_bot(server, tmp_path):
        clip = await server.slash(server.clips, server.ben, "video", {"prompt": "A cat"})
        await server.wait_for(lambda _: clip.text)

        asked = await server.slash(server.clips, server.mia, "moderate usage", {"period": "week", "by": "channel"})
        await server.wait_for(lambda _: asked.response and asked.response.attachments)

        assert asked.response is not None
        assert asked.response.is_ephemeral
        assert [attachment.filename.rpartition("-")[2] for attachment in asked.response.attachments] == [
            *("days.png", "days.csv", "members.csv", "clips.csv")
        ]
