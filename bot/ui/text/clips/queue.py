"""The words of ``/queue``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import JobState
from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models import Job, ServerQueue

OWN_SHOWN = 10
OTHERS_SHOWN = 10
_UNDER_WAY = {
    JobState.SUBMITTING: "starting",
    JobState.RENDERING: "rendering",
    JobState.READY: "on its way to you",
    JobState.DELIVERING: "on its way to you",
}


def queue_overview(queue: ServerQueue, member_id: int) -> str:
    """Say what is on the way in a server and where a member's own stand; others' prompts are not said."""
    under_way, waiting = len(queue.under_way), len(queue.waiting)
    if not under_way and not waiting:
        return "**Nothing is on the way in this server.** `/video` makes a clip."
    lines = [f"**In this server {_count(under_way)} being made and {_count(waiting)} waiting**"]
    own = [_own_line(None, job) for job in queue.under_way if job.member_id == member_id]
    own += [_own_line(place, job) for place, job in queue.waiting if job.member_id == member_id]
    lines += ["", "**Yours**", *_cut(own, OWN_SHOWN)] if own else ["None of them is yours."]
    others = [_others_line(place, job) for place, job in queue.waiting if job.member_id != member_id]
    if others:
        lines += ["", "**Others' that wait**", *_cut(others, OTHERS_SHOWN)]
    if waiting:
        lines.append("-# Places are among the clips of all servers, whose turns are shared out fairly.")
    return "\n".join(lines)


def _own_line(place: int | None, job: Job) -> str:
    prompt = formatting.prompt(job.spec.prompt, formatting.LINE_CHARACTERS)
    where = _UNDER_WAY.get(job.state) or _waiting(place)
    return f"- {where}, asked {formatting.relative(job.created_at)}: {prompt}{_card_link(job)}"


def _others_line(place: int | None, job: Job) -> str:
    who = "somebody" if job.is_private else formatting.member(job.member_id)
    return f"- {_waiting(place)}: {who}, {formatting.seconds(job.spec.duration_seconds)}"


def _waiting(place: int | None) -> str:
    return "waiting" if place is None else f"place {place:,}"


def _card_link(job: Job) -> str:
    address = formatting.card_address(job)
    return "" if address is None else f" ([its card]({address}))"


def _cut(lines: list[str], most: int) -> list[str]:
    rest = len(lines) - most
    return lines if rest <= 0 else [*lines[:most], f"- and {rest:,} more"]


def _count(number: int) -> str:
    return f"{number:,} clip{' is' if number == 1 else 's are'}"
