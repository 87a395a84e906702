"""The operator's limits as people in a server meet them: which one and until when, and no figures."""

from __future__ import annotations

import re

import pytest

from bot.models import SpendPolicy
from tests.support.community import Community, told, words


async def ask(community: Community, **options: object) -> str:
    result = await community.mia.slash(community.channel, "video", prompt="a fox", **options)
    return told(result.response)


def without_times(text: str) -> str:
    return re.sub(r"<[^>]+>", "", text)


LIMITS = {
    "month": (SpendPolicy(max_seconds_per_month=10), "The operator's limit for all servers together this month"),
    "day": (SpendPolicy(max_seconds_per_day=10), "The operator's limit for all servers together today"),
    "server": (SpendPolicy(max_seconds_per_day_per_server=10), "The operator's limit for this server today"),
    "member": (SpendPolicy(max_seconds_per_day_per_member=10), "The operator's limit for you today, over all servers,"),
}


@pytest.mark.parametrize(("spending", "limit"), LIMITS.values(), ids=LIMITS)
async def test_a_member_hears_which_limit_it_is_and_moderators_see_it(
    community: Community, spending: SpendPolicy, limit: str
) -> None:
    await community.restart(spending=spending)
    assert "7. The operator's limits: not reached" in await community.moderate("quota why", member=community.mia)
    await ask(community)

    refused = await ask(community)
    stand = words((await community.mia.slash(community.channel, "quota")).response)
    why = (await community.moderate("quota why", member=community.mia)).splitlines()[-3]
    panel = words((await community.moderator.slash(community.channel, "moderate settings")).response)

    assert refused.startswith(f"{limit} leaves no room for this clip. Nothing was charged; that resets <t:")
    assert stand.startswith(f"**{limit} is reached. That resets <t:")
    assert why.startswith("7. The operator's limits: **reached** for ")
    is_members = spending.max_seconds_per_day_per_member is not None
    assert ("**Operator's limits**: **reached** for " in panel) is not is_members  # that is no server's to see
    for said in (refused, why):
        assert not re.search(r"\d+ s\b", without_times(said))
    assert await community.ledger() == [("charge", 6)]


async def test_where_only_short_clips_fit_moderators_see_that_and_members_get_those(community: Community) -> None:
    await community.restart(spending=SpendPolicy(max_seconds_per_day=15))
    await ask(community)

    assert "leaves no room for this clip" in await ask(community, duration=10)
    why = await community.moderate("quota why", member=community.mia)
    panel = words((await community.moderator.slash(community.channel, "moderate settings")).response)
    await ask(community, duration=6)

    assert "7. The operator's limits: room for short clips only for all servers together today, resets <t:" in why
    assert "**Operator's limits**: room for short clips only" in panel
    assert await community.ledger() == [("charge", 6), ("charge", 6)]


async def test_where_longer_clips_never_fit_nobody_is_told_to_wait_for_them(community: Community) -> None:
    await community.restart(spending=SpendPolicy(max_seconds_per_day=8))

    refused = await ask(community, duration=10)
    why = await community.moderate("quota why", member=community.mia)

    limit = "The operator's limit for all servers together today"
    assert refused == f"{limit} is less than this costs. Nothing was charged; ask for less."
    assert "7. The operator's limits: room for short clips only for all servers together today\n" in why


@pytest.mark.parametrize("seconds", [0, 5])
async def test_where_no_clip_will_ever_fit_nobody_is_told_to_wait_for_the_reset(
    community: Community, seconds: int
) -> None:
    await community.restart(spending=SpendPolicy(max_seconds_per_day=seconds))

    refused = await ask(community)
    stand = words((await community.mia.slash(community.channel, "quota")).response)
    why = await community.moderate("quota why", member=community.mia)
    panel = words((await community.moderator.slash(community.channel, "moderate settings")).response)

    assert refused == "The operator's limit for all servers together today allows no clips. Nothing was charged."
    assert stand.startswith("**The operator's limit for all servers together today allows no clips.**")
    assert "7. The operator's limits: **no clips** for all servers together today\n" in why
    assert "**Operator's limits**: **no clips** for all servers together today\n" in panel


async def test_without_limits_nothing_is_said_of_them(community: Community) -> None:
    panel = words((await community.moderator.slash(community.channel, "moderate settings")).response)

    assert "perator's limits" not in panel
    assert "7. The operator's limits: none" in await community.moderate("quota why", member=community.mia)
