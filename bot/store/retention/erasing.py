"""What *Erase my data* takes out of each table: the member's texts first, their id when nothing counts on it any more.

The id stays with whatever a running period or an unspent grant counts, or erasing would reset a quota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, bindparam, case, cast, delete, literal_column, or_, select, update

from bot.models import ChangeKind, LogKind, QuotaSource
from bot.store.clips.endings import end_with_prompts
from bot.store.retention.archive import FORGOTTEN, HAS_TEXTS, IS_SETTLED, move_usage
from bot.store.retention.steps import ERASED_ID, add_up, has_key, keys_of, total
from bot.store.tables import changes, jobs, ledger, ledger_sums, log_entries, submits, usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.store.retention.steps import Asked

# Texts -------------------------------------------------------------------------------------------


class JobTexts:
    """Takes prompt, addresses and still from a member's jobs, once they have ended."""

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the ids of some."""
        mine = and_(jobs.c.member_id == asked.subject_id, jobs.c.created_at <= asked.before)
        statement = select(jobs.c.id).where(mine, IS_SETTLED, HAS_TEXTS).limit(asked.limit)
        return list((await connection.execute(statement)).scalars())

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Take them."""
        await connection.execute(update(jobs).where(jobs.c.id.in_(found), IS_SETTLED).values(FORGOTTEN))
        await end_with_prompts(connection, found)


class SubmitIds:
    """Takes the service's ids, by which it finds a prompt, from the submits of a member's jobs, once nobody asks."""

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the keys of some."""
        statement = (
            select(*submits.primary_key)
            .join(jobs, jobs.c.id == submits.c.job_id)
            .where(jobs.c.member_id == asked.subject_id, jobs.c.created_at <= asked.before, IS_SETTLED)
            .where(_HAS_ID)
            .limit(asked.limit)
        )
        return [tuple(row) for row in await connection.execute(statement)]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Take them."""
        statement = update(submits).where(has_key(submits), _HAS_ID).values(generation_id=None)
        await connection.execute(statement, keys_of(submits, found))


_HAS_ID = and_(submits.c.generation_id.is_not(None), submits.c.due_at.is_(None))


class EntryTexts:
    """Takes the member, and of refusals the prompt, from the log's entries of refusals and brainstorms."""

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return ids and details of some."""
        statement = select(log_entries.c.id, log_entries.c.details).where(is_entry_of(asked.subject_id or 0))
        return [tuple(row) for row in await connection.execute(statement.limit(asked.limit))]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Take them; an entry's details don't change otherwise."""
        await connection.execute(
            _ERASE_DETAILS,
            [{"entry": entry_id, "rest": _without_member(details)} for entry_id, details in found],
        )


def _without_member(details: dict[str, Any]) -> dict[str, Any]:
    """Return an entry's details without the prompt and the member, whose own quota may have been what refused it."""
    rest = {name: "" if name == "prompt" else each for name, each in details.items() if name != "member_id"}
    return rest | {"subject_id": ERASED_ID} if rest.get("source") == QuotaSource.MEMBER else rest


_ERASE_DETAILS = (
    update(log_entries)
    .where(log_entries.c.id == bindparam("entry"))
    .values(details=bindparam("rest", type_=log_entries.c.details.type))
)


class ChangeTexts:
    """Takes the prompt and the member from what the audit has of clips that moderators cancelled or removed."""

    def _mine(self, asked: Asked) -> ColumnElement[bool]:
        return is_change_of(asked.subject_id or 0)

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return ids and details of some."""
        statement = select(changes.c.id, changes.c.before, changes.c.after).where(self._mine(asked))
        return [tuple(row) for row in await connection.execute(statement.limit(asked.limit))]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Take them; an entry's details don't change otherwise."""
        rows = [
            {"change": change_id, "was": _without_prompt(before), "became": _without_prompt(after)}
            for change_id, before, after in found
        ]
        await connection.execute(_ERASE_CHANGE, rows)


def _without_prompt(details: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if details is None else details | {"prompt": ""}


_ERASE_CHANGE = (
    update(changes)
    .where(changes.c.id == bindparam("change"))
    .values(
        subject_id=ERASED_ID,
        before=bindparam("was", type_=changes.c.before.type),
        after=bindparam("became", type_=changes.c.after.type),
    )
)


def is_entry_of(member_id: int, *kinds: LogKind) -> ColumnElement[bool]:
    """Say that an entry of the log tells of a refusal or a brainstorm of this member's.

    Args:
        kinds: only of these among them; none are all.
    """
    of_member = cast(log_entries.c.details["member_id"].as_string(), BigInteger) == member_id
    all_kinds = (LogKind.REFUSED, LogKind.BRAINSTORM_STARTED, LogKind.BRAINSTORM_ENDED)
    has_member = log_entries.c.kind.in_([literal_column(f"'{kind.value}'") for kind in all_kinds])  # as the index
    return and_(has_member, log_entries.c.kind.in_(kinds or all_kinds), of_member)


def is_change_of(member_id: int) -> ColumnElement[bool]:
    """Say that an entry of the audit tells of a clip of this member's."""
    kinds = (ChangeKind.JOB_CANCELLED, ChangeKind.CLIP_REMOVED)
    is_of_clip = changes.c.kind.in_([literal_column(f"'{kind.value}'") for kind in kinds])  # as the index has it
    return and_(is_of_clip, changes.c.subject_id == member_id)


# Ids ---------------------------------------------------------------------------------------------


class ChangeIds(ChangeTexts):
    """Takes the member from what moderators did later to clips whose prompt was gone by then."""

    def _mine(self, asked: Asked) -> ColumnElement[bool]:
        return and_(super()._mine(asked), changes.c.after["prompt"].as_string() == "")


class JobIds:
    """Takes the member from jobs that have ended, also as the one whose own quota held and who deleted them."""

    def _mine(self, asked: Asked) -> ColumnElement[bool]:
        return and_(jobs.c.member_id == asked.subject_id, jobs.c.created_at <= asked.before, IS_SETTLED)

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the ids of some."""
        statement = select(jobs.c.id).where(self._mine(asked)).limit(asked.limit)
        return list((await connection.execute(statement)).scalars())

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Do so."""
        mine = and_(jobs.c.id.in_(found), self._mine(asked))
        was_own = jobs.c.quota_source == QuotaSource.MEMBER
        whose = case((was_own, ERASED_ID), else_=jobs.c.quota_subject_id)
        deleted_own = jobs.c.removed_by_id == jobs.c.member_id
        remover = case((deleted_own, ERASED_ID), else_=jobs.c.removed_by_id)
        values = {"member_id": ERASED_ID, "quota_subject_id": whose, "removed_by_id": remover}
        await connection.execute(update(jobs).where(mine).values(values))


class LedgerIds:
    """Takes the member from charges and refunds of past periods, and from grants that have ended."""

    def _mine(self, asked: Asked) -> ColumnElement[bool]:
        is_over = or_(ledger.c.kind != "grant", ledger.c.expires_at.is_(None), ledger.c.expires_at <= asked.now)
        return and_(ledger.c.member_id == asked.subject_id, ledger.c.counted_at <= asked.before, is_over)

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return ids of some."""
        statement = select(ledger.c.id, ledger.c.made_by_id).where(self._mine(asked)).limit(asked.limit)
        return [tuple(row) for row in await connection.execute(statement)]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Do so; who made an entry stays where it was somebody else."""
        own = [entry_id for entry_id, made_by_id in found if made_by_id == asked.subject_id]
        await connection.execute(update(ledger).where(ledger.c.id.in_(own)).values(made_by_id=ERASED_ID))
        mine = and_(ledger.c.id.in_([entry_id for entry_id, _ in found]), self._mine(asked))
        await connection.execute(update(ledger).where(mine).values(member_id=ERASED_ID))


class UsageIds:
    """Counts what the member used in past periods for nobody in particular."""

    def _mine(self, asked: Asked) -> Select[Any]:
        mine = and_(_IS_MEMBERS, usage.c.account_id == asked.subject_id, usage.c.quarter_at <= asked.before)
        return select(usage).where(mine).limit(asked.limit)

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return some rows."""
        return (await connection.execute(self._mine(asked))).all()

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Do so."""

        def to_nobody(row: Row[Any]) -> tuple[Any, ...]:
            return row.guild_id, row.account_kind, ERASED_ID, row.quarter_at

        await move_usage(connection, self._mine(asked), to_nobody, is_day=False)


_IS_MEMBERS = usage.c.account_kind == literal_column("'member'")  # as the index has it


class SumIds:
    """Adds the member's sums to those of nobody in particular."""

    def _mine(self, asked: Asked) -> Select[Any]:
        mine = and_(ledger_sums.c.member_id == asked.subject_id, ledger_sums.c.day_at <= asked.before)
        return select(ledger_sums).where(mine).limit(asked.limit)

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return some rows."""
        return (await connection.execute(self._mine(asked))).all()

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Do so: read anew, since more may have been added to them meanwhile."""
        moved = (await connection.execute(self._mine(asked))).all()
        if moved:
            keys = keys_of(ledger_sums, [(row.guild_id, row.member_id, row.day_at) for row in moved])
            await connection.execute(delete(ledger_sums).where(has_key(ledger_sums)), keys)
        amounts = [((row.guild_id, ERASED_ID, row.day_at), {"seconds": row.seconds}) for row in moved]
        await add_up(connection, ledger_sums, total(amounts))
