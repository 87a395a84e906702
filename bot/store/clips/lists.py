"""A member's clips in a server, newest first: all of them or favourites, searched or not, some at a time."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, literal_column, select

from bot.models import SEARCHED_MOST
from bot.models.clips import folded
from bot.store.tables import clip_prompts, favourites, jobs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import ClipQuery

_ESCAPE, _SIGN = "/", re.compile("[%_/]")


async def ids_from(connection: AsyncConnection, query: ClipQuery, job_id: str, *, limit: int) -> list[str]:
    """Return the jobs' ids of the next clips from one on, newest first."""
    statement = _statement(query.favourites_only, bool(query.text), True)
    return list((await connection.execute(statement, _values(query, job_id, limit))).scalars())


async def ids_after(connection: AsyncConnection, query: ClipQuery, job_id: str, *, limit: int) -> list[str]:
    """Return those of the clips that came just after one, oldest first."""
    statement = _statement(query.favourites_only, bool(query.text), False)
    return list((await connection.execute(statement, _values(query, job_id, limit))).scalars())


def _values(query: ClipQuery, job_id: str, limit: int) -> dict[str, Any]:
    values: dict[str, Any] = {"guild": query.guild_id, "member": query.member_id, "from_id": job_id, "most": limit}
    return values | ({"pattern": _pattern(query.text)} if query.text else {})


def _pattern(text: str) -> str:
    """Return what a folded prompt that holds a text is like."""
    return f"%{_SIGN.sub(lambda sign: _ESCAPE + sign[0], folded(text))}%"


@cache  # to write these statements takes longer than to run them
def _statement(favourites_only: bool, is_search: bool, is_back: bool) -> Select[str]:
    ids, holds_text = _searched(favourites_only) if is_search else (_all(favourites_only), None)
    job_id: ColumnElement[str] = ids.selected_columns[0]
    from_id = bindparam("from_id", type_=jobs.c.id.type)
    ids = ids.where(job_id <= from_id if is_back else job_id > from_id)
    if holds_text is not None:
        ids = ids.where(holds_text)
    return ids.order_by(job_id.desc() if is_back else job_id).limit(bindparam("most", type_=Integer))


def _all(favourites_only: bool) -> Select[str]:
    if favourites_only:
        mine = (favourites.c.guild_id == bindparam("guild"), favourites.c.member_id == bindparam("member"))
        return select(favourites.c.job_id).where(*mine)
    return select(jobs.c.id).where(
        jobs.c.state == literal_column("'delivered'"),  # as the index has it
        jobs.c.guild_id == bindparam("guild"),
        jobs.c.member_id == bindparam("member"),
    )


def _searched(favourites_only: bool) -> tuple[Select[str], ColumnElement[bool]]:
    """Return the newest of a member's clips, and the condition that the prompt holds the text: the dearest to ask."""
    prompts = clip_prompts.c
    newest = select(prompts.job_id, prompts.prompt).where(
        prompts.guild_id == bindparam("guild"), prompts.member_id == bindparam("member")
    )
    if favourites_only:
        newest = newest.join(favourites, favourites.c.job_id == prompts.job_id)
    found = newest.order_by(prompts.job_id.desc()).limit(SEARCHED_MOST).subquery()
    return select(found.c.job_id), found.c.prompt.like(bindparam("pattern"), escape=_ESCAPE)
