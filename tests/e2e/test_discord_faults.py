"""What can go wrong at Discord while a job is on its way, and that the member still gets the clip, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acts import Act, Scene
from tests.support.discord_server import RouteKind
from tests.support.openapi import OPENAPI
from tests.support.stage import HEAVY, MESSAGES_CLOSED, REFUSED, UNHEARD, Ending, Part, failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Outcome
    from tests.support.discord_server import Request

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Nobody hears the answer -------------------------------------------------------------------------


async def discord_takes_the_card_for_too_late(part: Part) -> None:
    part.ending = UNHEARD
    asked = await part.ask()
    asked.answer_seconds = -1.0


async def discord_takes_the_acknowledgement_for_too_late(part: Part) -> None:
    part.ending = UNHEARD
    with part.stage.locked_database():
        asked = await part.ask()
        asked.answer_seconds = -1.0
        await part.until(lambda: part.requests(RouteKind.CALLBACK))


# While posting the clip --------------------------------------------------------------------------


async def discord_answers_500_to_the_clip(part: Part) -> None:
    part.faults.fail(RouteKind.CREATE_MESSAGE, 500, where=part.uploading)
    await part.ask()


async def discord_answers_500_to_a_clip_that_it_has_posted(part: Part) -> None:
    part.faults.fail(RouteKind.CREATE_MESSAGE, 500, stored=True, where=part.uploading)
    await part.ask()


async def discord_answers_503_to_the_clip(part: Part) -> None:
    part.faults.fail(RouteKind.CREATE_MESSAGE, 503, where=part.uploading)
    await part.ask()


async def discord_answers_503_to_a_clip_that_it_has_posted(part: Part) -> None:
    part.faults.fail(RouteKind.CREATE_MESSAGE, 503, stored=True, where=part.uploading)
    await part.ask()


async def discord_limits_the_rate(part: Part) -> None:
    part.faults.limit(RouteKind.CREATE_MESSAGE, 0.5, where=part.uploading)
    await part.ask()


async def the_edge_before_discord_limits_the_rate(part: Part) -> None:
    part.faults.limit(RouteKind.CREATE_MESSAGE, 0.5, via=False, where=part.uploading)
    await part.ask()


async def connection_is_reset_before_the_clip_is_posted(part: Part) -> None:
    part.faults.reset(RouteKind.CREATE_MESSAGE, stored=False, where=part.uploading)
    await part.ask()


async def connection_is_reset_after_the_clip_is_posted(part: Part) -> None:
    part.faults.reset(RouteKind.CREATE_MESSAGE, stored=True, where=part.uploading)
    await part.ask()


def _refuse_uploads(part: Part, *, above_bytes: int) -> None:
    def is_too_large(request: Request) -> bool:
        return part.concerns(request) and request.upload_bytes > above_bytes

    part.faults.fail(RouteKind.CREATE_MESSAGE, 413, code=40005, times=9, where=is_too_large)


async def clip_is_too_large_and_is_sent_smaller(part: Part) -> None:
    part.prompt += f" {HEAVY}"
    _refuse_uploads(part, above_bytes=2_000_000)
    await part.ask()
    await part.ends()
    first, *_, taken = (request.upload_bytes for request in part.requests(RouteKind.CREATE_MESSAGE))
    assert taken < 2_000_000 < first


async def clip_is_too_large_and_cannot_be_made_smaller_so_a_link_is_sent(part: Part) -> None:
    part.ending = Ending(link=True)
    _refuse_uploads(part, above_bytes=0)
    await part.ask()


# People change things meanwhile ------------------------------------------------------------------


async def channel_is_deleted_so_the_clip_goes_to_the_member(part: Part) -> None:
    part.ending = Ending(directly=True)
    download = part.hold_at_service("file")
    await part.ask()
    await part.reaches_service("file")
    part.stage.server.world.delete_channel(part.channel)
    download.set()


async def channel_is_closed_to_the_bot_so_the_clip_goes_to_the_member(part: Part) -> None:
    part.ending = Ending(directly=True)
    download = part.hold_at_service("file")
    await part.ask()
    await part.reaches_service("file")
    part.allow(send_messages=False)
    download.set()


async def channel_is_deleted_and_the_member_takes_no_messages_so_the_seconds_come_back(part: Part) -> None:
    part.ending = failed("undeliverable", paid=1, cards=0)
    part.member.user.accepts_messages = False
    download = part.hold_at_service("file")
    await part.ask()
    await part.reaches_service("file")
    part.stage.server.world.delete_channel(part.channel)
    download.set()


async def status_card_is_deleted(part: Part) -> None:
    await part.ask()
    part.stage.server.world.delete(await part.card())


# While answering /video --------------------------------------------------------------------------


async def connection_is_reset_after_the_card_is_shown(part: Part) -> None:
    part.faults.reset(RouteKind.CALLBACK, stored=True, where=part.concerns)
    await part.ask()


async def discord_answers_500_to_a_card_that_it_shows(part: Part) -> None:
    part.faults.fail(RouteKind.CALLBACK, 500, stored=True, where=part.concerns)
    await part.ask()


async def discord_answers_503_when_the_card_is_to_go(part: Part) -> None:
    part.faults.fail(RouteKind.DELETE_MESSAGE, 503, where=part.concerns)
    await part.ask()


async def bot_may_not_attach_files_so_nothing_is_charged(part: Part) -> None:
    part.ending = REFUSED
    part.allow(attach_files=False)
    asked = await part.ask()
    await part.until(lambda: asked.text)
    assert asked.is_ephemeral
    assert "Attach Files" in asked.text


async def bot_may_not_post_so_nothing_is_charged(part: Part) -> None:
    part.ending = REFUSED
    part.allow(send_messages=False)
    asked = await part.ask()
    await part.until(lambda: asked.text)
    assert asked.is_ephemeral
    assert "Send Messages" in asked.text


# Private clips -----------------------------------------------------------------------------------


async def _ask_privately(part: Part) -> None:
    part.is_private = True
    await part.ask()


def _is_card(part: Part) -> Callable[[Request], bool]:
    return lambda request: request.channel_id == part.place.id and not request.uploads


async def private_clip_goes_to_the_member(part: Part) -> None:
    await _ask_privately(part)
    await part.until(lambda: part.asked.text)
    assert part.asked.is_ephemeral
    assert "comes to your direct messages" in part.asked.text


async def member_takes_no_messages_so_a_private_clip_is_not_made(part: Part) -> None:
    part.ending = MESSAGES_CLOSED
    part.member.user.accepts_messages = False
    await _ask_privately(part)
    await part.until(lambda: part.asked.text)
    assert part.asked.is_ephemeral
    assert "I can't send you direct messages" in part.asked.text


async def member_takes_no_messages_any_more_when_the_private_clip_is_there(part: Part) -> None:
    part.ending = failed("messages_closed", paid=1)
    download = part.hold_at_service("file")
    await _ask_privately(part)
    await part.reaches_service("file")
    part.member.user.accepts_messages = False
    download.set()


async def member_leaves_before_the_private_clip_is_there(part: Part) -> None:
    part.ending = failed("messages_closed", paid=1)
    download = part.hold_at_service("file")
    await _ask_privately(part)
    await part.reaches_service("file")
    del part.member.guild.members[part.member.user.id]
    part.member.user.accepts_messages = False
    download.set()


async def discord_answers_500_to_a_private_card(part: Part) -> None:
    part.is_private = True
    part.faults.fail(RouteKind.CREATE_MESSAGE, 500, where=_is_card(part))
    await part.ask()


async def discord_answers_503_to_a_private_card(part: Part) -> None:
    part.is_private = True
    part.faults.fail(RouteKind.CREATE_MESSAGE, 503, where=_is_card(part))
    await part.ask()
    await part.until(part.clips)


async def discord_answers_503_to_a_private_card_that_it_has_posted(part: Part) -> None:
    part.is_private = True
    part.faults.fail(RouteKind.CREATE_MESSAGE, 503, stored=True, where=_is_card(part))
    await part.ask()


async def connection_is_reset_after_the_private_card_is_posted(part: Part) -> None:
    part.is_private = True
    part.faults.reset(RouteKind.CREATE_MESSAGE, stored=True, where=_is_card(part))
    await part.ask()


FAULTS = Act(
    scenarios=(
        discord_takes_the_card_for_too_late,
        discord_takes_the_acknowledgement_for_too_late,
        discord_answers_500_to_the_clip,
        discord_answers_500_to_a_clip_that_it_has_posted,
        discord_answers_503_to_the_clip,
        discord_answers_503_to_a_clip_that_it_has_posted,
        discord_limits_the_rate,
        the_edge_before_discord_limits_the_rate,
        connection_is_reset_before_the_clip_is_posted,
        connection_is_reset_after_the_clip_is_posted,
        clip_is_too_large_and_is_sent_smaller,
        clip_is_too_large_and_cannot_be_made_smaller_so_a_link_is_sent,
        channel_is_deleted_so_the_clip_goes_to_the_member,
        channel_is_closed_to_the_bot_so_the_clip_goes_to_the_member,
        channel_is_deleted_and_the_member_takes_no_messages_so_the_seconds_come_back,
        status_card_is_deleted,
        connection_is_reset_after_the_card_is_shown,
        discord_answers_500_to_a_card_that_it_shows,
        discord_answers_503_when_the_card_is_to_go,
        bot_may_not_attach_files_so_nothing_is_charged,
        bot_may_not_post_so_nothing_is_charged,
        private_clip_goes_to_the_member,
        member_takes_no_messages_so_a_private_clip_is_not_made,
        member_takes_no_messages_any_more_when_the_private_clip_is_there,
        member_leaves_before_the_private_clip_is_there,
        discord_answers_500_to_a_private_card,
        discord_answers_503_to_a_private_card,
        discord_answers_503_to_a_private_card_that_it_has_posted,
        connection_is_reset_after_the_private_card_is_posted,
    ),
    openapi=OPENAPI if OPENAPI.exists() else None,
)


@pytest.mark.parametrize("scene", FAULTS.scenes, ids=lambda scene: scene.name)
async def test_job_ends_once_and_rightly_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
