"""The buttons under a clip that make its next version: who may press them, where, and what comes of it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
import pytest
from sqlalchemy import update

from bot.errors import RepeatedPressError
from bot.models import (
    Aspect,
    CardMessage,
    ClipButtons,
    JobState,
    Lineage,
    Origin,
    Quota,
    QuotaSource,
    Requester,
    StatusCard,
)
from bot.services.jobs.requests import Accepted
from bot.store import tables
from tests.support.community import make_bot, words
from tests.support.panel import open_panel, said, set_access

if TYPE_CHECKING:
    from simcord.actors import MemberActor
    from simcord.results import InteractionResult

    from bot.models import Job
    from bot.services.services import Services
    from tests.support.community import Community

VERSIONS = ("again", "flip", "longer")


async def press(community: Community, actor: MemberActor, clip: Job, action: str) -> InteractionResult:
    community.clock.time += timedelta(milliseconds=10)  # ids that sort by time are of different moments
    return await actor.click(community.message(clip), custom_id=f"clip:{action}:{clip.id}")


async def refused(community: Community, actor: MemberActor, clip: Job, action: str = "again") -> str:
    """Press a button; return the one sentence that is said privately, nothing else being stored or shown."""
    before, charges = len(await community.jobs()), await community.ledger()
    result = await press(community, actor, clip, action)
    assert result.ephemeral
    assert len(await community.jobs()) == before
    assert await community.ledger() == charges
    return said(result)


async def change(community: Community, clip: Job, **values: Any) -> None:  # noqa: ANN401 (of columns)
    """Let a clip's row be as something else has left it."""
    async with community.database.write() as connection:
        await connection.execute(update(tables.jobs).where(tables.jobs.c.id == clip.id).values(values))


# What is made ----------------------------------------------------------------------------------------------------


async def test_again_flip_and_longer_are_jobs_of_whoever_presses(community: Community) -> None:
    clip = await community.post_clip(community.mia)

    for actor, action in ((community.ben, "again"), (community.ben, "flip"), (community.mia, "longer")):
        result = await press(community, actor, clip, action)
        assert not result.ephemeral
        assert "Waiting" in words(result.response)

    made = {job.lineage.origin: job for job in await community.jobs() if job.lineage is not None}
    again, flip, longer = made[Origin.AGAIN], made[Origin.FLIP], made[Origin.LONGER]
    assert [job.member_id for job in (again, flip, longer)] == [community.ben.id, community.ben.id, community.mia.id]
    assert again.spec == clip.spec
    assert again.lineage == Lineage(clip.id, clip.id, Origin.AGAIN)
    assert (flip.spec.aspect, flip.spec.duration_seconds) == (Aspect.PORTRAIT, 6)
    assert (longer.spec.aspect, longer.spec.duration_seconds) == (Aspect.LANDSCAPE, 10)
    assert await community.ledger() == [("charge", 6), ("charge", 6), ("charge", 6), ("charge", 10)]


async def test_a_version_of_a_version_knows_the_first_clip(community: Community) -> None:
    first = await community.post_clip(community.mia)
    await press(community, community.mia, first, "flip")
    second = await community.deliver()

    await press(community, community.mia, second, "again")

    [_, _, third] = await community.jobs()
    assert third.lineage == Lineage(second.id, first.id, Origin.AGAIN)


async def test_the_row_has_the_buttons_in_order_and_longer_only_where_there_is_a_longer_one(
    community: Community,
) -> None:
    clip = await community.post_clip(community.mia)
    assert community.labels(clip) == ["Again", "Remix", "Flip", "Longer", "⋯"]
    await press(community, community.mia, clip, "longer")

    assert community.labels(await community.deliver()) == ["Again", "Remix", "Flip", "⋯"]


async def test_buttons_posted_by_one_process_work_after_a_restart(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    community.clock.time += timedelta(seconds=1)
    await community.restart()

    result = await press(community, community.ben, clip, "again")

    assert "Waiting" in words(result.response)
    assert (await community.jobs())[-1].lineage == Lineage(clip.id, clip.id, Origin.AGAIN)


# The same press, twice -------------------------------------------------------------------------------------------


async def test_the_same_button_twice_at_once_is_one_job_and_one_card(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await press(community, community.ben, clip, "again")
    community.clock.time += timedelta(seconds=2.9)

    assert await refused(community, community.ben, clip) == (
        "You have just pressed that: one clip of it is on its way. Press again in a moment for another."
    )

    assert len(await community.jobs()) == 2
    community.clock.time += timedelta(seconds=0.1)
    assert not (await press(community, community.ben, clip, "again")).ephemeral
    assert len(await community.jobs()) == 3


async def test_another_button_another_clip_and_another_member_are_jobs_of_their_own(community: Community) -> None:
    clip, other = await community.post_clip(community.mia), await community.post_clip(community.mia)

    for actor, pressed, action in (
        (community.ben, clip, "again"),
        (community.mia, clip, "again"),
        (community.ben, clip, "flip"),
        (community.mia, other, "again"),
    ):
        assert not (await press(community, actor, pressed, action)).ephemeral

    assert len(await community.jobs()) == 6


async def test_a_press_after_the_first_was_cancelled_is_another_job(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    card = (await press(community, community.ben, clip, "again")).response
    await community.ben.click(card, label="Cancel")

    assert not (await press(community, community.ben, clip, "again")).ephemeral

    assert [job.state for job in await community.jobs()][1:] == [JobState.CANCELLED, JobState.QUEUED]


# Clips that are not there any more -------------------------------------------------------------------------------


async def test_a_clip_whose_row_is_gone(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    async with community.database.write() as connection:
        await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in (tables.ledger, tables.log_entries, tables.clip_prompts):
            await connection.execute(table.delete())
        await connection.execute(tables.jobs.delete())

    for action in (*VERSIONS, "more"):
        assert "no longer stored here" in await refused(community, community.ben, clip, action)


async def test_a_clip_whose_prompt_was_erased(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await change(community, clip, prompt="", member_id=0)

    for action in VERSIONS:
        assert "no longer stored here" in await refused(community, community.ben, clip, action)


async def test_a_clip_that_moderators_removed_a_moment_ago(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await change(community, clip, removed_by_id=community.moderator.id, removed_at=community.clock.now())

    assert "Moderators have removed that clip" in await refused(community, community.mia, clip)


async def test_a_message_deleted_under_the_button_changes_nothing(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = await community.post_clip(community.mia)
    message = next(each for each in community.channel.history() if each.id == clip.message_id)
    accept_held = community.bot.services.jobs.accept_held

    async def accept_once_deleted(request: Any) -> Any:  # noqa: ANN401 (as it is)
        await community.bot.get_partial_messageable(community.channel.id).get_partial_message(message.id).delete()
        return await accept_held(request)

    monkeypatch.setattr(community.bot.services.jobs, "accept_held", accept_once_deleted)
    result = await community.ben.click(message, custom_id=f"clip:again:{clip.id}")

    assert "Waiting" in words(result.response)
    [_, again] = await community.jobs()
    assert again.status_message_id == result.response.id


# Who may, and where ----------------------------------------------------------------------------------------------


async def test_a_blocked_member(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await community.moderate("block", member=community.ben, reason="spam")

    assert "Moderators have blocked you" in await refused(community, community.ben, clip)


async def test_a_member_without_quota(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await community.bot.services.quotas.set_rule(
        guild_id=community.guild.id,
        source=QuotaSource.MEMBER,
        subject_id=community.ben.id,
        quota=Quota(6),
        set_by_id=community.moderator.id,
    )
    await press(community, community.ben, clip, "again")

    assert "This clip costs 6 s and you have 0 s left today." in await refused(community, community.ben, clip, "flip")


async def test_a_channel_that_is_now_refused(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await set_access(community, "refused", community.channel)

    assert "Moderators allow no clips in this channel." in await refused(community, community.ben, clip)


@pytest.mark.parametrize("permission", ["use_application_commands", "send_messages"])
async def test_a_member_who_may_not_use_commands_or_write_there(community: Community, permission: str) -> None:
    clip = await community.post_clip(community.mia)
    name = {"send_messages": "Send Messages", "use_application_commands": "Use Application Commands"}[permission]
    await community.deny(community.guild.default_role, **{permission: False})

    assert await refused(community, community.ben, clip) == f"Only members with **{name}** can do that."


@pytest.mark.parametrize("permission", ["attach_files", "read_message_history"])
async def test_a_bot_that_lacks_permissions_there(community: Community, permission: str) -> None:
    clip = await community.post_clip(community.mia)
    await community.deny(community.guild.roles[community.bot.user.name], **{permission: False})

    assert "ask a moderator to give me" in await refused(community, community.ben, clip)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"archived": True}, "This thread is archived."),
        ({"locked": True}, "This thread is locked"),
        ({"archived": True, "locked": True}, "This thread is locked"),
    ],
)
async def test_a_thread_that_is_archived_or_locked(community: Community, state: dict[str, bool], sentence: str) -> None:
    thread = await community.thread(community.channel)
    clip = await community.post_clip(community.mia, channel=thread)
    cached = community.bot.get_channel(thread.id)
    assert isinstance(cached, discord.Thread)
    await cached.edit(**state)

    message = next(each for each in thread.history() if each.id == clip.message_id)
    result = await community.ben.click(message, custom_id=f"clip:again:{clip.id}")

    assert result.ephemeral
    assert sentence in said(result)
    assert len(await community.jobs()) == 1


async def test_somebody_else_where_the_buttons_are_the_requesters(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await community.keep_log()
    panel = await open_panel(community, section="channels")
    await panel.press("clip_buttons:requester")
    assert "for whoever asked for the clip only now" in panel.note
    assert "are for whoever asked for the clip only." in panel.text

    for actor in (community.ben, community.moderator):
        assert "Moderators let only those who asked for a clip use its buttons." in await refused(
            community, actor, clip
        )
    assert "Moderators let only those" in await refused(community, community.ben, clip, "more")
    assert not (await press(community, community.mia, clip, "again")).ephemeral

    cards = [words(card) for card in await community.log_cards()]
    assert "set the buttons under clips to for whoever asked for the clip only (before: for everyone)" in cards[1]
    assert "made from another member's clip" in cards[2]
    server = (await community.bot.services.servers.view(community.guild.id)).server
    assert server.clip_buttons is ClipButtons.REQUESTER


async def test_a_locked_database_makes_and_charges_nothing(community: Community) -> None:
    clip = await community.post_clip(community.mia)

    with community.locked_database():
        result = await press(community, community.ben, clip, "again")

    assert "try again in a minute" in said(result)
    assert len(await community.jobs()) == 1


async def test_two_processes_that_hear_two_presses_make_one_job(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    other = make_bot(community.database, community.clock, rng=random.Random(8))[0].services
    mine = community.bot.services

    async def hear(services: Services, interaction_id: int) -> Accepted | RepeatedPressError:
        asking = Requester(guild_id=community.guild.id, member_id=community.ben.id, manages_server=True)
        request = await services.versions.request(
            clip.id,
            Origin.AGAIN,
            interaction_id=interaction_id,
            channel_id=community.channel.id,
            requester=asking,
        )
        try:
            return await services.jobs.accept_held(request)
        except RepeatedPressError as error:
            return error

    heard = await asyncio.gather(*(hear(services, press_id) for press_id in (1, 2) for services in (mine, other)))

    made = [each for each in heard if isinstance(each, Accepted)]
    assert len({each.card.job.id for each in made}) == 1
    assert [each.is_new for each in made].count(True) == 1
    assert len(heard) - len(made) == 2
    assert await community.ledger() == [("charge", 6), ("charge", 6)]


# In direct messages ----------------------------------------------------------------------------------------------


async def press_directly(community: Community, clip: Job, action: str = "again") -> InteractionResult:
    community.clock.time += timedelta(milliseconds=10)
    return await community.mia.user.click(community.message(clip), custom_id=f"clip:{action}:{clip.id}")


async def refused_directly(community: Community, clip: Job, action: str = "again") -> str:
    result = await press_directly(community, clip, action)
    assert len(await community.jobs()) == 1
    assert await community.ledger() == [("charge", 6)]
    return said(result)


async def test_a_clip_in_direct_messages_acts_in_its_server_and_its_channel(community: Community) -> None:
    category = community.guild.create_category("Films")
    channel = community.guild.create_text_channel("cuts", category=category)
    await community.bot.services.quotas.set_rule(
        guild_id=community.guild.id,
        source=QuotaSource.CHANNEL,
        subject_id=category.id,
        quota=Quota(30),
        set_by_id=community.moderator.id,
    )
    clip = await community.post_clip(community.mia, channel=channel, in_dm=True)

    result = await press_directly(community, clip)

    assert "Waiting" in words(result.response)
    [_, again] = await community.jobs()
    assert (again.guild_id, again.channel_id, again.is_private) == (community.guild.id, channel.id, True)
    assert (again.effective_quota.source, again.effective_quota.subject_id) == (QuotaSource.CHANNEL, category.id)
    assert again.lineage == Lineage(clip.id, clip.id, Origin.AGAIN)
    assert again.status_message_id == result.response.id

    posted = await community.deliver()
    await community.publisher.remove_status(again)
    assert posted.message_channel_id == community.mia.user.dm_channel.id
    shown = [words(message) for message in community.mia.user.dm_channel.history()]
    assert len(shown) == 2
    assert f"made again from [another clip](https://discord.com/channels/@me/{clip.message_channel_id}/" in shown[1]
    assert not [each for each in channel.history() if each.id == posted.message_id]


async def test_a_role_counts_in_direct_messages(community: Community) -> None:
    patrons = community.guild.create_role("Patrons")
    rich = community.guild.add_member(community.env.create_user("rich"), roles=[patrons])
    await community.bot.services.quotas.set_rule(
        guild_id=community.guild.id,
        source=QuotaSource.ROLE,
        subject_id=patrons.id,
        quota=Quota(600),
        set_by_id=community.moderator.id,
    )
    clip = await community.post_clip(rich, in_dm=True)
    message = next(each for each in rich.user.dm_channel.history() if each.id == clip.message_id)

    await rich.user.click(message, custom_id=f"clip:flip:{clip.id}")

    assert (await community.jobs())[-1].effective_quota.subject_id == patrons.id


async def test_a_private_jobs_card_is_found_and_changed_in_direct_messages(community: Community) -> None:
    clip = await community.post_clip(community.mia, in_dm=True)
    result = await press_directly(community, clip)
    [_, job] = await community.jobs()

    found = await community.publisher.find_status(replace(job, status_message_id=None))
    assert found == [CardMessage(result.response.id)]
    await community.publisher.show_status(StatusCard(replace(job, state=JobState.RENDERING)))

    shown = next(each for each in community.mia.user.dm_channel.history() if each.id == result.response.id)
    assert "Rendering" in words(shown)


async def test_somebody_who_has_left_the_server(community: Community) -> None:
    clip = await community.post_clip(community.mia, in_dm=True)
    community.guild.remove_member(community.mia)

    assert "You are no longer in the server of that clip" in await refused_directly(community, clip)


async def test_direct_messages_go_by_the_rules_of_the_clips_channel(community: Community) -> None:
    clip = await community.post_clip(community.mia, in_dm=True)
    await community.deny(community.guild.default_role, use_application_commands=False)
    assert "**Use Application Commands**" in await refused_directly(community, clip)

    await community.deny(community.guild.default_role)
    await set_access(community, "refused", community.channel)
    assert "Moderators allow no clips in this channel." in await refused_directly(community, clip)


async def test_direct_messages_about_a_channel_that_is_deleted(community: Community) -> None:
    channel = community.guild.create_text_channel("passing")
    clip = await community.post_clip(community.mia, channel=channel, in_dm=True)
    cached = community.bot.get_channel(channel.id)
    assert isinstance(cached, discord.TextChannel)
    await cached.delete()

    assert "The channel of that clip is gone" in await refused_directly(community, clip)


async def test_direct_messages_about_a_thread_that_is_locked(community: Community) -> None:
    thread = await community.thread(community.channel)
    clip = await community.post_clip(community.mia, channel=thread, in_dm=True)
    cached = community.bot.get_channel(thread.id)
    assert isinstance(cached, discord.Thread)
    await cached.edit(archived=True)  # which is no reason: nothing is posted there
    assert "Waiting" in words((await press_directly(community, clip, "flip")).response)
    await cached.edit(locked=True)

    assert "This thread is locked" in said(await press_directly(community, clip))
    assert len(await community.jobs()) == 2


async def test_discord_does_not_say_who_presses_directly(community: Community) -> None:
    clip = await community.post_clip(community.mia, in_dm=True)
    community.env.inject_error("GET", "/guilds/*/members/*", status=503, code=0)

    assert "Discord did not do that just now." in await refused_directly(community, clip)
