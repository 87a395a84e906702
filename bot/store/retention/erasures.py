"""Members' wishes to be erased: durable marks that stay until all is done.

Who may change a row: the member makes one, or makes it anew; any process notes how far it is, and drops it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, or_, select, update

from bot.models import LogKind, StoredAbout
from bot.store.retention.archive import HAS_TEXTS, IS_SETTLED
from bot.store.retention.brainstorming import has_rounds_of
from bot.store.retention.erasing import is_change_of, is_entry_of
from bot.store.tables import (
    blocks,
    changes,
    drafts,
    erasures,
    favourites,
    jobs,
    ledger,
    ledger_sums,
    log_entries,
    members,
    previews,
    quota_rules,
    rounds,
    stills,
    submits,
    votes,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Erasure:
    """A member's wish.

    Attributes:
        asked_at: everything up to then is to be erased.
        texts_erased_at: since when no text is left; None while a job is still open, say.
    """

    member_id: int
    asked_at: datetime
    texts_erased_at: datetime | None


async def ask(connection: AsyncConnection, member_id: int, *, now: datetime) -> None:
    """Mark a member for erasure of everything up to now, and of what is dated later by a clock that was set back."""
    latest = select(func.max(jobs.c.created_at)).where(jobs.c.member_id == member_id)
    before = select(erasures.c.asked_at).where(erasures.c.member_id == member_id)
    dates = [(await connection.execute(each)).scalar_one_or_none() for each in (latest, before)]
    asked = {"asked_at": max([now, *filter(None, dates)]), "texts_erased_at": None}
    changed = await connection.execute(update(erasures).where(erasures.c.member_id == member_id).values(asked))
    if changed.rowcount == 0:
        await connection.execute(insert(erasures).values(member_id=member_id, **asked))


async def list_all(connection: AsyncConnection, *, limit: int) -> list[Erasure]:
    """Return marks, those without a text left last."""
    statement = select(erasures).order_by(erasures.c.texts_erased_at.is_not(None), erasures.c.asked_at).limit(limit)
    return [Erasure(row.member_id, row.asked_at, row.texts_erased_at) for row in await connection.execute(statement)]


async def note_texts_erased(connection: AsyncConnection, erasure: Erasure, *, now: datetime) -> bool:
    """Note that no text is left, if none is: False while a job or a round of before has not ended, say."""
    waits = and_(_of_before(erasure), or_(~IS_SETTLED, HAS_TEXTS))
    is_mine = select(jobs.c.id).where(_of_before(erasure), jobs.c.id == submits.c.job_id).exists()
    is_asked_about = select(submits.c.job_id).where(
        submits.c.due_at.is_not(None),  # as the index has it: few are
        submits.c.generation_id.is_not(None),
        is_mine,
    )
    statement = update(erasures).where(
        _same(erasure),
        ~select(jobs.c.id).where(waits).exists(),
        ~is_asked_about.exists(),
        ~has_rounds_of(erasure.member_id, erasure.asked_at),
    )
    return (await connection.execute(statement.values(texts_erased_at=now))).rowcount == 1


async def drop_done(connection: AsyncConnection, erasure: Erasure, *, now: datetime) -> bool:
    """Drop a mark of which all is done; False while a job or a grant of before has not ended."""
    is_open = select(jobs.c.id).where(_of_before(erasure), ~IS_SETTLED).exists()
    has_grant = (
        select(ledger.c.id)
        .where(
            ledger.c.member_id == erasure.member_id,
            ledger.c.counted_at <= erasure.asked_at,
            ledger.c.expires_at > now,
        )
        .exists()
    )
    result = await connection.execute(delete(erasures).where(_same(erasure), ~is_open, ~has_grant))
    return result.rowcount == 1


async def describe(connection: AsyncConnection, member_id: int, *, now: datetime) -> StoredAbout:
    """Count what is stored about a member, in all servers."""

    async def count(table: Table, *which: ColumnElement[bool]) -> int:
        return (await connection.execute(select(func.count()).select_from(table).where(*which))).scalar_one()

    mine = jobs.c.member_id == member_id
    marked = await connection.execute(select(erasures.c.asked_at).where(erasures.c.member_id == member_id))
    brainstormed = select(func.count(rounds.c.brainstorm_id.distinct())).where(rounds.c.member_id == member_id)
    in_servers = select(func.count(jobs.c.guild_id.distinct())).where(mine)
    holds = or_(blocks.c.expires_at.is_(None), blocks.c.expires_at > now)
    return StoredAbout(
        clips=await count(jobs, mine),
        prompts=await count(jobs, mine, jobs.c.prompt != ""),
        servers=(await connection.execute(in_servers)).scalar_one(),
        entries=await count(ledger, ledger.c.member_id == member_id)
        + await count(ledger_sums, ledger_sums.c.member_id == member_id),
        refusals=await count(log_entries, is_entry_of(member_id, LogKind.REFUSED)),
        changes=await count(changes, is_change_of(member_id)),
        stills=await count(stills, stills.c.job_id.in_(select(jobs.c.id).where(mine))),
        favourites=await count(favourites, favourites.c.job_id.in_(select(jobs.c.id).where(mine))),
        drafts=await count(drafts, drafts.c.member_id == member_id),
        brainstorms=(await connection.execute(brainstormed)).scalar_one(),
        brainstorm_entries=await count(
            log_entries, is_entry_of(member_id, LogKind.BRAINSTORM_STARTED, LogKind.BRAINSTORM_ENDED)
        ),
        votes=await count(votes, votes.c.member_id == member_id),
        previews=await count(previews, previews.c.member_id == member_id),
        blocks=await count(blocks, blocks.c.member_id == member_id, holds),
        quotas=await count(quota_rules, quota_rules.c.source == "member", quota_rules.c.subject_id == member_id),
        settings=await count(members, members.c.member_id == member_id),
        erasing_since=marked.scalar_one_or_none(),
    )


def _same(erasure: Erasure) -> ColumnElement[bool]:
    return and_(erasures.c.member_id == erasure.member_id, erasures.c.asked_at == erasure.asked_at)


def _of_before(erasure: Erasure) -> ColumnElement[bool]:
    return and_(jobs.c.member_id == erasure.member_id, jobs.c.created_at <= erasure.asked_at)
