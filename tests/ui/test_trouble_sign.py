"""The sign beside the bot's name, as it goes over the gateway."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.ui.publisher import DiscordPublisher
from bot.ui.text.clips.cards import TROUBLE_SIGN
from tests.support.community import GivenClock
from tests.support.connected_bot import connected_bot
from tests.support.discord_server import DiscordServer

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_sign_is_shown_kept_when_it_connects_anew_and_taken_away(tmp_path: Path) -> None:
    async with DiscordServer() as server, connected_bot(server, tmp_path) as bot:
        publisher = DiscordPublisher(client=bot, clock=GivenClock(), operator_channel_id=None)
        [session] = server.sessions
        assert session.signs == [""]

        await publisher.show_trouble(is_in_trouble=True)
        await server.wait_for(lambda _: session.signs == ["", TROUBLE_SIGN])

        again = asyncio.create_task(bot.wait_for("connect", timeout=10))
        await server.forget(session)
        anew = await server.wait_for(lambda world: next(iter(world.sessions), None))
        assert anew.signs == [TROUBLE_SIGN]

        await again
        await publisher.show_trouble(is_in_trouble=False)
        await server.wait_for(lambda _: anew.signs[-1] == "")
