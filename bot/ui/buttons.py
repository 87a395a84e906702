"""Buttons that outlive the process: what one does is written into its ``custom_id``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import discord
from discord import ui

from bot.ui import texts

if TYPE_CHECKING:
    import re


class JobActions(Protocol):
    """What a job's buttons ask of the client they arrive at."""

    async def cancel_job(self, interaction: discord.Interaction, job_id: str) -> None:
        """Cancel a job for the member who pressed the button, and answer; never raises for a refusal."""
        ...


class JobButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"job:(?P<action>cancel):(?P<job_id>[0-9a-z]{1,25})"
):
    """One class for all of a job's buttons.

    discord.py 2.7.1 forgets a class's pattern for good when a view stops that mixes it with a plain button or has
    lost its only button of the class. So: one class, no plain buttons beside it, a new view for each edit.
    """

    def __init__(self, action: str, job_id: str) -> None:
        button = ui.Button[ui.LayoutView](
            label=texts.CANCEL_BUTTON, style=discord.ButtonStyle.secondary, custom_id=f"job:{action}:{job_id}"
        )
        super().__init__(button)
        self.job_id = job_id

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str]) -> Self:
        """Rebuild the button that was pressed."""
        return cls(match["action"], match["job_id"])

    async def callback(self, interaction: discord.Interaction) -> None:
        """Cancel the job."""
        await cast("JobActions", interaction.client).cancel_job(interaction, self.job_id)
