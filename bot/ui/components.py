"""Buttons that outlive the process: what one does is written into its ``custom_id``.

discord.py 2.7.1 forgets a class's pattern for good when a view stops that mixes it with a plain button or has lost its
only button of the class. So: one class for all of a message's buttons (a status card's, a log card's, the settings
panel's), no plain items beside them but links, a new view for each edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import discord
from discord import ui

from bot.ui.text import members as member_text
from bot.ui.text import modlog as modlog_text

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

_LABELS = {
    "remove": modlog_text.REMOVE_BUTTON,
    "refund": modlog_text.REFUND_BUTTON,
    "block": modlog_text.BLOCK_BUTTON,
    "recent": modlog_text.RECENT_BUTTON,
}
_DANGEROUS = frozenset({"remove", "refund"})


class Presses(Protocol):
    """What buttons and selects ask of the client they arrive at; all answer, and never raise for a refusal."""

    async def press_cancel(self, interaction: discord.Interaction, job_id: str) -> None:
        """Cancel a member's own job."""
        ...

    async def press_card(self, interaction: discord.Interaction, action: str, entry_id: int) -> None:
        """Do what a log card's button says."""
        ...

    async def press_panel(
        self, interaction: discord.Interaction, action: str, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Do what an item of the settings panel says, with the values that were chosen in it."""
        ...


class CancelButton(ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"job:cancel:(?P<job_id>[0-9a-z]{1,25})"):
    """The button on a status card by which a member withdraws a job."""

    def __init__(self, job_id: str) -> None:
        style = discord.ButtonStyle.secondary
        super().__init__(ui.Button(label=member_text.CANCEL_BUTTON, style=style, custom_id=f"job:cancel:{job_id}"))
        self.job_id = job_id

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str]) -> Self:
        """Rebuild the button that was pressed."""
        return cls(match["job_id"])

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press on."""
        await cast("Presses", interaction.client).press_cancel(interaction, self.job_id)


class CardButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"log:(?P<action>remove|refund|block|recent):(?P<entry_id>[0-9]{1,18})",
):
    """A button on a card of the log."""

    def __init__(self, action: str, entry_id: int) -> None:
        style = discord.ButtonStyle.danger if action in _DANGEROUS else discord.ButtonStyle.secondary
        super().__init__(ui.Button(label=_LABELS[action], style=style, custom_id=f"log:{action}:{entry_id}"))
        self.action = action
        self.entry_id = entry_id

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str]) -> Self:
        """Rebuild the button that was pressed."""
        return cls(match["action"], int(match["entry_id"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press on."""
        await cast("Presses", interaction.client).press_card(interaction, self.action, self.entry_id)


class PanelItem(ui.DynamicItem[ui.Item[ui.LayoutView]], template=r"panel:(?P<action>[a-z_]+)(?P<arguments>(:\w+)*)"):
    """A button or a select of the settings panel.

    Args:
        item: what it looks like; its ``custom_id`` is ``panel:<action>``, with ``:<argument>`` as often as needed.
    """

    def __init__(self, item: ui.Item[ui.LayoutView], action: str = "", arguments: Sequence[str] = ()) -> None:
        super().__init__(item)
        self.action = action
        self.arguments = arguments

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str]) -> Self:
        """Rebuild the item that was used."""
        return cls(item, match["action"], match["arguments"].split(":")[1:])

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press on."""
        values: list[Any] = getattr(self.item, "values", [])
        await cast("Presses", interaction.client).press_panel(interaction, self.action, self.arguments, values)
