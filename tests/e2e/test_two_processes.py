"""Two bots on one database and one token: each hears everything, each job happens once, either may die."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acts import DOWN, Act, Moments, Scene, copies, paused_by_hand
from tests.support.discord_server import RouteKind
from tests.support.stage import CANCELLED

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.stage import Part

pytestmark = pytest.mark.asyncio(loop_scope="session")

MORTAL = "/2#"
"""In what the bot that is killed writes into leases, since it was started second."""

# Both at work ------------------------------------------------------------------------------------


async def job_is_heard_by_both(part: Part) -> None:
    asked = await part.ask()
    await part.ends()
    assert not asked.follow_ups
    assert [request.uploads != {} for request in part.requests(RouteKind.CREATE_MESSAGE)] == [True], "posts"


async def job_is_heard_by_both_and_one_dies(part: Part) -> Moments:
    await part.ask()
    await part.accepted()
    yield DOWN
    await part.ends()


async def bot_that_is_left_alone_serves_on(part: Part) -> Moments:
    yield DOWN
    # Leases run out in a minute; here at once. The surviving bot would notice then, or when there is other work.
    part.stage.execute(f"UPDATE jobs SET lease_until = '2000-01-01 00:00:00.000000' WHERE leased_to LIKE '%{MORTAL}%'")
    await part.ask()
    await part.ends()


BOTH = Act(
    scenarios=(
        *copies(job_is_heard_by_both, 3),
        *copies(job_is_heard_by_both_and_one_dies, 4),
        bot_that_is_left_alone_serves_on,
    ),
    companions=1,
)

# One at work, the other idle ---------------------------------------------------------------------


async def submit_of_the_dead_bot_is_taken_over(part: Part) -> Moments:
    part.hold_at_service("submit", accept=True)
    await part.ask(heard_by=part.stage.bot)
    await part.reaches_service("submit")
    assert MORTAL in part.job["leased_to"]
    yield DOWN
    await part.ends()


async def upload_of_the_dead_bot_is_taken_over(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask(heard_by=part.stage.bot)
    await upload.arrived.wait()
    assert MORTAL in part.job["leased_to"]
    yield DOWN
    upload.drop()
    await part.ends()


async def upload_that_the_dead_bot_had_posted_is_found(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=True)
    await part.ask(heard_by=part.stage.bot)
    await upload.arrived.wait()
    assert MORTAL in part.job["leased_to"]
    yield DOWN
    await part.ends()


ONE = Act(
    scenarios=(
        submit_of_the_dead_bot_is_taken_over,
        upload_of_the_dead_bot_is_taken_over,
        upload_that_the_dead_bot_had_posted_is_found,
        bot_that_is_left_alone_serves_on,
    ),
    companions=1,
)

# Neither gets on -----------------------------------------------------------------------------------


async def press_is_heard_by_both(part: Part) -> None:
    part.ending = CANCELLED
    await part.ask(heard_by=part.stage.bot)  # the other could show the waiting card once more, later
    card = await part.card("Paused by the bot's operator")
    await part.press(card, "cancel")
    await part.ends()


WAITING = Act(scenarios=copies(press_is_heard_by_both, 3), prepare=paused_by_hand, companions=1)


@pytest.mark.parametrize("scene", BOTH.scenes + ONE.scenes + WAITING.scenes, ids=lambda scene: scene.name)
async def test_with_two_bots_every_job_ends_once_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
