"""How the bot stands, what is spent, which servers there are: plain text, aligned, for a terminal or a code block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import OperatorAlert
from bot.ui.text import formatting, operators
from bot.ui.text.operating.tables import ago, aligned, moment, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.models.operating import (
        BotStatus,
        OperatorEntry,
        PauseStatus,
        RateStatus,
        ServerStatus,
        SpendReport,
        SpendStatus,
    )

_PAUSED_FOR = {
    OperatorAlert.UNAUTHORIZED.value: "the video service refuses the key",
    OperatorAlert.INSUFFICIENT_FUNDS.value: "the account or the key is out of money",
    OperatorAlert.NO_ACCESS.value: "the key may not use the model",
    OperatorAlert.SERVICE_TROUBLE.value: "the video service is in trouble",
}
ANSWER_CHARACTERS = 1900
"""How much a message of Discord's takes, with a code block around it."""


def status(bot: BotStatus) -> str:
    """Say how the bot stands."""
    oldest = bot.oldest_waiting_at
    lines = [
        ("version", f"{bot.version}, schema {bot.schema}"),
        ("at work", ", ".join(bot.processes) or "no process holds anything just now"),
        *(("paused", _pause(pause, bot.now)) for pause in bot.pauses),
        *([] if bot.pauses else [("paused", "no")]),
        ("jobs", _counts(bot.open_jobs) or "none on the way"),
        ("oldest waits", "nothing waits" if oldest is None else f"since {moment(oldest)}, {ago(oldest, bot.now)}"),
        ("renders", f"{bot.renders:,} of {bot.max_renders:,}"),
        ("last minute", f"submits {_rate(bot.submits)}, polls {_rate(bot.polls)}"),
        ("last clip", "none yet" if bot.last_clip_at is None else _when(bot.last_clip_at, bot.now)),
        ("failed, last hour", _counts(bot.failures) or "none"),
        ("spent today", _spent(bot.spent_today)),
        ("spent this month", _spent(bot.spent_this_month)),
    ]
    return aligned(lines)


def spend(report: SpendReport, names: Mapping[int, str], *, most_servers: int | None = None) -> str:
    """Say what was spent, by day and by server.

    Args:
        names: of servers, as far as they are known.
        most_servers: how many are listed; None is all.
    """
    price = report.credits_per_second
    total = operators.cost(report.total_seconds, price)
    days = [(f"{day.day}", operators.cost(day.seconds, price)) for day in report.days]
    servers = [
        (_named(server.guild_id, names), operators.cost(server.seconds, price))
        for server in report.servers[:most_servers]
    ]
    left_out = len(report.servers) - len(servers)
    if left_out:
        servers.append((f"and {formatting.counted(left_out, 'more server')}", ""))
    parts = [f"{report.first} to {report.last} (UTC): {total}", aligned(days), aligned(servers)]
    return "\n\n".join(filter(None, parts))


def servers(listed: Sequence[ServerStatus], now: datetime) -> str:
    """List the servers that the bot is in."""
    rows = [
        (
            str(server.guild_id),
            f"{server.jobs:,}",
            f"{server.open_jobs:,}",
            formatting.seconds(server.spent_seconds),
            "never" if server.last_asked_at is None else ago(server.last_asked_at, now),
            _standing(server),
        )
        for server in listed
    ]
    head = ("SERVER", "JOBS", "OPEN", "SPENT", "LAST ASKED", "STANDING")
    return table(head, rows, nothing="The bot is in no server, as far as is known.")


def audit(entries: Sequence[OperatorEntry]) -> str:
    """List what was changed by hand."""
    rows = [
        (moment(entry.made_at), entry.action.value, entry.target or "", entry.made_by, _text(entry.reason))
        for entry in entries
    ]
    return table(("WHEN", "WHAT", "OF", "BY", "REASON"), rows, nothing="Nothing was changed by hand.")


def paused() -> str:
    """Say that nothing is submitted any more."""
    return (
        "Paused: no process sends anything new to the video service until it is resumed. Requests are taken in and "
        "wait, their cards say so, and what renders is delivered."
    )


def resumed() -> str:
    """Say that it goes on."""
    return "Resumed: a running bot goes on within a minute."


def leaving(guild_id: int) -> str:
    """Say that a server will be left."""
    return f"Noted: a running bot leaves {guild_id} within a minute, and tries again until Discord says that it has."


def in_block(text: str) -> str:
    """Write a report as a message's code block, in which nothing is a mention or a link."""
    is_whole = len(text) <= ANSWER_CHARACTERS
    return formatting.block(text if is_whole else f"{text[:ANSWER_CHARACTERS]}\n…")


def _pause(pause: PauseStatus, now: datetime) -> str:
    since = f"since {moment(pause.began_at)}, {ago(pause.began_at, now)}"
    if pause.note is not None:
        return f"by hand, {since}: {_text(pause.note)}"
    return f"by {pause.owner}, {since}: {_PAUSED_FOR.get(pause.reason, pause.reason)}"


def _standing(server: ServerStatus) -> str:
    if server.left_at is not None:
        return f"left {moment(server.left_at)}"
    if server.is_to_be_left:
        return "to be left"
    return "served" if server.is_served else "not in ALLOWED_SERVERS"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())


def _rate(rate: RateStatus) -> str:
    return f"{rate.sent:,} of {rate.per_minute:,}"


def _spent(spent: SpendStatus) -> str:
    limit = "no ceiling" if spent.limit_seconds is None else f"of {formatting.seconds(spent.limit_seconds)}"
    return f"{formatting.seconds(spent.used_seconds)} spent or waiting, {limit}"


def _when(at: datetime, now: datetime) -> str:
    return f"{moment(at)}, {ago(at, now)}"


def _named(guild_id: int, names: Mapping[int, str]) -> str:
    return f"server {guild_id} {formatting.bare(names.get(guild_id, ''), 40)}".rstrip()


def _text(written: str | None) -> str:
    return formatting.plain(written or "")
