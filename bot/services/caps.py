"""What a whole server may use in a period, and when its moderators are told that it is nearly used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.models import Account, AccountKind, CapStatus, LogKind
from bot.services.periods import period_bounds, zone_of
from bot.store import ledger, log, servers

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Server

_MARKS = {80: LogKind.CAP_NEAR, 100: LogKind.CAP_REACHED}
"""At which percentages the log is told."""


async def cap_status(connection: AsyncConnection, server: Server, now: datetime) -> CapStatus | None:
    """Say where a server stands against its cap, or None where it has none."""
    if server.cap is None:
        return None
    start, end = period_bounds(server.cap.period, now, zone_of(server.timezone))
    account = Account(server.guild_id, AccountKind.SERVER, server.guild_id)
    used, _ = await ledger.sum_period(connection, account, start=start, end=end)
    return CapStatus(cap=server.cap, used_seconds=used, resets_at=end)


async def tell_of_cap(connection: AsyncConnection, server: Server, cap: CapStatus, now: datetime) -> None:
    """Tell the log that a server has come to a mark, once for each mark in a period."""
    limit = cap.cap.seconds
    if not limit:
        return
    is_same_period = server.cap_told_until is not None and now < server.cap_told_until
    told = server.cap_told_percent if is_same_period else 0
    reached = max((mark for mark in _MARKS if cap.used_seconds * 100 >= mark * limit), default=0)
    if reached > told:
        await servers.put(connection, replace(server, cap_told_percent=reached, cap_told_until=cap.resets_at))
        facts = cap.cap.facts | {"used": cap.used_seconds, "resets_at": cap.resets_at.isoformat()}
        await log.add(connection, server, _MARKS[reached], now=now, facts=facts)
