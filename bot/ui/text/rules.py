"""The words that moderators read about what prompts may not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import PromptRuleKind
from bot.ui.text import formatting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.models import PromptRule
    from bot.services.screening.automod_rules import AutomodRule, AutomodRules

RULES_SHOWN = 3
"""How many of the rules that refuse a prompt ``/moderate rules test`` names."""
KINDS = {PromptRuleKind.WORDS: "Word or phrase", PromptRuleKind.PATTERN: "Pattern"}


def line(rule: PromptRule) -> str:
    """Write a prompt rule as lists have it."""
    return f"{KINDS[rule.kind]} {formatting.in_line(rule.text)}, set by <@{rule.set_by_id}>"


def added(rule: PromptRule) -> str:
    """Confirm a new rule."""
    return f"Prompts with this are refused now: {KINDS[rule.kind].lower()} {formatting.quoted(rule.text)}."


def removed(rule: PromptRule) -> str:
    """Confirm that a rule is removed."""
    return f"Removed: {KINDS[rule.kind].lower()} {formatting.quoted(rule.text)}."


def tested(prompt: str, rules: Sequence[PromptRule], automod: AutomodRule | None) -> str:
    """Say which rules refuse a prompt."""
    found = [f"{KINDS[rule.kind].lower()} {formatting.in_line(rule.text)}" for rule in rules[:RULES_SHOWN]]
    if len(rules) > RULES_SHOWN:
        found.append(formatting.counted(len(rules) - RULES_SHOWN, "more rule"))
    if automod is not None:
        found.append(f"AutoMod rule {formatting.in_line(automod.name)}")
    shown = formatting.quoted(formatting.plain(prompt, 200))
    if not found:
        return f"No rule of this server refuses {shown}."
    return f"{shown} is refused by: {'; '.join(found)}."


def counts(of_kinds: Mapping[PromptRuleKind, int]) -> str:
    """Say how many prompt rules there are of each kind."""
    words = formatting.no_or_counted(of_kinds[PromptRuleKind.WORDS], "word or phrase", "words and phrases")
    return f"{words}, {formatting.no_or_counted(of_kinds[PromptRuleKind.PATTERN], 'pattern')}"


def automod_count(automod: AutomodRules | None) -> str:
    """Say how many of the server's AutoMod rules hold for prompts, or why none do."""
    if automod is None:
        return "AutoMod rules that I can't read just now"
    if automod.is_closed:
        return "AutoMod rules that I may not read (give me **Manage Server**)"
    unreadable = sum(rule.unreadable_patterns for rule in automod.rules)
    but = f" ({unreadable:,} of their patterns I can't read)" if unreadable else ""
    return f"{formatting.no_or_counted(len(automod.rules), 'AutoMod keyword rule')}{but}"
