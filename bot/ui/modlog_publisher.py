"""Puts cards into log channels, takes clips away, and reads servers' AutoMod rules, with the bot's own token."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.errors import DestinationClosedError, PublishError, PublishUnavailableError
from bot.services.screening.automod_rules import AutomodRule, AutomodRules
from bot.ui.discord_errors import DELETED_CODES, FORBIDDEN_CODES, as_publish_errors
from bot.ui.messages.modlog_card import modlog_view, shows_still
from bot.ui.messages.stills import still_file
from bot.ui.text.moderation import modlog as modlog_text

if TYPE_CHECKING:
    from bot.models import Job, LogEntry

_log = logging.getLogger(__name__)

HISTORY_MESSAGES = 200
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far this machine's clock may be ahead of Discord's."""


class DiscordLogPublisher:
    """The ``LogPublisher`` and the ``AutomodSource`` of ``services.ports``, over a discord.py client."""

    def __init__(self, *, client: discord.Client) -> None:
        self._client = client

    async def find_log_card(self, channel_id: int, entry: LogEntry) -> int | None:
        """Look for an entry's card from when it was written on; where the history is closed to us, there is none."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=entry.guild_id)
        since = entry.created_at - CLOCK_TOLERANCE
        try:
            with as_publish_errors():
                async for message in channel.history(limit=HISTORY_MESSAGES, after=since, oldest_first=True):
                    if self._client.user == message.author and _shows(message, entry):
                        return message.id
        except DestinationClosedError as error:
            if not isinstance(error.__cause__, discord.Forbidden):
                raise
            _log.info("log history closed", extra={"guild_id": entry.guild_id, "log_entry_id": entry.id})
        return None

    async def post_log_card(self, channel_id: int, entry: LogEntry) -> int:
        """Post an entry's card; it mentions nobody."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=entry.guild_id)
        with as_publish_errors():
            message = await channel.send(
                view=modlog_view(entry),
                files=_files(entry),
                nonce=f"log{entry.id}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
        return message.id

    async def redraw_log_card(self, entry: LogEntry) -> None:
        """Edit an entry's card, and the picture on it."""
        assert entry.channel_id is not None, "a card that is drawn anew was posted"
        assert entry.message_id is not None
        channel = self._client.get_partial_messageable(entry.channel_id, guild_id=entry.guild_id)
        with as_publish_errors():
            await channel.get_partial_message(entry.message_id).edit(
                view=modlog_view(entry), attachments=_files(entry), allowed_mentions=discord.AllowedMentions.none()
            )

    async def remove_clip(self, job: Job) -> None:
        """Delete a clip's message; one that is deleted already is no error."""
        assert job.message_id is not None, "a clip that is posted has its message"
        assert job.message_channel_id is not None
        message = self._client.get_partial_messageable(job.message_channel_id).get_partial_message(job.message_id)
        with as_publish_errors():
            try:
                await message.delete()
            except discord.HTTPException as error:
                if error.code not in DELETED_CODES:
                    raise
                _log.info("clip deleted already", extra={"job_id": job.id, "discord_code": error.code})

    async def fetch_automod_rules(self, guild_id: int) -> AutomodRules:
        """Read a server's enabled keyword rules; without Manage Server they are closed to us.

        Of Discord's own word lists only their names can be read, so those can't be asked. They are closed only by the
        server's word: what the bot may do there as last heard, or Discord's own code in a refusal.

        Raises:
            PublishUnavailableError: when Discord does not say; a refusal of something before it is no answer.
        """
        guild = self._client.get_guild(guild_id)
        if guild is not None and _is_closed(guild):
            return AutomodRules(is_closed=True)
        try:
            with as_publish_errors():
                if guild is None:
                    guild = await self._client.fetch_guild(guild_id, with_counts=False)
                rules = await guild.fetch_automod_rules()
        except PublishError as error:
            refusal = error.__cause__
            if isinstance(refusal, discord.Forbidden) and refusal.code in FORBIDDEN_CODES:
                return AutomodRules(is_closed=True)
            raise PublishUnavailableError(str(error)) from error
        keyword = discord.AutoModRuleTriggerType.keyword
        held = [rule for rule in rules if rule.enabled and rule.trigger.type is keyword and _holds_back(rule)]
        return AutomodRules(tuple(_to_rule(rule) for rule in sorted(held, key=lambda rule: rule.id)))


def _files(entry: LogEntry) -> list[discord.File]:
    if entry.job is None or entry.still is None or not shows_still(entry):
        return []
    return [still_file(entry.job, entry.still)]


def _is_closed(guild: discord.Guild) -> bool:
    """Tell whether the bot is known to lack Manage Server; before the server's data has come, nothing is."""
    return not guild.unavailable and not guild.me.guild_permissions.manage_guild


def _holds_back(rule: discord.AutoModRule) -> bool:
    """Tell whether a rule does more than telling moderators of what it lets through."""
    return any(action.type is not discord.AutoModRuleActionType.send_alert_message for action in rule.actions)


def _to_rule(rule: discord.AutoModRule) -> AutomodRule:
    return AutomodRule(
        name=rule.name,
        keywords=tuple(rule.trigger.keyword_filter),
        patterns=tuple(rule.trigger.regex_patterns),
        allowed=tuple(rule.trigger.allow_list),
        exempt_roles=frozenset(rule.exempt_role_ids),
        exempt_channels=frozenset(rule.exempt_channel_ids),
    )


def _shows(message: discord.Message, entry: LogEntry) -> bool:
    items = ui.LayoutView.from_message(message, timeout=None).walk_children()
    reference = modlog_text.reference(entry)
    return any(isinstance(item, ui.TextDisplay) and item.content == reference for item in items)
