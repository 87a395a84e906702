"""``/moderate quota``, ``pool`` and ``cap``: who may use how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.errors import InvalidSettingError
from bot.models import DAYS_MAX, QUOTA_MAX_SECONDS, Period, QuotaSource, check_grant_seconds
from bot.ui import replies
from bot.ui.text import commands as command_text
from bot.ui.text import moderators as moderator_text
from cogs.context import requester
from cogs.moderation.options import (
    PERIODS,
    AnyPlace,
    ModeratorGroup,
    deleted_ids,
    matching,
    offer_days,
    parse_quota,
    parse_rule_key,
    parse_subject,
    rule_choices,
)

if TYPE_CHECKING:
    from bot.services.jobs.admission import Explanation
    from bot.services.screening.automod import AutomodRules
    from bot.services.services import Services
    from cogs.panel.panel import Panel


class QuotaGroup(ModeratorGroup):
    """Quotas of members, roles and everyone."""

    def __init__(self, services: Services, panel: Panel) -> None:
        super().__init__(name="quota", description=command_text.MODERATE_QUOTA_GROUP)
        self._services = services
        self._panel = panel

    @app_commands.command(name="set", description=command_text.MODERATE_SET)
    @app_commands.rename(days="for")
    @app_commands.describe(
        who=command_text.OPTION_WHO,
        seconds=command_text.OPTION_SECONDS,
        period=command_text.OPTION_PERIOD,
        unlimited=command_text.OPTION_UNLIMITED,
        days=command_text.OPTION_DAYS,
    )
    @app_commands.choices(period=PERIODS)
    @app_commands.autocomplete(days=offer_days)
    async def set_quota(
        self,
        interaction: discord.Interaction,
        who: discord.Member | discord.Role,
        seconds: Range[int, 0, QUOTA_MAX_SECONDS] | None = None,
        period: str = Period.DAY.value,
        unlimited: bool = False,
        days: Range[int, 1, DAYS_MAX] | None = None,
    ) -> None:
        """Set the rule of a member, a role or the server."""
        quota = parse_quota(seconds, period, unlimited=unlimited)
        source, subject_id = parse_subject(interaction, who)
        setting = self._services.quotas.set_rule(
            guild_id=interaction.guild_id or 0,
            source=source,
            subject_id=subject_id,
            quota=quota,
            set_by_id=interaction.user.id,
            days=days,
        )
        rule, replaced = await replies.run_or_defer(interaction, setting, private=True)
        await replies.reply(interaction, moderator_text.rule_set(rule, replaced))

    @app_commands.command(name="clear", description=command_text.MODERATE_CLEAR)
    @app_commands.describe(who=command_text.OPTION_WHO, rule=command_text.OPTION_RULE_CLEAR)
    async def clear_quota(
        self,
        interaction: discord.Interaction,
        who: discord.Member | discord.Role | None = None,
        rule: str | None = None,
    ) -> None:
        """Remove the rule of a member, a role or the server."""
        if who is None and rule is None:
            raise InvalidSettingError("subject", "missing")
        source, subject_id = parse_rule_key(rule) if who is None else parse_subject(interaction, who)
        await _clear(self._services, interaction, source, subject_id)

    @clear_quota.autocomplete("rule")
    @app_commands.checks.has_permissions(moderate_members=True)  # the command\'s own check is not asked
    async def offer_rules(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the rules there are."""
        return await _offer_rules(self._services, interaction, current, pools=False)

    @app_commands.command(name="list", description=command_text.MODERATE_LIST)
    async def list_quotas(self, interaction: discord.Interaction) -> None:
        """List the rules of this server."""
        await self._panel.open(interaction, "quotas")

    @app_commands.command(name="grant", description=command_text.MODERATE_GRANT)
    @app_commands.rename(days="for")
    @app_commands.describe(
        member=command_text.OPTION_MEMBER,
        seconds=command_text.OPTION_GRANT_SECONDS,
        days=command_text.OPTION_GRANT_DAYS,
    )
    @app_commands.autocomplete(days=offer_days)
    async def grant_seconds(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        seconds: Range[int, 1, QUOTA_MAX_SECONDS],
        days: Range[int, 1, DAYS_MAX] | None = None,
    ) -> None:
        """Give a member seconds, in the present period or for some days."""
        check_grant_seconds(seconds)
        granting = self._services.quotas.grant(
            requester(interaction, member).in_no_place(),
            seconds=seconds,
            granted_by_id=interaction.user.id,
            interaction_id=interaction.id,
            days=days,
        )
        status, expires_at = await replies.run_or_defer(interaction, granting, private=True)
        await replies.reply(interaction, moderator_text.granted(member.id, seconds, status, expires_at))

    @app_commands.command(name="why", description=command_text.MODERATE_WHY)
    @app_commands.describe(member=command_text.OPTION_WHY_MEMBER, channel=command_text.OPTION_WHY_CHANNEL)
    async def explain(
        self, interaction: discord.Interaction, member: discord.Member, channel: AnyPlace | None = None
    ) -> None:
        """Explain what decides for a member in a channel."""
        about = requester(interaction, member, channel)

        services = self._services

        async def look() -> tuple[Explanation, AutomodRules | None]:
            automod = await services.automod.known_rules(about.guild_id)
            return await services.admission.explain(about), automod

        explanation, automod = await replies.run_or_defer(interaction, look(), private=True)
        ids = [source.subject_id for source in explanation.sources if source.subject_id is not None]
        deleted = deleted_ids(interaction.guild, ids) - {member.id}
        await replies.reply(interaction, moderator_text.why(explanation, automod, deleted))


class PoolGroup(ModeratorGroup):
    """Shared quotas of channels."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="pool", description=command_text.MODERATE_POOL_GROUP)
        self._services = services

    @app_commands.command(name="set", description=command_text.MODERATE_POOL_SET)
    @app_commands.rename(days="for")
    @app_commands.describe(
        channel=command_text.OPTION_POOL_CHANNEL,
        seconds=command_text.OPTION_SECONDS,
        period=command_text.OPTION_PERIOD,
        unlimited=command_text.OPTION_UNLIMITED,
        days=command_text.OPTION_DAYS,
    )
    @app_commands.choices(period=PERIODS)
    @app_commands.autocomplete(days=offer_days)
    async def set_pool(
        self,
        interaction: discord.Interaction,
        channel: AnyPlace,
        seconds: Range[int, 0, QUOTA_MAX_SECONDS] | None = None,
        period: str = Period.DAY.value,
        unlimited: bool = False,
        days: Range[int, 1, DAYS_MAX] | None = None,
    ) -> None:
        """Give a channel a shared quota."""
        quota = parse_quota(seconds, period, unlimited=unlimited)
        setting = self._services.quotas.set_rule(
            guild_id=interaction.guild_id or 0,
            source=QuotaSource.CHANNEL,
            subject_id=channel.id,
            quota=quota,
            set_by_id=interaction.user.id,
            days=days,
        )
        rule, replaced = await replies.run_or_defer(interaction, setting, private=True)
        await replies.reply(interaction, moderator_text.rule_set(rule, replaced))

    @app_commands.command(name="clear", description=command_text.MODERATE_POOL_CLEAR)
    @app_commands.describe(channel=command_text.OPTION_POOL_CHANNEL, pool=command_text.OPTION_POOL_CLEAR)
    async def clear_pool(
        self, interaction: discord.Interaction, channel: AnyPlace | None = None, pool: str | None = None
    ) -> None:
        """Take a channel's shared quota away."""
        if channel is None and pool is None:
            raise InvalidSettingError("channel", "missing")
        source, subject_id = (QuotaSource.CHANNEL, channel.id) if channel is not None else parse_rule_key(pool)
        await _clear(self._services, interaction, source, subject_id)

    @clear_pool.autocomplete("pool")
    @app_commands.checks.has_permissions(moderate_members=True)  # the command\'s own check is not asked
    async def offer_pools(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the pools there are."""
        return await _offer_rules(self._services, interaction, current, pools=True)


class CapGroup(ModeratorGroup):
    """What the whole server may use."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="cap", description=command_text.MODERATE_CAP_GROUP)
        self._services = services

    @app_commands.command(name="set", description=command_text.MODERATE_CAP_SET)
    @app_commands.describe(seconds=command_text.OPTION_CAP_SECONDS, period=command_text.OPTION_PERIOD)
    @app_commands.choices(period=PERIODS)
    async def set_cap(
        self,
        interaction: discord.Interaction,
        seconds: Range[int, 0, QUOTA_MAX_SECONDS],
        period: str = Period.DAY.value,
    ) -> None:
        """Cap what the whole server may use."""
        cap = parse_quota(seconds, period)
        setting = self._services.servers.set_cap(interaction.guild_id or 0, cap, set_by_id=interaction.user.id)
        status = await replies.run_or_defer(interaction, setting, private=True)
        await replies.reply(interaction, moderator_text.cap_set(status))

    @app_commands.command(name="clear", description=command_text.MODERATE_CAP_CLEAR)
    async def clear_cap(self, interaction: discord.Interaction) -> None:
        """Take the cap away."""
        setting = self._services.servers.set_cap(interaction.guild_id or 0, None, set_by_id=interaction.user.id)
        status = await replies.run_or_defer(interaction, setting, private=True)
        await replies.reply(interaction, moderator_text.cap_set(status))


async def _clear(services: Services, interaction: discord.Interaction, source: QuotaSource, subject_id: int) -> None:
    clearing = services.quotas.clear_rule(
        guild_id=interaction.guild_id or 0, source=source, subject_id=subject_id, cleared_by_id=interaction.user.id
    )
    cleared = await replies.run_or_defer(interaction, clearing, private=True)
    deleted = deleted_ids(interaction.guild, [subject_id]) if source is not QuotaSource.MEMBER else set[int]()
    await replies.reply(interaction, moderator_text.rule_cleared(source, subject_id, cleared, deleted))


async def _offer_rules(
    services: Services, interaction: discord.Interaction, current: str, *, pools: bool
) -> list[Choice[str]]:
    rules = await services.quotas.list_rules(guild_id=interaction.guild_id or 0)
    offered = [rule for rule in rules if (rule.source is QuotaSource.CHANNEL) == pools]
    return matching(rule_choices(interaction.guild, offered), current)
