"""What pressing a status card's buttons does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.models import JobError, JobState, StatusCard
from bot.store import jobs as job_store
from bot.store.jobs import submits
from tests.support.community import make_bot, words

if TYPE_CHECKING:
    from simcord import ResponseMessage

    from bot.models import Job
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

    assert result.ephemeral
    assert "Only the member who asked" in result.response.content
    assert "Waiting, next in line" in words(card(community, message))
    assert await community.ledger() == [("charge", 6)]


async def start(community: Community) -> Job:
    """Let the waiting job start, and its card show it."""
    now = community.clock.now()
    async with community.database.write() as connection:
        [job] = await job_store.start_next(
            connection, now=now, limit=1, owner="worker", lease_until=now, slots_since=now, in_flight=()
        )
        await submits.add(connection, [job], model="gemini_omni", now=now)
    await community.publisher.show_status(StatusCard(job))
    return job


async def test_a_moderator_cancels_a_waiting_job_with_a_refund_and_the_log_has_it(community: Community) -> None:
    await community.keep_log()
    message = await ask(community)

    await community.moderator.click(message, label="Cancel")

    assert "A moderator cancelled this clip. Your 6 s came back." in words(card(community, message))
    assert await community.ledger() == [("charge", 6), ("refund", 6)]
    assert any("cancelled" in words(shown) for shown in await community.log_cards())


async def test_who_is_no_moderator_any_more_is_told_so_at_the_press(community: Community) -> None:
    message = await ask(community)
    await community.moderator.click(message, label="Cancel")
    second = await ask(community, "Another cat")
    community.env.backend.get_member(community.guild.id, community.moderator.id).role_ids.clear()

    result = await community.moderator.click(second, label="Cancel")

    assert "or a moderator can cancel it" in result.response.content
    assert [job.state for job in await community.jobs()] == [JobState.CANCELLED, JobState.QUEUED]


async def test_a_started_job_is_discarded_once_asked_and_keeps_its_charge(community: Community) -> None:
    message = await ask(community)
    await start(community)

    question = await community.mia.click(card(community, message), label="Discard")
    assert question.ephemeral
    assert "your 6 s stay charged unless the service reports a failure" in words(question.response)
    assert [job.state for job in await community.jobs()] == [JobState.SUBMITTING]
    await community.mia.click(question.response, label="Yes, discard it")

    [job] = await community.jobs()
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.DISCARDED)
    assert job.due_at is not None, "its card is to be settled"
    assert await community.ledger() == [("charge", 6)]
    await community.publisher.show_status(StatusCard(job))
    assert words(card(community, message)).startswith("**Discarded**")
    assert "You discarded this clip after it had started. Your 6 s stay charged" in words(card(community, message))


async def test_a_moderator_discards_a_started_job_with_a_refund(community: Community) -> None:
    message = await ask(community)
    await start(community)

    question = await community.moderator.click(card(community, message), label="Discard")
    assert f"<@{community.mia.id}>'s 6 s come back" in words(question.response)
    await community.moderator.click(question.response, label="Yes, discard it")

    [job] = await community.jobs()
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.CANCELLED_BY_MODERATOR)
    assert await community.ledger() == [("charge", 6), ("refund", 6)]


async def test_others_can_discard_nothing(community: Community) -> None:
    message = await ask(community)
    await start(community)

    result = await community.ben.click(card(community, message), label="Discard")

    assert result.ephemeral
    assert "Only the member who asked for this clip or a moderator" in words(result.response)
    assert [job.state for job in await community.jobs()] == [JobState.SUBMITTING]


async def test_cancel_on_a_card_whose_job_has_just_started_asks_if_it_is_to_be_discarded(community: Community) -> None:
    message = await ask(community)
    async with community.database.write() as connection:
        now = community.clock.now()
        await job_store.start_next(
            connection, now=now, limit=1, owner="worker", lease_until=now, slots_since=now, in_flight=()
        )

    result = await community.mia.click(message, label="Cancel")

    assert result.ephemeral
    assert "already started" in words(result.response)
    assert await community.ledger() == [("charge", 6)]
    assert [job.state for job in await community.jobs()] == [JobState.SUBMITTING]


async def test_a_restart_between_question_and_answer_changes_nothing(community: Community) -> None:
    message = await ask(community)
    await start(community)
    question = await community.mia.click(card(community, message), label="Discard")

    await community.restart()
    await community.mia.click(question.response, label="Yes, discard it")

    [job] = await community.jobs()
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.DISCARDED)


async def test_a_second_yes_and_a_clip_that_has_arrived_are_told_so(community: Community) -> None:
    message = await ask(community)
    await start(community)
    first = await community.mia.click(card(community, message), label="Discard")
    second = await community.mia.click(card(community, message), label="Discard")
    await community.mia.click(first.response, label="Yes, discard it")

    again = await community.mia.click(second.response, label="Yes, discard it")
    later = await community.mia.click(card(community, message), label="Discard")

    assert "already cancelled" in words(again.response)
    assert "already cancelled" in words(later.response)
    assert await community.ledger() == [("charge", 6)]


@pytest.mark.parametrize("label", ["Cancel", "Discard"])
async def test_a_card_that_is_deleted_under_the_button_keeps_nothing_from_happening(
    community: Community, label: str
) -> None:
    message = await ask(community)
    if label == "Discard":
        await start(community)
    shown = card(community, message)
    press = community.mia.click
    edit_message = discord.InteractionResponse.edit_message

    async def delete_first(response: discord.InteractionResponse, **changes: Any) -> None:  # noqa: ANN401
        await community.bot.get_partial_messageable(message.channel_id).get_partial_message(message.id).delete()
        await edit_message(response, **changes)

    with pytest.MonkeyPatch.context() as patch:
        if label == "Cancel":
            patch.setattr(discord.InteractionResponse, "edit_message", delete_first)
        result = await press(shown, label=label)
    if label == "Discard":
        await community.bot.get_partial_messageable(message.channel_id).get_partial_message(message.id).delete()
        await community.mia.click(result.response, label="Yes, discard it")

    [job] = await community.jobs()
    assert job.state is JobState.CANCELLED
    await community.publisher.show_status(StatusCard(job))  # nobody minds


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

    assert result.ephemeral
    assert "try again in a minute" in result.response.content
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

    assert "(reference " in result.response.content
    assert "Waiting, next in line" in words(card(community, message))


async def test_forged_button_of_no_job_is_refused(community: Community) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Fake", custom_id="job:cancel:00000000"))
    view.stop()
    posted = await community.bot.get_partial_messageable(community.channel.id).send("fake", view=view)
    message = next(shown for shown in community.channel.history() if shown.id == posted.id)

    result = await community.mia.click(message, label="Fake")

    assert "Only the member who asked" in result.response.content
