"""The panel's section about who is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import SelectOption

from bot.ui.messages.panel.parts import member_select, navigation, option_name, page_of, section_view, selects
from bot.ui.text import moderators as moderator_text
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from discord import ui

    from bot.services.moderation.servers import ServerView
    from bot.ui.text.panel import PanelDetails


def blocks_view(details: PanelDetails, page: int) -> ui.LayoutView:
    """Show and change who is blocked."""
    shown, page, count = page_of(details.view.blocks, page)
    known = [SelectOption(label=option_name(details, block.member_id), value=str(block.member_id)) for block in shown]
    return section_view(
        "blocks",
        panel_text.listed("blocks", [moderator_text.block_line(block) for block in shown], page, count),
        member_select(f"block_who:{page}", panel_text.BLOCK),
        *selects(f"unblock:{page}", panel_text.UNBLOCK, known),
        navigation("blocks", page, count),
    )


def blocked_members(view: ServerView, page: int) -> list[int]:
    """Return the members whose names a page needs."""
    return [block.member_id for block in page_of(view.blocks, page)[0]]
