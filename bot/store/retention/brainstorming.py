"""The end of brainstorms: all of one together, and what *Erase my data* takes out of them.

A round is erased once its takes have landed or failed, as a job is once it has ended: until then whoever started it is
the one who has it open, and its board has to say of what it is. Afterwards its vote goes on without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, or_, select, update

from bot.store.brainstorms.touching import touch
from bot.store.retention.archive import IS_SETTLED
from bot.store.retention.steps import ERASED_ID, Deletes, has_key, keys_of
from bot.store.tables import brainstorms, jobs, rounds, takes, votes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.store.retention.steps import Asked

_ROWS_EACH = 10
"""As many rounds and takes as a brainstorm has, more or less."""

# Which ones --------------------------------------------------------------------------------------


def is_old(asked: Asked) -> ColumnElement[bool]:
    """Say that a brainstorm began, and all its rounds have ended, before a moment."""
    its = rounds.alias()
    lasted = or_(its.c.ended_at.is_(None), its.c.ended_at >= asked.before)
    later = select(its.c.id).where(its.c.brainstorm_id == brainstorms.c.id, lasted)
    return and_(brainstorms.c.created_at < asked.before, ~later.exists())


def is_of_server(asked: Asked) -> ColumnElement[bool]:
    """Say that a brainstorm is a server's."""
    return brainstorms.c.guild_id == asked.subject_id


def votes_of(which: Callable[[Asked], ColumnElement[bool]]) -> Deletes:
    """Return the step that deletes the votes of brainstorms."""

    def are_of(asked: Asked) -> ColumnElement[bool]:
        its = select(rounds.c.id).join(brainstorms, brainstorms.c.id == rounds.c.brainstorm_id)
        return votes.c.round_id.in_(its.where(which(asked)))

    return Deletes(votes, are_of)


def has_rounds_of(member_id: int, asked_at: object) -> ColumnElement[bool]:
    """Say that rounds or brainstorms that a member has started up to a moment still name them."""
    started = (
        select(table.c.id).where(table.c.member_id == member_id, table.c.created_at <= asked_at).exists()
        for table in (rounds, brainstorms)
    )
    return or_(*started)


# Steps -------------------------------------------------------------------------------------------


class EndBrainstorms:
    """Deletes brainstorms, each with all that is left of it in one go: people are shown them whole or not at all.

    Args:
        which: says which ones, of what is asked.
    """

    def __init__(self, which: Callable[[Asked], ColumnElement[bool]]) -> None:
        self._which = which

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the ids of a few."""
        few = select(brainstorms.c.id).where(self._which(asked)).limit(max(1, asked.limit // _ROWS_EACH))
        return list((await connection.execute(few)).scalars())

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Delete them."""
        ending = select(brainstorms.c.id).where(brainstorms.c.id.in_(found), self._which(asked))
        ids = list((await connection.execute(ending)).scalars())
        its_rounds = select(rounds.c.id).where(rounds.c.brainstorm_id.in_(ids))
        for table in (votes, takes):
            await connection.execute(delete(table).where(table.c.round_id.in_(its_rounds)))
        await connection.execute(delete(rounds).where(rounds.c.brainstorm_id.in_(ids)))
        await connection.execute(delete(brainstorms).where(brainstorms.c.id.in_(ids)))


class EraseVotes(Deletes):
    """Deletes a member's votes; what was counted at the end of a vote stays counted."""

    def __init__(self) -> None:
        super().__init__(votes, _are_of_member)

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Do so, and let boards of votes that go on show it."""
        await super().change(connection, found, asked)
        await _touch_going(connection, {round_id for round_id, *_ in found}, asked)


class RoundTexts:
    """Takes idea, differences and member from rounds that a member has started, once their takes have landed."""

    def _mine(self, asked: Asked) -> ColumnElement[bool]:
        mine = and_(rounds.c.member_id == asked.subject_id, rounds.c.created_at <= asked.before)
        return and_(mine, rounds.c.landed_at.is_not(None))

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the ids of some."""
        statement = select(rounds.c.id).where(self._mine(asked)).limit(asked.limit)
        return list((await connection.execute(statement)).scalars())

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Take them; a tie is left to the time that its member had to choose."""
        mine = update(rounds).where(rounds.c.id.in_(found), self._mine(asked)).values(idea="", member_id=ERASED_ID)
        erased = list((await connection.execute(mine.returning(rounds.c.id))).scalars())
        made = and_(takes.c.round_id.in_(erased), takes.c.is_reigning.is_(False))
        await connection.execute(update(takes).where(made).values(difference=""))
        await _touch_going(connection, erased, asked)


class ReigningTexts:
    """Takes the difference from a member's winners that others went on from; their own rounds' go with those."""

    def _mine(self, asked: Asked) -> ColumnElement[bool]:
        of_member = and_(jobs.c.member_id == asked.subject_id, jobs.c.created_at <= asked.before, IS_SETTLED)
        return and_(of_member, takes.c.is_reigning, takes.c.difference != "")

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the keys of some."""
        statement = select(*takes.primary_key).join(jobs, jobs.c.id == takes.c.job_id).where(self._mine(asked))
        return [tuple(row) for row in await connection.execute(statement.limit(asked.limit))]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Take it."""
        await connection.execute(update(takes).where(has_key(takes)).values(difference=""), keys_of(takes, found))
        await _touch_going(connection, {round_id for round_id, _ in found}, asked)


class BrainstormTexts:
    """Takes title and member from brainstorms that a member has started, once no round of theirs is being made."""

    def _mine(self, asked: Asked) -> ColumnElement[bool]:
        being_made = select(rounds.c.id).where(
            rounds.c.brainstorm_id == brainstorms.c.id,
            rounds.c.member_id == asked.subject_id,
            rounds.c.landed_at.is_(None),
        )
        mine = and_(brainstorms.c.member_id == asked.subject_id, brainstorms.c.created_at <= asked.before)
        return and_(mine, ~being_made.exists())

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the ids of some."""
        statement = select(brainstorms.c.id).where(self._mine(asked)).limit(asked.limit)
        return list((await connection.execute(statement)).scalars())

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Take them."""
        mine = update(brainstorms).where(brainstorms.c.id.in_(found), self._mine(asked))
        await connection.execute(mine.values(title="", member_id=ERASED_ID))
        going = select(rounds.c.id).where(rounds.c.brainstorm_id.in_(found))
        await _touch_going(connection, (await connection.execute(going)).scalars(), asked)


def _are_of_member(asked: Asked) -> ColumnElement[bool]:
    return and_(votes.c.member_id == asked.subject_id, votes.c.voted_at <= asked.before)


async def _touch_going(connection: AsyncConnection, round_ids: Iterable[str], asked: Asked) -> None:
    """Have boards looked at whose rounds go on; the others stay on Discord as they are."""
    going = select(rounds.c.id).where(rounds.c.id.in_(list(round_ids)), rounds.c.ended_at.is_(None))
    await touch(connection, (await connection.execute(going)).scalars(), now=asked.now)
