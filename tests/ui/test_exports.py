"""Tables to download: readable everywhere, and nothing in them is a formula."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Aspect, EffectiveQuota, JobState, Period, Quota, QuotaSource, VideoSpec
from bot.services.quotas.usage import MemberUsage, UsageReport
from bot.ui.exports import daily_files, safe_cell, usage_files
from tests.support.jobs import CREATED_AT, RESETS_AT, make_daily, make_job

if TYPE_CHECKING:
    from bot.models import Job


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        *((f"{sign}1", f"'{sign}1") for sign in "=+-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        *((f"{start}=1", f"'{start}'=1") for start in ("\t", "\r", "\n")),
        *((f"{start}fox", f"'{start}fox") for start in ("\t", "\r", "\n")),
        *((f"{start}=1", f"{start}'=1") for start in (" ", "   ", "\u3000", "\u200b", "\ufeff", "\xa0", '"', "'", "_")),
        *((f"a{separator}=1+1", f"a{separator}'=1+1") for separator in (";", ",", "\t", "|", ":", " ", "\n", "\u2028")),
        *((f"a{between}=1", f"a{between}'=1") for between in ("; ", ';"', ";'", ', "', "\t\t", ';""')),
        ("a;=1;=2;-3", "a;'=1;'=2;'-3"),
        ("=-+@1", "'='-'+'@1"),
        ("a fox - in snow", "a fox '- in snow"),
    ],
)
def test_what_a_spreadsheet_would_run_is_text_under_any_separator(value: str, safe: str) -> None:
    assert safe_cell(value) == safe


@pytest.mark.parametrize(
    "value", ["a=b", "a well-known fox", "", "me@x.example", "1+1", 12, -12, "https://x.example/a"]
)
def test_all_else_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) == value


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\u2212"


@given(st.text(st.sampled_from(f"{SIGNS};,\t|: \"'\nab1\u3000\ufeff_"), max_size=30), st.sampled_from([*";,\t|: \n_"]))
def test_no_part_between_separators_begins_a_formula(text: str, separator: str) -> None:
    (_, clips), _ = asyncio.run(
        usage_files(report_of(make_job(spec=VideoSpec.accepted(text, Aspect.LANDSCAPE, 6))), {})
    )

    for part in clips.fp.read().decode("utf-8-sig").split(separator):
        assert not part.strip('" \t\u3000\ufeff\n\r').startswith(tuple(SIGNS)), part


def test_every_cell_is_in_quotes() -> None:
    files, _ = asyncio.run(usage_files(report_of(make_job("a fox")), {}))

    for file in files:
        for line in file.fp.read().decode("utf-8-sig").splitlines():
            assert re.fullmatch(r'"[^"]*"(,"[^"]*")*', line)


def report_of(*jobs: Job) -> UsageReport:
    return UsageReport(
        period=Period.MONTH,
        start=CREATED_AT,
        end=RESETS_AT,
        members=(),
        refused=0,
        jobs=jobs,
        daily=make_daily((0, 0, 0, 0, 6, 0, 12), (0, 0, 0, 0, 0, 0, 6), totals=(0, 0, 4, 0, 6, 0, 18)),
    )


def test_the_table_of_members_has_their_brainstorms_and_takes() -> None:
    usage = MemberUsage(
        member_id=5, used_seconds=48, delivered=8, failed=0, cancelled=0, open=0, removed=0, brainstorms=2, takes=7
    )

    (members, _), _ = asyncio.run(usage_files(replace(report_of(), members=[usage]), {}))
    [row] = csv.DictReader(io.StringIO(members.fp.read().decode("utf-8-sig"), newline=""))

    assert (row["member_id"], row["brainstorms"], row["takes"]) == ("5", "2", "7")


@given(st.text(max_size=100))
def test_prompts_come_out_as_they_went_in_and_start_no_formula(prompt: str) -> None:
    spec = VideoSpec.accepted(prompt.encode(errors="ignore").decode(), Aspect.LANDSCAPE, 6)
    pool = EffectiveQuota(Quota(60), QuotaSource.CHANNEL, 3)
    job = make_job(spec=spec, state=JobState.DELIVERED, effective_quota=pool)

    (_, clips), count = asyncio.run(usage_files(report_of(job), {}))
    [row] = csv.DictReader(io.StringIO(clips.fp.read().decode("utf-8-sig"), newline=""))

    assert row["prompt"].replace("'", "") == job.spec.prompt.replace("'", "")
    assert (row["charged_to"], row["outcome"], count) == ("pool 3", "posted", 1)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"state": JobState.DELIVERED}, "posted"),
        ({"state": JobState.DELIVERED, "removed_at": CREATED_AT, "removed_by_id": 5}, "removed"),
        ({"state": JobState.FAILED}, "failed"),
        ({"state": JobState.CANCELLED}, "cancelled"),
    ],
    ids=str,
)
def test_what_became_of_a_clip_is_in_the_table(fields: dict[str, object], outcome: str) -> None:
    (_, clips), _ = asyncio.run(usage_files(report_of(make_job(**fields)), {}))

    [row] = csv.DictReader(io.StringIO(clips.fp.read().decode("utf-8-sig"), newline=""))
    assert row["outcome"] == outcome


def test_as_many_clips_are_listed_as_fit_and_the_latest_first() -> None:
    jobs = [make_job("x" * 500, id=f"job{number:013}") for number in range(100)]

    (members, clips), count = asyncio.run(usage_files(report_of(*jobs), {}, max_bytes=20_000))

    table = clips.fp.read()
    assert len(members.fp.read()) + len(table) <= 20_000
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))
    assert [row["job_id"] for row in rows] == [job.id for job in jobs[:count]]
    assert 30 < count < 40


def test_the_table_of_days_has_a_line_for_each_day_and_member_and_one_for_what_is_nobodys() -> None:
    [days] = asyncio.run(daily_files(report_of(), {1: "=Mia"}, None, "a chart"))

    assert days.filename == "usage-month-2026-03-04-days.csv"
    lines = list(csv.reader(io.StringIO(days.fp.read().decode("utf-8-sig"), newline="")))
    assert lines == [
        ["day", "member_id", "member_name", "seconds_used"],
        ["2026-02-28", "", "others", "4"],
        ["2026-03-02", "1", "'=Mia", "6"],
        ["2026-03-04", "1", "'=Mia", "12"],
        ["2026-03-04", "2", "", "6"],
    ]


def test_the_chart_comes_before_the_table_of_days_with_its_words_for_those_who_do_not_see_it() -> None:
    picture, table = asyncio.run(daily_files(report_of(), {}, b"a picture", "24 s in all"))

    assert (picture.filename, picture.description) == ("usage-month-2026-03-04-days.png", "24 s in all")
    assert picture.fp.read() == b"a picture"
    assert table.filename.endswith(".csv")
