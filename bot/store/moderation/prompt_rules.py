"""What prompts may not hold: the rules moderators made, and the server's own AutoMod rules as last read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select

from bot.models import PromptRule, PromptRuleKind
from bot.store.tables import automod_rules, prompt_rules

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

_HAS_ANY = select(select(prompt_rules.c.id).where(prompt_rules.c.guild_id == bindparam("guild_id")).exists())


async def add(
    connection: AsyncConnection, *, guild_id: int, kind: PromptRuleKind, text: str, set_by_id: int, now: datetime
) -> PromptRule:
    """Add a rule."""
    statement = insert(prompt_rules).values(guild_id=guild_id, kind=kind, text=text, set_by_id=set_by_id, set_at=now)
    return _from_row((await connection.execute(statement.returning(prompt_rules))).one())


async def remove(connection: AsyncConnection, *, guild_id: int, rule_id: int) -> PromptRule | None:
    """Remove a server's rule; return it, or None when there was none."""
    statement = delete(prompt_rules).where(prompt_rules.c.guild_id == guild_id, prompt_rules.c.id == rule_id)
    row = (await connection.execute(statement.returning(prompt_rules))).one_or_none()
    return None if row is None else _from_row(row)


async def list_for(connection: AsyncConnection, guild_id: int) -> list[PromptRule]:
    """Return a server's rules, oldest first."""
    statement = select(prompt_rules).where(prompt_rules.c.guild_id == guild_id).order_by(prompt_rules.c.id)
    return [_from_row(row) for row in await connection.execute(statement)]


async def has_any(connection: AsyncConnection, guild_id: int) -> bool:
    """Tell whether a server has rules."""
    return (await connection.execute(_HAS_ANY, {"guild_id": guild_id})).scalar_one()


async def count(connection: AsyncConnection, guild_id: int) -> dict[PromptRuleKind, int]:
    """Count a server's rules by kind."""
    statement = (
        select(prompt_rules.c.kind, func.count())
        .where(prompt_rules.c.guild_id == guild_id)
        .group_by(prompt_rules.c.kind)
    )
    counts = {PromptRuleKind(kind): number for kind, number in await connection.execute(statement)}
    return {kind: counts.get(kind, 0) for kind in PromptRuleKind}


async def get_automod(connection: AsyncConnection, guild_id: int) -> dict[str, Any] | None:
    """Return a server's AutoMod rules as they were put, or None when they never were."""
    statement = select(automod_rules.c.rules).where(automod_rules.c.guild_id == guild_id)
    return (await connection.execute(statement)).scalar_one_or_none()


async def put_automod(connection: AsyncConnection, guild_id: int, rules: dict[str, Any]) -> None:
    """Remember a server's AutoMod rules, so that they hold right after a restart."""
    await connection.execute(delete(automod_rules).where(automod_rules.c.guild_id == guild_id))
    await connection.execute(insert(automod_rules).values(guild_id=guild_id, rules=rules))


def _from_row(row: Row[Any]) -> PromptRule:
    return PromptRule(
        id=row.id,
        guild_id=row.guild_id,
        kind=PromptRuleKind(row.kind),
        text=row.text,
        set_by_id=row.set_by_id,
        set_at=row.set_at,
    )
