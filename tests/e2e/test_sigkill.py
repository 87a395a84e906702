"""The bot is killed with SIGKILL at every point of a job's life, started again, and finishes the job: once.

Each scenario brings its part to the point it is named after. What must be true in the end is ``Part.check``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.sandbox.toapis_server import Fault
from tests.support.acts import DOWN, UP, Act, Moments, Scene, no_money
from tests.support.discord_server import RouteKind
from tests.support.stage import CANCELLED, COST_SECONDS, Part, failed

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Soon after /video -------------------------------------------------------------------------------


async def acknowledgement_never_arrives(part: Part) -> Moments:
    acknowledgement = part.hold(RouteKind.CALLBACK, stored=False)
    await part.ask()
    await acknowledgement.arrived.wait()
    yield DOWN
    acknowledgement.drop()


async def acknowledgement_arrives_after_the_death(part: Part) -> Moments:
    acknowledgement = part.hold(RouteKind.CALLBACK, stored=False)
    await part.ask()
    await acknowledgement.arrived.wait()
    yield DOWN
    acknowledgement.release()
    await part.until(part.cards)


async def acknowledgement_is_shown_but_unanswered(part: Part) -> Moments:
    acknowledgement = part.hold(RouteKind.CALLBACK, stored=True)
    await part.ask()
    await acknowledgement.arrived.wait()
    yield DOWN


async def acknowledged_but_the_card_is_not_yet_there(part: Part) -> Moments:
    with part.stage.locked_database():
        asked = await part.ask()
        await asked.acknowledged
        card = part.hold(RouteKind.EDIT_ANSWER, stored=False)
    await card.arrived.wait()
    yield DOWN
    card.drop()


async def submit_never_arrives(part: Part) -> Moments:
    submit = part.hold_at_service("submit", drop=True)
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN
    submit.set()


async def submit_is_accepted_after_the_death(part: Part) -> Moments:
    submit = part.hold_at_service("submit")
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN
    submit.set()


async def submit_is_accepted_when_the_restarted_bot_has_asked_twice(part: Part) -> Moments:
    submit = part.hold_at_service("submit")
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN
    yield UP
    await part.reaches_service("poll", times=2)
    submit.set()


async def submit_is_accepted_but_unanswered(part: Part) -> Moments:
    part.hold_at_service("submit", accept=True)
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN


async def submit_is_unanswered_and_so_is_the_question_what_became_of_it(part: Part) -> Moments:
    part.hold_at_service("submit", accept=True)
    await part.ask()
    await part.reaches_service("submit")
    yield DOWN
    part.hold_at_service("poll")
    yield UP
    await part.reaches_service("poll")
    yield DOWN


async def rendering(part: Part) -> Moments:
    await part.ask()
    await part.stage.bot.wait_for_log("job rendering", job_id=(await part.accepted())["id"])
    yield DOWN


async def failure_is_not_yet_on_the_card(part: Part) -> Moments:
    part.ending = failed("content_policy", paid=0)
    part.spoil("submit", Fault.error("content_policy_violation"))
    edit = part.hold(RouteKind.EDIT_MESSAGE, stored=False, words="came back")
    await part.ask()
    await edit.arrived.wait()
    yield DOWN
    edit.drop()


async def failure_is_on_the_card_but_unanswered(part: Part) -> Moments:
    part.ending = failed("content_policy", paid=0)
    part.spoil("submit", Fault.error("content_policy_violation"))
    edit = part.hold(RouteKind.EDIT_MESSAGE, stored=True, words="came back")
    await part.ask()
    await edit.arrived.wait()
    yield DOWN


async def failure_is_not_yet_told(part: Part) -> Moments:
    part.ending = failed("content_policy", paid=0)
    part.spoil("submit", Fault.error("content_policy_violation"))
    message = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask()
    await message.arrived.wait()
    yield DOWN
    message.drop()


async def failure_is_told_but_unanswered(part: Part) -> Moments:
    part.ending = failed("content_policy", paid=0)
    part.spoil("submit", Fault.error("content_policy_violation"))
    message = part.hold(RouteKind.CREATE_MESSAGE, stored=True)
    await part.ask()
    await message.arrived.wait()
    yield DOWN


async def private_card_never_arrives(part: Part) -> Moments:
    part.is_private = True
    card = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask()
    await card.arrived.wait()
    yield DOWN
    card.drop()


async def private_card_arrives_after_the_death(part: Part) -> Moments:
    part.is_private = True
    card = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask()
    await card.arrived.wait()
    yield DOWN
    card.release()
    await part.until(part.cards)


async def private_card_is_posted_but_unanswered(part: Part) -> Moments:
    part.is_private = True
    card = part.hold(RouteKind.CREATE_MESSAGE, stored=True)
    await part.ask()
    await card.arrived.wait()
    yield DOWN


STARTING = Act(
    scenarios=(
        private_card_never_arrives,
        private_card_arrives_after_the_death,
        private_card_is_posted_but_unanswered,
        acknowledgement_never_arrives,
        acknowledgement_arrives_after_the_death,
        acknowledgement_is_shown_but_unanswered,
        acknowledged_but_the_card_is_not_yet_there,
        submit_never_arrives,
        submit_is_accepted_after_the_death,
        submit_is_accepted_when_the_restarted_bot_has_asked_twice,
        submit_is_accepted_but_unanswered,
        submit_is_unanswered_and_so_is_the_question_what_became_of_it,
        rendering,
        failure_is_not_yet_on_the_card,
        failure_is_on_the_card_but_unanswered,
        failure_is_not_yet_told,
        failure_is_told_but_unanswered,
    )
)

# While the queue stands still ----------------------------------------------------------------------


async def queued(part: Part) -> Moments:
    await part.asks_and_waits()
    yield DOWN
    part.stage.service.key_credits = 1820


async def cancelled_but_not_yet_on_the_card(part: Part) -> Moments:
    part.ending = CANCELLED
    card = await part.asks_and_waits()
    answer = part.hold(RouteKind.CALLBACK, stored=False)
    edit = part.hold(RouteKind.EDIT_MESSAGE, stored=False)
    await part.press(card, "cancel")
    await answer.arrived.wait()
    await part.until(lambda: part.job["state"] == "cancelled")  # on a slow machine "thinking…" comes before
    yield DOWN
    answer.drop()
    edit.drop()


async def cancelled_and_on_the_card_but_unanswered(part: Part) -> Moments:
    part.ending = CANCELLED
    card = await part.asks_and_waits()
    answer = part.hold(RouteKind.CALLBACK, stored=True)
    await part.press(card, "cancel")
    await answer.arrived.wait()
    await part.until(lambda: part.job["state"] == "cancelled")  # on a slow machine "thinking…" comes before
    yield DOWN


WAITING = Act(
    scenarios=(
        queued,
        cancelled_but_not_yet_on_the_card,
        cancelled_and_on_the_card_but_unanswered,
    ),
    prepare=no_money,
)

# From the first look to the clip -------------------------------------------------------------------


async def poll_is_unanswered(part: Part) -> Moments:
    part.hold_at_service("poll")
    await part.ask()
    await part.reaches_service("poll")
    yield DOWN


async def download_is_unanswered(part: Part) -> Moments:
    part.hold_at_service("file")
    await part.ask()
    await part.reaches_service("file")
    assert part.job["state"] == "ready"
    yield DOWN


async def upload_never_arrives(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask()
    await upload.arrived.wait()
    assert part.job["state"] == "delivering"
    yield DOWN
    upload.drop()


async def upload_is_stored_after_the_death(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask()
    await upload.arrived.wait()
    yield DOWN
    upload.release()
    await part.until(part.clips)


RENDERED = Act(
    scenarios=(poll_is_unanswered, download_is_unanswered, upload_never_arrives, upload_is_stored_after_the_death)
)


async def upload_is_stored_only_after_the_restarted_bot_has_posted_again(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    await part.ask()
    await upload.arrived.wait()
    yield DOWN
    again = part.hold(RouteKind.CREATE_MESSAGE, stored=False)
    yield UP
    await again.arrived.wait()
    assert part.requests(RouteKind.LIST_MESSAGES), "looked for the clip first"
    upload.release()
    await part.until(part.clips)
    again.release()


async def upload_is_stored_but_unanswered(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=True)
    await part.ask()
    await upload.arrived.wait()
    yield DOWN


async def upload_is_unanswered_and_so_is_the_search_for_it(part: Part) -> Moments:
    upload = part.hold(RouteKind.CREATE_MESSAGE, stored=True)
    await part.ask()
    await upload.arrived.wait()
    yield DOWN
    search = part.hold(RouteKind.LIST_MESSAGES, stored=True)
    yield UP
    await search.arrived.wait()
    yield DOWN


async def delivered_but_the_card_is_still_there(part: Part) -> Moments:
    deletion = part.hold(RouteKind.DELETE_MESSAGE, stored=False)
    await part.ask()
    await deletion.arrived.wait()
    assert part.job["state"] == "delivered"
    yield DOWN
    deletion.drop()


async def card_is_gone_but_unanswered(part: Part) -> Moments:
    deletion = part.hold(RouteKind.DELETE_MESSAGE, stored=True)
    await part.ask()
    await deletion.arrived.wait()
    yield DOWN
    yield UP
    await part.until(lambda: len(part.requests(RouteKind.DELETE_MESSAGE)) == 2)


DELIVERING = Act(
    scenarios=(
        upload_is_stored_only_after_the_restarted_bot_has_posted_again,
        upload_is_stored_but_unanswered,
        upload_is_unanswered_and_so_is_the_search_for_it,
        delivered_but_the_card_is_still_there,
        card_is_gone_but_unanswered,
    )
)

# Inside a transaction ------------------------------------------------------------------------------


async def refund_is_not_yet_committed(part: Part) -> Moments:
    part.ending = failed("content_policy", paid=0)
    part.spoil("submit", Fault.error("content_policy_violation", times=None))
    part.stage.stick("INSERT", "ledger", "NEW.kind = 'refund'")
    await part.ask()
    job = await part.accepted()
    await part.stage.bot.wait_for_log("the video service: The prompt was refused", job_id=job["id"])
    await part.stage.until_written()
    yield DOWN
    assert part.ledger == [("charge", COST_SECONDS)]
    part.stage.unstick("ledger")


async def charge_is_not_yet_committed(part: Part) -> Moments:
    yield DOWN  # the refund's turn
    yield UP
    part.stage.stick("INSERT", "ledger", "NEW.kind = 'charge'")
    asked = await part.ask()
    await asked.acknowledged  # without a card, since the transaction does not end
    yield DOWN
    assert not part.jobs
    assert not part.ledger
    part.stage.unstick("ledger")
    part.stage.server.world.delete(*part.cards())  # Discord itself gives up on it after a while
    yield UP
    await part.ask()


COMMITTING = Act(scenarios=(refund_is_not_yet_committed, charge_is_not_yet_committed))

ACTS = (STARTING, WAITING, RENDERED, DELIVERING, COMMITTING)


@pytest.mark.parametrize("scene", [scene for act in ACTS for scene in act.scenes], ids=lambda scene: scene.name)
async def test_killed_bot_is_started_again_and_ends_the_job_once_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
