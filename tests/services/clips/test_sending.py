"""Sending a clip again: to its member alone, once at a time, and while the service has the file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import (
    ClipNotFoundError,
    ClipUnsafeError,
    DestinationClosedError,
    NotSendableError,
    ProbeDiedError,
    PublishUnavailableError,
    UploadTooLargeError,
)
from bot.models import ClipFile, ClipLink, PostedMessage
from bot.services.clips import fitting
from tests.support.faults import Hold, SurprisingService
from tests.support.media import DirectMedia
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.stored import DAY, deliver, rows
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Process, Workshop


async def send(process: Process, job_id: str, press: int = 1, *, member_id: int = MEMBER_ID) -> PostedMessage:
    sender = process.services.sender
    return await sender.send(job_id, guild_id=GUILD_ID, member_id=member_id, interaction_id=press)


async def refusal(process: Process, job_id: str) -> str:
    with pytest.raises(NotSendableError) as caught:
        await send(process, job_id)
    return caught.value.reason


async def test_a_clip_is_fetched_and_sent_again_and_costs_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    before = await workshop.job(job_id)

    posted = await send(process, job_id)

    [copy] = workshop.discord.copies
    assert posted == PostedMessage(CHANNEL_ID, copy.id)
    assert isinstance(copy.clip, ClipFile)
    assert copy.size_bytes > 0
    assert await workshop.job(job_id) == before
    assert await workshop.entries(job_id) == [("charge", 6)]


async def test_the_same_press_is_one_message_and_another_one_more(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)

    for press in (1, 1, 2):
        await send(process, job_id, press)

    assert [copy.nonce for copy in workshop.discord.copies] == ["copy1", "copy2"]


async def test_one_is_on_its_way_to_a_member_at_a_time(workshop: Workshop) -> None:
    service = SurprisingService(workshop.client)
    process = workshop.start(service=service)
    first, second = await deliver(workshop, process), await deliver(workshop, process)
    others = await deliver(workshop, process, member_id=MEMBER_ID + 1)
    held = service.holds.setdefault("before download", Hold())

    sending = asyncio.create_task(send(process, first, 1))
    await held.arrival()
    assert [await refusal(process, job_id) for job_id in (first, second)] == ["busy", "busy"]
    await send(process, others, 2, member_id=MEMBER_ID + 1)
    held.release.set()
    await sending

    await send(process, second, 3)
    assert [copy.nonce for copy in workshop.discord.copies] == ["copy2", "copy1", "copy3"]


async def test_clips_that_come_slowly_delay_no_other_members(workshop: Workshop) -> None:
    service = SurprisingService(workshop.client)
    process = workshop.start(service=service)
    members = [MEMBER_ID + number for number in range(4)]
    clips = {member_id: await deliver(workshop, process, member_id=member_id) for member_id in members}
    held = Hold()
    sending = list[asyncio.Task[PostedMessage]]()
    for number, member_id in enumerate(members[:-1]):
        service.holds["before download"] = arrived = Hold(release=held.release)
        sending.append(asyncio.create_task(send(process, clips[member_id], number, member_id=member_id)))
        await arrived.arrival()

    await send(process, clips[members[-1]], 9, member_id=members[-1])

    assert [copy.nonce for copy in workshop.discord.copies] == ["copy9"]
    held.release.set()
    await asyncio.gather(*sending)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_a_clip_that_a_moderator_removed_is_not_sent(workshop: Workshop, when: str) -> None:
    service = SurprisingService(workshop.client)
    process = workshop.start(service=service)
    job_id = await deliver(workshop, process)
    held = service.holds.setdefault("after download", Hold())
    sending = asyncio.create_task(send(process, job_id)) if when == "meanwhile" else None
    if sending is not None:
        await held.arrival()

    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)
    held.release.set()

    if sending is None:
        assert await refusal(process, job_id) == "removed"
    else:
        with pytest.raises(NotSendableError, match="removed"):
            await sending
    assert workshop.discord.copies == []


async def test_a_clip_that_its_member_removed_is_sent(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MEMBER_ID, refunds=False)

    await send(process, job_id)

    assert len(workshop.discord.copies) == 1


@pytest.mark.parametrize("end", ["time", "erased"])
async def test_past_its_time_or_erased_a_clip_is_not_asked_for(workshop: Workshop, end: str) -> None:
    service = SurprisingService(workshop.client)
    process = workshop.start(service=service)
    job_id = await deliver(workshop, process)
    service.holds["before download"] = Hold()  # it would wait for ever

    if end == "time":
        workshop.time.advance(2 * DAY)
    else:
        await process.services.privacy.erase(MEMBER_ID)
        await process.end_data()

    assert await refusal(process, job_id) == "expired"


@pytest.mark.parametrize(("error", "reason"), [(ClipUnsafeError("private"), "unusable"), (None, "closed")])
async def test_what_is_no_clip_and_closed_direct_messages_are_told_apart(
    workshop: Workshop, error: Exception | None, reason: str
) -> None:
    service = SurprisingService(workshop.client)
    process = workshop.start(service=service)
    job_id = await deliver(workshop, process)
    if error is None:
        workshop.discord.fail("post_copy_in_dm", DestinationClosedError("50007"))
    else:
        service._unexpected_errors["download"] = [error]

    assert await refusal(process, job_id) == reason
    await send(process, job_id)  # whoever was refused may try again
    assert len(workshop.discord.copies) == 1


async def test_discord_that_does_not_answer_is_no_reason_to_forget_the_member(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    workshop.discord.fail("post_copy_in_dm", PublishUnavailableError("503"))

    with pytest.raises(PublishUnavailableError):
        await send(process, job_id)
    await send(process, job_id)


async def test_a_clip_that_is_too_large_is_sent_as_a_link(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "SMALLEST_UPLOAD_BYTES", 10**9)
    process = workshop.start()
    job_id = await deliver(workshop, process)
    workshop.discord.fail("post_copy_in_dm", UploadTooLargeError("413"))

    await send(process, job_id)

    [copy] = workshop.discord.copies
    assert isinstance(copy.clip, ClipLink)


@pytest.mark.parametrize("whose", ["member", "server", "nothing", "not there yet"])
async def test_only_ones_own_clips_of_this_server_are_sent(workshop: Workshop, whose: str) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    waiting = await workshop.accept(process)
    wanted = {"nothing": "0" * 16, "not there yet": waiting}.get(whose, job_id)
    guild_id = GUILD_ID + (whose == "server")
    member_id = MEMBER_ID + (whose == "member")

    with pytest.raises(ClipNotFoundError):
        await process.services.sender.send(wanted, guild_id=guild_id, member_id=member_id, interaction_id=1)

    assert workshop.discord.copies == []
    assert rows(workshop, "SELECT count(*) FROM jobs") == [(2,)]


async def test_a_clip_at_which_the_look_dies_is_sent_as_its_address(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(_: DirectMedia, _path: Path) -> None:
        raise ProbeDiedError("exit code -11")

    process = workshop.start()
    job_id = await deliver(workshop, process)
    monkeypatch.setattr(DirectMedia, "probe", die)

    await send(process, job_id)

    [copy] = workshop.discord.copies
    assert isinstance(copy.clip, ClipLink)
