"""What Discord lets a bot do about threads, and with which codes it says no.

By its documentation ("Threads", "Start Thread from Message", "Modify Channel", "JSON Error Codes"):

- A thread is started from a message of a text or announcement channel, with *Create Public Threads*.
- Posting in an archived thread makes it active again, unless it is locked; nothing else that is written does: editing a
  message there, or changing the thread without making it active, is refused with 50083.
- Whoever lacks *Manage Threads* neither posts nor edits in a locked thread, be it archived or not, nor makes it active
  again. Deleting messages is refused only where it is archived as well.
- The one who started a thread may rename and archive it; locking it takes *Manage Threads*.

Where the documentation leaves something open, this goes by what was reported to Discord, and takes the stricter way:

- A post in a thread that is locked and archived gets 403 with 50083, an edit in an archived one 400 with 50083.
- The one code that is documented for a locked thread that is active is 160005; with which status is not known.
- For making a locked thread active again without *Manage Threads* no code is known; 50013 stands for it. That the one
  who started it may do so is documented in one place, denied in two and by those who have tried.
- An answer to an interaction is a post, and changing it is an edit; only private ones are always taken.
- Whether a second thread may be started from a message whose thread was deleted is not known. Here it may.

Nothing is archived by the passing of time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import ChannelType

from tests.support.discord_server.requests import (
    MISSING_PERMISSIONS,
    THREAD_ARCHIVED,
    THREAD_ARCHIVED_FOR_YOU,
    THREAD_LOCKED,
    WRONG_CHANNEL_TYPE,
    RefusedError,
    invalid_body,
)

if TYPE_CHECKING:
    from discord import Permissions

    from tests.support.discord_server.model import Channel, Json, Thread, User

PARENT_TYPES = {ChannelType.text: ChannelType.public_thread, ChannelType.news: ChannelType.news_thread}
"""Where threads are started from messages, and of which kind they are then."""
AUTO_ARCHIVE_MINUTES = 1440
"""What a thread gets when whoever starts it says nothing."""
_AUTO_ARCHIVE_CHOICES = {None, 60, 1440, 4320, 10080}
_NAME_MAX_LENGTH = 100


def check_start(channel: Channel, bot: User, body: Json) -> None:
    """Check that the bot may start a thread from a message of that channel.

    Raises:
        RefusedError: with 50024, 50013 or 50035.
    """
    if channel.type not in PARENT_TYPES:
        raise RefusedError(*WRONG_CHANNEL_TYPE)
    if not channel.permissions_of(bot).create_public_threads:
        raise RefusedError(*MISSING_PERMISSIONS)
    if not body.get("name"):
        raise invalid_body("name: this field is required")
    _check_body(body)


def check_post(thread: Thread, author: User) -> None:
    """Check that a message may be posted, which makes the thread active.

    Raises:
        RefusedError: 403, with 50083 or 160005.
    """
    if thread.is_locked and not _permissions(thread, author).manage_threads:
        raise RefusedError(*(THREAD_ARCHIVED_FOR_YOU if thread.is_archived else THREAD_LOCKED))


def check_edit(thread: Thread, author: User) -> None:
    """Check that a message may be edited.

    Raises:
        RefusedError: 400 with 50083, or 403 with 160005.
    """
    if thread.is_archived:
        raise RefusedError(*THREAD_ARCHIVED)
    check_post(thread, author)


def check_delete(thread: Thread, bot: User) -> None:
    """Check that a message may be deleted.

    Raises:
        RefusedError: 400 with 50083.
    """
    if thread.is_archived and thread.is_locked and not _permissions(thread, bot).manage_threads:
        raise RefusedError(*THREAD_ARCHIVED)


def check_change(thread: Thread, bot: User, body: Json) -> None:
    """Check that the bot may change the thread itself as the body says.

    Raises:
        RefusedError: with 50013, 50083, 160005 or 50035.
    """
    _check_body(body)
    allowed = _permissions(thread, bot)
    becomes_active = thread.is_archived and body.get("archived") is False
    other_changes = body.keys() - ({"archived"} if becomes_active else set[str]())
    if thread.is_archived and not becomes_active:
        raise RefusedError(*THREAD_ARCHIVED)
    if becomes_active and not (allowed.manage_threads if thread.is_locked else allowed.send_messages_in_threads):
        raise RefusedError(*MISSING_PERMISSIONS)
    if allowed.manage_threads or not other_changes:
        return
    if thread.is_locked:
        raise RefusedError(*THREAD_LOCKED)
    if thread.owner_id != bot.id or not other_changes <= {"name", "archived", "auto_archive_duration"}:
        raise RefusedError(*MISSING_PERMISSIONS)


def _permissions(thread: Thread, user: User) -> Permissions:
    if user.is_bot or thread.guild is None:
        return thread.permissions_of(user)
    return thread.guild.members[user.id].permissions


def _check_body(body: Json) -> None:
    if len(body.get("name") or "") > _NAME_MAX_LENGTH:
        raise invalid_body(f"name: must be {_NAME_MAX_LENGTH} or fewer in length")
    if body.get("auto_archive_duration") not in _AUTO_ARCHIVE_CHOICES:
        raise invalid_body("auto_archive_duration: not one of the choices")
