"""Telling the operator what only they can mend."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import PublishError

if TYPE_CHECKING:
    from bot.models import OperatorAlert
    from bot.services.ports import Publisher

_log = logging.getLogger(__name__)


class Operator:
    """The operator's channel."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def tell(self, alert: OperatorAlert | None) -> None:
        """Send an alert, if there is one; a channel that can't be told is logged, the alert itself has been."""
        if alert is None:
            return
        try:
            await self._publisher.alert_operator(alert)
        except PublishError as error:
            _log.warning("the operator's channel could not be told", extra={"error": type(error).__name__})
