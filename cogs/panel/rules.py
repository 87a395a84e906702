"""The panel's section about what prompts may not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import PromptRuleKind
from bot.ui import forms, replies
from bot.ui.components import component
from bot.ui.messages.panel.rules import prompt_rules_view
from cogs.context import guild_id_of
from cogs.corrections import form
from cogs.moderation.options import parse_id
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.ui.components import Press


class RulesSection(Section):
    """Shows, adds, removes and tests prompt rules."""

    name = "rules"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of rules."""
        book = await self._services.prompts.book(guild_id_of(interaction))
        return prompt_rules_view(await self._panel.details(interaction), book.rules, place.page)

    @component("panel:rule_add:{kind:words|pattern}:{page}")
    async def ask_rule(self, press: Press, kind: str, page: int) -> None:
        """Ask for a new rule."""
        await press.interaction.response.send_modal(await self.rule_form(press, kind, page))

    @form("form:rule_add:{kind:words|pattern}:{page}")
    async def rule_form(self, press: Press, kind: str, page: int) -> ui.Modal:
        """Ask for a new rule."""
        return forms.rule_form(PromptRuleKind(kind), page)

    @component("form:rule_add:{kind:words|pattern}:{page}")
    async def add(self, press: Press, kind: str, page: int) -> None:
        """Add a rule."""
        adding = self._acts.add_rule(press.interaction, PromptRuleKind(kind), press.typed(forms.TEXT))
        await self._panel.do(press.interaction, adding, Place(self.name, page))

    @component("panel:rule_remove:{page}", chosen=str)
    async def remove(self, press: Press, page: int) -> None:
        """Remove the rule that was chosen."""
        removing = self._acts.remove_rule(press.interaction, parse_id(press.chosen))
        await self._panel.do(press.interaction, removing, Place(self.name, page))

    @component("panel:rule_test")
    async def ask_prompt(self, press: Press) -> None:
        """Ask for a prompt."""
        await press.interaction.response.send_modal(await self.test_form(press))

    @form("form:rule_test")
    async def test_form(self, press: Press) -> ui.Modal:
        """Ask for a prompt."""
        return forms.test_form()

    @component("form:rule_test")
    async def test(self, press: Press) -> None:
        """Say which rules refuse a prompt."""
        testing = self._acts.test_prompt(press.interaction, press.typed(forms.PROMPT))
        await replies.run_and_reply(press.interaction, testing)
