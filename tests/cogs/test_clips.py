"""What pressing a status card's button does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.models import JobState
from bot.store import jobs as job_store
from tests.support.community import make_bot, words

if TYPE_CHECKING:
    import pytest
    from simcord import ResponseMessage

    from tests.support.community import Community


async def ask(community: Community, prompt: str = "A cat") -> ResponseMessage:
    result = await community.mia.slash(community.channel, "video", prompt=prompt)
    assert result.response is not None
    return result.response


def card(community: Community, message: ResponseMessage) -> discord.Message:
    return next(shown for shown in community.channel.history() if shown.id == message.id)


async def test_member_cancels_a_waiting_job_and_gets_the_seconds_back(community: Community) -> None:
    message = await ask(community)

    await community.mia.click(message, label="Cancel")

    shown = card(community, message)
    assert "Cancelled" in words(shown)
    assert "Your 6 s came back." in words(shown)
    assert "custom_id" not in str([part.to_dict() for part in shown.components])
    [job] = await community.jobs()
    assert job.state is JobState.CANCELLED
    assert await community.ledger() == [("charge", 6), ("refund", 6)]


async def test_others_are_told_in_private_that_it_is_not_theirs(community: Community) -> None:
    message = await ask(community)

    result = await community.ben.click(message, label="Cancel")

    [refusal] = result.followups
    assert refusal.ephemeral
    assert "Only the member who asked" in refusal.content
    assert "Waiting, next in line" in words(card(community, message))
    assert await community.ledger() == [("charge", 6)]


async def test_started_job_is_too_late_to_cancel(community: Community) -> None:
    message = await ask(community)
    now = community.clock.now()
    async with community.database.write() as connection:
        await job_store.start_next(
            connection, now=now, limit=1, owner="worker", lease_until=now, slots_since=now, in_flight=()
        )

    result = await community.mia.click(message, label="Cancel")

    assert "already started" in result.followups[0].content
    assert await community.ledger() == [("charge", 6)]


async def test_button_works_after_a_restart(community: Community) -> None:
    message = await ask(community)
    bot, _ = make_bot(community.database, community.clock)

    await community.env.restart_bot(bot)
    await community.mia.click(message, label="Cancel")

    assert "Cancelled" in words(card(community, message))
    assert await community.ledger() == [("charge", 6), ("refund", 6)]


async def test_other_buttons_go_on_working_after_one_is_gone(community: Community) -> None:
    first, second = await ask(community, "The first"), await ask(community, "The second")

    await community.mia.click(first, label="Cancel")
    await community.mia.click(second, label="Cancel")

    assert [job.state for job in await community.jobs()] == [JobState.CANCELLED, JobState.CANCELLED]


async def test_discord_keeps_no_views_of_cards(community: Community) -> None:
    await ask(community)

    assert list(community.bot.persistent_views) == []


async def test_locked_database_refunds_nothing_and_leaves_the_card(community: Community) -> None:
    message = await ask(community)

    with community.locked_database():
        result = await community.mia.click(message, label="Cancel")

    assert result.followups[0].ephemeral
    assert "try again in a minute" in result.followups[0].content
    assert "Waiting, next in line" in words(card(community, message))
    assert await community.ledger() == [("charge", 6)]


async def test_unforeseen_error_is_answered_with_a_reference(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await ask(community)

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(community.bot.services.jobs, "cancel", fail)
    result = await community.mia.click(message, label="Cancel")

    assert "(reference " in result.followups[0].content
    assert "Waiting, next in line" in words(card(community, message))


async def test_forged_button_of_no_job_is_refused(community: Community) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Fake", custom_id="job:cancel:00000000"))
    view.stop()
    posted = await community.bot.get_partial_messageable(community.channel.id).send("fake", view=view)
    message = next(shown for shown in community.channel.history() if shown.id == posted.id)

    result = await community.mia.click(message, label="Fake")

    assert "Only the member who asked" in result.followups[0].content
