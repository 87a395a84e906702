"""What members and moderators see of a model that makes other clips, and of a service in trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.models import GEMINI_OMNI, ServiceFaultError, profile_of
from bot.services.throttling.trouble import FAILURES
from bot.ui.publisher import DiscordPublisher
from bot.ui.text.clips import cards as card_text
from tests.support.community import words

if TYPE_CHECKING:
    from bot.models import Job
    from tests.support.community import Community

FLASH = profile_of("gemini-omni-flash")


def labels(community: Community, clip: Job) -> str:
    message = next(each for each in community.channel.history() if each.id == clip.message_id)
    return str([part.to_dict() for part in message.components])


async def test_the_command_offers_the_models_lengths_and_its_shortest_is_the_default(community: Community) -> None:
    await community.restart(profile=FLASH)

    command = community.env.backend.find_command("video", community.guild.id, type=1)
    duration = next(option for option in command["options"] if option["name"] == "duration")
    assert [(choice["name"], choice["value"]) for choice in duration["choices"]] == [
        ("4 seconds", 4),
        ("6 seconds", 6),
        ("10 seconds", 10),
    ]
    assert duration["description"].endswith("else 4 seconds, unless you choose")
    result = await community.mia.slash(community.channel, "video", prompt="A cat")
    assert "Landscape 16:9 · 4 s" in words(result.response)
    assert await community.ledger() == [("charge", 4)]
    quota = await community.mia.slash(community.channel, "quota")
    assert "56 s left today, 14 clips of 4 s" in words(quota.response)


async def test_longer_goes_on_to_the_models_next_length_and_ends_at_its_last(community: Community) -> None:
    await community.restart(profile=FLASH)
    community.publisher = DiscordPublisher(
        client=community.bot, clock=community.clock, operator_channel_id=None, profile=FLASH
    )
    clip = await community.post_clip(community.mia)
    message = next(each for each in community.channel.history() if each.id == clip.message_id)

    await community.mia.click(message, custom_id=f"clip:longer:{clip.id}")

    assert [job.spec.duration_seconds for job in await community.jobs()] == [4, 6]


async def test_longer_under_a_clip_of_an_earlier_model_says_what_there_is(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    assert "clip:longer" in labels(community, clip)
    message = next(each for each in community.channel.history() if each.id == clip.message_id)
    await community.restart(profile=FLASH)
    async with community.database.write() as connection:
        await connection.exec_driver_sql("UPDATE jobs SET duration_seconds = 10")

    result = await community.mia.click(message, custom_id=f"clip:longer:{clip.id}")

    assert result.ephemeral
    assert "There is nothing longer any more: clips are of 4, 6 or 10 seconds now." in words(result.response)
    assert len(await community.jobs()) == 1


async def test_a_length_that_a_client_still_offers_is_refused_with_what_there_is(community: Community) -> None:
    result = await community.forge(
        community.mia,
        "video",
        {"name": "prompt", "type": 3, "value": "A cat"},
        {"name": "duration", "type": 4, "value": 4},
    )

    assert result.ephemeral
    assert words(result.response) == "That length is not on offer; choose 6 or 10 seconds."
    assert await community.jobs() == []
    assert await community.ledger() == []


async def test_new_cards_and_the_bots_sign_say_that_the_service_is_in_trouble(community: Community) -> None:
    throttle, now = community.reelay.throttle, community.clock.now()
    for _ in range(FAILURES):
        throttle.refused(throttle.submit, now, ServiceFaultError("500"))

    result = await community.mia.slash(community.channel, "video", prompt="A cat")
    await community.publisher.show_trouble(is_in_trouble=True)

    assert "**The video service is having trouble; yours starts by itself**" in words(result.response)
    activity = community.bot.activity
    assert isinstance(activity, discord.CustomActivity)
    assert activity.name == card_text.TROUBLE_SIGN
    assert await community.ledger() == [("charge", GEMINI_OMNI.shortest_seconds)]

    throttle.submitted(now + timedelta(seconds=30))
    await community.publisher.show_trouble(is_in_trouble=False)
    result = await community.ben.slash(community.channel, "video", prompt="A dog")
    assert "trouble" not in words(result.response)
    assert community.bot.activity is None
