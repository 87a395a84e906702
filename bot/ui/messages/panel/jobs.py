"""The panel's section about what is on the way."""

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
