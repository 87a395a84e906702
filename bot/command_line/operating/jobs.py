"""``jobs``: looking at jobs, and what can be done to one by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from bot.command_line.operating.asking import WORDS, answer, json_option, reason_option, whoever
from bot.command_line.operating.documents import listed_job, shown_job
from bot.models import JobState

_SNOWFLAKE = click.IntRange(1, 2**63 - 1)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"(\d{1,5})([mhd])")


class _Since(click.ParamType[datetime]):
    """A moment: so long ago (``90m``, ``24h``, ``7d``), or a date or time in ISO 8601, UTC where it names no zone."""

    name = "since"

    def convert(
        self,
        value: Any,  # noqa: ANN401 (as click has it)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        if found := _SPAN.fullmatch(value):
            return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither like 90m, 24h or 7d nor a date or time like 2026-03-04T12:00.", param, ctx)


@click.group
def jobs() -> None:
    """Look at jobs, retry one that was paid for, cancel one."""


@jobs.command("list")
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in JobState]),
    multiple=True,
    help="In this state; may be given again.",
)
@click.option("--failed", is_flag=True, help="The same as --state failed.")
@click.option("--server", "guild_id", type=_SNOWFLAKE, metavar="ID", help="Of this server.")
@click.option("--member", "member_id", type=_SNOWFLAKE, metavar="ID", help="Of this member, in all servers.")
@click.option("--since", type=_Since(), metavar="WHEN", help="Asked for since then: 90m, 24h, 7d, or a date or time.")
@click.option("--before", "before_id", type=WORDS, metavar="JOB_ID", help="Go on after this job.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
def list_(
    *,
    states: tuple[str, ...],
    failed: bool,
    guild_id: int | None,
    member_id: int | None,
    since: datetime | None,
    before_id: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """List jobs, newest first, without what anybody wrote."""
    from bot.models.operating import JobFilter
    from bot.ui.text.operating import jobs as words

    wanted = JobFilter(
        limit=limit,
        states=[JobState(state) for state in {*states, *(["failed"] if failed else [])}],
        guild_id=guild_id,
        member_id=member_id,
        since=since,
        before_id=before_id,
    )
    return answer(
        lambda operating, _: operating.list_jobs(wanted),
        words=lambda found: words.listed(found, limit),
        document=lambda found: [listed_job(job) for job in found],
        as_json=as_json,
    )


@jobs.command
@click.argument("job_id", type=WORDS)
@json_option
def show(*, job_id: str, as_json: bool) -> int:
    """Show all that is known of one job, its prompt too."""
    from bot.ui.text.operating import jobs as words

    return answer(
        lambda operating, _: operating.show_job(job_id), words=words.shown, document=shown_job, as_json=as_json
    )


@jobs.command
@click.argument("job_id", type=WORDS)
@reason_option
@json_option
def retry(*, job_id: str, reason: str | None, as_json: bool) -> int:
    """Have the clip of a failed job posted after all, where the service has it and bills it.

    A new job does it, which costs its member nothing and you nothing more.
    """
    from bot.ui.text.operating import jobs as words

    return answer(
        lambda operating, _: operating.retry(job_id, by=whoever(), reason=reason),
        words=words.retried,
        document=listed_job,
        as_json=as_json,
    )


@jobs.command
@click.argument("job_id", type=WORDS)
@reason_option
@json_option
def cancel(*, job_id: str, reason: str | None, as_json: bool) -> int:
    """Cancel a job that is not on its way to the channel yet; its member gets the seconds back."""
    from bot.ui.text.operating import jobs as words

    return answer(
        lambda operating, _: operating.cancel(job_id, by=whoever(), reason=reason),
        words=words.cancelled,
        document=listed_job,
        as_json=as_json,
    )
