"""Tables to download: comma-separated values that open in any spreadsheet, and do nothing there."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import discord

from bot.models import EffectiveQuota, QuotaSource
from bot.ui import log_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.models import Job
    from bot.services.usage import UsageReport

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_MEMBER_COLUMNS = ("member_id", "seconds_used", "posted", "failed", "cancelled", "on_the_way", "removed")
_CLIP_COLUMNS = (
    *("asked_at_utc", "job_id", "member_id", "channel_id", "prompt", "aspect", "seconds", "charged_to"),
    *("outcome", "reason", "removed_by", "link"),
)


def usage_files(report: UsageReport) -> list[discord.File]:
    """Make a report's tables: one line a member, one line a clip."""
    members = (
        (row.member_id, row.used_seconds, row.delivered, row.failed, row.cancelled, row.open, row.removed)
        for row in report.members
    )
    day = f"{report.start:%Y-%m-%d}"
    return [
        _file(f"usage-{report.period}-{day}-members.csv", _MEMBER_COLUMNS, members),
        _file(f"usage-{report.period}-{day}-clips.csv", _CLIP_COLUMNS, map(_clip_row, report.jobs)),
    ]


def safe_cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS) else value


def _clip_row(job: Job) -> Sequence[object]:
    return (
        f"{job.created_at:%Y-%m-%d %H:%M:%S}",
        job.id,
        job.member_id,
        job.channel_id,
        job.spec.prompt,
        job.spec.aspect.value,
        job.spec.cost_seconds,
        _charged_to(job.effective_quota),
        "removed" if job.removed_at else job.state.value,
        "" if job.error_code is None else job.error_code.value,
        job.removed_by or "",
        log_texts.clip_link(job) or "",
    )


def _charged_to(effective: EffectiveQuota) -> str:
    return f"pool {effective.subject_id}" if effective.source is QuotaSource.CHANNEL else "member"


def _file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> discord.File:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    # With a byte-order mark, or some spreadsheets read it in a code page of their own.
    return discord.File(io.BytesIO(text.getvalue().encode("utf-8-sig")), filename=name)
