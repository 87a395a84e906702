"""All acts that the chosen tests are about are played side by side, since they wait far more than they work."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
import pytest_asyncio

from tests.support.acts import Scene

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from tests.support.acts import Act, Scenario

BOTS_STARTING = 3
"""At one time: a little more than the two cores there are, since a start also waits for its servers."""


TIMEOUT_SECONDS = 300
"""For one test: the first also waits for all acts that were begun before its own."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all acts to one of the processes that share the tests, before those are told: it plays all of them, once."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for marker in (pytest.mark.xdist_group("e2e"), pytest.mark.slow, pytest.mark.timeout(TIMEOUT_SECONDS)):
                item.add_marker(marker)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to go on where the group is not kept: each process would play all acts, and twice the work pass for it."""
    names = (item.nodeid for item in session.items if item.path.is_relative_to(Path(__file__).parent))
    if "PYTEST_XDIST_WORKER" in os.environ and not all(name.endswith("@e2e") for name in names):
        raise pytest.UsageError("pytest-xdist does not keep the end-to-end acts in one process")


Outcome: TypeAlias = "Callable[[Scene], Awaitable[None]]"


@pytest_asyncio.fixture(scope="session", loop_scope="session", autouse=True)
async def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Outcome]:
    """Give a function that waits until a scene is over, and raises what was wrong with it."""
    wanted: dict[Act, list[Scenario]] = defaultdict(list)
    for item in request.session.items:
        scene = item.callspec.params.get("scene") if hasattr(item, "callspec") else None
        if isinstance(scene, Scene):
            wanted[scene.act].append(scene.scenario)
    starting = asyncio.Semaphore(BOTS_STARTING)
    plays = {
        act: asyncio.create_task(act.play(scenarios, tmp_path_factory.mktemp("act"), starting))
        for act, scenarios in wanted.items()
    }

    async def outcome_of(scene: Scene) -> None:
        errors = await plays[scene.act]
        error = errors[scene.scenario]
        if error is not None:
            raise error

    yield outcome_of
    for play in plays.values():
        play.cancel()
    await asyncio.gather(*plays.values(), return_exceptions=True)
