"""The panel's section about the moderators' log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.forms import LOG_PLACES
from bot.ui.messages.panel.parts import buttons, channel_select, navigation, section_view
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.text.panel import PanelDetails


def modlog_settings_view(details: PanelDetails) -> ui.LayoutView:
    """Show and change where the log goes."""
    return section_view(
        "log",
        panel_text.modlog_line(details),
        channel_select("log_channel", panel_text.LOG_CHANNEL, LOG_PLACES),
        buttons(("log_clear", panel_text.LOG_NONE)),
        navigation("log"),
    )
