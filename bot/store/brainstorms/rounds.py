"""Brainstorms, their rounds and takes.

Who may change a row:

* ``add``: whoever starts a round, in the transaction that charges its takes; the schema allows a brainstorm one round
  that goes on;
* ``claim_due``, ``renew_leases``, ``release_leases``: any worker, and only the lease;
* ``update``, ``release``, ``note_thread``: the worker that holds the round's lease;
* ``change``: whoever may decide about the vote (``services/brainstorms/voting.py``), out of the state they read;
* ``replace_take``, ``reopen``: whoever tries a failed take again, in the transaction that charges it, out of the job
  they read;
* any process ends what is old or of a server that was left, and takes members out who have erased their data, in steps
  (``retention/brainstorming.py``).

``touching.py`` has what notes that a board may look different.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, case, func, insert, or_, select
from sqlalchemy import update as sql_update

from bot.models.brainstorms import Brainstorm, Outcome, Round, RoundState, Vary
from bot.store.brainstorms.previews import from_vote_row, to_vote_row
from bot.store.brainstorms.touching import SOONEST, moments
from bot.store.holders import is_of_name
from bot.store.tables import brainstorms, rounds, takes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models.brainstorms import BoardTake

# Adding and finding --------------------------------------------------------------------------------


async def add_brainstorm(connection: AsyncConnection, brainstorm: Brainstorm) -> None:
    """Add a brainstorm, in the transaction of its first round."""
    await connection.execute(insert(brainstorms), {name: getattr(brainstorm, name) for name in _BRAINSTORM_FIELDS})


async def add(connection: AsyncConnection, round_: Round, board_takes: Sequence[BoardTake]) -> None:
    """Add a round with its takes, whose jobs are there."""
    await connection.execute(insert(rounds), _to_row(round_))
    rows = [
        {
            "round_id": round_.id,
            "number": take.number,
            "job_id": take.job.id,
            "difference": take.difference,
            "is_reigning": take.is_reigning,
        }
        for take in board_takes
    ]
    await connection.execute(insert(takes), rows)


async def get(connection: AsyncConnection, round_id: str) -> Round | None:
    """Return a round, or None."""
    row = (await connection.execute(_BY_ID, {"round_id": round_id})).one_or_none()
    return None if row is None else from_row(row)


async def get_brainstorm(connection: AsyncConnection, brainstorm_id: str) -> Brainstorm | None:
    """Return a brainstorm, or None."""
    row = (await connection.execute(_BRAINSTORM, {"brainstorm_id": brainstorm_id})).one_or_none()
    return None if row is None else brainstorm_from_row(row)


async def find_latest(connection: AsyncConnection, brainstorm_id: str) -> Round | None:
    """Return a brainstorm's latest round, or None."""
    row = (await connection.execute(_LATEST, {"brainstorm_id": brainstorm_id})).first()
    return None if row is None else from_row(row)


async def list_open(connection: AsyncConnection, *, guild_id: int) -> list[tuple[Round, Brainstorm]]:
    """Return the rounds of a server whose takes have not all landed or failed, oldest first."""
    rows = await connection.execute(_OPEN, {"guild_id": guild_id})
    return [(from_row(row), brainstorm_from_row(row, "brainstorm_")) for row in rows]


async def find_difference(connection: AsyncConnection, round_id: str, number: int) -> str | None:
    """Return in which words a take differs from the others; None where there is no such take."""
    return (await connection.execute(_DIFFERENCE, {"round_id": round_id, "number": number})).scalar_one_or_none()


# The worker ----------------------------------------------------------------------------------------


async def next_due_at(connection: AsyncConnection) -> datetime | None:
    """Return when the next round is due, counting a leased one from the end of its lease; None where none is."""
    return (await connection.execute(_NEXT_DUE_AT)).scalar_one()


async def claim_due(
    connection: AsyncConnection,
    *,
    now: datetime,
    limit: int,
    owner: str,
    lease_until: datetime,
    in_flight: Collection[str],
) -> list[Round]:
    """Lease up to ``limit`` due rounds that nobody holds to ``owner``, longest due first."""
    values = {"now": now, "in_flight": list(in_flight), "limit": limit}
    lease = {"lease_owner": owner, "lease_until": lease_until}
    return [from_row(row) for row in await connection.execute(_CLAIM_DUE, values | lease)]


async def renew_leases(
    connection: AsyncConnection, round_ids: Collection[str], *, owner: str, lease_until: datetime
) -> None:
    """Push out the end of leases that are still the owner's."""
    values = {"round_ids": list(round_ids), "owner": owner, "lease_until": lease_until}
    await connection.execute(_RENEW_LEASES, values)


async def release_leases(connection: AsyncConnection, *, name: str) -> int:
    """Give up every lease of a process of a name; return how many."""
    held = sql_update(rounds).where(is_of_name(rounds.c.lease_owner, name))
    return (await connection.execute(held.values(lease_owner=None, lease_until=None))).rowcount


async def update(connection: AsyncConnection, round_: Round, *, owner: str, **changes: Any) -> Round | None:  # noqa: ANN401 (values of Round fields)
    """Change a round that is leased to ``owner`` and still in the state it was read in; None when it is not."""
    read = {"id_read": round_.id, "state_read": round_.state, "owner": owner}
    result = await connection.execute(_OF_OWNER, read | changes)
    return replace(round_, **changes) if result.rowcount == 1 else None


async def release(
    connection: AsyncConnection, round_: Round, *, owner: str, due_at: datetime | None, attempts: int, now: datetime
) -> None:
    """Let go of a round until it is due; sooner where something has changed since it was read."""
    read = {"id_read": round_.id, "owner": owner, "changes_read": round_.changes} | moments(now)
    await connection.execute(_RELEASE, read | {"next_at": due_at, "attempts": attempts})


async def note_thread(connection: AsyncConnection, brainstorm: Brainstorm, **changes: Any) -> Brainstorm:  # noqa: ANN401 (of Brainstorm fields)
    """Remember a brainstorm's start message or its thread."""
    await connection.execute(sql_update(brainstorms).where(brainstorms.c.id == brainstorm.id).values(changes))
    return replace(brainstorm, **changes)


# Deciding ------------------------------------------------------------------------------------------


async def change(connection: AsyncConnection, round_: Round, *, now: datetime, **changes: Any) -> Round | None:  # noqa: ANN401 (of Round fields)
    """Change a round that is still in the state it was read in, whoever holds it, and let it be looked at at once."""
    mine = sql_update(rounds).where(rounds.c.id == round_.id, rounds.c.state == round_.state)
    values = changes | {"changes": rounds.c.changes + 1, "due_at": now}
    result = await connection.execute(mine.values(values))
    return replace(round_, **changes) if result.rowcount == 1 else None


async def replace_take(
    connection: AsyncConnection, round_id: str, number: int, *, old_job_id: str, new_job_id: str
) -> bool:
    """Let another job make a take; tell whether the old one was still its."""
    its = sql_update(takes).where(takes.c.round_id == round_id, takes.c.number == number, takes.c.job_id == old_job_id)
    return (await connection.execute(its.values(job_id=new_job_id))).rowcount == 1


async def reopen(connection: AsyncConnection, round_id: str) -> None:
    """Let a round count as open again; one in which too few takes had come for a vote goes on."""
    await connection.execute(_NOT_LANDED, {"id_read": round_id})
    result = await connection.execute(_REOPEN, {"id_read": round_id})
    if result.rowcount == 1:
        await connection.execute(_FORGET_VOTES, {"of_round": round_id})


async def note_votes(connection: AsyncConnection, round_id: str, counts: dict[int, int]) -> None:
    """Write down how many votes each take had in the end."""
    rows = [{"of_round": round_id, "of_number": number, "count": count} for number, count in counts.items()]
    if rows:
        await connection.execute(_NOTE_VOTES, rows)


# Rows and models -----------------------------------------------------------------------------------

_OF_SEVERAL_COLUMNS = frozenset({"vote"})
_PLAIN_FIELDS = tuple(name for name in Round.__dataclass_fields__ if name not in _OF_SEVERAL_COLUMNS)
_BRAINSTORM_FIELDS = tuple(Brainstorm.__dataclass_fields__)


def _to_row(round_: Round) -> dict[str, Any]:
    return {name: getattr(round_, name) for name in _PLAIN_FIELDS} | to_vote_row(round_.vote)


def from_row(row: Row[Any]) -> Round:
    """Return the round that a row holds."""
    values: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN_FIELDS}
    values["vary"], values["state"] = Vary(row.vary), RoundState(row.state)
    values["outcome"] = None if row.outcome is None else Outcome(row.outcome)
    values["shown_outcome"] = None if row.shown_outcome is None else Outcome(row.shown_outcome)
    return Round(vote=from_vote_row(row), **values)


def brainstorm_from_row(row: Row[Any], prefix: str = "") -> Brainstorm:
    """Return the brainstorm that a row holds, in columns whose names begin with ``prefix``."""
    values: dict[str, Any] = {name: getattr(row, prefix + name) for name in _BRAINSTORM_FIELDS}
    return Brainstorm(**values)


# Statements, written once: to write one takes longer than to run it. --------------------------------

BRAINSTORM_COLUMNS = [column.label(f"brainstorm_{column.key}") for column in brainstorms.c]
"""A brainstorm's columns beside a round's; ``brainstorm_from_row`` reads them with the prefix ``brainstorm_``."""
_IS_FREE: ColumnElement[bool] = or_(rounds.c.lease_until.is_(None), rounds.c.lease_until <= bindparam("now"))
_BY_ID = select(rounds).where(rounds.c.id == bindparam("round_id"))
_BRAINSTORM = select(brainstorms).where(brainstorms.c.id == bindparam("brainstorm_id"))
_LATEST = (
    select(rounds).where(rounds.c.brainstorm_id == bindparam("brainstorm_id")).order_by(rounds.c.number.desc()).limit(1)
)
_OPEN = (
    select(rounds, *[column for column in BRAINSTORM_COLUMNS if column.name != "brainstorm_id"])
    .join(brainstorms, brainstorms.c.id == rounds.c.brainstorm_id)
    .where(rounds.c.guild_id == bindparam("guild_id"), rounds.c.landed_at.is_(None))
    .order_by(rounds.c.id)
)
_DIFFERENCE = select(takes.c.difference).where(
    takes.c.round_id == bindparam("round_id"), takes.c.number == bindparam("number")
)
_FREE_AT = case((rounds.c.lease_until > rounds.c.due_at, rounds.c.lease_until), else_=rounds.c.due_at)
_NEXT_DUE_AT = select(func.min(_FREE_AT, type_=rounds.c.due_at.type)).where(rounds.c.due_at.is_not(None))
_CLAIM_DUE = (
    sql_update(rounds)
    .where(
        rounds.c.id.in_(
            select(rounds.c.id)
            .where(
                rounds.c.due_at <= bindparam("now"),
                _IS_FREE,
                rounds.c.id.not_in(bindparam("in_flight", expanding=True)),
            )
            .order_by(rounds.c.due_at)
            .limit(bindparam("limit", type_=Integer))
        ),
        _IS_FREE,
    )
    .returning(rounds)
)
_RENEW_LEASES = sql_update(rounds).where(
    rounds.c.id.in_(bindparam("round_ids", expanding=True)), rounds.c.lease_owner == bindparam("owner")
)
_OF_OWNER = sql_update(rounds).where(
    rounds.c.id == bindparam("id_read"),
    rounds.c.state == bindparam("state_read"),
    rounds.c.lease_owner == bindparam("owner"),
)
_NEXT_AT = bindparam("next_at", type_=rounds.c.due_at.type)
_RELEASE = (
    sql_update(rounds)
    .where(rounds.c.id == bindparam("id_read"), rounds.c.lease_owner == bindparam("owner"))
    .values(
        lease_owner=None,
        lease_until=None,
        attempts=bindparam("attempts"),
        due_at=case(
            (rounds.c.changes == bindparam("changes_read"), _NEXT_AT),
            (_NEXT_AT < SOONEST, _NEXT_AT),
            else_=SOONEST,
        ),
    )
)
_REOPEN = (
    sql_update(rounds)
    .where(rounds.c.id == bindparam("id_read"), rounds.c.outcome == Outcome.TOO_FEW)
    .values(state=RoundState.OPEN, outcome=None, ended_at=None, landed_at=None, closes_at=None)
)
_NOT_LANDED = (
    sql_update(rounds)
    .where(rounds.c.id == bindparam("id_read"), rounds.c.state == RoundState.OPEN)
    .values(landed_at=None)
)
_FORGET_VOTES = sql_update(takes).where(takes.c.round_id == bindparam("of_round")).values(votes=None)
_NOTE_VOTES = (
    sql_update(takes)
    .where(takes.c.round_id == bindparam("of_round"), takes.c.number == bindparam("of_number"))
    .values(votes=bindparam("count"))
)
