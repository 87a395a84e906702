"""``/moderate``: what moderators do about a server as a whole; families of subcommands have files of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.errors import InvalidQuotaError
from bot.models import DAYS_MAX, Period
from bot.services.quotas.periods import timezone_names
from bot.ui import exports, replies
from bot.ui.text import commands as command_text
from bot.ui.text import moderators as moderator_text
from cogs.moderation.options import PERIODS, LogPlace, ModeratorGroup, matching, offer_days, require_log_channel
from cogs.moderation.quotas import CapGroup, PoolGroup, QuotaGroup
from cogs.moderation.rules import ChannelsGroup, RulesGroup

if TYPE_CHECKING:
    from bot.services.services import Services
    from cogs.panel.panel import Panel


_COMMON_ZONES = (
    *("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "America/Los_Angeles"),
    *("America/Sao_Paulo", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney"),
)
"""Offered first; all others follow in alphabetical order."""


class ModerateGroup(ModeratorGroup):
    """Everything moderators do, each in their own server."""

    def __init__(self, services: Services, panel: Panel) -> None:
        super().__init__(
            name="moderate",
            description=command_text.MODERATE_COMMAND,
            guild_only=True,
            default_permissions=discord.Permissions(moderate_members=True),
        )
        self._services = services
        self._panel = panel
        self.add_command(QuotaGroup(services, panel))
        self.add_command(PoolGroup(services))
        self.add_command(CapGroup(services))
        self.add_command(ChannelsGroup(services))
        self.add_command(RulesGroup(services, panel))

    # Members -------------------------------------------------------------------------------------

    @app_commands.command(name="block", description=command_text.MODERATE_BLOCK)
    @app_commands.rename(days="for")
    @app_commands.describe(
        member=command_text.OPTION_BLOCK_MEMBER,
        reason=command_text.OPTION_BLOCK_REASON,
        days=command_text.OPTION_BLOCK_DAYS,
    )
    @app_commands.autocomplete(days=offer_days)
    async def block(
        self,
        interaction: discord.Interaction,
        member: discord.Member | discord.User,
        reason: str,
        days: Range[int, 1, DAYS_MAX] | None = None,
    ) -> None:
        """Let a member make no more clips."""
        blocking = self._services.servers.block(
            interaction.guild_id or 0, member.id, reason=reason, days=days, set_by_id=interaction.user.id
        )
        made, cancelled = await replies.run_or_defer(interaction, blocking, private=True)
        await replies.reply(interaction, moderator_text.blocked(made, cancelled))

    @app_commands.command(name="unblock", description=command_text.MODERATE_UNBLOCK)
    @app_commands.describe(member=command_text.OPTION_BLOCK_MEMBER)
    async def unblock(self, interaction: discord.Interaction, member: discord.Member | discord.User) -> None:
        """Let a member make clips again."""
        unblocking = self._services.servers.unblock(interaction.guild_id or 0, member.id, set_by_id=interaction.user.id)
        ended = await replies.run_or_defer(interaction, unblocking, private=True)
        await replies.reply(interaction, moderator_text.unblocked(member.id, ended))

    # The server ----------------------------------------------------------------------------------

    @app_commands.command(name="pause", description=command_text.MODERATE_PAUSE)
    @app_commands.describe(reason=command_text.OPTION_PAUSE_REASON)
    async def pause(self, interaction: discord.Interaction, reason: str) -> None:
        """Take no new clips."""
        pausing = self._services.servers.pause(interaction.guild_id or 0, reason, set_by_id=interaction.user.id)
        server = await replies.run_or_defer(interaction, pausing, private=True)
        await replies.reply(interaction, moderator_text.paused(server.pause.reason if server.pause else ""))

    @app_commands.command(name="resume", description=command_text.MODERATE_RESUME)
    async def resume(self, interaction: discord.Interaction) -> None:
        """Take clips again."""
        resuming = self._services.servers.resume(interaction.guild_id or 0, set_by_id=interaction.user.id)
        await replies.run_or_defer(interaction, resuming, private=True)
        await replies.reply(interaction, moderator_text.RESUMED)

    @app_commands.command(name="log", description=command_text.MODERATE_LOG)
    @app_commands.describe(channel=command_text.OPTION_LOG_CHANNEL)
    async def set_log(self, interaction: discord.Interaction, channel: LogPlace | None = None) -> None:
        """Choose where the log goes."""
        channel_id = None if channel is None else require_log_channel(interaction, channel.id)
        setting = self._services.servers.set_log_channel(
            interaction.guild_id or 0, channel_id, set_by_id=interaction.user.id
        )
        await replies.run_or_defer(interaction, setting, private=True)
        await replies.reply(interaction, moderator_text.log_set(channel_id))

    @app_commands.command(name="timezone", description=command_text.MODERATE_TIMEZONE)
    @app_commands.describe(zone=command_text.OPTION_ZONE)
    async def set_timezone(self, interaction: discord.Interaction, zone: str) -> None:
        """Choose when days begin."""
        setting = self._services.servers.set_timezone(interaction.guild_id or 0, zone, set_by_id=interaction.user.id)
        server = await replies.run_or_defer(interaction, setting, private=True)
        await replies.reply(interaction, moderator_text.timezone_set(server))

    @set_timezone.autocomplete("zone")
    async def offer_zones(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer time zones."""
        names = [*_COMMON_ZONES, *(name for name in timezone_names() if name not in _COMMON_ZONES)]
        return matching(((name, name) for name in names), current.strip().replace(" ", "_"))

    # Looking -------------------------------------------------------------------------------------

    @app_commands.command(name="jobs", description=command_text.MODERATE_JOBS)
    async def list_jobs(self, interaction: discord.Interaction) -> None:
        """Show what is on the way."""
        await self._panel.open(interaction, "jobs")

    @app_commands.command(name="settings", description=command_text.MODERATE_SETTINGS)
    async def open_settings(self, interaction: discord.Interaction) -> None:
        """Open the panel."""
        await self._panel.open(interaction, "home")

    @app_commands.command(name="audit", description=command_text.MODERATE_AUDIT)
    async def show_audit(self, interaction: discord.Interaction) -> None:
        """Show the latest changes."""
        await self._panel.open(interaction, "audit")

    @app_commands.command(name="usage", description=command_text.MODERATE_USAGE)
    @app_commands.describe(period=command_text.OPTION_USAGE_PERIOD)
    @app_commands.choices(period=PERIODS)
    async def show_usage(self, interaction: discord.Interaction, period: str = Period.MONTH.value) -> None:
        """Show who used how much."""
        try:
            parsed_period = Period(period)
        except ValueError:
            raise InvalidQuotaError("period") from None
        reporting = self._services.usage.report(interaction.guild_id or 0, parsed_period)
        report = await replies.run_or_defer(interaction, reporting, private=True)
        files, listed = await asyncio.to_thread(exports.usage_files, report)
        summary = moderator_text.usage_summary(report, listed)
        if not await replies.reply(interaction, summary, files=files):
            await replies.reply(interaction, summary)
