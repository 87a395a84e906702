"""Discord's refusals and failures, in the project's words for them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.errors import DestinationClosedError, MessagesClosedError, PublishUnavailableError, UploadTooLargeError

if TYPE_CHECKING:
    from collections.abc import Generator

_TOO_LARGE = 40005
_THREAD_ARCHIVED = 50083
_UNAUTHORIZED = 401
CLOSED_STATUSES = frozenset({403, 404})
"""Among others 10003 (channel deleted), 50001 (no access), 50007 (no direct messages), 50013 (not permitted)."""

_MESSAGES_CLOSED = frozenset({50007, 50278})
"""The member's own privacy, or that they share no server with the bot any more."""

FORBIDDEN_CODES = frozenset({50001, 50013})
"""No access, and a permission that lacks: Discord's own word, which a proxy's 403 before it does not carry."""


@contextmanager
def as_publish_errors(*, for_post: bool = False) -> Generator[None]:
    """Turn Discord's refusals and failures into the project's words for them; what has none goes through.

    Args:
        for_post: any other refusal means that this message can't go there: a place may be closed in ways nobody listed.
    """
    try:
        yield
    except discord.HTTPException as error:
        reason = f"Discord answered {error.status}, code {error.code}"
        if error.status == 413 or error.code == _TOO_LARGE:
            raise UploadTooLargeError(reason) from error
        if error.code in _MESSAGES_CLOSED:
            raise MessagesClosedError(reason) from error
        if error.status in CLOSED_STATUSES or error.code == _THREAD_ARCHIVED:
            raise DestinationClosedError(reason) from error
        if error.status == 429 or error.status >= 500:
            raise PublishUnavailableError(reason) from error
        if for_post and error.status != _UNAUTHORIZED:
            raise DestinationClosedError(reason) from error
        raise
    except (aiohttp.ClientError, OSError) as error:
        raise PublishUnavailableError(type(error).__name__) from error
