from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest

from bot.models import Access, ChannelRule, PromptRuleKind
from cogs.context import role_ids
from tests.support.community import words
from tests.support.panel import open_panel, said

if TYPE_CHECKING:
    from simcord import ChannelHandle

    from tests.support.community import Community

MEMBER = "/guilds/*/members/*"
CATEGORY_UNKNOWN = "I can't find out which category this channel is in just now."


async def test_roles_are_known_before_their_server_is_in_the_cache(community: Community) -> None:
    state = community.bot._connection
    unseen = discord.Guild(data={"id": "77", "unavailable": True}, state=state)
    user = {"id": "5", "username": "pat", "discriminator": "0", "avatar": None}
    sent = {"user": user, "roles": ["501", "502"], "joined_at": None, "deaf": False, "mute": False, "flags": 0}

    assert role_ids(discord.Member(data=sent, guild=unseen, state=state)) == (501, 502)


@pytest.mark.parametrize(
    ("status", "code", "sentence", "entries"),
    [
        (404, 10007, "got 6 s more today: 66 s left today, 11 clips of 6 s.", [("grant", 6)]),
        (503, 0, "Discord did not do that just now. Nothing was changed; try again in a minute.", []),
    ],
    ids=["left", "not known just now"],
)
async def test_seconds_are_given_to_who_left_but_not_while_nobody_says_which_roles_somebody_has(
    community: Community, status: int, code: int, sentence: str, entries: list[tuple[str, int]]
) -> None:
    panel = await open_panel(community, section="gifts")
    form = await panel.choose("gift_who", community.mia)
    community.env.inject_error("GET", MEMBER, status=status, code=code, times=None)

    given = await panel.fill(form, "6", "")

    assert sentence in f"{panel.note} {said(given)}"
    assert await community.ledger() == entries


async def test_an_open_panel_of_a_moderator_who_left_shows_nothing_more(community: Community) -> None:
    panel = await open_panel(community)
    community.env.inject_error("GET", MEMBER, status=404, code=10007, times=None)
    await community.moderate("pause", reason="A flood")

    await community.bot.panel.tick()

    assert panel.text == "Only members with **Timeout Members** can see this."


async def test_an_open_panel_of_a_server_that_is_out_of_reach_stays_until_it_is_back(community: Community) -> None:
    panel = await open_panel(community)
    guild = community.bot.get_guild(community.guild.id)
    assert guild is not None
    before, guild.unavailable = panel.text, True
    await community.bot.services.servers.pause(community.guild.id, "A flood", set_by_id=community.ben.id)
    await community.bot.panel.tick()
    assert panel.text == before

    guild.unavailable = False
    await community.moderate("pause", reason="Another")
    await community.bot.panel.tick()

    assert "Another" in panel.text


async def place_in_refused_category(community: Community, *, in_thread: bool) -> ChannelHandle:
    """Make a place in a category that allows no clips, of which the bot has heard nothing yet but the place."""
    category = community.guild.create_category("Closed")
    channel = community.guild.create_text_channel("brainstorm", category=category)
    await community.bot.services.servers.change_channel(
        community.guild.id,
        category.id,
        lambda rule: ChannelRule(guild_id=rule.guild_id, channel_id=rule.channel_id, access=Access.REFUSED),
        set_by_id=1,
    )
    place = await community.thread(channel) if in_thread else channel
    guild = community.bot.get_guild(community.guild.id)
    assert guild is not None
    del guild._channels[channel.id]
    return place


@pytest.mark.parametrize("in_thread", [True, False])
async def test_a_category_holds_before_its_servers_data_has_come(community: Community, *, in_thread: bool) -> None:
    place = await place_in_refused_category(community, in_thread=in_thread)

    made = await community.mia.slash(place, "video", prompt="A cat")
    stands = await community.mia.slash(place, "quota")
    why = await community.moderator.slash(place, "moderate quota why", member=community.mia)

    assert "Moderators allow no clips in this channel." in made.response.content
    assert "Moderators allow no clips in this channel." in words(stands.response)
    assert "3. Channel: **refused**" in why.response.content
    assert await community.jobs() == []


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (403, 50001), (403, 0), (400, 0)])
async def test_where_the_category_cannot_be_found_out_the_answer_is_no(
    community: Community, status: int, code: int
) -> None:
    place = await place_in_refused_category(community, in_thread=True)
    community.env.inject_error("GET", "/channels/*", status=status, code=code, times=None)
    await community.bot.services.prompts.add(
        guild_id=community.guild.id, kind=PromptRuleKind.WORDS, text="spoiler", set_by_id=1
    )

    answers = [
        await community.mia.slash(place, "video", prompt="A cat"),
        await community.mia.slash(place, "quota"),
        await community.moderator.slash(place, "moderate quota why", member=community.mia),
        await community.moderator.slash(place, "moderate rules test", prompt="A cat"),
    ]

    assert all(CATEGORY_UNKNOWN in words(answer.response) for answer in answers)
    assert all(answer.ephemeral for answer in answers)
    assert await community.jobs() == []
    assert await community.ledger() == []


async def test_a_command_from_no_channel_at_all_is_refused_and_charges_nothing(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.Interaction, "channel_id", property(lambda _: None), raising=False)

    result = await community.mia.slash(community.channel, "video", prompt="a fox in the snow")

    assert result.ephemeral
    assert "went wrong" not in words(result.response)
    assert await community.ledger() == []
