"""What a whole server may use in a period, and when its moderators are told that it is nearly used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.models import Account, AccountKind, CapStatus, LogKind
from bot.services.quotas.periods import period_bounds, zone_of
from bot.store.moderation import modlog, servers
from bot.store.quotas import ledger
from bot.store.quotas.ledger import UsageSpan

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import ModelProfile, Server
    from bot.store import Connection

_NEAR_PERCENT, _REACHED_PERCENT = 80, 100
_KINDS = {_NEAR_PERCENT: LogKind.CAP_NEAR, _REACHED_PERCENT: LogKind.CAP_REACHED}
"""At which percentages the log is told."""


async def cap_status(connection: Connection, server: Server, now: datetime, profile: ModelProfile) -> CapStatus | None:
    """Say where a server stands against its cap, or None where it has none."""
    span = cap_span(server, now)
    if span is None:
        return None
    [(used_seconds, _)] = await ledger.sum_periods(connection, [span])
    return cap_status_of(server, span, profile, used_seconds=used_seconds)


def cap_span(server: Server, now: datetime) -> UsageSpan | None:
    """Say whose use when counts against a server's cap, or None where it has none."""
    if server.cap is None:
        return None
    start, end = period_bounds(server.cap.period, now, zone_of(server.timezone))
    return UsageSpan(Account(server.guild_id, AccountKind.SERVER, server.guild_id), start, end)


def cap_status_of(server: Server, span: UsageSpan, profile: ModelProfile, *, used_seconds: int) -> CapStatus | None:
    """Say where a server stands against its cap from what was used in the cap's span."""
    if server.cap is None:
        return None
    return CapStatus(cap=server.cap, used_seconds=used_seconds, resets_at=span.end, profile=profile)


async def record_cap_alert(connection: Connection, server: Server, cap: CapStatus, now: datetime) -> None:
    """Tell the log that a server has come to a mark, once for each mark in a period.

    A cap is reached when no clip fits in what is left; one that is less than any clip never is.
    """
    limit = cap.cap.seconds or 0
    if cap.never_fits(cap.profile.shortest_seconds) or not server.is_logging:
        return
    start, _ = period_bounds(cap.cap.period, now, zone_of(server.timezone))
    told = server.cap_told_percent if server.cap_told_at is not None and server.cap_told_at >= start else 0
    if cap.is_reached:
        reached = _REACHED_PERCENT
    else:
        reached = _NEAR_PERCENT if cap.used_seconds * 100 >= _NEAR_PERCENT * limit else 0
    if reached > told:
        await servers.put(connection, replace(server, cap_told_percent=reached, cap_told_at=now))
        details = cap.cap.details | {"used": cap.used_seconds, "resets_at": cap.resets_at.isoformat()}
        await modlog.add(connection, server, _KINDS[reached], now=now, details=details)
