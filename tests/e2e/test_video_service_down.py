"""The video service is down for a while: nothing fails, nothing is paid twice, the jobs go on when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acts import Act, Scene

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.stage import Part

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _notices(part: Part, logger: str) -> None:
    """Wait until the bot has got no answer about the part's job."""
    await part.stage.bot.wait_for_log(logger=logger, level="WARNING", job_id=part.job["id"])


async def it_is_down_when_a_job_is_submitted(part: Part) -> None:
    await part.stage.service.stop()
    await part.ask()
    await part.accepted()
    await _notices(part, "bot.services.rendering")
    await part.stage.service.start()


async def it_is_down_when_a_job_is_looked_at(part: Part) -> None:
    await part.ask()
    await part.accepted()
    await part.stage.bot.wait_for_log("job rendering", job_id=part.job["id"])
    await part.stage.service.stop()
    await _notices(part, "bot.services.rendering")
    await part.stage.service.start()


async def it_goes_down_while_a_clip_is_downloaded(part: Part) -> None:
    part.hold_at_service("file")
    await part.ask()
    await part.reaches_service("file")
    await part.stage.service.stop()
    await _notices(part, "bot.services.delivery")
    await part.stage.service.start()


OUTAGES = [
    Act(scenarios=(scenario,))
    for scenario in (
        it_is_down_when_a_job_is_submitted,
        it_is_down_when_a_job_is_looked_at,
        it_goes_down_while_a_clip_is_downloaded,
    )
]


@pytest.mark.parametrize("scene", [scene for act in OUTAGES for scene in act.scenes], ids=lambda scene: scene.name)
async def test_job_outlives_the_video_service_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
