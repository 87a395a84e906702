"""The panel's first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import ButtonStyle, SelectOption

from bot.ui.messages.panel.parts import Row, button, buttons, section_view, select
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.text.panel import PanelDetails


def home_view(details: PanelDetails) -> ui.LayoutView:
    """Show how everything stands, and offer the sections."""
    sections = [SelectOption(label=title, value=name) for name, title in panel_text.TITLES.items() if name != "home"]
    pause = ("resume", panel_text.RESUME) if details.view.server.pause else ("pause", panel_text.PAUSE)
    missing = panel_text.to_set_up(details)
    start = [Row().add_item(button("set_up", panel_text.SET_UP, ButtonStyle.primary))] if missing else []
    return section_view(
        "home",
        "\n".join(filter(None, (panel_text.summary(details), missing))),
        *start,
        select("section", panel_text.CHOOSE_SECTION, sections),
        buttons(pause, ("open:home:1", panel_text.REFRESH)),
    )
