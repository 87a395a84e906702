"""The words of ``/moderate usage``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import Period
from bot.models.usage import BarChart, UsageBy
from bot.ui.text import formatting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bot.models.usage import DailyUsage, UsageShare
    from bot.services.quotas.usage import UsageReport

MEMBERS_SHOWN = 15
"""How many members the answer shows; its attachment has all of them."""
SHARES_DRAWN = 6
"""How many members or channels a chart has colours for; of more, one fewer is drawn, and the others together."""
NAME_CHARACTERS = 40
BY = {UsageBy.MEMBER: "Members", UsageBy.CHANNEL: "Channels"}
OTHERS = "others"
_CAP_IN_SIGHT = 3
"""A cap of more times the highest day would press the bars flat, and is only said."""
_WEEK_DAYS = 7


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


# Day by day --------------------------------------------------------------------------------------


def usage_chart(daily: DailyUsage, names: Mapping[int, str]) -> BarChart:
    """Say what a chart of a server's use shows.

    Args:
        names: of members or channels, by id, as far as they are known.
    """
    drawn = shares_drawn(daily)
    rest = daily.rest_beside(drawn)
    cap = daily.cap_a_day
    is_in_sight = cap is not None and cap <= _CAP_IN_SIGHT * max(daily.totals)
    said = "" if cap is None else f" · cap {_cap(daily)}{'' if is_in_sight else ', far above'}"
    return BarChart(
        title=_chart_title(daily),
        subtitle=f"{_span(daily)}, {daily.zone}{said}",
        columns=[f"{day:%a} {day.day}" if len(daily.days) <= _WEEK_DAYS else f"{day.day}" for day in daily.days],
        series=[
            (f"{place} {_share_name(daily, share, names)}", share.seconds) for place, share in enumerate(drawn, start=1)
        ],
        rest=(OTHERS, rest) if any(rest) else None,
        line=None if cap is None or not is_in_sight else (_line_name(daily), cap),
    )


def usage_chart_alt(daily: DailyUsage, names: Mapping[int, str]) -> str:
    """Say in words what the chart says, for those who don't see it: at most 1,024 characters, Discord's limit."""
    drawn = shares_drawn(daily)
    parts = [f"{_share_name(daily, share, names)} {formatting.seconds(share.total)}" for share in drawn]
    if rest := sum(daily.rest_beside(drawn)):
        parts.append(f"{OTHERS} {formatting.seconds(rest)}")
    most = max(daily.totals)
    peak = daily.days[daily.totals.index(most)]
    cap = "" if daily.cap is None else f" The cap is {_cap(daily)}."
    return (
        f"{_chart_title(daily)}, {_span(daily)}, {daily.zone}: {formatting.seconds(daily.used_seconds)} in all."
        f" {'; '.join(parts)}. Most on {_day(peak)}: {formatting.seconds(most)}.{cap}"
    )


def usage_legend(daily: DailyUsage) -> str:
    """Say in one line whom or which channels the chart's numbers stand for, and how much each used."""
    write = formatting.member if daily.by is UsageBy.MEMBER else formatting.channel
    drawn = shares_drawn(daily)
    parts = [
        f"{place} {write(share.subject_id)} {formatting.seconds(share.total)}"
        for place, share in enumerate(drawn, start=1)
    ]
    if rest := sum(daily.rest_beside(drawn)):
        parts.append(f"{OTHERS} {formatting.seconds(rest)}")
    return f"{_span(daily)}: {' · '.join(parts)}"


def shares_drawn(daily: DailyUsage) -> Sequence[UsageShare]:
    """Return those of which each has a colour of its own."""
    return daily.shares[: SHARES_DRAWN - (len(daily.shares) > SHARES_DRAWN)]


def _chart_title(daily: DailyUsage) -> str:
    return f"Seconds of video a day, by {daily.by}"


def _share_name(daily: DailyUsage, share: UsageShare, names: Mapping[int, str]) -> str:
    name = formatting.bare(names.get(share.subject_id, ""), NAME_CHARACTERS) or str(share.subject_id)
    return name if daily.by is UsageBy.MEMBER else f"#{name}"


def _cap(daily: DailyUsage) -> str:
    """Write the cap, and what it comes to on each day, since days are what is shown."""
    assert daily.cap is not None
    assert daily.cap_a_day is not None
    written = f"{formatting.seconds(daily.cap.seconds or 0)} a {daily.cap.period}"
    is_daily = daily.cap.period is Period.DAY
    return written if is_daily else f"{written} ({formatting.seconds(round(daily.cap_a_day))} a day)"


def _line_name(daily: DailyUsage) -> str:
    return "cap" if daily.cap is not None and daily.cap.period is Period.DAY else "cap, spread evenly"


def _span(daily: DailyUsage) -> str:
    """Write the days: ``1 to 30 Nov 2026``."""
    first, last = daily.days[0], daily.days[-1]
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {_day(last)}"
    return f"{_day(first) if first.year != last.year else f'{first.day} {first:%b}'} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


def _days(report: UsageReport) -> str:
    first, last = report.start.date(), report.end.date() - timedelta(days=1)
    zone = report.start.tzname()
    return f"{first}, {zone}" if first == last else f"{first} to {last}, {zone}"
