"""The panel's section about what prompts may not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import SelectOption

from bot.ui.messages.panel.parts import buttons, navigation, page_of, section_view, selects
from bot.ui.text import formatting
from bot.ui.text import panel as panel_text
from bot.ui.text import rules as rule_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.models import PromptRule
    from bot.ui.text.panel import PanelDetails


def prompt_rules_view(details: PanelDetails, rules: Sequence[PromptRule], page: int) -> ui.LayoutView:
    """Show and change what prompts may not hold."""
    shown, page, count = page_of(rules, page)
    text = panel_text.listed("rules", [rule_text.line(rule) for rule in shown], page, count)
    known = [SelectOption(label=formatting.plain(rule.text, 90) or "…", value=str(rule.id)) for rule in shown]
    actions = [
        (f"rule_add:words:{page}", panel_text.RULE_ADD_WORDS),
        (f"rule_add:pattern:{page}", panel_text.RULE_ADD_PATTERN),
        ("rule_test", panel_text.RULE_TEST),
    ]
    return section_view(
        "rules",
        f"{text}\n{panel_text.automod_line(details)}",
        buttons(*actions),
        *selects(f"rule_remove:{page}", panel_text.RULE_REMOVE, known),
        navigation("rules", page, count),
    )
