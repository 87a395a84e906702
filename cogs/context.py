"""What the commands need to know of a member and the place they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.services.quotas.service import Requester

if TYPE_CHECKING:
    from discord.abc import Snowflake


def requester(
    interaction: discord.Interaction,
    member: discord.Member | discord.User | None = None,
    channel: Snowflake | None = None,
) -> Requester:
    """Say who asks where: whoever uses the command in its channel, or another member, elsewhere."""
    member = member or interaction.user
    is_member = isinstance(member, discord.Member)
    permissions = interaction.permissions if member.id == interaction.user.id else None
    return Requester(
        guild_id=interaction.guild_id or 0,
        member_id=member.id,
        role_ids=role_ids(member) if is_member else (),
        places=places(interaction, channel or interaction.channel),
        manages_server=permissions is not None and permissions.manage_guild,
    )


def role_ids(member: discord.Member) -> tuple[int, ...]:
    """Return the ids of a member's roles, without @everyone, whose id is the server's own."""
    # As the interaction's own payload has them: ``member.roles`` knows only the roles of a server that is in the cache
    # already, so right after a start it would be empty and a role's quota would not hold.
    return tuple(member._roles)  # pyright: ignore[reportPrivateUsage] (there is no public way to the bare ids)


def places(interaction: discord.Interaction, channel: object) -> tuple[int, ...]:
    """Return the ids of a thread, its channel and its category, as far as there are any."""
    match channel:
        case discord.Thread() | app_commands.AppCommandThread():
            parent = interaction.guild and interaction.guild.get_channel(channel.parent_id)
            above = (channel.parent_id, getattr(parent, "category_id", None))
        case app_commands.AppCommandChannel():
            known = interaction.guild and interaction.guild.get_channel(channel.id)
            above = (getattr(known, "category_id", None),)
        case _:
            above = (getattr(channel, "category_id", None),)
    channel_id = getattr(channel, "id", None)
    return tuple(place for place in (channel_id, *above) if place is not None)
