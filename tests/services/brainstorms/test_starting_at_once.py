"""Fifty start at once on a pool that has seconds for a few: it is never overdrawn, and each gets all takes or none."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bot.models import Period, Quota, QuotaSource
from bot.models.brainstorms import PreviewChangedError, PreviewStatus, TooManyBrainstormsError
from bot.services.brainstorms.starting import Started
from bot.store.database import Database
from tests.support.brainstorming import Brainstorms
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MODERATOR_ID

if TYPE_CHECKING:
    from tests.support.workshop import Workshop

pytestmark = pytest.mark.slow

MEMBERS = range(1000, 1050)
COST_SECONDS = 6
CHANNEL_MOST = 20
ROUNDS_OPEN, TAKES_HELD = "SELECT count(*) FROM rounds", "SELECT count(*) FROM jobs WHERE state = 'held'"


async def fill(team: Brainstorms, takes: int) -> None:
    """Let the channel's pool have seconds for exactly so many takes, and as many brainstorms as can be."""
    services = team.process.services
    await services.quotas.set_rule(
        guild_id=GUILD_ID,
        source=QuotaSource.CHANNEL,
        subject_id=CHANNEL_ID,
        quota=Quota(takes * COST_SECONDS, Period.DAY),
        set_by_id=MODERATOR_ID,
    )
    await services.brainstorm_settings.change(
        GUILD_ID,
        per_channel=CHANNEL_MOST,
        per_member=1,
        voter_role_id=None,
        allows_own_votes=True,
        set_by_id=MODERATOR_ID,
    )


async def start_all(teams: list[Brainstorms], shown: dict[int, PreviewStatus]) -> dict[int, Started | BaseException]:
    """Let all who were shown a preview press *Start* at once, in one process or the other; return what each gets."""
    pressed = [
        teams[member_id % len(teams)].press_start(status, teams[0].member(member_id))
        for member_id, status in shown.items()
    ]
    return dict(zip(shown, await asyncio.gather(*pressed, return_exceptions=True), strict=True))


async def charged(team: Brainstorms) -> Counter[int]:
    """Return how many takes each member was charged for."""
    async with team.workshop.database.read() as connection:
        rows = await connection.exec_driver_sql("SELECT member_id, kind, seconds FROM ledger")
        entries = [tuple(row) for row in rows]
    assert {(kind, seconds) for _, kind, seconds in entries} <= {("charge", COST_SECONDS)}
    return Counter(member_id for member_id, _, _ in entries)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("takes", [17, 24])
async def test_a_pool_for_so_many_takes_is_never_overdrawn_and_each_start_is_all_or_nothing(
    workshop: Workshop, takes: int, processes: int
) -> None:
    async with Database.open(workshop.database_url, migrate=False) as other:
        databases = [None, other][:processes]
        teams = [
            Brainstorms(workshop, workshop.start(f"local/{number}", database=database))
            for number, database in enumerate(databases, start=1)
        ]
        await fill(teams[0], takes)
        shown = {
            member_id: await teams[0].plan(teams[0].member(member_id), takes=2 + member_id % 3) for member_id in MEMBERS
        }
        wanted = {member_id: status.startable for member_id, status in shown.items()}
        assert set(wanted.values()) == {2, 3, 4}

        got = await start_all(teams, shown)

    started = {member_id: answer.takes for member_id, answer in got.items() if isinstance(answer, Started)}
    refusals = [answer for answer in got.values() if not isinstance(answer, Started)]
    assert started == {member_id: wanted[member_id] for member_id in started}
    assert await charged(teams[0]) == started
    assert takes - max(wanted.values()) < sum(started.values()) <= takes
    assert {type(refusal) for refusal in refusals} == {PreviewChangedError}, "each is shown what fits now"
    assert workshop._peek(ROUNDS_OPEN) == len(started)
    assert workshop._peek(TAKES_HELD) == sum(started.values())


async def test_fifty_previews_of_one_member_start_as_many_as_may_be_open(team: Brainstorms) -> None:
    await fill(team, takes=10)
    who = team.member()
    shown = [await team.plan(who, takes=2) for _ in MEMBERS]

    got = await asyncio.gather(*(team.press_start(status, who) for status in shown), return_exceptions=True)

    refusals = [answer for answer in got if not isinstance(answer, Started)]
    assert len(refusals) == len(MEMBERS) - 1
    assert {type(refusal) for refusal in refusals} == {TooManyBrainstormsError}
    assert await charged(team) == {who.member_id: 2}


async def test_one_preview_that_is_started_fifty_times_at_once_starts_once(team: Brainstorms) -> None:
    await fill(team, takes=100)
    status = await team.plan(takes=2)

    got = await asyncio.gather(*(team.press_start(status) for _ in MEMBERS))

    assert {(started.round.id, started.takes) for started in got} == {(status.preview.id, 2)}
    assert sum((await charged(team)).values()) == 2


async def test_who_comes_too_late_is_shown_what_still_fits(team: Brainstorms) -> None:
    await fill(team, takes=7)
    first, second = team.member(MEMBERS[0]), team.member(MEMBERS[1])
    shown = [await team.plan(who, takes=4) for who in (first, second)]
    await team.press_start(shown[0], first)
    with pytest.raises(PreviewChangedError):
        await team.press_start(shown[1], second)

    again = await team.services.previews.refresh(shown[1].preview, second)
    assert (again.fits, again.startable) == (3, 3)
    await team.press_start(again, second)
    assert await charged(team) == {first.member_id: 4, second.member_id: 3}
