"""Lists of a large server: while they are read and written out, the bot goes on answering everybody else."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from bot.models import Period
from bot.store import tables
from bot.ui import exports
from bot.ui.text.moderation import usage as usage_text
from cogs.panel.panel import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import FrameType

    from tests.support.community import Community

COUNT = 6000
MOST_CALLS_AT_ONCE = 20_000
"""Some 5 ms of work on a quiet machine: a quarter of the 20 ms for which a list may keep the loop from others."""


async def most_calls_at_once(work: Callable[[], Awaitable[object]]) -> int:
    """Return how many functions were called in one thing of all that the event loop had to do, at most.

    Counted and not timed: it comes out the same on a busy machine.
    """
    run, most, calls = asyncio.Handle._run, 0, 0

    def count(_frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    def run_counted(handle: asyncio.Handle) -> None:
        nonlocal most, calls
        calls = 0
        sys.setprofile(count)
        try:
            run(handle)
        finally:
            sys.setprofile(None)
        most = max(most, calls)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asyncio.Handle, "_run", run_counted)
        await work()
    return most


async def fill(community: Community, table: Any, *columns: dict[str, Any]) -> None:  # noqa: ANN401 (a table)
    async with community.database.write() as connection:
        await connection.execute(insert(table), list(columns))


def job(community: Community, number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 (columns)
    created_at = community.clock.now() - timedelta(seconds=number)
    return {
        **{"id": f"job{number:06}", "interaction_id": number, "guild_id": community.guild.id, "channel_id": 2},
        **{
            "member_id": number,
            "member_name": "somebody",
            "prompt": "a fox in the snow, - slowly; " * 20,
            "aspect": "16:9",
            "duration_seconds": 6,
        },
        **{"state": "delivered", "created_at": created_at, "quota_period": "day", "quota_source": "operator"},
        **{"attempts": 0, "submitted_at": created_at, "rendered_at": created_at, "message_id": 5} | changes,
    }


@pytest.mark.slow
async def test_the_use_of_six_thousand_jobs_is_told_in_slices(community: Community) -> None:
    now, services = community.clock.now(), community.bot.services
    await fill(community, tables.jobs, *(job(community, number) for number in range(COUNT)))
    charge = {"guild_id": community.guild.id, "kind": "charge", "seconds": 6, "counted_at": now, "made_at": now}
    charges = ({"member_id": number, "made_by_id": 1, "job_id": f"job{number:06}"} for number in range(COUNT))
    await fill(community, tables.ledger, *(charge | each for each in charges))
    quarter = {"guild_id": community.guild.id, "account_kind": "server", "account_id": community.guild.id}
    of_all = {"quarter_at": now, "seconds": 6 * COUNT, "from_grants_seconds": 0}
    await fill(community, tables.usage, quarter | of_all)

    async def tell() -> None:
        report = await services.usage.report(community.guild.id, Period.MONTH)
        files, listed = await exports.usage_files(report, {})
        summary = usage_text.usage_summary(report, listed)
        usage_text.usage_chart(report.daily, report.names)
        [days] = await exports.daily_files(report, report.names, None, "")
        assert len(days.fp.read().splitlines()) == 1 + 5000 + 1
        assert (len(report.members), len(report.jobs), report.used_seconds) == (COUNT, 5000, 6 * COUNT)
        assert "6,000" in summary
        assert len(files) == 2

    assert await most_calls_at_once(tell) < MOST_CALLS_AT_ONCE


@pytest.mark.slow
async def test_panels_of_long_lists_are_made_in_slices(community: Community) -> None:
    now, guild_id = community.clock.now(), community.guild.id
    numbers = range(COUNT)
    by = {"guild_id": guild_id, "set_by_id": 1, "set_at": now}
    await fill(community, tables.jobs, *(job(community, each, state="queued", message_id=None) for each in numbers))
    await fill(community, tables.blocks, *(by | {"member_id": each, "reason": "spam"} for each in numbers))
    rule = by | {"source": "member", "is_temporary": False, "seconds": 6, "period": "day"}
    await fill(community, tables.quota_rules, *(rule | {"subject_id": each} for each in numbers))
    grant = {"guild_id": guild_id, "kind": "grant", "seconds": 6, "counted_at": now, "made_at": now, "made_by_id": 1}
    grant |= {"expires_at": now + timedelta(days=1)}
    await fill(community, tables.ledger, *(grant | {"member_id": each, "interaction_id": each} for each in numbers))
    change = {"guild_id": guild_id, "made_by_id": 1, "made_at": now, "kind": "block", "subject_id": 1}
    await fill(community, tables.changes, *(change | {"before": None, "after": {"reason": "spam"}} for _ in numbers))

    bot: Any = community.bot
    asking: Any = SimpleNamespace(guild_id=guild_id, guild=bot.get_guild(guild_id), client=bot)

    async def show() -> None:
        for name in ("home", "quotas", "gifts", "blocks", "jobs", "audit"):
            shown = await bot.panel.sections[name].view(asking, Place(name, 100))
            assert name == "home" or "page 100 of " in str(shown.to_components())

    assert await most_calls_at_once(show) < MOST_CALLS_AT_ONCE


async def test_what_is_listed_is_whole_and_in_order_however_it_is_read(community: Community) -> None:
    at = community.clock.now()
    rows = [job(community, number, created_at=at - timedelta(seconds=number // 7)) for number in range(1203)]
    await fill(community, tables.jobs, *rows)

    report = await community.bot.services.usage.report(community.guild.id, Period.DAY)

    newest_first = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
    assert [each.id for each in report.jobs] == [row["id"] for row in newest_first]
