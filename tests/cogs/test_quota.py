"""What members see of ``/quota``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from discord.webhook.async_ import AsyncWebhookAdapter

from tests.support.community import START, words

if TYPE_CHECKING:
    import pytest

    from bot.models import Requester
    from bot.services.admission.decision import AdmissionDetails
    from tests.support.community import Community

NEXT_MIDNIGHT = int(START.replace(day=START.day + 1, hour=0).timestamp())


async def quota_of_mia(community: Community) -> str:
    result = await community.mia.slash(community.channel, "quota")
    assert result.ephemeral
    assert community.pinged(result.response) == set()
    return words(result.response)


async def test_shows_bar_what_is_left_whose_rule_and_the_reset(community: Community) -> None:
    for prompt in ("One", "Two"):
        await community.mia.slash(community.channel, "video", prompt=prompt * 3)

    assert await quota_of_mia(community) == (
        "**48 s left today, 8 clips of 6 s**\n"
        "▰▰▱▱▱▱▱▱▱▱▱▱ 12 s of 60 s used\n"
        "The rule that holds is the bot's default: 60 s per day.\n"
        f"It resets <t:{NEXT_MIDNIGHT}:R>.\n"
        "-# When a clip is ready or has failed I mention you, in all servers."
    )


async def test_the_last_clip_of_the_day_is_said_to_be_so_to_its_member_alone(community: Community) -> None:
    await community.moderator.slash(community.channel, "moderate quota set", who=community.mia, seconds=15)

    first = await community.mia.slash(community.channel, "video", prompt="A cat")
    last = await community.mia.slash(community.channel, "video", prompt="A dog")

    assert first.followups == []
    [told] = last.followups
    assert told.ephemeral
    assert words(told) == f"That was your last clip today: 3 s left. Your quota resets <t:{NEXT_MIDNIGHT}:R>."
    assert not any("left" in words(message) for message in community.channel.history())


async def test_the_last_clip_is_told_with_the_answer_to_a_private_request(community: Community) -> None:
    await community.moderator.slash(community.channel, "moderate quota set", who=community.mia, seconds=6)

    asked = await community.mia.slash(community.channel, "video", prompt="A cat", private=True)

    assert asked.ephemeral
    assert "That was your last clip today: 0 s left." in words(asked.response)


async def test_names_the_role_that_gives_the_quota(community: Community) -> None:
    role = community.guild.create_role("Patrons")
    patron = community.guild.add_member(community.env.create_user("pat"), roles=[role])
    await community.moderator.slash(community.channel, "moderate quota set", who=role, seconds=7, period="week")

    result = await patron.slash(community.channel, "quota")

    assert "7 s left this week, 1 clip of 6 s" in words(result.response)
    assert f"that of {role.mention}: 7 s per week" in words(result.response)


async def test_tells_grants_apart_from_the_rule(community: Community) -> None:
    await community.moderator.slash(community.channel, "moderate quota grant", member=community.mia, seconds=20)

    text = await quota_of_mia(community)

    assert "80 s left today" in text
    assert "Moderators gave you 20 s more." in text


async def test_unlimited_and_nothing_are_said_in_words(community: Community) -> None:
    await community.moderator.slash(community.channel, "moderate quota set", who=community.mia, unlimited=True)
    assert (await quota_of_mia(community)).startswith("**No limit**\n0 s used today.\nThe rule that holds is your own")

    await community.moderator.slash(community.channel, "moderate quota set", who=community.mia, seconds=0)
    assert (await quota_of_mia(community)).startswith("**0 s left today, no clip of 6 s**")


async def test_other_members_use_is_not_shown(community: Community) -> None:
    await community.ben.slash(community.channel, "video", prompt="A cat")

    assert "60 s left today" in await quota_of_mia(community)


async def test_slow_answer_is_acknowledged_and_given_in_private(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    community.hold_until_acknowledged(community.bot.services.admission, "explain", monkeypatch)

    await community.mia.slash(community.channel, "quota")

    assert community.acknowledged_first(in_private=True)
    [message] = community.channel.history(viewer=community.mia)
    assert message.flags.ephemeral
    assert "60 s left today" in words(message)


async def test_answer_whose_acknowledgement_seemed_to_fail_is_given_in_private_all_the_same(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord took the acknowledgement, and its answer was lost."""
    explain, respond = community.bot.services.admission.explain, AsyncWebhookAdapter.create_interaction_response
    tried = asyncio.Event()

    async def explain_late(requester: Requester) -> AdmissionDetails:
        await community.env.external_wait(tried.wait(), reason="a slow database")
        return await explain(requester)

    async def respond_unheard(*arguments: Any, **options: Any) -> object:  # noqa: ANN401 (as they came)
        answer = await respond(*arguments, **options)
        if not tried.is_set():
            tried.set()
            raise OSError
        return answer

    monkeypatch.setattr(community.bot.services.admission, "explain", explain_late)
    monkeypatch.setattr(AsyncWebhookAdapter, "create_interaction_response", respond_unheard)

    await community.mia.slash(community.channel, "quota")

    [message] = community.channel.history(viewer=community.mia)
    assert message.flags.ephemeral
    assert "60 s left today" in words(message)
    assert community.channel.history(viewer=community.ben) == []


async def test_locked_database_does_not_keep_anyone_from_reading(community: Community) -> None:
    with community.locked_database():
        assert "60 s left today" in await quota_of_mia(community)
