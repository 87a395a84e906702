"""Submits: every statement that reads or changes one, and what is known of the models they were asked of.

Who may change a submit's row:

* ``add``: any worker, in the statement that moves its job to ``submitting``: before the request goes out;
* ``note``: whoever heard what the service says of it, or noticed that its answer can no longer come. That needs no
  lease on the job: the service's word is true whatever became of the job here;
* ``leave``: whoever ends a job, so that its submit is asked about although nobody waits for it;
* ``claim_unattended``: any worker; it puts off the next time to ask, so that one worker asks; then ``put_off``.

At most one submit of a job is open; the schema sees to that. What counts as spent is summed up in the same transaction
(``spend.py``): an open submit always does, and whatever closes it as unpaid, or opens it again, says so there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from bot.models import FINAL_STATES, UNPAID_OUTCOMES, JobState, Submit, SubmitOutcome
from bot.store.jobs import spend
from bot.store.jobs.spend import Spender
from bot.store.tables import jobs, models, submits

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job

_IS_OPEN = submits.c.ended_at.is_(None)
_IS_SPENT = or_(submits.c.outcome.is_(None), submits.c.outcome.not_in(UNPAID_OUTCOMES))
HOLDS_SLOT = and_(_IS_OPEN, submits.c.sent_at > bindparam("since"))
"""A submit holds a render slot: it is open, and was sent after the moment ``since``."""

# Written once: to write one takes longer than to run it.
_LATEST_NUMBERS = (
    select(submits.c.job_id, func.max(submits.c.number).label("number"))
    .where(submits.c.job_id.in_(bindparam("job_ids", expanding=True)))
    .group_by(submits.c.job_id)
)
_OPEN_OF_JOB = select(submits).where(submits.c.job_id == bindparam("of_job"), _IS_OPEN)
_PROBING = (
    select(submits.c.job_id)
    .join(jobs, jobs.c.id == submits.c.job_id)
    .where(_IS_OPEN, submits.c.is_probe, jobs.c.state.in_(bindparam("states", expanding=True)))
    .limit(1)
)
_FAILED = (
    select(submits.c.job_id)
    .where(
        submits.c.sent_at > bindparam("sent_since"),
        submits.c.ended_at > bindparam("since"),
        submits.c.outcome == SubmitOutcome.FAILED,
    )
    .limit(1)
)
_CHANGE_OPEN = sql_update(submits).where(submits.c.job_id == bindparam("of_job"), _IS_OPEN)
_CHANGE_UNANSWERED = _CHANGE_OPEN.where(submits.c.outcome.is_(None))
_SPENDER = select(jobs.c.guild_id, jobs.c.member_id).where(jobs.c.id == bindparam("of_job"))
_NEXT_UNATTENDED_AT = select(func.min(submits.c.due_at)).where(submits.c.due_at.is_not(None))
_SLOTS = select(func.count(), func.min(submits.c.sent_at)).where(HOLDS_SLOT)
_COUNT_SENT = select(func.count(), func.min(submits.c.sent_at)).where(
    submits.c.sent_at > bindparam("since"),
    or_(submits.c.outcome.is_(None), submits.c.outcome != SubmitOutcome.NOT_SENT),
)


async def add(
    connection: AsyncConnection, started: Collection[Job], *, model: str, now: datetime, is_probe: bool = False
) -> dict[str, Submit]:
    """Write down that these jobs are about to be sent; return the submit of each by the job's id."""
    if not started:
        return {}
    job_ids = [job.id for job in started]
    rows = await connection.execute(_LATEST_NUMBERS, {"job_ids": job_ids})
    latest: dict[str, int] = {row.job_id: row.number for row in rows}
    added = {
        job.id: Submit(
            job_id=job.id,
            number=latest.get(job.id, 0) + 1,
            seconds=job.spec.cost_seconds,
            model=model,
            sent_at=now,
            is_probe=is_probe,
        )
        for job in started
    }
    await connection.execute(sql_insert(submits), [_to_row(submit) for submit in added.values()])
    spent = [(Spender(job.guild_id, job.member_id), job.spec.cost_seconds) for job in started]
    await spend.count(connection, spent, sent_at=now)
    return added


async def find_open(connection: AsyncConnection, job_id: str) -> Submit | None:
    """Return the submit of a job that may be on the wire or is being rendered, or None."""
    row = (await connection.execute(_OPEN_OF_JOB, {"of_job": job_id})).one_or_none()
    return None if row is None else _from_row(row)


async def list_of(connection: AsyncConnection, job_id: str) -> list[Submit]:
    """Return all submits of a job, first to last."""
    statement = select(submits).where(submits.c.job_id == job_id).order_by(submits.c.number)
    return [_from_row(row) for row in await connection.execute(statement)]


async def count_missing(connection: AsyncConnection, job_id: str) -> int:
    """Count the submits of a job, probes aside, that may have been on the wire and that the service did not have."""
    is_missing = (submits.c.outcome == SubmitOutcome.MISSING) & submits.c.is_probe.is_(False)
    statement = select(func.count()).select_from(submits).where(submits.c.job_id == job_id, is_missing)
    return (await connection.execute(statement)).scalar_one()


async def is_probing(connection: AsyncConnection, *, renders: bool) -> bool:
    """Tell whether the service's answer to a probe is still to come: to any process's.

    Args:
        renders: the clip as well, and not only whether the submit was taken.
    """
    states = [JobState.SUBMITTING, JobState.RENDERING] if renders else [JobState.SUBMITTING]
    return (await connection.execute(_PROBING, {"states": states})).first() is not None


async def has_failed(connection: AsyncConnection, *, since: datetime, sent_since: datetime) -> bool:
    """Tell whether some generation has failed since a moment.

    Args:
        sent_since: how far back to look for it.
    """
    return (await connection.execute(_FAILED, {"since": since, "sent_since": sent_since})).first() is not None


async def note(
    connection: AsyncConnection,
    job_id: str,
    *,
    now: datetime,
    outcome: SubmitOutcome | None = None,
    number: int | None = None,
    generation_id: str | None = None,
) -> bool:
    """Write down what the service says of a submit; without an outcome, that its answer can come no more from now on.

    An acceptance is heard even where the submit was taken for missing before: it opens again, or counts as spent
    where another one is open.

    Args:
        number: which of the job's; None is the one that is open.
        generation_id: the service's id for it, with ``ACCEPTED``.

    Returns:
        Whether that can be true: False where an accepted submit is said to be missing.
    """
    mine = (submits.c.job_id == job_id) & (_IS_OPEN if number is None else submits.c.number == number)
    is_unanswered = _IS_OPEN & submits.c.outcome.is_(None)
    match outcome:
        case None:
            await connection.execute(sql_update(submits).where(mine, is_unanswered).values(cut_at=now))
        case SubmitOutcome.ACCEPTED:
            words = {"outcome": outcome, "generation_id": generation_id}
            statement = _CHANGE_OPEN if number is None else _CHANGE_OPEN.where(submits.c.number == number)
            result = await connection.execute(statement, {"of_job": job_id} | words)
            if result.rowcount == 0 and number is not None:
                await _reopen(connection, job_id, number, words, now)
        case SubmitOutcome.MISSING:
            return await _close(connection, mine & is_unanswered, outcome, now)
        case _:
            await _close(connection, mine & _IS_OPEN, outcome, now)
    return True


async def _close(
    connection: AsyncConnection, is_mine: ColumnElement[bool], outcome: SubmitOutcome, now: datetime
) -> bool:
    """Write down that an open submit is over, and that it is not spent where it is not paid; tell if there was one."""
    ended = {"outcome": outcome, "ended_at": now, "due_at": None}
    closed = await _change(connection, is_mine, ended)
    if closed is not None and outcome in UNPAID_OUTCOMES:
        await _count_spend(connection, closed, seconds=-closed.seconds)
    return closed is not None


async def _change(
    connection: AsyncConnection, is_mine: ColumnElement[bool], values: dict[str, Any]
) -> Row[str, int, datetime] | None:
    """Change the one submit of which something is true; return whose it is, its seconds and when it was sent."""
    statement = sql_update(submits).where(is_mine).values(values)
    changed = statement.returning(submits.c.job_id, submits.c.seconds, submits.c.sent_at)
    return (await connection.execute(changed)).one_or_none()


async def _count_spend(connection: AsyncConnection, changed: Row[str, int, datetime], *, seconds: int) -> None:
    job = (await connection.execute(_SPENDER, {"of_job": changed.job_id})).one()
    await spend.count(connection, [(Spender(*job), seconds)], sent_at=changed.sent_at)


async def _reopen(connection: AsyncConnection, job_id: str, number: int, words: dict[str, Any], now: datetime) -> None:
    """Take back that a submit is missing: its job goes on with it; beside another that is open it counts as spent."""
    missing = (submits.c.job_id == job_id) & (submits.c.number == number)
    missing &= submits.c.outcome == SubmitOutcome.MISSING
    is_beside_another = await find_open(connection, job_id) is not None
    over = {"outcome": SubmitOutcome.LOST} if is_beside_another else {"ended_at": None}
    reopened = await _change(connection, missing, words | over)
    if reopened is None:
        return
    await _count_spend(connection, reopened, seconds=reopened.seconds)
    if not is_beside_another:
        waiting = (jobs.c.id == job_id) & (jobs.c.state == JobState.QUEUED)
        adopted = {"state": JobState.RENDERING, "generation_id": words["generation_id"], "due_at": now}
        await connection.execute(sql_update(jobs).where(waiting).values(adopted))
        await leave_if_ended(connection, job_id, now=now)


async def leave_if_ended(connection: AsyncConnection, job_id: str, *, now: datetime) -> None:
    """Let an open submit be asked about from now on if its job has ended."""
    has_ended = select(jobs.c.id).where(jobs.c.state.in_(FINAL_STATES), jobs.c.id == job_id)
    mine = (submits.c.job_id == job_id) & _IS_OPEN & submits.c.job_id.in_(has_ended)
    await connection.execute(sql_update(submits).where(mine).values(due_at=now))


async def leave(connection: AsyncConnection, job_id: str, *, now: datetime) -> None:
    """Let an open submit be asked about from now on: its job has ended, and nobody else waits for it."""
    await connection.execute(_CHANGE_OPEN, {"of_job": job_id, "due_at": now})


async def put_off(connection: AsyncConnection, submit: Submit, *, due_at: datetime | None, **changes: Any) -> None:  # noqa: ANN401 (values of Submit fields)
    """Say when to ask next about an open submit whose job has ended; None is never."""
    mine = (submits.c.job_id == submit.job_id) & (submits.c.number == submit.number) & _IS_OPEN
    await connection.execute(sql_update(submits).where(mine).values(due_at=due_at, **changes))


async def claim_unattended(
    connection: AsyncConnection, *, now: datetime, until: datetime, limit: int, in_flight: Collection[str]
) -> list[Submit]:
    """Return up to ``limit`` open submits that are due and whose jobs have ended, and put them off until then.

    Args:
        in_flight: keys of those that this worker is already at.
    """
    due = select(submits).where(submits.c.due_at <= now).order_by(submits.c.due_at).limit(limit + len(in_flight))
    found = [_from_row(row) for row in await connection.execute(due)]
    claimed = [submit for submit in found if submit.key not in in_flight][:limit]
    for submit in claimed:
        await put_off(connection, submit, due_at=until)
    return claimed


async def next_unattended_at(connection: AsyncConnection) -> datetime | None:
    """Return when the next open submit whose job has ended is due; None when nobody has to ask."""
    return (await connection.execute(_NEXT_UNATTENDED_AT)).scalar_one()


async def count_unattended(connection: AsyncConnection, due_at: datetime | None) -> int:
    """Count the open submits whose jobs have ended and that are still asked about; ``due_at`` is the next one's."""
    if due_at is None:
        return 0
    statement = select(func.count()).select_from(submits).where(submits.c.due_at.is_not(None))
    return (await connection.execute(statement)).scalar_one()


@dataclass(frozen=True, slots=True)
class Slots:
    """The render slots that are taken.

    Attributes:
        oldest_sent_at: when the first of them was sent; None when none is taken.
    """

    taken: int
    oldest_sent_at: datetime | None


async def slots(connection: AsyncConnection, *, since: datetime) -> Slots:
    """Count the render slots that are taken: by submits that are open and were sent after ``since``."""
    taken, oldest = (await connection.execute(_SLOTS, {"since": since})).one()
    return Slots(taken, oldest)


async def count_sent(connection: AsyncConnection, *, since: datetime) -> tuple[int, datetime | None]:
    """Return how many requests were sent after a moment, whatever became of them, and when the first of them was."""
    count, first = (await connection.execute(_COUNT_SENT, {"since": since})).one()
    return count, first


async def spent_seconds(connection: AsyncConnection) -> int:
    """Return the seconds of video spent: what the service bills, and what it may yet bill."""
    statement = select(func.coalesce(func.sum(submits.c.seconds), 0)).where(_IS_SPENT)
    return (await connection.execute(statement)).scalar_one()


def has_open(job_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Say that a submit of this job may be on the wire, or is being rendered."""
    return select(submits.c.number).where(submits.c.job_id == job_id, _IS_OPEN).exists()


def has_spent(job_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Say that the service bills a submit of this job, or may yet bill it."""
    return select(submits.c.number).where(submits.c.job_id == job_id, _IS_SPENT).exists()


# Models ------------------------------------------------------------------------------------------


async def finds_by_job_id(connection: AsyncConnection, model: str) -> bool | None:
    """Tell whether the service finds this model's generations by our job's id; None while nobody has found out."""
    statement = select(models.c.finds_by_job_id).where(models.c.name == model)
    return (await connection.execute(statement)).scalar_one_or_none()


async def note_finds_by_job_id(connection: AsyncConnection, model: str, *, finds: bool, now: datetime) -> bool:
    """Write that down; tell whether this was the first to find out."""
    if await finds_by_job_id(connection, model) is not None:
        return False
    await connection.execute(sql_insert(models).values(name=model, finds_by_job_id=finds, asked_at=now))
    return True


def _to_row(submit: Submit) -> dict[str, Any]:
    return {name: getattr(submit, name) for name in Submit.__dataclass_fields__}


def _from_row(row: Row[Any]) -> Submit:
    values: dict[str, Any] = {name: getattr(row, name) for name in Submit.__dataclass_fields__}
    values["outcome"] = None if row.outcome is None else SubmitOutcome(row.outcome)
    return Submit(**values)
