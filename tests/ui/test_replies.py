"""How work and answer go together, where a simulated Discord can't show it."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.errors import StoreUnavailableError
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


async def test_work_that_fails_when_its_command_is_ended_is_no_error_of_nobodys(
    caplog: pytest.LogCaptureFixture,
) -> None:
    untold = list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: untold.append(context))

    async def be_ended() -> None:
        async def accept() -> None:
            command.cancel()
            raise StoreUnavailableError("replaced")

        command = asyncio.create_task(replies.run_or_defer(UNUSED, accept(), private=False))
        await asyncio.wait({command})
        assert command.cancelled()

    await be_ended()
    gc.collect()  # a task says so when it goes

    assert untold == []
    assert [(it.message, it.__dict__["error"]) for it in caplog.records] == [
        ("work of a command that has ended failed", "StoreUnavailableError")
    ]


async def test_quick_work_is_returned_without_an_acknowledgement() -> None:
    async def look_up() -> int:
        return 36

    assert await replies.run_or_defer(UNUSED, look_up(), private=True) == 36


class OnceDeferred:
    """An interaction that, as discord.py's, can be acknowledged once."""

    def __init__(self) -> None:
        self.extras: dict[str, object] = {}
        self.response = self
        self.acknowledged, self.was_asked = asyncio.Event(), asyncio.Event()

    def is_done(self) -> bool:
        self.was_asked.set()
        return self.acknowledged.is_set()

    async def defer(self, *, ephemeral: bool, thinking: bool) -> None:
        assert not self.acknowledged.is_set(), "discord.py raises InteractionResponded"
        assert (ephemeral, thinking) == (True, False)
        self.acknowledged.set()


async def test_two_slow_works_after_each_other_are_acknowledged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "ANSWER_WITHIN_SECONDS", 0)
    once = OnceDeferred()
    interaction = cast("discord.Interaction", cast("object", once))

    async def act() -> int:
        await once.acknowledged.wait()
        return 1

    async def look_up() -> int:
        once.was_asked.clear()
        await once.was_asked.wait()
        return 2

    assert await replies.run_or_defer(interaction, act(), private=True, redraws=True) == 1
    assert await replies.run_or_defer(interaction, look_up(), private=True, redraws=True) == 2


class SignedOff(OnceDeferred):
    """An interaction of a bot that ends: aiohttp answers for the session that is closed."""

    guild_id = channel_id = command = None
    id = 1
    type = "application_command"

    def __init__(self, *, is_closed: bool) -> None:
        super().__init__()
        self.client = self.user = self
        self._is_closed = is_closed

    def is_closed(self) -> bool:
        return self._is_closed

    async def send_message(self, *_: object, **__: object) -> None:
        raise RuntimeError("Session is closed")


async def test_what_can_no_longer_be_answered_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    ended = cast("discord.Interaction", SignedOff(is_closed=True))

    assert await replies.reply(ended, "Done.") is False
    await replies.reply_with_error(ended, RuntimeError("Session is closed"))

    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)] * 2


async def test_an_error_of_the_same_kind_in_a_bot_that_serves_is_none_to_be_overlooked() -> None:
    with pytest.raises(RuntimeError):
        await replies.reply(cast("discord.Interaction", SignedOff(is_closed=False)), "Done.")
