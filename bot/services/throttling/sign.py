"""The sign beside the bot's name that the video service is in trouble."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import PublishError

if TYPE_CHECKING:
    from bot.services.ports import Publisher
    from bot.services.throttling.throttle import ServiceThrottle

_log = logging.getLogger(__name__)


class TroubleSign:
    """Keeps it true; each process has its own, as each has its own connection to Discord."""

    def __init__(self, publisher: Publisher, throttle: ServiceThrottle) -> None:
        self._publisher = publisher
        self._throttle = throttle
        self._is_shown = False
        self._is_changing = False

    @property
    def is_wrong(self) -> bool:
        """Tell whether it says something else than is true, as far as is known."""
        return self._is_shown is not self._throttle.is_in_trouble

    @property
    def is_due(self) -> bool:
        """Tell whether it is to be changed now."""
        return self.is_wrong and not self._is_changing

    async def change(self) -> None:
        """Set it, or take it away; where Discord does not take that, it stays due."""
        is_in_trouble = self._throttle.is_in_trouble
        self._is_changing = True
        try:
            await self._publisher.show_trouble(is_in_trouble=is_in_trouble)
        except PublishError as error:
            _log.warning("the sign of trouble could not be changed", extra={"error": type(error).__name__})
        else:
            self._is_shown = is_in_trouble
        finally:
            self._is_changing = False
