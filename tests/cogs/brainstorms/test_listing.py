"""``/brainstorms`` as members see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from tests.support.community import words
from tests.support.rounds import start

if TYPE_CHECKING:
    from simcord.actors import MemberActor

    from tests.support.community import Community

SECRET = "The villain of act three is a {snow|rain} queen"


async def listed(community: Community, actor: MemberActor) -> str:
    result = await actor.slash(community.channel, "brainstorms")
    assert result.ephemeral
    return words(result.response)


async def test_an_idea_in_a_channel_that_somebody_does_not_see_is_not_shown_to_them(community: Community) -> None:
    roles = community.guild.roles
    hidden, seen = discord.PermissionOverwrite(view_channel=False), discord.PermissionOverwrite(view_channel=True)
    overwrites = {roles["@everyone"]: hidden, roles[community.bot.user.name]: seen, roles["Mods"]: seen}
    closed = community.guild.create_text_channel("writers", overwrites=overwrites)
    await start(community, community.moderator, channel=closed, idea=SECRET)
    await start(community, community.mia)

    assert "villain" in await listed(community, community.moderator)
    for_ben = await listed(community, community.ben)

    assert "A fox in the" in for_ben
    assert "villain" not in for_ben
    assert "not open to you" in for_ben
    assert f"<@{community.moderator.id}>" not in for_ben


async def test_in_a_thread_of_an_open_channel_it_is_shown(community: Community) -> None:
    await start(community, community.mia, channel=await community.thread(community.channel))

    assert "A fox in the" in await listed(community, community.ben)
