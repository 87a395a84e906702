"""A job's status card, and what answers it where there is no clip, as Components V2 layouts.

A view is made anew for every message and every edit and has no timeout, so discord.py keeps none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.models import DISCARDABLE_STATES, PROMPT_ERRORS, JobState, Origin
from bot.ui.components import StatusCardItem
from bot.ui.text import failures as failure_text
from bot.ui.text import formatting
from bot.ui.text.clips import cards as card_text
from bot.ui.text.members import VERSION_BUTTONS

if TYPE_CHECKING:
    from bot.models import Job, StatusCard

_COLOURS = {
    JobState.HELD: discord.Colour.greyple(),
    JobState.QUEUED: discord.Colour.greyple(),
    JobState.SUBMITTING: discord.Colour.blurple(),
    JobState.RENDERING: discord.Colour.blurple(),
    JobState.READY: discord.Colour.blurple(),
    JobState.DELIVERING: discord.Colour.blurple(),
    JobState.DELIVERED: discord.Colour.green(),
    JobState.FAILED: discord.Colour.red(),
    JobState.CANCELLED: discord.Colour.greyple(),
}


_ONCE_MORE = ("again", "remix", "why")


def status_view(card: StatusCard, *, operator_hears: bool = False) -> ui.LayoutView:
    """Show where a job stands, with a button to cancel it while it waits, then to discard it, or to try again.

    Args:
        operator_hears: the operator is told of what they have to mend.
    """
    job = card.job
    prompt = None if job.hides_prompt else formatting.prompt(job.spec.prompt)
    details = card_text.card_details(card, operator_hears=operator_hears)
    lines = [f"**{card_text.card_title(card)}**", prompt, details]
    items: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay("\n".join(filter(None, lines))),
        ui.TextDisplay(card_text.card_footer(job)),
    ]
    if job.state is JobState.QUEUED:
        items.append(_row(_button(card_text.CANCEL_BUTTON, cancel_id(job.id))))
    elif job.state in DISCARDABLE_STATES:
        items.append(_row(_button(failure_text.DISCARD_BUTTON, discard_id(job.id))))
    elif job.state is JobState.FAILED:
        items.append(_once_more(job))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=_COLOURS[job.state]))
    return view


def failure_view(job: Job, *, operator_hears: bool) -> ui.LayoutView:
    """Tell a member that there is no clip, with what the card offers; the only mention in it is theirs.

    It has none of the member's own words: the card that it answers has them, where anybody may read them.
    """
    words = ui.TextDisplay[ui.LayoutView](card_text.told(job, operator_hears=operator_hears))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(words, _once_more(job), accent_colour=_COLOURS[JobState.FAILED]))
    return view


def _once_more(job: Job) -> ui.ActionRow[ui.LayoutView]:
    """Offer to try again, and where the prompt was refused, with other words, and to be told why."""
    offered = {"again": card_text.TRY_AGAIN_BUTTON}
    if job.error_code in PROMPT_ERRORS:
        offered["remix"] = VERSION_BUTTONS[Origin.REMIX]
    if job.hides_prompt:
        offered["why"] = card_text.WHY_BUTTON
    return _row(*(_button(label, _once_more_id(job.id, action)) for action, label in offered.items()))


def cancel_id(job_id: str) -> str:
    """Return the custom id of the button by which a member withdraws a job."""
    return f"job:cancel:{job_id}"


def discard_id(job_id: str) -> str:
    """Return the custom id of the button that asks whether a job that has started is to be discarded."""
    return f"job:discard:{job_id}"


def card_ids(job_id: str) -> set[str]:
    """Return the custom ids of all buttons that a job's card may have."""
    return {cancel_id(job_id), discard_id(job_id), *(_once_more_id(job_id, action) for action in _ONCE_MORE)}


def shown_end(message: discord.Message, job_id: str) -> JobState | None:
    """Return how a job has ended without a clip, as its card says; None where the card says nothing of an end."""
    items = list(ui.LayoutView.from_message(message, timeout=None).walk_children())
    buttons = {item.custom_id for item in items if isinstance(item, ui.Button)}
    if buttons & {_once_more_id(job_id, action) for action in _ONCE_MORE}:
        return JobState.FAILED
    colours = {item.accent_colour for item in items if isinstance(item, ui.Container)}
    return JobState.CANCELLED if not buttons and _COLOURS[JobState.CANCELLED] in colours else None


def _once_more_id(job_id: str, action: str) -> str:
    return f"job:{action}:{job_id}"


def _row(*buttons: StatusCardItem) -> ui.ActionRow[ui.LayoutView]:
    row = ui.ActionRow[ui.LayoutView]()
    for button in buttons:
        row.add_item(button)
    return row


def _button(label: str, custom_id: str) -> StatusCardItem:
    return StatusCardItem(ui.Button(label=label, style=discord.ButtonStyle.secondary, custom_id=custom_id))
