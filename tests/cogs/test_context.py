from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest

from cogs.context import role_ids
from tests.support.panel import open_panel, said

if TYPE_CHECKING:
    from tests.support.community import Community

MEMBER = "/guilds/*/members/*"


async def test_roles_are_known_before_their_server_is_in_the_cache(community: Community) -> None:
    state = community.bot._connection
    unseen = discord.Guild(data={"id": "77", "unavailable": True}, state=state)
    user = {"id": "5", "username": "pat", "discriminator": "0", "avatar": None}
    sent = {"user": user, "roles": ["501", "502"], "joined_at": None, "deaf": False, "mute": False, "flags": 0}

    assert role_ids(discord.Member(data=sent, guild=unseen, state=state)) == (501, 502)


@pytest.mark.parametrize(
    ("status", "code", "sentence", "entries"),
    [
        (404, 10007, "got 6 s more today: 66 s left today, eleven 6-second clips.", [("grant", 6)]),
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
