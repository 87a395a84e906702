"""⋯ under a clip: all that there is to know of it, and deleting it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from discord import ui
from simcord.components import walk_components
from sqlalchemy import select, update

from bot.errors import ClipUnknownError
from bot.models import LogKind
from bot.store import tables
from tests.support.community import words
from tests.support.panel import said

if TYPE_CHECKING:
    from simcord.actors import MemberActor
    from simcord.results import InteractionResult, ResponseMessage

    from bot.models import Job
    from tests.support.community import Community


async def more(community: Community, actor: MemberActor, clip: Job) -> InteractionResult:
    community.clock.time += timedelta(milliseconds=10)
    result = await actor.click(community.message(clip), custom_id=f"clip:more:{clip.id}")
    assert result.ephemeral
    return result


async def press(
    community: Community, actor: MemberActor, shown: ResponseMessage, action: str, clip: Job
) -> InteractionResult:
    return await actor.click(shown, custom_id=f"clip:{action}:{clip.id}")


async def delete(community: Community, actor: MemberActor, clip: Job, then: str = "remove") -> str:
    """Delete a clip as a member does, with all that is asked; return what is then said."""
    shown = (await more(community, actor, clip)).response
    await press(community, actor, shown, "delete", clip)
    result = await press(community, actor, shown, then, clip)
    return said(result) or community.shown(shown, actor)


def is_there(community: Community, clip: Job) -> bool:
    return any(each.id == clip.message_id for place in community.places for each in place.history())


async def changes(community: Community) -> list[str]:
    async with community.database.read() as connection:
        return list((await connection.execute(select(tables.changes.c.kind))).scalars())


# Details ---------------------------------------------------------------------------------------------------------


async def test_details_have_the_whole_prompt_to_copy_times_cost_and_id(community: Community) -> None:
    prompt = f"A cat {community.ben.mention} @everyone **bold** ```\n{'x' * 1900}"
    clip = await community.post_clip(community.mia, prompt)

    result = await more(community, community.ben, clip)

    shown = words(result.response)
    assert shown.startswith(f"```\nA cat {community.ben.mention} @everyone **bold** ``\u200b`\n{'x' * 1900}\n```")
    assert "Landscape 16:9 · 6 s" in shown
    at = int(clip.created_at.timestamp())
    assert f"Asked for by {community.mia.mention} <t:{at}:f>, posted <t:{at}:f>, 0 s later" in shown
    assert "Cost: 6 s\n" in shown
    assert shown.endswith(f"-# clip {clip.id}")
    assert community.pinged(result.response) == set()


async def test_details_lead_to_what_it_came_from_and_what_came_of_it(community: Community) -> None:
    first = await community.post_clip(community.mia)
    await community.ben.click(community.message(first), custom_id=f"clip:flip:{first.id}")
    community.clock.time += timedelta(seconds=5)
    second = await community.deliver()
    link = f"https://discord.com/channels/{community.guild.id}/{community.channel.id}"

    assert f"Made from it: [Flip]({link}/{second.message_id}) <t:" in words(
        (await more(community, community.mia, first)).response
    )
    assert f"Flipped from [this clip]({link}/{first.message_id})\n" in words(
        (await more(community, community.mia, second)).response
    )


async def test_details_of_what_was_made_from_a_clip_that_is_deleted_or_erased(community: Community) -> None:
    first = await community.post_clip(community.mia)
    await community.ben.click(community.message(first), custom_id=f"clip:again:{first.id}")
    community.clock.time += timedelta(seconds=5)
    second = await community.deliver()

    await delete(community, community.mia, first)
    shown = words((await more(community, community.ben, second)).response)
    assert "Made again from a clip that was deleted <t:" in shown
    assert "https://" not in shown

    async with community.database.write() as connection:
        values = {"member_id": 0, "prompt": "", "removed_by_id": 0}
        await connection.execute(update(tables.jobs).where(tables.jobs.c.id == first.id).values(values))
    assert "Made again from a clip that was deleted" in words((await more(community, community.ben, second)).response)
    stored = next(job for job in await community.jobs() if job.id == second.id)
    assert stored.lineage == second.lineage


async def test_details_of_an_erased_clip_say_so(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    async with community.database.write() as connection:
        await connection.execute(update(tables.jobs).values(member_id=0, prompt=""))

    result = await more(community, community.mia, clip)

    assert "(the prompt is not kept any more)" in words(result.response)
    assert "Asked for by somebody who erased their data" in words(result.response)
    assert "Delete" not in labels(result.response)


async def test_what_was_made_privately_is_seen_by_its_member_alone(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await community.ben.click(community.message(clip), custom_id=f"clip:again:{clip.id}")
    async with community.database.write() as connection:
        made = tables.jobs.c.parent_id == clip.id
        await connection.execute(update(tables.jobs).where(made).values(is_private=True))
    private = await community.deliver()

    assert "Made from it" not in words((await more(community, community.mia, clip)).response)
    address = f"https://discord.com/channels/@me/{private.message_channel_id}/{private.message_id}"
    assert f"[Again]({address})" in words((await more(community, community.ben, clip)).response)
    look = community.bot.services.history.look_closely
    with pytest.raises(ClipUnknownError):
        await look(private.id, guild_id=community.guild.id, seen_by_id=community.mia.id, is_moderator=False)


# Deleting --------------------------------------------------------------------------------------------------------


async def test_a_member_deletes_their_own_clip_and_gets_nothing_back(community: Community) -> None:
    await community.keep_log()
    clip = await community.post_clip(community.mia)
    shown = (await more(community, community.mia, clip)).response

    await press(community, community.mia, shown, "delete", clip)
    asked = community.shown(shown, community.mia)
    assert asked.startswith("Delete this clip? Its message goes for everyone, and a clip that was posted gives no")
    assert "ask a moderator first" in asked
    assert is_there(community, clip)
    await press(community, community.mia, shown, "remove", clip)

    assert community.shown(shown, community.mia) == "The clip is deleted."
    assert not is_there(community, clip)
    [job] = await community.jobs()
    assert (job.removed_by_id, job.removed_at) == (community.mia.id, community.clock.now())
    assert await community.ledger() == [("charge", 6)]
    assert "clip_removed" not in await changes(community)
    cards = [words(card).splitlines()[0] for card in await community.log_cards()]
    assert len(cards) == 2
    assert f"**Clip deleted** for {community.mia.mention}" in cards[-1]
    async with community.database.read() as connection:
        kinds = list((await connection.execute(select(tables.log_entries.c.kind))).scalars())
    assert kinds == [LogKind.CHANGED, LogKind.POSTED]


async def test_a_deletion_gets_a_card_of_its_own_where_the_log_has_none_of_the_clip(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await community.keep_log()
    shown = (await more(community, community.mia, clip)).response

    await press(community, community.mia, shown, "delete", clip)
    await press(community, community.mia, shown, "remove", clip)

    titles = [words(card).splitlines()[0] for card in await community.log_cards()]
    assert titles[0] == "**Log channel set**"
    assert f"**Clip deleted** for {community.mia.mention}" in titles[1]


async def test_the_buttons_that_ask_survive_a_restart(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = (await more(community, community.mia, clip)).response
    await press(community, community.mia, shown, "delete", clip)
    await community.restart()

    await press(community, community.mia, shown, "remove", clip)

    assert not is_there(community, clip)


async def test_nobody_else_can_delete_a_clip(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    result = await more(community, community.ben, clip)
    assert labels(result.response) == []

    for action in ("delete", "remove", "refund"):
        answer = await forged(community, community.ben, f"clip:{action}:{clip.id}")
        assert "Only the member who asked for this clip and moderators can delete it." in answer
    assert is_there(community, clip)
    assert (await community.jobs())[0].removed_at is None


async def test_a_member_who_sends_a_moderators_button_gets_nothing_back(community: Community) -> None:
    clip = await community.post_clip(community.mia)

    await forged(community, community.mia, f"clip:refund:{clip.id}")

    assert await community.ledger() == [("charge", 6)]


@pytest.mark.parametrize(("then", "ledger"), [("remove", []), ("refund", [("refund", 6)])])
async def test_a_moderator_deletes_anybodys_clip_with_an_audit(
    community: Community, then: str, ledger: list[tuple[str, int]]
) -> None:
    clip = await community.post_clip(community.mia)

    assert "The clip is deleted" in await delete(community, community.moderator, clip, then)

    assert not is_there(community, clip)
    assert await community.ledger() == [("charge", 6), *ledger]
    assert await changes(community) == ["clip_removed"]


async def test_a_clip_is_deleted_once(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = (await more(community, community.mia, clip)).response
    await press(community, community.mia, shown, "delete", clip)
    await delete(community, community.moderator, clip)

    result = await press(community, community.mia, shown, "remove", clip)

    assert f"{community.moderator.mention} already removed this clip" in said(result)
    [job] = await community.jobs()
    assert job.removed_by_id == community.moderator.id


async def test_a_clip_whose_message_was_deleted_by_hand_is_deleted_all_the_same(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = (await more(community, community.mia, clip)).response
    await press(community, community.mia, shown, "delete", clip)
    await community.bot.get_partial_messageable(community.channel.id).get_partial_message(clip.message_id or 0).delete()

    await press(community, community.mia, shown, "remove", clip)

    assert community.shown(shown, community.mia) == "The clip is deleted."


async def test_a_clip_that_discord_does_not_delete_stays(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = (await more(community, community.mia, clip)).response
    await press(community, community.mia, shown, "delete", clip)
    community.env.inject_error("DELETE", "/channels/*/messages/*", status=503, code=0)

    result = await press(community, community.mia, shown, "remove", clip)

    assert "Nothing was changed" in said(result)
    assert (await community.jobs())[0].removed_at is None


async def test_a_clip_in_direct_messages_is_deleted_by_its_member_even_if_they_left(community: Community) -> None:
    clip = await community.post_clip(community.mia, in_dm=True)
    community.guild.remove_member(community.mia)
    user = community.mia.user
    shown = (await user.click(community.message(clip), custom_id=f"clip:more:{clip.id}")).response
    await user.click(shown, custom_id=f"clip:delete:{clip.id}")

    await user.click(shown, custom_id=f"clip:remove:{clip.id}")

    assert not is_there(community, clip)
    assert (await community.jobs())[0].removed_by_id == community.mia.id


async def forged(community: Community, actor: MemberActor, custom_id: str) -> str:
    """Press a button that was never shown to them; return what is said."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.ActionRow(ui.Button[ui.LayoutView](label="Press", custom_id=custom_id)))
    view.stop()
    posted = await community.bot.get_partial_messageable(community.channel.id).send(view=view)
    message = next(each for each in community.channel.history() if each.id == posted.id)
    return said(await actor.click(message, custom_id=custom_id))


def labels(message: ResponseMessage) -> list[str]:
    return [part["label"] for part in walk_components(message.components) if "label" in part]
