"""What the commands need to know of a member."""

from __future__ import annotations

import discord


def role_ids(member: discord.Member | discord.User) -> tuple[int, ...]:
    """Return the ids of a member's roles, without @everyone, whose id is the server's own."""
    if not isinstance(member, discord.Member):
        return ()
    # As the interaction's own payload has them: ``member.roles`` knows only the roles of a server that is in the cache
    # already, so right after a start it would be empty and a role's quota would not hold.
    return tuple(member._roles)  # pyright: ignore[reportPrivateUsage] (there is no public way to the bare ids)
