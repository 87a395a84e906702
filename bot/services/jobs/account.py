"""Looking at the account: whether the operator has acted, and whether a refusal that one poll met is true."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import RateLimitedError, UnauthorizedError, VideoServiceError
from bot.models import OperatorAlert

if TYPE_CHECKING:
    from bot.services.jobs.alerts import Operator
    from bot.services.jobs.throttle import ServiceThrottle
    from bot.services.ports import Clock, VideoService

_log = logging.getLogger(__name__)


class AccountCheck:
    """Asks the service what it says of the key, the money and the model, and lets the gates know."""

    def __init__(self, *, service: VideoService, throttle: ServiceThrottle, operator: Operator, clock: Clock) -> None:
        self._service = service
        self._throttle = throttle
        self._operator = operator
        self._clock = clock

    async def check(self) -> None:
        """Look once: go on submitting if the operator has acted, pause and alert if a refusal is confirmed."""
        reason = self._throttle.paused_for
        try:
            mended = await (self._has_access() if reason is OperatorAlert.NO_ACCESS else self._is_solvent(reason))
        except UnauthorizedError:
            confirmed = OperatorAlert.UNAUTHORIZED
        except VideoServiceError as error:
            if isinstance(error, RateLimitedError):
                self._throttle.hold_probe(self._clock.now(), error.retry_after_seconds)
            self._throttle.note_silent_probe()
            fields = {"error": type(error).__name__, "request_id": error.request_id}
            _log.info("the account could not be looked at", extra=fields)
            return
        else:
            if mended is None:
                self._throttle.note_silent_probe()
            elif mended and reason is not None:
                self._throttle.resume()
            if mended is not False:
                return
            confirmed = reason if reason is OperatorAlert.NO_ACCESS else OperatorAlert.INSUFFICIENT_FUNDS
        await self._operator.tell(self._throttle.confirm(self._clock.now(), confirmed))

    async def _has_access(self) -> bool | None:
        """Tell whether the key may use the model; None when the service does not say."""
        models = await self._service.fetch_models()
        return None if models is None else self._service.model in models

    async def _is_solvent(self, reason: OperatorAlert | None) -> bool | None:
        """Tell whether the key works and there is something to spend; None when that is unknown."""
        balance = await self._service.fetch_balance()
        if balance.is_empty:
            return False
        if reason is OperatorAlert.INSUFFICIENT_FUNDS:
            return None if balance.credits is None else True
        return None if balance.key_credits is None else True
