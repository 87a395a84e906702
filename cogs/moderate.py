"""``/moderate quota``: what moderators do about quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.errors import InvalidQuotaError
from bot.models import QUOTA_MAX_SECONDS, Period, Quota, QuotaSource, check_grant_seconds
from bot.ui import answers, texts
from cogs.members import role_ids

if TYPE_CHECKING:
    from bot.services.quotas import QuotaService


@app_commands.guild_only()
@app_commands.default_permissions(moderate_members=True)
class ModerateCog(commands.GroupCog, group_name="moderate", group_description=texts.MODERATE_COMMAND):
    """Lets moderators set quotas in their own server."""

    quota = app_commands.Group(name="quota", description=texts.MODERATE_QUOTA_GROUP)

    def __init__(self, *, quotas: QuotaService) -> None:
        self._quotas = quotas

    async def interaction_check(self, interaction: discord.Interaction) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride] (discord.py allows both kinds)
        """Let moderators through; what Discord's client shows to whom is only a hint."""
        if not interaction.permissions.moderate_members:
            raise app_commands.MissingPermissions(["moderate_members"])
        return True

    @quota.command(name="set", description=texts.MODERATE_SET)
    @app_commands.describe(
        who=texts.OPTION_WHO,
        seconds=texts.OPTION_SECONDS,
        period=texts.OPTION_PERIOD,
        unlimited=texts.OPTION_UNLIMITED,
    )
    @app_commands.choices(period=[Choice(name=period.value.capitalize(), value=period.value) for period in Period])
    async def set_quota(
        self,
        interaction: discord.Interaction,
        who: discord.Member | discord.Role,
        seconds: Range[int, 0, QUOTA_MAX_SECONDS] | None = None,
        period: str = Period.DAY.value,
        unlimited: bool = False,
    ) -> None:
        """Set the rule of a member, a role or the server."""
        quota = _parse_quota(seconds, period, unlimited=unlimited)
        source, subject_id = _subject(interaction, who)
        setting = self._quotas.set_rule(
            guild_id=interaction.guild_id or 0,
            source=source,
            subject_id=subject_id,
            quota=quota,
            set_by=interaction.user.id,
        )
        rule = await answers.promptly(interaction, setting, private=True)
        await answers.say(interaction, texts.rule_set(rule))

    @quota.command(name="clear", description=texts.MODERATE_CLEAR)
    @app_commands.describe(who=texts.OPTION_WHO)
    async def clear_quota(self, interaction: discord.Interaction, who: discord.Member | discord.Role) -> None:
        """Remove the rule of a member, a role or the server."""
        source, subject_id = _subject(interaction, who)
        clearing = self._quotas.clear_rule(guild_id=interaction.guild_id or 0, subject_id=subject_id)
        existed = await answers.promptly(interaction, clearing, private=True)
        await answers.say(interaction, texts.rule_cleared(source, subject_id, existed=existed))

    @quota.command(name="list", description=texts.MODERATE_LIST)
    async def list_quotas(self, interaction: discord.Interaction) -> None:
        """List the rules of this server."""
        listing = self._quotas.list_rules(guild_id=interaction.guild_id or 0)
        await answers.say(interaction, texts.rule_list(await answers.promptly(interaction, listing, private=True)))

    @quota.command(name="grant", description=texts.MODERATE_GRANT)
    @app_commands.describe(member=texts.OPTION_MEMBER, seconds=texts.OPTION_GRANT_SECONDS)
    async def grant_seconds(
        self, interaction: discord.Interaction, member: discord.Member, seconds: Range[int, 1, QUOTA_MAX_SECONDS]
    ) -> None:
        """Give a member seconds in the present period."""
        check_grant_seconds(seconds)
        granting = self._quotas.grant(
            guild_id=interaction.guild_id or 0,
            member_id=member.id,
            role_ids=role_ids(member),
            seconds=seconds,
            granted_by=interaction.user.id,
            interaction_id=interaction.id,
        )
        status = await answers.promptly(interaction, granting, private=True)
        await answers.say(interaction, texts.granted(member.id, seconds, status))


def _parse_quota(seconds: int | None, period: str, *, unlimited: bool) -> Quota:
    """Make a rule of options as they came.

    Raises:
        InvalidQuotaError: when they are not exactly one sensible rule.
    """
    try:
        parsed_period = Period(period)
    except ValueError:
        raise InvalidQuotaError("period") from None
    if unlimited and seconds is not None:
        raise InvalidQuotaError("contradictory")
    if not unlimited and seconds is None:
        raise InvalidQuotaError("missing")
    return Quota(seconds, parsed_period)


def _subject(interaction: discord.Interaction, who: object) -> tuple[QuotaSource, int]:
    """Tell whose rule is meant; @everyone is a role whose id is the server's own.

    Raises:
        discord.app_commands.TransformerError: when it is neither a member nor a role.
    """
    match who:
        case discord.Role(id=role_id):
            return (QuotaSource.SERVER if role_id == interaction.guild_id else QuotaSource.ROLE), role_id
        case discord.Member(id=member_id) | discord.User(id=member_id):
            return QuotaSource.MEMBER, member_id
        case _:
            mentionable = discord.AppCommandOptionType.mentionable
            raise app_commands.TransformerError(who, mentionable, app_commands.Transformer())
