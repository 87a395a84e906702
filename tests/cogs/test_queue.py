"""``/queue``: what waits and renders in a server, and where one's own stand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.store import jobs as job_store
from tests.support.community import words

if TYPE_CHECKING:
    from simcord.actors import MemberActor

    from tests.support.community import Community


async def look(community: Community, actor: MemberActor) -> str:
    result = await actor.slash(community.channel, "queue")
    assert result.ephemeral
    assert community.pinged(result.response) == set()
    return words(result.response)


async def ask(community: Community, actor: MemberActor, prompt: str) -> None:
    community.clock.time += timedelta(seconds=1)
    await actor.slash(community.channel, "video", prompt=prompt)


async def test_an_empty_queue_says_so(community: Community) -> None:
    assert await look(community, community.mia) == "**Nothing is on the way in this server.** `/video` makes a clip."


async def test_ones_own_have_places_and_prompts_and_others_only_places(community: Community) -> None:
    await ask(community, community.ben, "first of ben's")
    now = community.clock.now()
    async with community.database.write() as connection:
        await job_store.start_next(
            connection, now=now, limit=1, owner="worker", lease_until=now, slots_since=now, in_flight=()
        )
    await ask(community, community.ben, "second of ben's")
    await ask(community, community.mia, "mia's")

    shown = (await look(community, community.mia)).splitlines()

    own, others = community.mia, community.ben
    card = next(job.status_message_id for job in await community.jobs() if job.member_id == own.id)
    link = f"https://discord.com/channels/{community.guild.id}/{community.channel.id}/{card}"
    assert shown == [
        "**In this server 1 clip is being made and 2 clips are waiting**",
        "",
        "**Yours**",
        f"- place 1, asked <t:{int(community.clock.now().timestamp())}:R>: “\u2068mia's\u2069” ([its card]({link}))",
        "",
        "**Others' that wait**",
        f"- place 2: {others.mention}, 6 s",
        "-# Places are among the clips of all servers, whose turns are shared out fairly.",
    ]
    of_moderator = await look(community, community.moderator)
    assert "None of them is yours." in of_moderator
    assert "ben's" not in of_moderator
    assert "- starting" in await look(community, others)


async def test_what_is_on_the_way_elsewhere_is_not_shown(community: Community) -> None:
    elsewhere = community.env.create_guild("Elsewhere")
    channel, ben = elsewhere.create_text_channel("theirs"), elsewhere.add_member(community.ben.user)
    await ben.slash(channel, "video", prompt="not here")

    assert "Nothing is on the way" in await look(community, community.mia)


async def test_a_long_queue_is_cut(community: Community) -> None:
    await community.restart(max_open_jobs=100)
    await community.moderate("quota set", who=community.mia, unlimited=True)
    await community.moderate("quota set", who=community.ben, unlimited=True)
    for number in range(12):
        await ask(community, community.mia, f"{'*' * 90} {number}")
        await ask(community, community.ben, f"of ben {number}")

    shown = await look(community, community.mia)

    assert shown.count("- and 2 more") == 2
    assert len(shown) < 4000


async def test_of_a_private_clip_others_see_only_that_somebody_waits(community: Community) -> None:
    await community.mia.slash(community.channel, "video", prompt="a secret", private=True)

    assert "- place 1: somebody, 6 s" in await look(community, community.ben)
    own = await look(community, community.mia)
    assert "“\u2068a secret\u2069”" in own
    assert "its card" not in own
