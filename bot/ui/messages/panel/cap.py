"""The panel's section about the server's cap and its time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.messages.panel.parts import buttons, navigation, section_view
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.text.panel import PanelDetails


def cap_view(details: PanelDetails) -> ui.LayoutView:
    """Show and change the cap and the time zone."""
    actions = [
        ("cap_set", panel_text.CAP_SET),
        ("cap_clear", panel_text.CAP_CLEAR),
        ("timezone", panel_text.TIMEZONE),
    ]
    text = f"{panel_text.cap_line(details)}\n{panel_text.timezone_line(details)}"
    return section_view("cap", text, buttons(*actions), navigation("cap"))
