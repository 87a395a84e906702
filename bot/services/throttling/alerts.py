"""Telling the operator what is theirs to know: noted at once, and sent apart, so that nothing waits for Discord."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from bot.errors import PublishError

if TYPE_CHECKING:
    import asyncio

    from bot.models import AnyAlert
    from bot.services.ports import Publisher

_log = logging.getLogger(__name__)


class OperatorAlerts:
    """Alerts that wait to be sent to the operator's channel.

    Args:
        wake: set when there is one to send.
    """

    def __init__(self, publisher: Publisher, wake: asyncio.Event) -> None:
        self._publisher = publisher
        self._wake = wake
        self._waiting: deque[AnyAlert] = deque()

    @property
    def are_waiting(self) -> bool:
        """Tell whether there is something to send."""
        return bool(self._waiting)

    def note(self, alert: AnyAlert | None) -> None:
        """Let an alert be sent, if there is one."""
        if alert is not None:
            self._waiting.append(alert)
            self._wake.set()

    async def send(self) -> None:
        """Send what waits; a channel that can't be told is logged, and the alerts themselves have been."""
        while self._waiting:
            alert = self._waiting.popleft()
            try:
                await self._publisher.alert_operator(alert)
            except PublishError as error:
                fields = {"alert": str(alert), "error": type(error).__name__}
                _log.warning("the operator's channel could not be told", extra=fields)
