"""What the commands need to know of a member."""

from __future__ import annotations

import discord


def role_ids(member: discord.Member | discord.User) -> tuple[int, ...]:
    """Return the ids of a member's roles, without @everyone, whose id is the server's own."""
    if not isinstance(member, discord.Member):
        return ()
    return tuple(role.id for role in member.roles if not role.is_default())
