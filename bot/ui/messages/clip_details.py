"""What a member is shown of a clip by ⋯ under it, to themselves alone, as Components V2 layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.models import JobState
from bot.ui.messages.clip import clip_button
from bot.ui.text import members as member_text

if TYPE_CHECKING:
    from bot.services.clips.history import ClipDetails

_DANGER = discord.ButtonStyle.danger


def details_view(details: ClipDetails, *, reader_id: int, may_delete: bool) -> ui.LayoutView:
    """Show all that there is to know of a clip, with a button to delete it for those who may."""
    job = details.job
    view = _view(*member_text.clip_details(details, reader_id=reader_id))
    if may_delete and job.state is JobState.DELIVERED and job.removed_at is None:
        row = ui.ActionRow[ui.LayoutView]()
        view.add_item(row.add_item(clip_button(f"clip:delete:{job.id}", member_text.DELETE_BUTTON)))
    return view


def confirm_view(job_id: str, *, refunds: bool) -> ui.LayoutView:
    """Ask whether a clip is to be deleted.

    Args:
        refunds: whether its seconds can be given back on the way, which is for moderators.
    """
    row = ui.ActionRow[ui.LayoutView]()
    row.add_item(clip_button(f"clip:remove:{job_id}", member_text.DELETE_BUTTON, _DANGER))
    if refunds:
        row.add_item(clip_button(f"clip:refund:{job_id}", member_text.DELETE_AND_REFUND_BUTTON, _DANGER))
    view = _view(member_text.DELETE_CONFIRM if refunds else member_text.DELETE_CONFIRM_OWN)
    view.add_item(row)
    return view


def deleted_view(words: str) -> ui.LayoutView:
    """Say that a clip is deleted."""
    return _view(words)


def _view(*texts: str) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    for text in texts:
        view.add_item(ui.TextDisplay[ui.LayoutView](text))
    return view
