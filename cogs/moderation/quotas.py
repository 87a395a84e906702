"""``/moderate quota``: who may use how much, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.errors import read_all
from bot.models import DAYS_MAX, QUOTA_MAX_SECONDS, Period, QuotaSource, check_days, check_grant_seconds
from bot.ui import replies
from bot.ui.text import commands as command_text
from bot.ui.text import moderators as moderator_text
from cogs.context import guild_id_of, requester, requester_in_place
from cogs.directory import deleted_ids
from cogs.moderation.options import (
    PERIODS,
    AnyPlace,
    ModeratorGroup,
    matching,
    offer_days,
    parse_quota,
    parse_rule_key,
    parse_subject,
    rule_choices,
)

if TYPE_CHECKING:
    from bot.services.services import Services
    from cogs.moderation.acts import ModeratorActs


class QuotaGroup(ModeratorGroup):
    """Quotas of members, roles and everyone."""

    def __init__(self, services: Services, acts: ModeratorActs) -> None:
        super().__init__(name="quota", description=command_text.MODERATE_QUOTA_GROUP)
        self._services = services
        self._acts = acts

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
        """Set the rule of a member, a role or the server, or show it."""
        source, subject_id = parse_subject(interaction, who)
        if seconds is None and not unlimited:
            await replies.run_and_reply(interaction, self._acts.show_quota(interaction, source, subject_id))
            return
        quota, _ = read_all(
            lambda: parse_quota(seconds, period, unlimited=unlimited),
            lambda: check_days(days),
        )
        await replies.run_and_reply(interaction, self._acts.set_quota(interaction, source, subject_id, quota, days))

    @app_commands.command(name="clear", description=command_text.MODERATE_CLEAR)
    @app_commands.describe(who=command_text.OPTION_WHO, rule=command_text.OPTION_RULE_CLEAR)
    async def clear_quota(
        self,
        interaction: discord.Interaction,
        who: discord.Member | discord.Role | None = None,
        rule: str | None = None,
    ) -> None:
        """Remove the rule of a member, a role or the server, or show all that could be."""
        if who is None and rule is None:
            await replies.run_and_reply(interaction, self._acts.show_quotas(interaction))
            return
        source, subject_id = parse_rule_key(rule) if who is None else parse_subject(interaction, who)
        await replies.run_and_reply(interaction, self._acts.clear_quota(interaction, source, subject_id))

    @clear_quota.autocomplete("rule")
    @app_commands.checks.has_permissions(moderate_members=True)  # the command's own check is not asked
    async def offer_rules(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the quotas there are."""
        rules = await self._services.quotas.list_rules(guild_id=guild_id_of(interaction))
        offered = [rule for rule in rules if rule.source is not QuotaSource.CHANNEL]
        return matching(rule_choices(interaction.guild, offered), current)

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
        read_all(lambda: check_grant_seconds(seconds), lambda: check_days(days))
        to = requester(interaction, member).in_no_place()
        await replies.run_and_reply(interaction, self._acts.grant(interaction, to, seconds, days))

    @app_commands.command(name="why", description=command_text.MODERATE_WHY)
    @app_commands.describe(member=command_text.OPTION_WHY_MEMBER, channel=command_text.OPTION_WHY_CHANNEL)
    async def explain(
        self, interaction: discord.Interaction, member: discord.Member, channel: AnyPlace | None = None
    ) -> None:
        """Explain what decides for a member in a channel."""

        async def look() -> str:
            about = await requester_in_place(interaction, member, channel)
            automod = await self._services.automod.readable_rules(about.guild_id)
            book = await self._services.prompts.book(about.guild_id)
            details = await self._services.admission.explain(about)
            ids = [source.subject_id for source in details.sources if source.subject_id is not None]
            deleted = deleted_ids(interaction.guild, ids) - {member.id}
            return moderator_text.why(details, book.counts, automod, deleted)

        await replies.run_and_reply(interaction, look())
