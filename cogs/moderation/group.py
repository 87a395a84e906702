"""``/moderate``: what moderators do often. Families of subcommands have files of their own; the panel has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.errors import InvalidSettingError, read_all
from bot.models import DAYS_MAX, check_days, parse_reason
from bot.models.usage import UsageBy
from bot.ui import exports, filled_forms, forms, replies
from bot.ui.filled_forms import parse_period
from bot.ui.text import commands as command_text
from bot.ui.text.moderation import usage as usage_text
from cogs.context import channel_id_of, guild_id_of
from cogs.directory import names_in
from cogs.moderation.diagnosis import diagnosis_of
from cogs.moderation.options import PERIODS, ClipPlace, ModeratorGroup, offer_days
from cogs.moderation.quotas import QuotaGroup
from cogs.moderation.rules import RulesGroup
from cogs.panel.panel import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.services.services import Services
    from cogs.moderation.acts import ModeratorActs
    from cogs.panel.panel import Panel

MODERATE = "moderate"
"""The command's name."""


class ModerateGroup(ModeratorGroup):
    """What moderators do, each in their own server."""

    def __init__(self, services: Services, acts: ModeratorActs, panel: Panel) -> None:
        super().__init__(
            name=MODERATE,
            description=command_text.MODERATE_COMMAND,
            guild_only=True,
            default_permissions=discord.Permissions(moderate_members=True),
        )
        self._services = services
        self._acts = acts
        self._panel = panel
        self.add_command(QuotaGroup(services, acts))
        self.add_command(RulesGroup(services, acts))

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
        """Let a member make no more clips; whoever names themselves is asked whether they mean it."""
        if member.id == interaction.user.id:
            typed = {forms.REASON: reason, forms.DAYS: "" if days is None else str(days)}
            asked = forms.block_form("form:block_me", member.display_name, is_oneself=True)
            await interaction.response.send_modal(filled_forms.fill_in(asked, typed))
            return
        read_all(lambda: parse_reason(reason), lambda: check_days(days))
        await replies.run_and_reply(interaction, self._acts.block(interaction, member.id, reason, days))

    @app_commands.command(name="unblock", description=command_text.MODERATE_UNBLOCK)
    @app_commands.describe(member=command_text.OPTION_BLOCK_MEMBER)
    async def unblock(self, interaction: discord.Interaction, member: discord.Member | discord.User) -> None:
        """Let a member make clips again."""
        await replies.run_and_reply(interaction, self._acts.unblock(interaction, member.id))

    # The server ----------------------------------------------------------------------------------

    @app_commands.command(name="pause", description=command_text.MODERATE_PAUSE)
    @app_commands.describe(reason=command_text.OPTION_PAUSE_REASON)
    async def pause(self, interaction: discord.Interaction, reason: str) -> None:
        """Take no new clips."""
        await replies.run_and_reply(interaction, self._acts.pause(interaction, reason))

    @app_commands.command(name="resume", description=command_text.MODERATE_RESUME)
    async def resume(self, interaction: discord.Interaction) -> None:
        """Take clips again."""
        await replies.run_and_reply(interaction, self._acts.resume(interaction))

    # Looking -------------------------------------------------------------------------------------

    @app_commands.command(name="jobs", description=command_text.MODERATE_JOBS)
    async def list_jobs(self, interaction: discord.Interaction) -> None:
        """Show what is on the way."""
        await self._panel.open(interaction, Place("jobs"))

    @app_commands.command(name="settings", description=command_text.MODERATE_SETTINGS)
    async def open_settings(self, interaction: discord.Interaction) -> None:
        """Open the panel."""
        await self._panel.open(interaction, Place("home"))

    @app_commands.command(name="diagnose", description=command_text.MODERATE_DIAGNOSE)
    @app_commands.describe(channel=command_text.OPTION_WHY_CHANNEL, member=command_text.OPTION_DIAGNOSE_MEMBER)
    async def diagnose(
        self,
        interaction: discord.Interaction,
        channel: ClipPlace | None = None,
        member: discord.Member | None = None,
    ) -> None:
        """Show what the bot may do in a channel, and what keeps a member from having a clip made there."""
        channel_id = channel_id_of(interaction) if channel is None else channel.id
        await self._panel.open(interaction, diagnosis_of(channel_id, (member or interaction.user).id))

    @app_commands.command(name="usage", description=command_text.MODERATE_USAGE)
    @app_commands.describe(period=command_text.OPTION_USAGE_PERIOD, by=command_text.OPTION_USAGE_BY)
    @app_commands.choices(period=PERIODS, by=[Choice(name=name, value=by.value) for by, name in usage_text.BY.items()])
    async def show_usage(
        self, interaction: discord.Interaction, period: str | None = None, by: str | None = None
    ) -> None:
        """Show who used how much, in the period of everyone's quota unless another is chosen."""
        work = self._look_at_usage(guild_id_of(interaction), names_in(interaction.guild), period, by)
        summary, files = await replies.run_or_defer(interaction, work, private=True)
        if not await replies.reply(interaction, summary, files=files):
            await replies.reply(interaction, summary)

    async def _look_at_usage(
        self, guild_id: int, places: Mapping[int, str], period: str | None, by: str | None
    ) -> tuple[str, list[discord.File]]:
        """Return what is said of a server's use, and what is attached: tables, and a chart where anything was used."""
        quotas, usage = self._services.quotas, self._services.usage
        chosen = await quotas.period_of_everyone(guild_id) if period is None else parse_period(period)
        report = await usage.report(guild_id, chosen, _parse_by(by))
        files, listed = await exports.usage_files(report, places)
        summary, daily = usage_text.usage_summary(report, listed), report.daily
        if not daily.used_seconds:
            return summary, files
        names = report.names if daily.by is UsageBy.MEMBER else places
        picture = await usage.draw(usage_text.usage_chart(daily, names))
        by_day = await exports.daily_files(report, names, picture, usage_text.usage_chart_alt(daily, names))
        return f"{summary}\n{usage_text.usage_legend(daily)}", [*by_day, *files]


def _parse_by(by: str | None) -> UsageBy:
    """Read what use is told apart by, members unless something is chosen.

    Raises:
        InvalidSettingError: when it is not offered.
    """
    try:
        return UsageBy.MEMBER if by is None else UsageBy(by)
    except ValueError:
        raise InvalidSettingError("by", "unknown") from None
