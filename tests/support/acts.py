"""Playing many end-to-end scenarios with few bots: an act is one stage on which several scenarios run at once.

Each scenario is a function of its own part and becomes a test of its own; a bot is killed, or stopped, when all of
them have brought it to the moment they are about. Starting bots is most of the work, waiting for them most of the
time, so acts are played side by side (``tests/e2e/conftest.py``).
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from tests.support.stage import PATIENCE_SECONDS, Part, Stage, open_stage

if TYPE_CHECKING:
    import signal
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

STOP_SECONDS = 25.0
"""How long a bot may take to stop: its own deadline, and a little to close, on a busy machine."""


class Moment(Enum):
    """What a scenario waits for with a ``yield``: that what the act interrupts is down, or up again."""

    DOWN = auto()
    UP = auto()


DOWN, UP = Moment.DOWN, Moment.UP

Moments: TypeAlias = AsyncGenerator[Moment, None]
Scenario: TypeAlias = Callable[[Any], Moments | Coroutine[None, None, None]]
"""What a part does; of which kind that is, its act says."""
Result = TypeVar("Result")


def copies(scenario: Scenario, number: int) -> tuple[Scenario, ...]:
    """Let several members do the same at once."""

    def copy(count: int) -> Scenario:
        def copied(part: Part) -> Moments | Coroutine[None, None, None]:
            return scenario(part)

        copied.__name__ = f"{scenario.__name__}_{count}"
        return copied

    return tuple(copy(count) for count in range(1, number + 1))


Interruption: TypeAlias = "Callable[[Stage], AbstractAsyncContextManager[None]]"
"""What happens to a stage when all scenarios have come to a ``yield DOWN``; its context is that it is down."""


@asynccontextmanager
async def sigkill(stage: Stage) -> AsyncGenerator[None]:
    """End the bot as a crash would."""
    await stage.bot.kill()
    yield


def stop_by(number: signal.Signals) -> Interruption:
    """Ask the bot to end; it is down, for the scenarios, from the moment it knows, and must then end well."""

    @asynccontextmanager
    async def stop(stage: Stage) -> AsyncGenerator[None]:
        bot = stage.bot
        os.kill(bot.pid, number)
        await bot.wait_for_log("stopping", within_seconds=PATIENCE_SECONDS)
        yield
        assert await bot.wait_exit(within_seconds=STOP_SECONDS) == 0, "exit code"

    return stop


@asynccontextmanager
async def service_outage(stage: Stage) -> AsyncGenerator[None]:
    """Let nobody answer at the video service's address."""
    await stage.service.stop()
    yield
    await stage.service.start()


def no_money(stage: Stage) -> dict[str, str]:
    """Prepare a stage on which all waits, since the account is empty."""
    stage.service.key_credits = 0
    return {}


def paused_by_hand(stage: Stage) -> dict[str, str]:
    """Prepare a stage on which all waits, in all bots, since the operator has paused them before they started."""
    stage.execute(
        "INSERT INTO pauses (owner, began_at, known_until, reason) "
        "VALUES ('operator', '2000-01-01 00:00:00.000000', '9999-01-01 00:00:00.000000', 'operator')"
    )
    return {}


@dataclass(frozen=True, eq=False, kw_only=True)
class Act:
    """Scenarios that share a stage and the bot on it; a bot that an interruption has ended is started again.

    Args:
        kind: what its parts are.
        settings: the bot's, beyond those that point it at the stage.
        prepare: sets the stage before a bot is on it; may add settings.
        companions: bots beside the first, on the same database and with the same token. They are not interrupted, and
            the one that is ended is not started again.
        openapi: Discord's own description, to check every request against: some 40 ms of work each.
    """

    scenarios: tuple[Scenario, ...]
    kind: type[Part] = Part
    interruption: Interruption = sigkill
    settings: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Stage], dict[str, str]] = lambda _stage: {}
    companions: int = 0
    openapi: Path | None = None

    @property
    def scenes(self) -> list[Scene]:
        """Give each scenario with the act it belongs to."""
        return [Scene(self, scenario) for scenario in self.scenarios]

    async def play(
        self, scenarios: list[Scenario], directory: Path, starting: asyncio.Semaphore
    ) -> dict[Scenario, Exception | None]:
        """Play some of its scenarios to their ends; say what was wrong with each."""
        async with open_stage(directory, starting, openapi=self.openapi) as stage:
            cast = [_Actor(scenario, stage.add_part(scenario.__name__, self.kind)) for scenario in scenarios]
            settings = {"MAX_CONCURRENT_RENDERS": "20"} | self.settings | self.prepare(stage)
            async with AsyncExitStack() as stack:
                companions = [
                    await stack.enter_async_context(stage.start_bot(settings)) for _ in range(self.companions)
                ]
                await self._play(cast, stage, settings)
                for companion in companions:
                    await companion.terminate(within_seconds=STOP_SECONDS)
            for actor in cast:
                await actor.attempt(actor.part.check)
            return {actor.scenario: actor.error for actor in cast}

    async def _play(self, cast: list[_Actor], stage: Stage, settings: dict[str, str]) -> None:
        going = cast
        while True:
            async with stage.start_bot(settings) as bot:
                while bot.is_running:
                    going = await _proceed(going, DOWN)
                    if not going:
                        await _end(cast)
                        await bot.terminate(within_seconds=STOP_SECONDS)
                        return
                    async with self.interruption(stage):
                        going = await _proceed(going, UP)
            if self.companions:
                assert not going, "nobody comes up again"
                await _end(cast)
                return


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario in its act: what a test is about."""

    act: Act
    scenario: Scenario

    @property
    def name(self) -> str:
        """Return what its test is called."""
        return self.scenario.__name__


class _Actor:
    """A scenario that is being played; the first error ends it, and nobody else."""

    def __init__(self, scenario: Scenario, part: Part) -> None:
        self.scenario = scenario
        self.part = part
        self.error: Exception | None = None
        self._moments = _moments(scenario, part)

    async def proceed(self, expected: Moment) -> bool:
        """Go on to the scenario's next moment; tell whether there is one."""
        moment = await self.attempt(lambda: anext(self._moments, None))
        assert moment in {expected, None}, f"{self.part.prompt}: {moment} instead of {expected}"
        return moment is not None

    async def attempt(self, step: Callable[[], Awaitable[Result]]) -> Result | None:
        """Do something with patience, unless an earlier step has failed."""
        if self.error is not None:
            return None
        try:
            async with asyncio.timeout(2 * PATIENCE_SECONDS):
                return await step()
        except Exception as error:  # noqa: BLE001 (it is the outcome of this scenario's test)
            error.add_note(f"{self.part.prompt}: {self.part.jobs}")
            error.add_note(self.part.stage.bot.story("was the latest"))
            self.error = error
            return None


async def _proceed(actors: list[_Actor], moment: Moment) -> list[_Actor]:
    """Let scenarios go on; return those that want that moment next, and so are not over."""
    more = await asyncio.gather(*(actor.proceed(moment) for actor in actors))
    return [actor for actor, wants in zip(actors, more, strict=True) if wants]


async def _end(actors: list[_Actor]) -> None:
    await asyncio.gather(*(actor.attempt(actor.part.ends) for actor in actors))


async def _moments(scenario: Scenario, part: Part) -> Moments:
    """Let a scenario without moments be one with none."""
    played = scenario(part)
    if inspect.isasyncgen(played):
        async for moment in played:
            yield moment
    else:
        await played
