"""How a card about a clip looks once moderators have done something about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.store.moderation import servers
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import LogEntry
    from bot.store import Connection


async def with_what_was_done(connection: Connection, entry: LogEntry, now: datetime) -> LogEntry:
    """Return an entry with whether its clip was refunded, and with the block of its member, where there is one."""
    if entry.member_id is None:
        return entry
    block = await servers.get_block(connection, guild_id=entry.guild_id, member_id=entry.member_id, now=now)
    job = entry.job
    refunded = job is not None and job.removed_at is not None and await ledger.is_refunded(connection, job.id)
    return replace(entry, refunded=refunded, block=block)
