"""Watching the purse: the operator is told once when a ceiling on the whole bot, or the balance, comes to a mark.

What was told is kept in the database, so that neither a restart nor a second process says it again. The worker looks:
at the ceilings as soon as somebody has noticed that one is at a mark, at all of it every ten minutes while jobs run.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import GEMINI_OMNI, NEAR_PERCENT, REACHED_PERCENT, CeilingAlert, LowBalanceAlert, VideoServiceError
from bot.services.spend.ceilings import NOBODY, read_ceilings
from bot.store.operating import operator_alerts

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from bot.models import CeilingKind, CeilingStatus, ModelProfile, SpendPolicy
    from bot.services.ports import Clock, VideoService
    from bot.services.throttling.alerts import OperatorAlerts
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)

LOOK_INTERVAL = timedelta(minutes=10)
_LOW_BALANCE = "low_balance"
_TOLD_FOR = timedelta(days=62)
"""How long after a period it is remembered that it was told of: should a clock be set back, it is not told again."""


class SpendWatch:
    """Looks at the ceilings and at the balance, and lets the operator be told.

    Args:
        wake: set when there is something to look at.
        profile: says which clips there are.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        service: VideoService,
        alerts: OperatorAlerts,
        wake: asyncio.Event,
        policy: SpendPolicy,
        profile: ModelProfile = GEMINI_OMNI,
    ) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._alerts = alerts
        self._wake = wake
        self._policy = policy
        self._profile = profile
        self._looked_at: datetime | None = None
        self._has_noticed = False
        self._known: dict[CeilingKind, tuple[datetime, int]] = {}

    async def read(
        self, connection: Connection, now: datetime, *, guild_id: int, member_id: int = NOBODY
    ) -> tuple[CeilingStatus, ...]:
        """Say how far the ceilings that hold in a server, and for a member, are used; see ``read_ceilings``."""
        return await read_ceilings(connection, self._policy, now, self._profile, guild_id=guild_id, member_id=member_id)

    def notice(self, ceilings: Iterable[CeilingStatus], *, added_seconds: int = 0) -> None:
        """Have the worker look if a ceiling is, with what is added to it, at a mark that it has not seen it at."""
        for status in ceilings:
            resets_at, percent = self._known.get(status.kind, (None, 0))
            seen = percent if resets_at == status.resets_at else 0
            if status.plus(added_seconds).percent_to_tell > seen:
                self._has_noticed = True
                self._wake.set()

    def take_due(self, now: datetime, *, is_working: bool) -> list[Callable[[], Awaitable[None]]]:
        """Return what is to be looked at now, and take it for looked at.

        Args:
            is_working: whether there is something to do for any job.
        """
        is_time = is_working and (self._looked_at is None or abs(now - self._looked_at) >= LOOK_INTERVAL)
        looks: list[Callable[[], Awaitable[None]]] = []
        if self._has_noticed or (is_time and self._policy.ceilings):
            looks.append(self.look_at_ceilings)
        if is_time and self._policy.low_balance_credits is not None:
            looks.append(self.look_at_balance)
        if is_time:
            self._looked_at = now
        self._has_noticed = False
        return looks

    async def look_at_ceilings(self) -> None:
        """Tell the operator of each ceiling on the whole bot that has come to a mark, once for each mark in a period.

        Raises:
            StoreUnavailableError: when the database cannot be asked; it is looked at again then.
        """
        try:
            async with self._database.write() as connection:
                statuses = await read_ceilings(connection, self._policy, self._clock.now(), self._profile)
                new = [status for status in statuses if await _is_new(connection, status)]
        except BaseException:  # whatever it was, a stop included: what was not read is still to be looked at
            self._has_noticed = True
            raise
        self._known = {status.kind: (status.resets_at, status.percent_to_tell) for status in statuses}
        for status in new:
            fields = {"ceiling": status.kind.value, "used": status.used_seconds, "limit": status.limit_seconds}
            fields |= self._policy.worth(of_seconds=status.used_seconds)
            _log.warning("a ceiling is at %d %%", status.percent_to_tell, extra=fields)
            self._alerts.note(CeilingAlert(status, self._policy.credits_per_second))

    async def look_at_balance(self) -> None:
        """Tell the operator that the credits have fallen under what they want, once until they have risen again.

        What can't be read says nothing. Where only the key's part or the account's is read, that is the most there is.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        limit = self._policy.low_balance_credits
        try:
            balance = await self._service.fetch_balance()
        except VideoServiceError as error:
            fields = {"error": type(error).__name__, "request_id": error.request_id}
            _log.info("the balance could not be read", extra=fields)
            return
        left = balance.most_credits
        if left is None or limit is None:
            return
        if left >= limit and balance.credits is None:
            return  # the part that was not read may be the one that is low
        async with self._database.write() as connection:
            if left >= limit:
                await operator_alerts.forget(connection, _LOW_BALANCE)
                return
            is_new = await operator_alerts.note(connection, _LOW_BALANCE)
        if is_new:
            _log.warning("the balance is low", extra={"remaining_credits": left} | self._policy.worth(of_credits=left))
            self._alerts.note(LowBalanceAlert(left, limit, self._policy.credits_per_second))


async def _is_new(connection: Connection, status: CeilingStatus) -> bool:
    """Write down that the operator is told of a ceiling's mark; tell whether they were not yet.

    Whoever is told that it is reached need not be told later that it is nearly used.
    """
    is_new = False
    for percent in (NEAR_PERCENT, REACHED_PERCENT):
        if percent <= status.percent_to_tell:
            mark = f"{status.kind.value}_{percent}_{status.limit_seconds}"  # of a ceiling that was changed it is news
            is_new = await operator_alerts.note(connection, mark, f"{status.resets_at:%F}")
    if is_new:
        await operator_alerts.forget_before(connection, f"{status.resets_at - _TOLD_FOR:%F}")
    return is_new
