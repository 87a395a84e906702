"""Tables to download: comma-separated values that open in any spreadsheet, and do nothing there."""

from __future__ import annotations

import codecs
import csv
import io
import re
from operator import itemgetter
from typing import TYPE_CHECKING

import discord

from bot.models import EffectiveQuota, JobState, QuotaSource
from bot.slices import slices
from bot.ui.text.brainstorms import answers
from bot.ui.text.brainstorms import takes as take_text
from bot.ui.text.moderation import modlog as modlog_text
from bot.ui.text.moderation import usage as usage_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.models import Job
    from bot.models.brainstorms import Board, BoardTake
    from bot.services.brainstorms.records import BrainstormExport
    from bot.services.quotas.usage import UsageReport

MAX_BYTES = 8_000_000
"""Of both tables; Discord takes 10 MiB with a message."""
_FORMULA_SIGN = re.compile(r"(?<![^\W_])(?=[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b])")
"""Just before a sign that begins a formula, in full width too, where no letter or digit stands before it."""
_UNSEEN_STARTS = ("\t", "\r", "\n")
_MEMBER_COLUMNS = (
    *("member_id", "member_name", "seconds_used", "posted", "failed", "cancelled", "on_the_way", "removed"),
    *("brainstorms", "takes"),
)
_CLIP_COLUMNS = (
    *("asked_at_utc", "job_id", "member_id", "member_name", "channel_id", "channel_name", "prompt", "aspect"),
    *("seconds", "charged_to", "outcome", "reason", "removed_by", "removed_by_name", "link"),
)


async def usage_files(
    report: UsageReport, places: Mapping[int, str], *, max_bytes: int = MAX_BYTES
) -> tuple[list[discord.File], int]:
    """Make a report's tables: one line a member, and one a clip, newest first, as many as fit.

    Args:
        places: names of channels, categories and threads by id, as far as they are known.

    Returns:
        The files, and how many clips are in theirs.
    """
    names = report.names
    members = (
        (
            *(row.member_id, names.get(row.member_id, ""), row.used_seconds),
            *(row.delivered, row.failed, row.cancelled, row.open, row.removed),
            *(row.brainstorms, row.takes),
        )
        for row in report.members
    )
    clips = (_clip_row(job, names, places) for job in report.jobs)
    member_table, _ = await _table(_MEMBER_COLUMNS, members, max_bytes)
    clip_table, count = await _table(_CLIP_COLUMNS, clips, max_bytes - len(member_table))
    name = f"usage-{report.period}-{report.start:%Y-%m-%d}"
    return [
        discord.File(io.BytesIO(member_table), filename=f"{name}-members.csv"),
        discord.File(io.BytesIO(clip_table), filename=f"{name}-clips.csv"),
    ], count


async def daily_files(
    report: UsageReport, names: Mapping[int, str], picture: bytes | None, alt: str
) -> list[discord.File]:
    """Make a table of what was used on each day, by member or by channel, and the chart of it where there is one.

    Args:
        names: of members or channels, by id, as far as they are known.
        alt: what the chart says, in words.
    """
    daily = report.daily
    rows = [
        (number, share.subject_id, names.get(share.subject_id, ""), seconds)
        async for part in slices(daily.shares)
        for share in part
        for number, seconds in enumerate(share.seconds)
        if seconds
    ]
    rows += [(number, "", usage_text.OTHERS, seconds) for number, seconds in enumerate(daily.unlisted) if seconds]
    rows.sort(key=itemgetter(0))  # of one day, those who used most in all stay first
    lines = ((daily.days[number].isoformat(), *cells) for number, *cells in rows)
    table, _ = await _table(("day", f"{daily.by}_id", f"{daily.by}_name", "seconds_used"), lines, MAX_BYTES)
    name = f"usage-{report.period}-{report.start:%Y-%m-%d}-days"
    files = [discord.File(io.BytesIO(table), f"{name}.csv")]
    if picture is not None:
        files.insert(0, discord.File(io.BytesIO(picture), f"{name}.png", description=alt))
    return files


async def brainstorm_files(export: BrainstormExport) -> list[discord.File]:
    """Make a table of all takes of a brainstorm, one a line, and the picture of them where there is one."""
    rows = (_take_row(board, take) for board in export.rounds for take in board.takes)
    table, _ = await _table(answers.COLUMNS, rows, MAX_BYTES)
    brainstorm = export.rounds[0].brainstorm
    files = [discord.File(io.BytesIO(table), answers.export_filename(brainstorm, "csv"))]
    if export.sheet is not None:
        files.append(discord.File(io.BytesIO(export.sheet), answers.export_filename(brainstorm, "webp")))
    return files


def safe_cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula, nor any part of it, whatever it takes for a separator.

    Whoever opens the file chooses the separator, or their language does: with a semicolon ``a;=1+1`` is two cells, in
    quotes or not. So an apostrophe goes before each sign that could begin a formula, wherever it is not in a word.
    """
    if not isinstance(value, str):
        return value
    safe = _FORMULA_SIGN.sub("'", value)
    return f"'{safe}" if safe.startswith(_UNSEEN_STARTS) else safe


def _clip_row(job: Job, names: Mapping[int, str], places: Mapping[int, str]) -> Sequence[object]:
    return (
        f"{job.created_at:%Y-%m-%d %H:%M:%S}",
        job.id,
        job.member_id,
        names.get(job.member_id, ""),
        job.channel_id,
        places.get(job.channel_id, ""),
        job.spec.prompt,
        job.spec.aspect.value,
        job.charged_seconds,
        _charged_to(job.effective_quota, places),
        _outcome(job),
        "" if job.error_code is None else job.error_code.value,
        job.removed_by_id or "",
        names.get(job.removed_by_id or 0, ""),
        modlog_text.clip_link(job) or "",
    )


def _take_row(board: Board, take: BoardTake) -> Sequence[object]:
    votes = take.votes if board.round.outcome is not None or board.round.vote.shows_counts else ""
    link = take_text.clip_link(board.brainstorm, take.job) or ""
    varied = take.difference or ("" if take.job.spec.prompt == "" else take_text.AS_IT_IS)
    return (board.round.number, take.number, take.job.spec.prompt, varied, votes, _outcome(take.job), link)


def _outcome(job: Job) -> str:
    if job.removed_at:
        return "removed"
    return "posted" if job.state is JobState.DELIVERED else job.state.value


def _charged_to(effective: EffectiveQuota, places: Mapping[int, str]) -> str:
    if effective.source is not QuotaSource.CHANNEL:
        return "member"
    return f"pool {effective.subject_id} {places.get(effective.subject_id or 0, '')}".rstrip()


async def _table(columns: Sequence[str], rows: Iterable[Sequence[object]], max_bytes: int) -> tuple[bytes, int]:
    """Write a table of as many rows as fit; return it and their number."""
    # With a byte-order mark, or some spreadsheets read it in a code page of their own.
    table, count = bytearray(codecs.BOM_UTF8 + _line(columns)), 0
    async for part in slices(rows):
        for row in part:
            line = _line([safe_cell(value) for value in row])
            if len(table) + len(line) > max_bytes:
                return bytes(table), count
            table += line
            count += 1
    return bytes(table), count


def _line(cells: Sequence[object]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue().encode()
