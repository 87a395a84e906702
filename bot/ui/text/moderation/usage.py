"""The words of ``/moderate usage``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.services.quotas.usage import UsageReport

MEMBERS_SHOWN = 15
"""How many members the answer shows; its attachment has all of them."""


def usage_summary(report: UsageReport, listed: int) -> str:
    """Say who used how much in a period, what came of it, and how much was refused.

    Args:
        listed: how many clips are in the attachment.
    """
    outcomes = f"{report.delivered:,} posted, {report.failed:,} failed, {report.cancelled:,} cancelled"
    removed = f", {report.removed:,} removed later" if report.removed else ""
    lines = [
        f"**{formatting.seconds(report.used_seconds)} used {formatting.PERIOD_NOW[report.period]}** ({_days(report)})",
        f"{outcomes}, {report.open:,} on the way{removed}; {report.refused:,} refused",
    ]
    if report.brainstorms or report.takes:
        takes = formatting.counted(report.takes, "take")
        lines.append(f"{formatting.counted(report.brainstorms, 'brainstorm')} started; {takes} among the clips")
    lines += [
        f"{formatting.member(member.member_id)}: {formatting.seconds(member.used_seconds)}, {member.delivered:,} posted"
        for member in report.members[:MEMBERS_SHOWN]
    ]
    if len(report.members) > MEMBERS_SHOWN:
        lines.append(f"… and {len(report.members) - MEMBERS_SHOWN:,} more in the attachment")
    if listed < report.asked:
        lines.append(f"The attachment has the latest {listed:,} of {formatting.counted(report.asked, 'clip')}.")
    return "\n".join(lines)


def _days(report: UsageReport) -> str:
    first, last = report.start.date(), report.end.date() - timedelta(days=1)
    zone = report.start.tzname()
    return f"{first}, {zone}" if first == last else f"{first} to {last}, {zone}"
