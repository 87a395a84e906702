"""Takes of brainstorms that are held until their thread is there: they have no turn yet, and count in every limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from bot.models import JobState
from bot.store.tables import jobs, rounds

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def is_held(*of_rounds: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say that a job is such a take.

    Args:
        of_rounds: of which rounds; what is asked of those and not of jobs finds them by the few rounds that are open.
    """
    opened = select(rounds.c.id).where(rounds.c.landed_at.is_(None), *of_rounds)
    return and_(jobs.c.round_id.in_(opened), jobs.c.state == JobState.HELD)
