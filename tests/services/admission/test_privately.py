"""Private clips: held until the card is in the member's direct messages, and never posted into the channel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import (
    DestinationClosedError,
    MessagesClosedError,
    PrivateRefusedError,
    PublishUnavailableError,
)
from bot.models import Job, JobError, JobState, Origin
from bot.services.admission.privately import PrivateRequests
from tests.support.faults import FlakyDatabase
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID, Process, requester

if TYPE_CHECKING:
    from tests.support.workshop import Workshop

CHARGED, REFUNDED = [("charge", 6)], [("charge", 6), ("refund", 6)]


async def accept(workshop: Workshop, process: Process) -> Job:
    """Ask for a private clip, and return its job as it is once it was let start."""
    card = (await process.services.private_requests.accept(workshop.request(is_private=True))).card
    return await workshop.job(card.job.id)


async def only_job(workshop: Workshop) -> Job:
    [(job_id,)] = workshop.peeking.rows("SELECT id FROM jobs")
    return await workshop.job(job_id)


async def expect_clip(workshop: Workshop, job_id: str) -> None:
    """Check that the clip is in the direct messages, once, that its card is gone and its charge is kept."""
    assert (await workshop.expect_clip(job_id)).place == "dm"


async def test_a_private_clip_goes_to_its_member_and_is_counted_as_any(workshop: Workshop) -> None:
    process = workshop.start()
    job = await accept(workshop, process)
    assert (job.is_private, job.lease_owner, job.status_message_id) == (True, None, 5000)
    assert (await process.stand(requester()))[0].used_seconds == 6

    await workshop.run_until_idle(process)

    await expect_clip(workshop, job.id)


async def test_it_does_not_start_before_the_card_was_answered(workshop: Workshop) -> None:
    mine, other = workshop.start("a/1"), workshop.start("b/1")
    card = workshop.discord.hold("post_status")
    asking = asyncio.create_task(accept(workshop, mine))
    await card.arrival()
    for _ in range(9):
        await mine.worker.tick()
        await other.worker.tick()
        workshop.time.advance(20)
    assert (await only_job(workshop)).state is JobState.QUEUED

    card.release.set()
    job = await asking
    await workshop.run_until_idle(mine)
    await expect_clip(workshop, job.id)


async def test_closed_direct_messages_undo_it(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.discord.fail("post_status", MessagesClosedError())
    with pytest.raises(MessagesClosedError):
        await accept(workshop, process)

    await workshop.run_until_idle(process)

    job = await only_job(workshop)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.MESSAGES_CLOSED)
    assert await workshop.entries(job.id) == REFUNDED
    assert (workshop.discord.cards, workshop.discord.messages, workshop.server.submits) == ({}, [], [])


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [PublishUnavailableError("500"), DestinationClosedError("403, no code")])
async def test_any_other_failure_of_the_card_lets_it_start(workshop: Workshop, error: Exception, after: bool) -> None:
    process = workshop.start()
    workshop.discord.fail("post_status", error, after=after)
    job = await accept(workshop, process)
    assert (job.status_message_id, job.lease_owner) == (None, None)

    await workshop.run_until_idle(process)

    job = await workshop.job(job.id)
    [message] = workshop.discord.clips(job.id)
    assert (job.state, message.place, await workshop.entries(job.id)) == (JobState.DELIVERED, "dm", CHARGED)
    assert workshop.discord.cards.get(job.id, [None])[-1] is None, "a card that arrived was found, and is gone"


async def test_a_card_that_is_never_answered_lets_it_start(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.discord.hold("post_status")
    hasty = PrivateRequests(jobs=process.jobs, publisher=workshop.discord, shown_within_seconds=0.0)
    card = (await hasty.accept(workshop.request(is_private=True))).card

    await workshop.run_until_idle(process)

    assert (await workshop.job(card.job.id)).state is JobState.DELIVERED


async def test_a_command_that_ends_early_lets_it_start(workshop: Workshop) -> None:
    process = workshop.start()
    card = workshop.discord.hold("post_status")
    asking = asyncio.create_task(accept(workshop, process))
    await card.arrival()
    asking.cancel()
    await asyncio.wait({asking})
    workshop.time.advance(workshop.policy.lease_seconds)

    await workshop.run_until_idle(process)

    assert (await only_job(workshop)).state is JobState.DELIVERED


@pytest.mark.parametrize("instant", ["post_status", "after post_status"])
@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_process_that_dies_meanwhile_loses_nothing(workshop: Workshop, instant: str, comes_back: bool) -> None:
    killed = workshop.start("a/1")
    card = workshop.discord.hold(instant)
    asking = asyncio.create_task(accept(workshop, killed))
    await card.arrival()
    job = await only_job(workshop)
    assert (job.state, job.lease_owner) == (JobState.QUEUED, killed.owner)
    process = workshop.start("a/1" if comes_back else "b/1")
    if comes_back:
        await process.worker.reclaim_leases()
    else:
        workshop.time.advance(workshop.policy.lease_seconds)

    await workshop.run_until_idle(process)

    job = await workshop.job(job.id)
    assert (job.state, len(workshop.discord.clips(job.id))) == (JobState.DELIVERED, 1)
    assert await workshop.entries(job.id) == CHARGED
    assert workshop.discord.cards.get(job.id, [None])[-1] is None
    asking.cancel()
    await asyncio.wait({asking})


async def test_a_process_that_dies_before_it_could_undo_a_job_costs_nothing(workshop: Workshop) -> None:
    killed = workshop.start("a/1")
    workshop.discord.fail("post_status", MessagesClosedError())
    with pytest.raises(MessagesClosedError):
        await accept(workshop, killed)
    workshop.discord.fail("post_clip_in_dm", MessagesClosedError())
    process = workshop.start("a/1")
    await process.worker.reclaim_leases()

    await workshop.run_until_idle(process)

    job = await only_job(workshop)
    assert (job.state, job.error_code) == (JobState.FAILED, JobError.MESSAGES_CLOSED)
    assert await workshop.entries(job.id) == REFUNDED


async def test_a_database_that_does_not_answer_then_loses_nothing(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    card = workshop.discord.hold("post_status")
    asking = asyncio.create_task(accept(workshop, process))
    await card.arrival()
    database.troubles.append("write")
    card.release.set()
    job = await asking
    assert job.lease_owner is not None
    workshop.time.advance(workshop.policy.lease_seconds)

    await workshop.run_until_idle(process)

    await expect_clip(workshop, job.id)


async def test_closed_between_card_and_clip_it_fails_and_is_never_in_the_channel(workshop: Workshop) -> None:
    process = workshop.start()
    job = await accept(workshop, process)
    workshop.discord.fail("post_clip_in_dm", MessagesClosedError())

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job.id, JobError.MESSAGES_CLOSED)


async def test_a_clip_that_was_posted_before_a_crash_is_found_in_the_direct_messages(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.discord.remembers_nonces = False
    job = await accept(workshop, process)
    workshop.discord.fail("post_clip_in_dm", PublishUnavailableError("reset"), after=True)
    workshop.discord.fail("find_clip", AssertionError("nobody looks in the channel"))

    await workshop.run_until_idle(process)

    await expect_clip(workshop, job.id)


async def test_both_processes_that_hear_of_it_make_one_job(workshop: Workshop) -> None:
    mine, other = workshop.start("a/1"), workshop.start("b/1")
    request = workshop.request(is_private=True)
    cards = [(await each.services.private_requests.accept(request)).card for each in (mine, other)]
    assert cards[0].job.id == cards[1].job.id

    await workshop.run_until_idle(mine, other)

    await expect_clip(workshop, cards[0].job.id)


# Whether it may be ---------------------------------------------------------------------------------


async def test_where_moderators_allow_none_it_is_refused_and_costs_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.allow_private(GUILD_ID, allowed=False, set_by_id=MODERATOR_ID)
    with pytest.raises(PrivateRefusedError):
        await accept(workshop, process)
    assert workshop.peeking.rows("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM ledger)") == [(0,)]
    assert (await process.jobs.accept(workshop.request())).job.is_private is False

    await process.services.servers.allow_private(GUILD_ID, allowed=True, set_by_id=MODERATOR_ID)
    assert (await accept(workshop, process)).is_private


async def test_it_is_asked_in_the_transaction_that_charges(workshop: Workshop) -> None:
    """The rules for prompts take their time, and a moderator is quicker."""
    process = workshop.start()
    admission = process.services.admission
    screen_first = admission.screen_first

    async def slow(request: object) -> object:
        screening = await screen_first(request)  # pyright: ignore[reportArgumentType] (as it came)
        await process.services.servers.allow_private(GUILD_ID, allowed=False, set_by_id=MODERATOR_ID)
        return screening

    admission.screen_first = slow  # pyright: ignore[reportAttributeAccessIssue] (patched)
    with pytest.raises(PrivateRefusedError):
        await accept(workshop, process)
    assert workshop.peeking.rows("SELECT count(*) FROM ledger") == [(0,)]


async def test_what_was_accepted_before_is_still_sent(workshop: Workshop) -> None:
    process = workshop.start()
    job = await accept(workshop, process)
    await process.services.servers.allow_private(GUILD_ID, allowed=False, set_by_id=MODERATOR_ID)

    await workshop.run_until_idle(process)

    await expect_clip(workshop, job.id)


async def test_versions_are_seen_as_their_clip_is(workshop: Workshop) -> None:
    process = workshop.start()
    card = (await process.services.private_requests.accept(workshop.request(is_private=True, is_spoiler=True))).card
    version = await process.services.versions.request(
        card.job.id, Origin.FLIP, interaction_id=99, channel_id=7, requester=requester(MEMBER_ID + 1)
    )
    assert (version.is_spoiler, version.is_private) == (True, True)


# The mention ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_private", [False, True])
async def test_who_wants_no_mention_gets_none_in_any_server(workshop: Workshop, is_private: bool) -> None:
    process = workshop.start()
    mentions = process.services.mentions
    for on in (False, True, False):
        await mentions.switch(MEMBER_ID, on=on)
        assert await mentions.are_wanted(MEMBER_ID) is on
    jobs = [
        await workshop.accept(process, member_id=member_id, guild_id=guild_id, is_private=is_private)
        for member_id, guild_id in ((MEMBER_ID, GUILD_ID), (MEMBER_ID, GUILD_ID + 1), (MEMBER_ID + 1, GUILD_ID))
    ]

    await workshop.run_until_idle(process)

    assert [workshop.discord.clips(job_id)[0].is_mentioned for job_id in jobs] == [False, False, True]


async def test_the_setting_is_erased_with_the_rest_and_shown_until_then(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.mentions.switch(MEMBER_ID, on=False)
    assert (await process.services.privacy.describe(MEMBER_ID)).settings == 1

    await process.services.privacy.erase(MEMBER_ID)
    await process.end_data()

    assert (await process.services.privacy.describe(MEMBER_ID)).settings == 0
    assert await process.services.mentions.are_wanted(MEMBER_ID)
