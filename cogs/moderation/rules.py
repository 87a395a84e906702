"""``/moderate rules``: what prompts may not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.errors import InvalidSettingError, InvalidSpecError
from bot.models import PROMPT_MAX_CHARACTERS, PromptRuleKind
from bot.ui import replies
from bot.ui.text import commands as command_text
from bot.ui.text import formatting
from bot.ui.text import rules as rule_text
from cogs.context import guild_id_of
from cogs.moderation.options import ModeratorGroup, matching, parse_id

if TYPE_CHECKING:
    from bot.services.services import Services
    from cogs.moderation.acts import ModeratorActs

_KINDS = [Choice(name=name, value=kind.value) for kind, name in rule_text.KINDS.items()]


class RulesGroup(ModeratorGroup):
    """What prompts may not hold."""

    def __init__(self, services: Services, acts: ModeratorActs) -> None:
        super().__init__(name="rules", description=command_text.MODERATE_RULES_GROUP)
        self._services = services
        self._acts = acts

    @app_commands.command(name="add", description=command_text.MODERATE_RULES_ADD)
    @app_commands.describe(kind=command_text.OPTION_RULE_KIND, text=command_text.OPTION_RULE_TEXT)
    @app_commands.choices(kind=_KINDS)
    async def add_rule(self, interaction: discord.Interaction, kind: str, text: str) -> None:
        """Refuse prompts that hold something."""
        try:
            parsed_kind = PromptRuleKind(kind)
        except ValueError:
            raise InvalidSettingError("kind", "unknown") from None
        await replies.run_and_reply(interaction, self._acts.add_rule(interaction, parsed_kind, text))

    @app_commands.command(name="remove", description=command_text.MODERATE_RULES_REMOVE)
    @app_commands.describe(rule=command_text.OPTION_RULE)
    async def remove_rule(self, interaction: discord.Interaction, rule: str) -> None:
        """Remove a rule."""
        await replies.run_and_reply(interaction, self._acts.remove_rule(interaction, parse_id(rule)))

    @remove_rule.autocomplete("rule")
    @app_commands.checks.has_permissions(moderate_members=True)  # the command's own check is not asked
    async def offer_rules(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the rules there are."""
        book = await self._services.prompts.book(guild_id_of(interaction))
        return matching(((formatting.plain(rule.text, 100), str(rule.id)) for rule in book.rules), current)

    @app_commands.command(name="test", description=command_text.MODERATE_RULES_TEST)
    @app_commands.describe(prompt=command_text.OPTION_TEST_PROMPT)
    async def test_rules(self, interaction: discord.Interaction, prompt: Range[str, 1, PROMPT_MAX_CHARACTERS]) -> None:
        """See which rules refuse a prompt."""
        if not isinstance(prompt, str):  # pyright: ignore[reportUnnecessaryIsInstance] (Discord's client is not trusted)
            raise InvalidSpecError("prompt", "empty")
        await replies.run_and_reply(interaction, self._acts.test_prompt(interaction, prompt))
