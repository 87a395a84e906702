"""The panel's section about seconds that moderators gave."""

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


def grants_view(details: PanelDetails, page: int) -> ui.LayoutView:
    """Show seconds that moderators gave and that are not used up, give more, and take some back."""
    shown, page, count = page_of(details.view.grants, page)
    known = [
        SelectOption(
            label=option_name(details, grant.member_id), description=panel_text.grant_left(grant), value=str(grant.id)
        )
        for grant in shown
    ]
    return section_view(
        "gifts",
        panel_text.listed("gifts", [moderator_text.grant_line(grant) for grant in shown], page, count),
        member_select(f"gift_who:{page}", panel_text.GRANT_WHO),
        *selects(f"gift_end:{page}", panel_text.GRANT_END, known),
        navigation("gifts", page, count),
    )


def members_with_grants(view: ServerView, page: int) -> list[int]:
    """Return the members whose names a page needs."""
    return [grant.member_id for grant in page_of(view.grants, page)[0]]
