"""The panel's section about brainstorming."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import SelectOption

from bot.ui.messages.panel.parts import buttons, navigation, page_of, section_view, selects
from bot.ui.text import panel as panel_text
from bot.ui.text.moderation import brainstorms as brainstorm_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.models.brainstorms import PhraseList
    from bot.ui.text.panel import PanelDetails


def brainstorms_view(details: PanelDetails, lists: Sequence[PhraseList], page: int) -> ui.LayoutView:
    """Show and change how brainstorms are held, and the server's own lists."""
    shown, page, count = page_of(lists, page)
    text = panel_text.listed("brainstorms", [brainstorm_text.list_line(each) for each in shown], page, count)
    known = [SelectOption(label=each.name, value=each.name) for each in shown]
    actions = [(f"brainstorms_set:{page}", panel_text.BRAINSTORMS_SET), (f"list_add:{page}", panel_text.LIST_ADD)]
    return section_view(
        "brainstorms",
        f"{panel_text.brainstorms_line(details)}\n{text}",
        buttons(*actions),
        *selects(f"list_edit:{page}", panel_text.LIST_EDIT, known),
        *selects(f"list_remove:{page}", panel_text.LIST_REMOVE, known),
        navigation("brainstorms", page, count),
    )
