"""The panel's section about the pools of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.messages.panel.parts import channel_select
from bot.ui.messages.panel.quotas import quota_rules_view
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.text.panel import PanelDetails


def pools_view(details: PanelDetails, page: int) -> ui.LayoutView:
    """Show and change the pools of channels."""
    choose = channel_select(f"pool_channel:{page}", panel_text.POOL_CHANNEL)
    return quota_rules_view("pools", details, page, choose)
