"""``/operator``: what the operator does by hand, from the one server that has it; the command line can do more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.errors import NotOperatorError
from bot.models import parse_reason
from bot.services.operating.operating import by_member
from bot.ui import replies
from bot.ui.text import commands as command_text
from bot.ui.text.operating import reports

if TYPE_CHECKING:
    from bot.models.operating import Operators
    from bot.services.operating.operating import Operating

DAYS, DAYS_MOST, SERVERS_MOST = 7, 14, 10
"""How many days and servers of spend are shown: as many as one message holds."""


class OperatorGroup(app_commands.Group):
    """Commands for the operator. Discord shows them to nobody else, which is only a hint: each use is checked."""

    def __init__(self, operating: Operating, operators: Operators) -> None:
        super().__init__(
            name="operator",
            description=command_text.OPERATOR_COMMAND,
            default_permissions=discord.Permissions.none(),
        )
        self._operating = operating
        self._operators = operators

    @app_commands.command(name="status", description=command_text.OPERATOR_STATUS)
    async def show_status(self, interaction: discord.Interaction) -> None:
        """Show how the bot stands."""
        self._require_operator(interaction)

        async def look() -> str:
            return reports.in_block(reports.status(await self._operating.status()))

        await replies.run_and_reply(interaction, look())

    @app_commands.command(name="spend", description=command_text.OPERATOR_SPEND)
    @app_commands.describe(days=command_text.OPTION_SPEND_DAYS)
    async def show_spend(self, interaction: discord.Interaction, days: Range[int, 1, DAYS_MOST] | None = None) -> None:
        """Show what was spent."""
        self._require_operator(interaction)

        async def look() -> str:
            report = await self._operating.spend_of_days(min(max(days or DAYS, 1), DAYS_MOST))
            names = {guild.id: guild.name for guild in interaction.client.guilds}
            return reports.in_block(reports.spend(report, names, most_servers=SERVERS_MOST))

        await replies.run_and_reply(interaction, look())

    @app_commands.command(name="pause", description=command_text.OPERATOR_PAUSE)
    @app_commands.describe(reason=command_text.OPTION_OPERATOR_REASON)
    async def pause(self, interaction: discord.Interaction, reason: str) -> None:
        """Send nothing new."""
        by = self._require_operator(interaction)
        reason = parse_reason(reason)

        async def act() -> str:
            await self._operating.pause(by=by, reason=reason)
            return reports.paused()

        await replies.run_and_reply(interaction, act())

    @app_commands.command(name="resume", description=command_text.OPERATOR_RESUME)
    @app_commands.describe(reason=command_text.OPTION_OPERATOR_REASON)
    async def resume(self, interaction: discord.Interaction, reason: str | None = None) -> None:
        """Go on."""
        by = self._require_operator(interaction)
        reason = None if reason is None else parse_reason(reason)

        async def act() -> str:
            await self._operating.resume(by=by, reason=reason)
            return reports.resumed()

        await replies.run_and_reply(interaction, act())

    def _require_operator(self, interaction: discord.Interaction) -> str:
        """Check that this is the operator, in their own server; return how the audit names them.

        Raises:
            NotOperatorError: when not.
        """
        is_theirs = interaction.user.id in self._operators.member_ids
        if not is_theirs or interaction.guild_id != self._operators.server_id:
            raise NotOperatorError
        return by_member(interaction.user.id)
