"""The answer to ``/quota``, as a Components V2 layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord import ui

from bot.ui.components import QuotaItem
from bot.ui.text import members as member_text

if TYPE_CHECKING:
    from bot.services.admission.decision import AdmissionDetails


def quota_view(details: AdmissionDetails, *, is_mentioned: bool) -> ui.LayoutView:
    """Show where a member stands, and whether they are mentioned when a clip is ready, with a button for that."""
    overview = member_text.quota_overview(details.status, details.cap, details.refusal, details.ceiling_refusal)
    label = member_text.MENTION_OFF_BUTTON if is_mentioned else member_text.MENTION_ON_BUTTON
    button = ui.Button[Any](label=label, custom_id=f"quota:mention:{'off' if is_mentioned else 'on'}")
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay[ui.LayoutView](overview))
    view.add_item(ui.TextDisplay[ui.LayoutView](member_text.mention_line(is_mentioned=is_mentioned)))
    view.add_item(ui.ActionRow[ui.LayoutView]().add_item(QuotaItem(button)))
    return view
