"""A clip that was posted by one bot is found again and sent again by the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acts import DOWN, UP, Act, Moments, Scene
from tests.support.openapi import OPENAPI

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.discord_server import Message
    from tests.support.stage import Part

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _copies(part: Part) -> list[Message]:
    """Find what was sent to the member directly."""
    channels = part.stage.server.world.channels.values()
    mine = [channel for channel in channels if channel.recipient is part.member.user]
    return [message for channel in mine for message in channel.messages.values()]


async def a_clip_is_found_with_its_still_and_sent_again_where_direct_messages_are_open(part: Part) -> Moments:
    await part.ask()
    await part.ends()
    server, job_id = part.stage.server, part.job["id"]
    answer = await server.slash(part.channel, part.member, "clips")
    page = await part.until(lambda: answer.response if part.prompt in answer.text else None)
    assert [file.filename for file in page.attachments] == [f"still-{job_id}.webp"]
    yield DOWN
    yield UP
    [opens] = [custom_id for custom_id in page.custom_ids if custom_id.startswith("clip:open:")]
    await server.press(page, opens, part.member, job_id)
    await part.until(lambda: f"clip:send:{job_id}" in page.custom_ids)
    part.member.user.accepts_messages = False
    refused = await server.press(page, f"clip:send:{job_id}", part.member)
    await part.until(lambda: "I can't write to you" in refused.text)
    assert _copies(part) == []
    part.member.user.accepts_messages = True
    taken = await server.press(page, f"clip:send:{job_id}", part.member)
    await part.until(lambda: "in your direct messages" in taken.text)
    [copy] = _copies(part)
    assert copy.text.startswith("Here is your clip again.")
    assert [file.filename for file in copy.attachments] == [f"reelay-{job_id}.mp4"]


AGAIN = Act(
    scenarios=(a_clip_is_found_with_its_still_and_sent_again_where_direct_messages_are_open,),
    openapi=OPENAPI if OPENAPI.exists() else None,
)


@pytest.mark.parametrize("scene", AGAIN.scenes, ids=lambda scene: scene.name)
async def test_after_sigkill(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
