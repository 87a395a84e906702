"""Which roles and channels are called deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import EVERYWHERE
from cogs.directory import deleted_ids, names_in

if TYPE_CHECKING:
    from tests.support.community import Community

NOTHING = 4711


async def test_roles_channels_and_threads_are_named_and_what_is_none_of_them_is_deleted(community: Community) -> None:
    thread = await community.thread(community.channel)
    guild = community.bot.get_guild(community.guild.id)
    assert guild is not None
    known = {community.channel.id: "general", thread.id: "ideas", community.guild.roles["Mods"].id: "Mods"}

    assert names_in(guild).items() >= known.items()
    assert deleted_ids(guild, [*known, guild.id, EVERYWHERE, NOTHING]) == {NOTHING}


async def test_nothing_of_a_server_that_is_not_known_just_now_is_called_deleted(community: Community) -> None:
    guild = community.bot.get_guild(community.guild.id)
    assert guild is not None
    guild.unavailable = True

    assert deleted_ids(guild, [NOTHING]) == set()
    assert (deleted_ids(None, [NOTHING]), names_in(None)) == (set(), {})
