"""Deleting one's own clip: once, whoever else is at it, and with nothing given back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import NotRemovableError, OthersClipError, PublishUnavailableError
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop


async def posted(workshop: Workshop, process: Process) -> str:
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    return job_id


async def test_of_a_member_in_two_processes_and_a_moderator_one_deletes(workshop: Workshop) -> None:
    process, other = workshop.start(), workshop.start("local/2")
    job_id = await posted(workshop, process)

    ended = await asyncio.gather(
        *(
            each.services.clip_deleter.delete(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
            for each in (process, other)
        ),
        process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True),
        return_exceptions=True,
    )

    refused = [each for each in ended if isinstance(each, NotRemovableError)]
    assert len(refused) == 2
    job = await workshop.job(job_id)
    assert {each.removed_by_id for each in refused} == {job.removed_by_id}
    is_refunded = job.removed_by_id == MODERATOR_ID
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)][: 1 + is_refunded]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"member_id": MEMBER_ID + 1}, OthersClipError),
        ({"guild_id": GUILD_ID + 1}, NotRemovableError),
    ],
)
async def test_others_and_other_servers_delete_nothing(
    workshop: Workshop, changes: dict[str, int], error: type[Exception]
) -> None:
    process = workshop.start()
    job_id = await posted(workshop, process)

    with pytest.raises(error):
        await process.services.clip_deleter.delete(job_id, **{"guild_id": GUILD_ID, "member_id": MEMBER_ID} | changes)

    assert workshop.log.removed == []
    assert (await workshop.job(job_id)).removed_at is None


async def test_what_was_not_posted_yet_is_not_deleted(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)

    with pytest.raises(NotRemovableError):
        await process.services.clip_deleter.delete(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)


async def test_what_discord_does_not_delete_can_be_deleted_again(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await posted(workshop, process)
    workshop.log.removal_troubles.append(PublishUnavailableError("503"))
    delete = process.services.clip_deleter.delete

    with pytest.raises(PublishUnavailableError):
        await delete(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    assert (await workshop.job(job_id)).removed_at is None

    await delete(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    assert (await workshop.job(job_id)).removed_by_id == MEMBER_ID
