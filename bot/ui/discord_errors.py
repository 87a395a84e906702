"""Discord's refusals and failures, in the project's words for them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.errors import (
    DestinationClosedError,
    MessageRefusedError,
    MessagesClosedError,
    PublishError,
    PublishUnavailableError,
    UploadTooLargeError,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

UNKNOWN_MESSAGE = 10008
MISSING_ACCESS = 50001
MISSING_PERMISSIONS = 50013
_TOO_LARGE = 40005

CLOSING_CODES: Mapping[int, str] = {
    10003: "the channel or the thread is deleted",
    10004: "the server is gone, or has removed the bot",
    UNKNOWN_MESSAGE: "the message that was to be changed is deleted",
    10013: "the member's account is gone",
    50001: "the bot may not see the channel, the thread or the server",
    50005: "the message that was to be changed is another's",
    50007: "the member takes no direct messages from the bot",
    50008: "nothing can be written in a channel of this kind",
    50013: "the bot lacks a permission in the channel, the thread or the server",
    50024: "a channel of this kind does not have that",
    50083: "the thread is archived, and the bot may not open it",
    50278: "the member shares no server with the bot any more, so there are no direct messages",
    160005: "the thread is locked",
}
"""What Discord says of a place, or of a message that is to be changed, that holds until somebody changes it.

From its documentation, "JSON Error Codes", but for 50278, which it gives without listing it.
"""
MESSAGES_CLOSED_CODES = frozenset({50007, 50278})
"""The member's own privacy, or that they share no server with the bot any more."""
FORBIDDEN_CODES = frozenset({MISSING_ACCESS, MISSING_PERMISSIONS})
NOT_IN_SERVER_CODES = frozenset({10004, MISSING_ACCESS})
"""Of a server as a whole: it is gone, or the bot is not in it."""
DELETED_CODES = frozenset({10003, 10004, UNKNOWN_MESSAGE})
"""With the channel or the server a message is gone, too."""
_TOO_LATE_CODES = frozenset({10015, 10062, 50027})
"""The interaction, or its token, is dead."""
ANSWER_GONE_CODES = DELETED_CODES | _TOO_LATE_CODES
UNKNOWN_MEMBER_CODES = frozenset({10007, 10013})
"""Somebody is no member of the server, or their account is gone."""
_NO_WORD_CODES = frozenset({0, 40333, 40062, 130000})
"""No code, or one of what stands before Discord or of its being overloaded: it says nothing about the place."""
_REFUSED_STATUSES = frozenset({400, 403, 404})


@contextmanager
def as_publish_errors() -> Generator[None]:
    """Turn Discord's refusals and failures into the project's words for them.

    Only a code in ``CLOSING_CODES`` closes a place, whatever the status. A page, whatever its status, is no answer of
    Discord's: the same may be taken a minute later.
    """
    try:
        yield
    except discord.HTTPException as error:
        raise _as_publish_error(error) from error
    except (aiohttp.ClientError, OSError) as error:
        raise PublishUnavailableError(type(error).__name__) from error


def may_be_taken_later(error: Exception) -> bool:
    """Tell whether Discord, or what stands before it, has said no more than "not now"."""
    if not isinstance(error, discord.HTTPException):
        return True
    return error.code not in _TOO_LATE_CODES and isinstance(_as_publish_error(error), PublishUnavailableError)


def _as_publish_error(error: discord.HTTPException) -> PublishError:
    reason = f"Discord answered {error.status}, code {error.code}"
    if error.status == 413 or error.code == _TOO_LARGE:
        return UploadTooLargeError(reason)
    if error.code in MESSAGES_CLOSED_CODES:
        return MessagesClosedError(reason)
    if error.code in CLOSING_CODES:
        return DestinationClosedError(f"{reason}: {CLOSING_CODES[error.code]}")
    if error.status in _REFUSED_STATUSES and error.code not in _NO_WORD_CODES:
        return MessageRefusedError(reason)
    return PublishUnavailableError(reason)


def in_own_words(error: Exception) -> Exception:
    """Return ``PublishUnavailableError`` for what Discord did not take just now, or too late; else the error itself."""
    if isinstance(error, discord.HTTPException):
        found = _as_publish_error(error)
        is_passing = isinstance(found, PublishUnavailableError) or error.code in _TOO_LATE_CODES
        return PublishUnavailableError(str(found)) if is_passing else error
    is_lost = isinstance(error, aiohttp.ClientError | ConnectionError | TimeoutError)
    return PublishUnavailableError(type(error).__name__) if is_lost else error
