"""The buttons and selects of messages: a class for each kind of message, whose custom ids ``components.py`` answers.

discord.py 2.7.1 forgets a class's pattern for good when a view stops that mixes it with a plain button or has lost its
only button of the class. So: one class for all of a message's buttons and selects, no plain items beside them but
links, a new view for each edit. Forms it forgets with the process; they are read from the interaction itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import discord
from discord import ui

if TYPE_CHECKING:
    import re


class _Item(ui.DynamicItem[ui.Item[ui.LayoutView]], template=r"(?!)"):
    """A button or a select with a registered custom id, around the plain one that says what it looks like."""

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str]) -> Self:
        """Wrap the item that was used."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction) -> None:
        """Let ``Components`` answer."""
        interaction.client.dispatch("press", interaction, self.custom_id, list[Any](getattr(self.item, "values", ())))


class StatusCardItem(_Item, template=r"job:.+"):
    """A button on a job's status card."""


class ClipItem(_Item, template=r"clip:.+"):
    """A button under a clip, or a button or a select in a list of clips."""


class ModlogCardItem(_Item, template=r"log:.+"):
    """A button on a card of the moderators' log."""


class PanelItem(_Item, template=r"panel:.+"):
    """A button or a select of the settings panel."""


class QuotaItem(_Item, template=r"quota:.+"):
    """A button of the answer to ``/quota``."""


class PrivacyItem(_Item, template=r"privacy:.+"):
    """A button of what a member is told about what is stored."""


class DraftItem(_Item, template=r"draft:.+"):
    """A button under what somebody typed and had refused."""


class PreviewItem(_Item, template=r"preview:.+"):
    """A button of what a brainstorm's member is shown before it starts."""


class RoundItem(_Item, template=r"round:.+"):
    """A button or a select on a brainstorm's board, or on the card of how a vote came out."""


class BrainstormListItem(_Item, template=r"brainstorms:.+"):
    """A button of the list of brainstorms."""


ITEM_CLASSES = (
    *(StatusCardItem, ClipItem, ModlogCardItem, PanelItem, QuotaItem, PrivacyItem, DraftItem),
    *(PreviewItem, RoundItem, BrainstormListItem),
)
"""One for each kind of message, for ``Client.add_dynamic_items``."""
