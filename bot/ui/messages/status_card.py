"""A job's status card, as a Components V2 layout.

A view is made anew for every message and every edit and has no timeout, so discord.py keeps none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.models import PROMPT_ERRORS, JobState, Origin
from bot.ui.components import StatusCardItem
from bot.ui.text import formatting
from bot.ui.text import members as member_text

if TYPE_CHECKING:
    from bot.models import Job, StatusCard

_COLOURS = {
    JobState.QUEUED: discord.Colour.greyple(),
    JobState.SUBMITTING: discord.Colour.blurple(),
    JobState.RENDERING: discord.Colour.blurple(),
    JobState.READY: discord.Colour.blurple(),
    JobState.DELIVERING: discord.Colour.blurple(),
    JobState.DELIVERED: discord.Colour.green(),
    JobState.FAILED: discord.Colour.red(),
    JobState.CANCELLED: discord.Colour.greyple(),
}


def status_view(card: StatusCard) -> ui.LayoutView:
    """Show where a job stands, with a button to cancel it while it waits, or to try again where it failed."""
    job = card.job
    lines = [f"**{member_text.card_title(card)}**", formatting.prompt(job.spec.prompt), member_text.card_details(card)]
    items: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay("\n".join(filter(None, lines))),
        ui.TextDisplay(member_text.card_footer(job)),
    ]
    if job.state is JobState.QUEUED:
        items.append(ui.ActionRow[ui.LayoutView]().add_item(_cancel_button(job.id)))
    elif job.state is JobState.FAILED:
        items.append(_once_more(job))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=_COLOURS[job.state]))
    return view


def _once_more(job: Job) -> ui.ActionRow[ui.LayoutView]:
    """Offer to try again, and where the prompt was refused, with other words."""
    offered = {"again": member_text.TRY_AGAIN_BUTTON}
    if job.error_code in PROMPT_ERRORS:
        offered["remix"] = member_text.VERSION_BUTTONS[Origin.REMIX]
    row = ui.ActionRow[ui.LayoutView]()
    for action, label in offered.items():
        row.add_item(StatusCardItem(ui.Button[Any](label=label, custom_id=f"job:{action}:{job.id}")))
    return row


def cancel_id(job_id: str) -> str:
    """Return the custom id of the button by which a member withdraws a job."""
    return f"job:cancel:{job_id}"


def _cancel_button(job_id: str) -> StatusCardItem:
    style = discord.ButtonStyle.secondary
    return StatusCardItem(ui.Button(label=member_text.CANCEL_BUTTON, style=style, custom_id=cancel_id(job_id)))
