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
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from tests.support.acts import Act, Scenario

BOTS_STARTING = 3
"""At one time: a little more than the two cores there are, since a start also waits for its servers."""

TIMEOUT_SECONDS = 300
"""For one test: the first scene also waits for all acts that were begun before its own."""


def scene_of(item: pytest.Item) -> Scene | None:
    """Return the scene that a test is about; None where it has its bots to itself, or is elsewhere."""
    scene = item.callspec.params.get("scene") if hasattr(item, "callspec") else None
    return scene if isinstance(scene, Scene) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all acts to one of the processes that share the tests, before those are told: it plays all of them, once."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))
            if scene_of(item):
                item.add_marker(pytest.mark.xdist_group("e2e"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to go on where the group is not kept: each process would play all acts, and twice the work pass for it."""
    names = (item.nodeid for item in session.items if scene_of(item))
    if "PYTEST_XDIST_WORKER" in os.environ and not all(name.endswith("@e2e") for name in names):
        raise pytest.UsageError("pytest-xdist does not keep the end-to-end acts in one process")


Outcome: TypeAlias = "Callable[[Scene], Awaitable[None]]"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Outcome]:
    """Give a function that waits until a scene is over, and raises what was wrong with it."""
    wanted: dict[Act, list[Scenario]] = defaultdict(list)
    for item in request.session.items:
        if scene := scene_of(item):
            wanted[scene.act].append(scene.scenario)
    starting = asyncio.Semaphore(BOTS_STARTING)
    await fresh_database(tmp_path_factory.mktemp("first"))  # migrated once, since all acts begin at one time
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
