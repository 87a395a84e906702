"""A real clip whose upload keeps dying, over real sockets and an hour of the test's clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.models import JobState
from bot.services.clips.dying_uploads import LINK_AFTER, SMALL_UPLOAD_BYTES, SMALLER_AFTER
from tests.support.discord_server import RouteKind
from tests.support.premises import Spot, open_premises
from tests.support.videos import video_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.sandbox.toapis_server import SandboxGeneration
    from tests.support.discord_server import Message

pytestmark = pytest.mark.slow

TRIES_BEFORE_SMALLER, TRIES_BEFORE_LINK = 10, 21
"""What the pauses between tries, from 2 s to 5 min, leave of ten minutes and of an hour."""
SOON_SECONDS = 60.0


async def _clip(_: SandboxGeneration) -> Path:
    return await asyncio.to_thread(video_file, noise=60, bits_per_second=24_000_000)


@pytest.fixture
async def spot(tmp_path: Path) -> AsyncIterator[Spot]:
    async with open_premises(tmp_path, clip_maker=_clip) as premises:
        yield premises.spot()


def reset_uploads(spot: Spot, *, above_bytes: int) -> None:
    """Reset each connection over which a larger file comes, for ever."""
    spot.premises.server.faults.reset(
        RouteKind.CREATE_MESSAGE, stored=False, times=1000, where=lambda request: request.upload_bytes > above_bytes
    )


def tried_bytes(spot: Spot) -> list[int]:
    """Return how large each upload was that died; before each but the first its message was looked for."""
    sizes: list[int] = []
    has_looked = True
    for request in spot.premises.server.world.requests:
        if request.kind is RouteKind.LIST_MESSAGES and request.status == 200:
            has_looked = True
        elif request.kind is RouteKind.CREATE_MESSAGE and request.status is None:
            assert has_looked
            has_looked = False
            sizes.append(request.upload_bytes)
    return sizes


async def arrive(spot: Spot) -> tuple[Message, float]:
    """Return the message that a clip arrives in, and after how many seconds it did."""
    began = spot.premises.workshop.time()
    job = await spot.run(await spot.accept(has_card=False))
    assert job.state is JobState.DELIVERED
    [message] = spot.channel.messages.values()
    return message, spot.premises.workshop.time() - began


async def test_a_large_file_is_made_smaller_after_ten_minutes(spot: Spot) -> None:
    reset_uploads(spot, above_bytes=SMALL_UPLOAD_BYTES)

    message, seconds = await arrive(spot)

    tried = tried_bytes(spot)
    [attachment] = message.attachments
    assert attachment.size_bytes <= SMALL_UPLOAD_BYTES < tried[0]
    assert tried == [tried[0]] * TRIES_BEFORE_SMALLER
    assert SMALLER_AFTER.total_seconds() < seconds < SMALLER_AFTER.total_seconds() + SOON_SECONDS


async def test_a_file_is_made_smaller_though_the_channels_history_is_closed(spot: Spot) -> None:
    reset_uploads(spot, above_bytes=SMALL_UPLOAD_BYTES)
    for kind in (RouteKind.LIST_MESSAGES, RouteKind.OPEN_DIRECT_CHANNEL):
        spot.premises.server.faults.fail(kind, 403, code=50001, times=1000)

    _, seconds = await arrive(spot)

    assert SMALLER_AFTER.total_seconds() < seconds < SMALLER_AFTER.total_seconds() + SOON_SECONDS


async def test_a_file_that_no_upload_gets_through_is_a_link_after_an_hour(spot: Spot) -> None:
    reset_uploads(spot, above_bytes=0)

    message, seconds = await arrive(spot)

    tried = tried_bytes(spot)
    assert not message.attachments
    assert tried[:TRIES_BEFORE_SMALLER] == [tried[0]] * TRIES_BEFORE_SMALLER
    assert max(tried[TRIES_BEFORE_SMALLER:]) <= SMALL_UPLOAD_BYTES
    assert len(tried) == TRIES_BEFORE_LINK
    assert LINK_AFTER.total_seconds() < seconds < LINK_AFTER.total_seconds() + SOON_SECONDS


async def test_a_bot_that_is_started_anew_again_and_again_tries_no_longer_for_it(spot: Spot) -> None:
    reset_uploads(spot, above_bytes=0)
    job_id = await spot.accept(has_card=False)
    for _ in range(40):
        for _ in range(4):
            await spot.premises.process.worker.tick()
            spot.premises.workshop.advance_to_next(spot.premises.process)
        if (await spot.premises.workshop.job(job_id)).state is JobState.DELIVERED:
            break
        spot.premises.restart()

    [message] = spot.channel.messages.values()
    assert not message.attachments
    assert len(tried_bytes(spot)) <= TRIES_BEFORE_LINK + 3
