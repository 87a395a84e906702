"""What the panel's sections are made of: lists with pages, buttons, selects, and the frame around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import discord
from discord import ChannelType, SelectOption, ui

from bot.ui.components import PanelItem
from bot.ui.text import formatting
from bot.ui.text import panel as panel_text
from bot.ui.text.moderation import modlog as modlog_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import Job
    from bot.ui.text.panel import PanelDetails

PAGE_LENGTH = 10
JOBS_PAGE_LENGTH = 8
"""Each has a button: with 3 components a job, 24 of the 40 that a message may have."""

PLACES = [
    ChannelType.text,
    ChannelType.voice,
    ChannelType.news,
    ChannelType.forum,
    ChannelType.category,
    ChannelType.public_thread,
    ChannelType.private_thread,
    ChannelType.news_thread,
    ChannelType.stage_voice,
]
_OPTION_CHARACTERS = 90
_Element = TypeVar("_Element")
Item = ui.Item[ui.LayoutView]
Row = ui.ActionRow[ui.LayoutView]


def page_of(elements: Sequence[_Element], page: int, length: int = PAGE_LENGTH) -> tuple[Sequence[_Element], int, int]:
    """Return a page's elements, its number from 1, and how many pages there are; a page past the end is the last."""
    count = max(1, -(-len(elements) // length))
    page = max(1, min(page, count))
    return elements[(page - 1) * length : page * length], page, count


def section_view(section: str, text: str, *controls: Item) -> ui.LayoutView:
    """Put a section together: its title, what it is about, what it shows, and what can be done there."""
    view = ui.LayoutView(timeout=None)
    words = ui.TextDisplay[ui.LayoutView](panel_text.headed(section, text))
    view.add_item(ui.Container(words, *controls, accent_colour=discord.Colour.blurple()))
    return view


def with_note(view: ui.LayoutView, note: str) -> ui.LayoutView:
    """Add a sentence below a section."""
    view.add_item(ui.TextDisplay(note))
    return view


def closed_view() -> ui.LayoutView:
    """Show nothing, to somebody who is no moderator any more."""
    return with_note(ui.LayoutView(timeout=None), panel_text.CLOSED)


def navigation(section: str, page: int = 1, count: int = 1, *, refreshes: bool = False) -> Row:
    """Make the last row: back, and where there are several pages on to the next and the one before."""
    targets = [("open:home:1", panel_text.BACK)]
    if page > 1:
        targets.append((f"open:{section}:{page - 1}", panel_text.PREVIOUS))
    if refreshes:
        targets.append((f"open:{section}:{page}", panel_text.REFRESH))
    if page < count:
        targets.append((f"open:{section}:{page + 1}", panel_text.NEXT))
    return buttons(*targets)


def buttons(*actions: tuple[str, str]) -> Row:
    """Make a row of buttons from actions and labels."""
    row = Row()
    for action, label in actions:
        row.add_item(button(action, label))
    return row


def button(action: str, label: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary) -> PanelItem:
    """Make a button.

    Args:
        action: its custom id without ``panel:``, which all have.
    """
    return PanelItem(ui.Button(label=label, style=style, custom_id=f"panel:{action}"))


def select(action: str, placeholder: str, options: list[SelectOption]) -> Row:
    """Make a select of given options."""
    return row_of(ui.Select[Any](custom_id=f"panel:{action}", placeholder=placeholder, options=options))


def selects(action: str, placeholder: str, options: list[SelectOption]) -> list[Row]:
    """Make a select where there is something to choose: Discord takes none without options."""
    return [select(action, placeholder, options)] if options else []


def channel_select(action: str, placeholder: str, types: list[ChannelType] = PLACES) -> Row:
    """Make a select of a server's channels."""
    return row_of(ui.ChannelSelect[Any](custom_id=f"panel:{action}", placeholder=placeholder, channel_types=types))


def member_select(action: str, placeholder: str) -> Row:
    """Make a select of a server's members."""
    return row_of(ui.UserSelect[Any](custom_id=f"panel:{action}", placeholder=placeholder))


def row_of(item: Item) -> Row:
    """Make a row of one select."""
    return Row().add_item(PanelItem(item))


def option_name(details: PanelDetails, subject_id: int, *, is_role: bool = False) -> str:
    """Name a member, a role or a channel in a select, which reads no markup; one without a name by its id."""
    if subject_id in details.deleted:
        return formatting.deleted_name(subject_id, is_role=is_role)
    name = details.names.get(subject_id, str(subject_id))
    return formatting.plain(name, _OPTION_CHARACTERS) or str(subject_id)


def job_line(job: Job, accessory: PanelItem) -> Item:
    """Show a job with what can be done about it beside it."""
    return ui.Section[ui.LayoutView](ui.TextDisplay(modlog_text.job_line(job)), accessory=cast("Item", accessory))
