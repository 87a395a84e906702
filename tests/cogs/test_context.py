from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from cogs.context import role_ids

if TYPE_CHECKING:
    from tests.support.community import Community


async def test_roles_are_known_before_their_server_is_in_the_cache(community: Community) -> None:
    state = community.bot._connection
    unseen = discord.Guild(data={"id": "77", "unavailable": True}, state=state)
    user = {"id": "5", "username": "pat", "discriminator": "0", "avatar": None}
    sent = {"user": user, "roles": ["501", "502"], "joined_at": None, "deaf": False, "mute": False, "flags": 0}

    assert role_ids(discord.Member(data=sent, guild=unseen, state=state)) == (501, 502)
