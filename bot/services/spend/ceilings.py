"""How far the operator's ceilings are used: in seconds of spend, and of what waits, by UTC's days and months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import CeilingKind, CeilingStatus, Period
from bot.services.quotas.periods import period_bounds
from bot.store.jobs import spend

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import ModelProfile, SpendPolicy
    from bot.store import Connection

NOBODY = 0
"""No server's and no member's id."""


async def read_ceilings(
    connection: Connection,
    policy: SpendPolicy,
    now: datetime,
    profile: ModelProfile,
    *,
    guild_id: int = NOBODY,
    member_id: int = NOBODY,
) -> tuple[CeilingStatus, ...]:
    """Say how far each ceiling that is set is used, in the order in which they are asked.

    Args:
        connection: of a transaction of the caller's: the answer still holds when that writes.
        guild_id, member_id: whose; without them the ceilings of each server or member are left out.
    """
    left_out = {CeilingKind.SERVER_DAY: guild_id, CeilingKind.MEMBER_DAY: member_id}
    ceilings = {kind: limit for kind, limit in policy.ceilings.items() if left_out.get(kind) != NOBODY}
    if not ceilings:
        return ()
    used = await spend.read(connection, guild_id=guild_id, member_id=member_id, now=now)
    return tuple(
        CeilingStatus(
            kind=kind,
            limit_seconds=limit,
            used_seconds=used[kind],
            resets_at=period_bounds(Period.MONTH if kind is CeilingKind.MONTH else Period.DAY, now)[1],
            profile=profile,
        )
        for kind, limit in ceilings.items()
    )
