"""What members see of ``/privacy``, and what its buttons do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from tests.support.community import words

if TYPE_CHECKING:
    from simcord import ResponseMessage

    from tests.support.community import Community


async def ask(community: Community) -> ResponseMessage:
    result = await community.mia.slash(community.channel, "privacy")
    assert result.ephemeral
    assert community.pinged(result.response) == set()
    return result.response


async def prompts(community: Community) -> list[str]:
    while await community.reelay.retention.tick() < 1:
        pass
    return [job.spec.prompt for job in await community.jobs()]


async def test_says_in_private_what_is_stored(community: Community) -> None:
    assert "Nothing is stored about you." in words(await ask(community))

    await community.post_clip(community.mia)

    told = words(await ask(community))
    assert "1 clip that you asked for in 1 server, with their prompts" in told
    assert "1 entry of what they cost" in told
    assert "The prompt goes to the video service" in told
    assert "refused" not in told


async def test_erases_after_asking_once(community: Community) -> None:
    job = await community.post_clip(community.mia)
    async with community.database.write() as connection:
        await connection.exec_driver_sql("UPDATE jobs SET due_at = NULL")
    message = await ask(community)

    await community.mia.click(message, label="Erase my data")
    assert "Erase your data in all servers?" in community.shown(message, community.mia)
    assert await prompts(community) == [job.spec.prompt]

    await community.mia.click(message, label="Yes, erase it")
    assert "Your data are being erased" in community.shown(message, community.mia)
    assert await prompts(community) == [""]
    assert "it is under way" in words(await ask(community))


async def test_the_button_works_after_a_restart(community: Community) -> None:
    await community.post_clip(community.mia)
    message = await ask(community)

    await community.restart()
    await community.mia.click(message, label="Erase my data")

    assert "Erase your data in all servers?" in community.shown(message, community.mia)


async def test_a_locked_database_erases_nothing_and_says_so(community: Community) -> None:
    await community.post_clip(community.mia)
    message = await ask(community)
    await community.mia.click(message, label="Erase my data")

    with community.locked_database():
        result = await community.mia.click(message, label="Yes, erase it")

    told = result.followups[0] if result.followups else result.response
    assert told is not None
    assert "try again in a minute" in told.content
    about = await community.bot.services.privacy.describe(community.mia.id)
    assert (about.prompts, about.erasing_since) == (1, None)


async def test_whoever_presses_a_forged_button_erases_only_their_own_data(community: Community) -> None:
    await community.post_clip(community.mia)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Fake", custom_id="privacy:erase"))
    view.stop()
    posted = await community.bot.get_partial_messageable(community.channel.id).send("fake", view=view)
    message = next(shown for shown in community.channel.history() if shown.id == posted.id)

    await community.ben.click(message, label="Fake")

    about = await community.bot.services.privacy.describe(community.mia.id)
    assert (about.prompts, about.erasing_since) == (1, None)


async def test_the_servers_that_the_bot_is_in_are_written_down(community: Community) -> None:
    await community.reelay.retention.tick()

    async with community.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT guild_id, left_at FROM guilds")).all()
    assert [tuple(row) for row in rows] == [(community.guild.id, None)]

    left_guild = community.bot.get_guild(community.guild.id)
    assert left_guild is not None
    community.bot.services.presence.watch(list)
    await community.bot.on_guild_remove(left_guild)
    await community.reelay.retention.tick()
    async with community.database.read() as connection:
        left = (await connection.exec_driver_sql("SELECT left_at IS NOT NULL FROM guilds")).all()
    assert [tuple(row) for row in left] == [(1,)]

    await community.bot.on_guild_join(left_guild)
    community.bot.services.presence.watch(lambda: [left_guild.id])
    await community.reelay.retention.tick()
    async with community.database.read() as connection:
        back = (await connection.exec_driver_sql("SELECT left_at FROM guilds")).all()
    assert [tuple(row) for row in back] == [(None,)]
