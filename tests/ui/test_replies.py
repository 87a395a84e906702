"""How work and answer go together, where a simulated Discord can't show it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from bot.ui import replies

if TYPE_CHECKING:
    import discord

UNUSED = cast("discord.Interaction", None)
"""Work that is done within a moment never looks at its interaction."""


async def test_work_goes_on_when_the_command_that_waits_for_it_is_cancelled() -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def accept() -> None:
        begun.set()
        await may_end.wait()
        ended.set()

    command = asyncio.create_task(replies.run_or_defer(UNUSED, accept(), private=False))
    await begun.wait()
    command.cancel()
    with pytest.raises(asyncio.CancelledError):
        await command
    may_end.set()

    await asyncio.wait_for(ended.wait(), timeout=5)


async def test_quick_work_is_returned_without_an_acknowledgement() -> None:
    async def look_up() -> int:
        return 36

    assert await replies.run_or_defer(UNUSED, look_up(), private=True) == 36
