"""``status``, ``spend`` and ``audit``: looks at the whole bot."""

from __future__ import annotations

import click

from bot.command_line.operating.asking import answer, json_option
from bot.command_line.operating.documents import document


@click.command
@json_option
def status(*, as_json: bool) -> int:
    """Show how the bot stands: jobs, pauses, renders, failures, spend."""
    from bot.ui.text.operating import reports

    return answer(lambda operating, _: operating.status(), words=reports.status, document=document, as_json=as_json)


@click.command
@click.option("--days", type=click.IntRange(1, 3660), help="The last so many days, today among them.  [default: 7]")
@click.option("--month", is_flag=True, help="The running month.")
@json_option
def spend(*, days: int | None, month: bool, as_json: bool) -> int:
    """Show what was spent, by day (UTC) and by server."""
    from bot.ui.text.operating import reports

    if month and days is not None:
        raise click.UsageError("--days and --month can't be had together.")
    return answer(
        lambda operating, _: operating.spend_of_month() if month else operating.spend_of_days(days or 7),
        words=lambda report: reports.spend(report, {}),
        document=document,
        as_json=as_json,
    )


@click.command
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, newest first.")
@json_option
def audit(*, limit: int, as_json: bool) -> int:
    """Show what was changed by hand, when and by whom."""
    from bot.ui.text.operating import reports

    return answer(
        lambda operating, _: operating.list_audit(limit), words=reports.audit, document=document, as_json=as_json
    )
