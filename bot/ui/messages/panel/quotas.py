"""The panel's section about the quotas of members, roles and everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord import SelectOption, ui

from bot.models import QuotaSource
from bot.ui.messages.panel.parts import Item, buttons, navigation, option_name, page_of, row_of, section_view, selects
from bot.ui.text import moderators as moderator_text
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from bot.models import QuotaRule
    from bot.services.moderation.servers import ServerView
    from bot.ui.text.panel import PanelDetails


def quotas_view(details: PanelDetails, page: int) -> ui.LayoutView:
    """Show and change the quotas of members, roles and everyone."""
    who = ui.MentionableSelect[Any](custom_id=f"panel:quota_who:{page}", placeholder=panel_text.QUOTA_WHO)
    everyone = buttons((f"quota_everyone:{page}", panel_text.QUOTA_EVERYONE))
    return quota_rules_view("quotas", details, page, row_of(who), everyone)


def quota_rules_view(section: str, details: PanelDetails, page: int, *controls: Item) -> ui.LayoutView:
    """Show quotas or pools, and offer to clear each.

    Args:
        controls: what they are set with.
    """
    shown, page, count = page_of(_ordered(section, details.view), page)
    known = [
        SelectOption(
            label=option_name(details, rule.subject_id, is_role=rule.source is QuotaSource.ROLE),
            value=f"{rule.source.value}:{rule.subject_id}",
        )
        for rule in shown
    ]
    clear = {"quotas": panel_text.QUOTA_CLEAR, "pools": panel_text.POOL_CLEAR}[section]
    lines = [moderator_text.rule_line(rule, details.profile, details.deleted) for rule in shown]
    return section_view(
        section,
        panel_text.listed(section, lines, page, count),
        *controls,
        *selects(f"rule_clear:{section}:{page}", clear, known),
        navigation(section, page, count),
    )


def members_with_quotas(view: ServerView, page: int) -> list[int]:
    """Return the members whose names a page needs."""
    shown, _, _ = page_of(_ordered("quotas", view), page)
    return [rule.subject_id for rule in shown if rule.source is QuotaSource.MEMBER]


def _ordered(section: str, view: ServerView) -> list[QuotaRule]:
    rules = [rule for rule in view.rules if (rule.source is QuotaSource.CHANNEL) == (section == "pools")]
    return sorted(rules, key=lambda rule: rule.place)
