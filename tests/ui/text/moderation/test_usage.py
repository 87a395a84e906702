"""What a chart of use says, in its own words and in those for people who don't see it."""

from __future__ import annotations

from datetime import date

import pytest

from bot.models import Period, Quota
from bot.models.usage import UsageBy
from bot.ui.text.moderation.usage import usage_chart, usage_chart_alt, usage_legend
from tests.support.jobs import make_daily

MIA, BEN = (30, 0, 0, 6, 60, 0, 24), (0, 0, 12, 6, 30, 0, 0)


def test_each_day_has_a_bar_and_each_member_a_part_of_it() -> None:
    chart = usage_chart(make_daily(MIA, BEN), {1: "Mia"})

    assert (chart.title, chart.subtitle) == ("Seconds of video a day, by member", "26 Feb to 4 Mar 2026, UTC")
    assert chart.columns == ["Thu 26", "Fri 27", "Sat 28", "Sun 1", "Mon 2", "Tue 3", "Wed 4"]
    assert chart.series == [("1 Mia", MIA), ("2 2", BEN)]
    assert (chart.rest, chart.line) == (None, None)


def test_a_month_has_a_bar_for_each_of_its_days() -> None:
    days = [date(2026, 11, number) for number in range(1, 31)]

    chart = usage_chart(make_daily([6] * 30, days=days), {})

    assert chart.subtitle == "1 to 30 Nov 2026, UTC"
    assert (len(chart.columns), chart.columns[0], chart.columns[-1]) == (30, "1", "30")


def test_days_of_two_years_are_told_apart() -> None:
    daily = make_daily([6, 6], days=[date(2026, 12, 31), date(2027, 1, 1)])

    assert usage_chart(daily, {}).subtitle == "31 Dec 2026 to 1 Jan 2027, UTC"


@pytest.mark.parametrize(("members", "named"), [(6, 6), (7, 5)])
def test_of_more_members_than_there_are_colours_the_last_are_drawn_together(members: int, named: int) -> None:
    daily = make_daily(*([70 - number] * 7 for number in range(members)))

    chart = usage_chart(daily, {})

    assert len(chart.series) == named
    assert chart.rest == (None if members == named else ("others", (65 + 64,) * 7))


def test_what_nobody_is_named_for_is_with_the_others() -> None:
    chart = usage_chart(make_daily(MIA, totals=[each + 4 for each in MIA]), {})

    assert chart.rest == ("others", (4,) * 7)


@pytest.mark.parametrize(
    ("cap", "days", "said", "line"),
    [
        (Quota(90), 1, "cap 90 s a day", ("cap", 90)),
        (Quota(300, Period.WEEK), 7, "cap 300 s a week (43 s a day)", ("cap, spread evenly", 300 / 7)),
        (Quota(620, Period.MONTH), 31, "cap 620 s a month (20 s a day)", ("cap, spread evenly", 20)),
        (Quota(0), 1, "cap 0 s a day", ("cap", 0)),
        (Quota(100_000), 1, "cap 100,000 s a day, far above", None),
    ],
)
def test_the_cap_is_a_line_a_day_and_says_how_it_came_to_be_one(
    cap: Quota, days: int, said: str, line: tuple[str, float] | None
) -> None:
    chart = usage_chart(make_daily(MIA, cap=cap, cap_days=days), {})

    assert chart.subtitle.endswith(f" · {said}")
    assert chart.line == (None if line is None else (line[0], pytest.approx(line[1])))


def test_what_the_chart_says_is_said_in_words() -> None:
    daily = make_daily(MIA, BEN, totals=(30, 0, 12, 12, 94, 0, 24), cap=Quota(90))

    assert usage_chart_alt(daily, {1: "Mia", 2: "Ben\n**the Great**"}) == (
        "Seconds of video a day, by member, 26 Feb to 4 Mar 2026, UTC: 172 s in all."
        " Mia 120 s; Ben the Great 48 s; others 4 s. Most on 2 Mar 2026: 94 s. The cap is 90 s a day."
    )


def test_channels_are_named_as_channels() -> None:
    daily = make_daily(MIA, by=UsageBy.CHANNEL)

    assert usage_chart(daily, {1: "films"}).series[0][0] == "1 #films"
    assert usage_chart_alt(daily, {1: "films"}).startswith("Seconds of video a day, by channel")
    assert usage_legend(daily) == "26 Feb to 4 Mar 2026: 1 <#1> 120 s"


def test_the_message_says_whom_the_numbers_of_the_chart_stand_for() -> None:
    daily = make_daily(MIA, BEN, totals=(30, 0, 12, 12, 94, 0, 24))

    assert usage_legend(daily) == "26 Feb to 4 Mar 2026: 1 <@1> 120 s · 2 <@2> 48 s · others 4 s"


def test_the_longest_words_fit_where_they_go() -> None:
    ids = [2**63 - number for number in range(1, 21)]
    daily = make_daily(*([10**6] * 7 for _ in ids), ids=ids, cap=Quota(10**6, Period.MONTH), cap_days=31)
    names = dict.fromkeys(ids, "\U0001f9cc" * 100)

    assert len(usage_chart_alt(daily, names)) <= 1024
    assert all(len(name) <= 42 for name, _ in usage_chart(daily, names).series)
