"""Tables to download: readable everywhere, and nothing in them is a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Aspect, EffectiveQuota, JobState, Period, Quota, QuotaSource, VideoSpec
from bot.services.quotas.usage import UsageReport
from bot.ui.exports import safe_cell, usage_files
from tests.support.jobs import CREATED_AT, RESETS_AT, make_job


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "=cmd|' /C calc'!A0"])
def test_what_a_spreadsheet_would_run_is_text(value: str) -> None:
    assert safe_cell(value) == f"'{value}"


@pytest.mark.parametrize("value", ["a = b", "fox", "", 12, -12, "https://example.com"])
def test_all_else_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) == value


@given(st.text(max_size=100))
def test_prompts_come_out_as_they_went_in_and_start_no_formula(prompt: str) -> None:
    spec = VideoSpec.accepted(prompt.encode(errors="ignore").decode(), Aspect.LANDSCAPE, 6)
    pool = EffectiveQuota(Quota(60), QuotaSource.CHANNEL, 3)
    job = make_job(spec=spec, state=JobState.DELIVERED, effective_quota=pool)
    report = UsageReport(period=Period.MONTH, start=CREATED_AT, end=RESETS_AT, members=(), refused=0, jobs=[job])

    (_, clips), count = usage_files(report)
    [row] = csv.DictReader(io.StringIO(clips.fp.read().decode("utf-8-sig"), newline=""))

    assert row["prompt"].removeprefix("'") == job.spec.prompt.removeprefix("'")
    assert not row["prompt"].lstrip(" ").startswith(("=", "+", "-", "@"))
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
    jobs = [make_job(**fields)]
    report = UsageReport(period=Period.MONTH, start=CREATED_AT, end=RESETS_AT, members=(), refused=0, jobs=jobs)

    (_, clips), _ = usage_files(report)

    [row] = csv.DictReader(io.StringIO(clips.fp.read().decode("utf-8-sig"), newline=""))
    assert row["outcome"] == outcome


def test_as_many_clips_are_listed_as_fit_and_the_latest_first() -> None:
    jobs = [make_job("x" * 500, id=f"job{number:013}") for number in range(100)]
    report = UsageReport(period=Period.MONTH, start=CREATED_AT, end=RESETS_AT, members=(), refused=0, jobs=jobs)

    (members, clips), count = usage_files(report, max_bytes=20_000)

    table = clips.fp.read()
    assert len(members.fp.read()) + len(table) <= 20_000
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))
    assert [row["job_id"] for row in rows] == [job.id for job in jobs[:count]]
    assert 30 < count < 40
