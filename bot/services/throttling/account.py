"""Looking at the account: whether the operator has acted, and whether a refusal that one poll met is true."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.models import OperatorAlert, RateLimitedError, UnauthorizedError, VideoServiceError

if TYPE_CHECKING:
    from bot.services.jobs.context import WorkContext

_log = logging.getLogger(__name__)


class AccountCheck:
    """Asks the service what it says of the key, the money and the model, and lets the throttle know."""

    def __init__(self, context: WorkContext) -> None:
        self._work = context

    async def check(self) -> None:
        """Ask once: go on submitting if the operator has acted, pause and alert if a refusal is confirmed."""
        reason = self._work.throttle.paused_for
        confirmed: OperatorAlert | None = None
        try:
            if reason is OperatorAlert.NO_ACCESS:
                mended = await self._has_access()
            else:
                mended = await self._is_solvent(reason)
        except UnauthorizedError as error:
            # Where it is paused for something else, the key is good enough for submits: this check is none then.
            mended = None if reason in {OperatorAlert.INSUFFICIENT_FUNDS, OperatorAlert.NO_ACCESS} else False
            confirmed = OperatorAlert.UNAUTHORIZED
            _log_unreadable(error)
        except VideoServiceError as error:
            if isinstance(error, RateLimitedError):
                self._work.throttle.hold_probe(self._work.clock.now(), error.retry_after_seconds)
            mended = None
            _log_unreadable(error)
        else:
            confirmed = reason if reason is OperatorAlert.NO_ACCESS else OperatorAlert.INSUFFICIENT_FUNDS
        if mended is None:
            self._work.throttle.note_silent_probe()
        elif mended and reason is not None:
            self._work.throttle.resume()
        elif not mended and confirmed is not None:
            self._work.alerts.note(self._work.throttle.confirm(self._work.clock.now(), confirmed))

    async def _has_access(self) -> bool | None:
        """Tell whether the key may use the model; None when the service does not say."""
        models = await self._work.service.fetch_models()
        return None if models is None else self._work.service.model in models

    async def _is_solvent(self, reason: OperatorAlert | None) -> bool | None:
        """Tell whether the key works and there is something to spend; None when that is unknown."""
        balance = await self._work.service.fetch_balance()
        if balance.is_empty:
            return False
        if reason is OperatorAlert.INSUFFICIENT_FUNDS:
            return None if balance.credits is None else True
        return None if balance.key_credits is None else True


def _log_unreadable(error: VideoServiceError) -> None:
    fields = {"error": type(error).__name__, "request_id": error.request_id}
    _log.info("the account could not be checked", extra=fields)
