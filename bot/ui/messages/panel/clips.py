"""The panel's sections about clips: those on the way, and those that were posted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui.messages.panel.parts import JOBS_PAGE_LENGTH, button, job_line, navigation, page_of, section_view
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.models import Job


def jobs_view(open_jobs: Sequence[Job], page: int) -> ui.LayoutView:
    """Show what is on the way, with a button to cancel each."""
    shown, page, count = page_of(open_jobs, page, JOBS_PAGE_LENGTH)
    danger = discord.ButtonStyle.danger
    lines = [job_line(job, button(f"job_cancel:{job.id}:{page}", panel_text.JOB_CANCEL, danger)) for job in shown]
    text = panel_text.page(page, count) if shown else panel_text.listed("jobs", [])
    return section_view("jobs", text, *lines, navigation("jobs", page, count, refreshes=True))


def clips_view(posted: Sequence[Job], page: int, *, has_more: bool) -> ui.LayoutView:
    """Show what was posted, latest first, with a button to remove each.

    Args:
        posted: the clips of this page.
        has_more: whether there is a page after this one.
    """
    lines = [job_line(job, button(f"open:clip:{job.id}:{page}", panel_text.CLIP_REMOVE)) for job in posted]
    text = "" if posted else panel_text.listed("clips", [])
    return section_view("clips", text, *lines, navigation("clips", page, page + has_more, refreshes=True))
