"""What a member is told about what is stored, as Components V2 layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.ui.components import PrivacyItem
from bot.ui.text import privacy as privacy_text

if TYPE_CHECKING:
    from bot.models import StoredAbout


def stored_view(about: StoredAbout, *, days: int | None, url: str | None) -> ui.LayoutView:
    """Show what is stored, with a button to erase it and, where there is an address, one to read more."""
    buttons = ui.ActionRow[ui.LayoutView]()
    buttons.add_item(_button("privacy:ask", privacy_text.ERASE_BUTTON, discord.ButtonStyle.secondary))
    if url is not None:
        buttons.add_item(ui.Button(label=privacy_text.MORE_BUTTON, url=url))
    return _view(privacy_text.stored(about, days=days), buttons)


def confirm_view() -> ui.LayoutView:
    """Ask whether it is to be erased."""
    buttons = ui.ActionRow[ui.LayoutView]()
    buttons.add_item(_button("privacy:erase", privacy_text.CONFIRM_BUTTON, discord.ButtonStyle.danger))
    return _view(privacy_text.CONFIRM, buttons)


def erasing_view() -> ui.LayoutView:
    """Say that it is being erased."""
    return _view(privacy_text.ERASING)


def _view(words: str, *rows: ui.ActionRow[ui.LayoutView]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay[ui.LayoutView](words))
    for row in rows:
        view.add_item(row)
    return view


def _button(custom_id: str, label: str, style: discord.ButtonStyle) -> PrivacyItem:
    return PrivacyItem(ui.Button(label=label, style=style, custom_id=custom_id))
