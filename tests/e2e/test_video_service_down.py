"""The video service is down for a while: nothing fails, nothing is paid twice, the jobs go on when it is back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.support.acts import DOWN, Act, Moments, Scene, service_outage
from tests.support.stage import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.stage import Part

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _notices(part: Part, logger: str) -> None:
    """Wait until the bot has got no answer about the part's job."""
    await part.stage.bot.wait_for_log(logger=logger, level="WARNING", job_id=part.job["id"])


async def it_is_down_when_a_job_is_submitted(part: Part) -> Moments:
    yield DOWN
    await part.ask()
    await part.accepted()
    await _notices(part, "bot.services.jobs.rendering")


async def it_is_down_when_a_job_is_looked_at(part: Part) -> Moments:
    async with asyncio.timeout(PATIENCE_SECONDS):  # then this job will not be looked at before the service is down
        await part.stage.service.until(lambda: any(it.kind == "file" for it in part.stage.service.requests))
    await part.ask()
    await part.stage.bot.wait_for_log("job rendering", job_id=(await part.accepted())["id"])
    yield DOWN
    await _notices(part, "bot.services.jobs.rendering")


async def it_goes_down_while_a_clip_is_downloaded(part: Part) -> Moments:
    part.hold_at_service("file")
    await part.ask()
    await part.reaches_service("file")
    yield DOWN
    await _notices(part, "bot.services.jobs.delivery")


OUTAGE = Act(
    scenarios=(
        it_is_down_when_a_job_is_submitted,
        it_is_down_when_a_job_is_looked_at,
        it_goes_down_while_a_clip_is_downloaded,
    ),
    interruption=service_outage,
)


@pytest.mark.parametrize("scene", OUTAGE.scenes, ids=lambda scene: scene.name)
async def test_job_outlives_the_video_service_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
