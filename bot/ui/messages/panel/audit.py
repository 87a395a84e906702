"""The panel's section about who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.messages.panel.parts import navigation, section_view
from bot.ui.text import panel as panel_text
from bot.ui.text.moderation import changes as changes_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from discord import ui

    from bot.models import Change


def audit_view(changes: Sequence[Change], deleted: Collection[int], page: int, count: int) -> ui.LayoutView:
    """Show the latest changes.

    Args:
        changes: those of this page.
        deleted: ids of roles and channels that are known to be deleted.
        count: how many pages there are.
    """
    lines = [changes_text.audit_line(change, deleted) for change in changes]
    text = panel_text.listed("audit", lines, page, count)
    return section_view("audit", text, navigation("audit", page, count, refreshes=True))
