"""A server's settings: its time zone, cap, log channel, pause, channels and blocks; read and changed by moderators."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import (
    GEMINI_OMNI,
    Block,
    ChangeKind,
    ChannelRule,
    JobError,
    Pause,
    PromptRuleKind,
    Quota,
    Server,
    check_days,
    parse_reason,
)
from bot.services.moderation.audit_trail import are_same
from bot.services.moderation.cards import with_what_was_done
from bot.services.quotas.caps import cap_status, record_cap_alert
from bot.services.quotas.periods import parse_timezone
from bot.store import jobs
from bot.store.moderation import audit, modlog, prompt_rules, servers
from bot.store.quotas import ledger
from bot.store.quotas import rules as quota_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.models import (
        AuditDetails,
        CapStatus,
        CeilingStatus,
        Change,
        ClipButtons,
        Grant,
        LogEntry,
        ModelProfile,
        QuotaRule,
    )
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.services.spend.watch import SpendWatch
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerView:
    """All that moderators have decided about a server, as it stands.

    Attributes:
        ceilings: the operator's that hold for the server as a whole, how far they are used.
        channels: as far as the model has their defaults.
    """

    server: Server
    cap: CapStatus | None
    ceilings: Sequence[CeilingStatus] = ()
    rules: list[QuotaRule]
    channels: list[ChannelRule]
    blocks: list[Block]
    grants: list[Grant]
    rule_counts: dict[PromptRuleKind, int]


class ServerService:
    """Reads and changes servers' settings; every change is written down with who made it.

    Every method raises ``StoreUnavailableError`` when the database cannot be asked; nothing has changed then.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit_trail: AuditTrail,
        jobs: JobService,
        spend_watch: SpendWatch,
        profile: ModelProfile = GEMINI_OMNI,
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail
        self._jobs = jobs
        self._spend_watch = spend_watch
        self._profile = profile

    async def view(self, guild_id: int) -> ServerView:
        """Return everything that is set."""
        now = self._clock.now()
        async with self._database.read() as connection:
            server = await servers.get(connection, guild_id)
            channels = await servers.list_channel_rules(connection, guild_id)
            return ServerView(
                server=server,
                cap=await cap_status(connection, server, now, self._profile),
                ceilings=await self._spend_watch.read(connection, now, guild_id=guild_id),
                rules=await quota_rules.list_for(connection, guild_id=guild_id, now=now),
                channels=[rule.fitted(self._profile) for rule in channels],
                blocks=await servers.list_blocks(connection, guild_id=guild_id, now=now),
                grants=await ledger.list_grants(connection, guild_id=guild_id, now=now),
                rule_counts=await prompt_rules.count(connection, guild_id),
            )

    async def list_changes(self, guild_id: int, *, limit: int, skip: int = 0) -> tuple[list[Change], int]:
        """Return a server's audit, latest first, and how long it is in all."""
        async with self._database.read() as connection:
            changes = await audit.list_latest(connection, guild_id, limit=limit, skip=skip)
            return changes, await audit.count(connection, guild_id)

    async def clip_card(self, guild_id: int, entry_id: int) -> LogEntry | None:
        """Return the log's card about a clip as it should look now, or None where there is none."""
        async with self._database.read() as connection:
            entry = await modlog.get(connection, guild_id, entry_id)
            if entry is None or entry.member_id is None:
                return None
            return await with_what_was_done(connection, entry, self._clock.now())

    # Settings ------------------------------------------------------------------------------------

    async def set_timezone(self, guild_id: int, name: object, *, set_by_id: int) -> Server:
        """Set when days, weeks and months begin, by a zone's name or its city; what was used is counted anew by that.

        Raises:
            InvalidSettingError: when there is no such zone.
        """
        zone = await parse_timezone(name)
        return await self._change(
            guild_id,
            set_by_id,
            ChangeKind.TIMEZONE,
            lambda server: replace(server, timezone=zone),
            lambda server: {"timezone": server.timezone},
        )

    async def set_clip_buttons(self, guild_id: int, whose: ClipButtons, *, set_by_id: int) -> Server:
        """Choose who may use the buttons under clips."""
        return await self._change(
            guild_id,
            set_by_id,
            ChangeKind.CLIP_BUTTONS,
            lambda server: replace(server, clip_buttons=whose),
            lambda server: {"for": server.clip_buttons.value},
        )

    async def set_cap(self, guild_id: int, cap: Quota | None, *, set_by_id: int) -> CapStatus | None:
        """Set what the whole server may use in a period, or that there is no cap; return where it stands then."""
        cap = None if cap is None or cap.seconds is None else cap
        async with self._audit_trail.write(guild_id) as connection:
            server = await self._audit_trail.change_settings(
                connection,
                guild_id,
                set_by_id,
                ChangeKind.CAP,
                lambda server: replace(server, cap=cap, cap_told_percent=0),
                lambda server: None if server.cap is None else server.cap.details,
            )
            return await self._record_cap_alert(connection, server)

    async def set_log_channel(self, guild_id: int, channel_id: int | None, *, set_by_id: int) -> Server:
        """Choose where the log goes, from now on; None is nowhere. The caller has seen that it is the server's own."""
        async with self._audit_trail.write(guild_id) as connection:
            server = await self._audit_trail.change_settings(
                connection,
                guild_id,
                set_by_id,
                ChangeKind.LOG_CHANNEL,
                lambda server: replace(server, log_channel_id=channel_id, log_closed=False),
                _log_channel_details,
            )
            await self._record_cap_alert(connection, server)
        return server

    async def allow_private(self, guild_id: int, *, allowed: bool, set_by_id: int) -> Server:
        """Let members have clips sent to their direct messages, or not; those that were accepted are still sent."""
        return await self._change(
            guild_id,
            set_by_id,
            ChangeKind.PRIVATE_CLIPS,
            lambda server: replace(server, allows_private=allowed),
            lambda server: {"allowed": server.allows_private},
        )

    async def pause(self, guild_id: int, reason: object, *, set_by_id: int) -> Server:
        """Take no new clips; those that were accepted are still made.

        Raises:
            InvalidSettingError: when there is no reason, or it is too long.
        """
        pause = Pause(parse_reason(reason), set_by_id, self._clock.now())
        return await self._change_pause(guild_id, pause, set_by_id)

    async def resume(self, guild_id: int, *, set_by_id: int) -> Server:
        """Take clips again."""
        return await self._change_pause(guild_id, None, set_by_id)

    async def _record_cap_alert(self, connection: Connection, server: Server) -> CapStatus | None:
        now = self._clock.now()
        status = await cap_status(connection, server, now, self._profile)
        if status is not None:
            await record_cap_alert(connection, server, status, now)
        return status

    async def _change_pause(self, guild_id: int, pause: Pause | None, set_by_id: int) -> Server:
        return await self._change(
            guild_id,
            set_by_id,
            ChangeKind.PAUSE,
            lambda server: replace(server, pause=pause),
            lambda server: None if server.pause is None else server.pause.details,
        )

    async def _change(
        self,
        guild_id: int,
        made_by_id: int,
        kind: ChangeKind,
        change: Callable[[Server], Server],
        details: Callable[[Server], AuditDetails | None],
    ) -> Server:
        async with self._audit_trail.write(guild_id) as connection:
            return await self._audit_trail.change_settings(connection, guild_id, made_by_id, kind, change, details)

    # Channels ------------------------------------------------------------------------------------

    async def change_channel(
        self, guild_id: int, channel_id: int, change: Callable[[ChannelRule], ChannelRule], *, set_by_id: int
    ) -> ChannelRule:
        """Change what holds in a channel, a category, a thread or ``EVERYWHERE``."""
        async with self._audit_trail.write(guild_id) as connection:
            found = await servers.list_channel_rules(connection, guild_id, (channel_id,))
            rule = found[0] if found else ChannelRule(guild_id=guild_id, channel_id=channel_id)
            changed = change(rule)
            await servers.put_channel_rule(connection, changed)
            await self._audit_trail.record(
                connection,
                guild_id=guild_id,
                made_by_id=set_by_id,
                kind=ChangeKind.CHANNEL,
                subject_id=channel_id,
                before=rule.details,
                after=changed.details,
            )
        return changed

    # Blocks --------------------------------------------------------------------------------------

    async def block(
        self, guild_id: int, member_id: int, *, reason: object, days: int | None, set_by_id: int
    ) -> tuple[Block, int]:
        """Let a member make no more clips; cancel and refund what they have waiting. Return how much that was.

        Args:
            days: for how long, 1 to 90; None is until a moderator ends it.

        Raises:
            InvalidSettingError: when the reason or the days are not sensible.
        """
        check_days(days)
        now = self._clock.now()
        expires_at = None if days is None else now + timedelta(days=days)
        block = Block(
            guild_id=guild_id,
            member_id=member_id,
            reason=parse_reason(reason),
            set_by_id=set_by_id,
            set_at=now,
            expires_at=expires_at,
        )
        cancelled = 0
        async with self._audit_trail.write(guild_id) as connection:
            earlier = await servers.get_block(connection, guild_id=guild_id, member_id=member_id, now=now)
            if earlier is not None and are_same(earlier.details, block.details):
                block = earlier
            await servers.put_block(connection, block)
            for job in await jobs.list_waiting(connection, guild_id=guild_id, member_id=member_id):
                called_off = await jobs.call_off(connection, job, JobError.MEMBER_BLOCKED, now=now)
                if called_off is not None:
                    await ledger.refund(connection, called_off, now=now, made_by_id=set_by_id)
                    cancelled += 1
            await self._audit_trail.record(
                connection,
                guild_id=guild_id,
                made_by_id=set_by_id,
                kind=ChangeKind.BLOCK,
                subject_id=member_id,
                before=None if earlier is None else earlier.details,
                after=block.details,
            )
        _log.info("member blocked", extra={"guild_id": guild_id, "member_id": member_id, "cancelled": cancelled})
        self._jobs.note_cancelled()
        return block, cancelled

    async def unblock(self, guild_id: int, member_id: int, *, set_by_id: int) -> Block | None:
        """End a member's block; return it, or None when there was none."""
        async with self._audit_trail.write(guild_id) as connection:
            block = await servers.get_block(connection, guild_id=guild_id, member_id=member_id, now=self._clock.now())
            await servers.remove_block(connection, guild_id=guild_id, member_id=member_id)
            await self._audit_trail.record(
                connection,
                guild_id=guild_id,
                made_by_id=set_by_id,
                kind=ChangeKind.BLOCK,
                subject_id=member_id,
                before=None if block is None else block.details,
                after=None,
            )
        return block


def _log_channel_details(server: Server) -> AuditDetails | None:
    if server.log_channel_id is None:
        return None
    return {"channel_id": server.log_channel_id} | ({"closed": True} if server.log_closed else {})
