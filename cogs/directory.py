"""What a server's roles, channels and threads are called, and which of them are deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.models import EVERYWHERE, ChangeKind, QuotaSource
from bot.ui import replies
from bot.ui.discord_errors import UNKNOWN_MEMBER_CODES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import discord

    from bot.models import Change, QuotaRule

_NAMES_KEPT = 10_000
_NAMED_WITHIN_SECONDS = 2.0
"""A form has to be shown within 3 s."""


class MemberNames:
    """Finds out members' names: the bot knows no member list, and neither selects nor forms show mentions."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def note(self, member: discord.Member | discord.User) -> None:
        """Note a name that is known."""
        self._names[member.id] = member.display_name

    async def find(self, client: discord.Client, member_ids: Collection[int]) -> dict[int, str]:
        """Return the names that are known or that Discord says, by the members' ids."""
        if len(self._names) > _NAMES_KEPT:
            self._names.clear()
        unknown = [member_id for member_id in member_ids if member_id not in self._names]
        names = await asyncio.gather(*(_fetch_name(client, member_id) for member_id in unknown))
        self._names |= {member_id: name for member_id, name in zip(unknown, names, strict=True) if name}
        return {member_id: self._names[member_id] for member_id in member_ids if member_id in self._names}

    async def name(self, client: discord.Client, member_id: int, *, otherwise: str) -> str:
        """Return a member's name, or something else where Discord does not say it in time for a form."""
        try:
            async with asyncio.timeout(_NAMED_WITHIN_SECONDS):
                return (await self.find(client, [member_id])).get(member_id, otherwise)
        except TimeoutError:
            return otherwise


async def _fetch_name(client: discord.Client, member_id: int) -> str | None:
    """Return a member's name: their id where there is no such member, None where Discord does not say."""
    try:
        return (await client.fetch_user(member_id)).display_name
    except replies.UNDELIVERED as error:
        return str(member_id) if getattr(error, "code", None) in UNKNOWN_MEMBER_CODES else None


def names_in(guild: discord.Guild | None) -> dict[int, str]:
    """Return the names of a server's roles, channels and threads by id."""
    if guild is None:
        return {}
    return {named.id: named.name for named in (*guild.roles, *guild.channels, *guild.threads)}


def deleted_ids(guild: discord.Guild | None, ids: Iterable[int]) -> set[int]:
    """Return those ids that no role, channel or thread of a server has; none while the server is not known."""
    if guild is None or guild.unavailable:
        return set()
    known = names_in(guild).keys() | {guild.id, EVERYWHERE}
    return {each for each in ids if each not in known}


def deleted_in_rules(guild: discord.Guild | None, rules: Iterable[QuotaRule]) -> set[int]:
    """Return the ids of roles and channels with rules that are known to be deleted."""
    kinds = {QuotaSource.ROLE, QuotaSource.CHANNEL}
    return deleted_ids(guild, (rule.subject_id for rule in rules if rule.source in kinds))


def deleted_in_changes(guild: discord.Guild | None, changes: Iterable[Change]) -> set[int]:
    """Return the ids of deleted roles and channels that changes are about."""
    about_places = {ChangeKind.POOL, ChangeKind.CHANNEL}
    ids: list[int] = []
    for change in changes:
        details = [each for each in (change.before, change.after) if each is not None]
        is_role = any(each.get("source") == QuotaSource.ROLE for each in details)
        if change.subject_id is not None and (is_role or change.kind in about_places):
            ids.append(change.subject_id)
        ids += [each[key] for each in details for key in ("channel_id", "voter_role_id") if each.get(key)]
    return deleted_ids(guild, ids)
