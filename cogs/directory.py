"""What a server's roles, channels and threads are called, and which of them are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import EVERYWHERE, ChangeKind, QuotaSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    import discord

    from bot.models import Change, QuotaRule


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
