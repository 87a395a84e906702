"""Who asks, and where: what commands and buttons need to know of a member and their place."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.errors import PlaceUnknownError, PublishError, PublishUnavailableError
from bot.models import Requester
from bot.ui.discord_errors import UNKNOWN_MEMBER_CODES, as_publish_errors

if TYPE_CHECKING:
    from discord.abc import Snowflake

_log = logging.getLogger(__name__)

FETCH_SECONDS = 5.0
"""How long Discord may take to say which category a channel is in."""


def guild_id_of(interaction: discord.Interaction) -> int:
    """Return the server that an interaction comes from.

    Raises:
        discord.app_commands.NoPrivateMessage: when it comes from direct messages.
    """
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild_id


def channel_id_of(interaction: discord.Interaction) -> int:
    """Return the channel or thread that an interaction comes from.

    Raises:
        PlaceUnknownError: when Discord does not say.
    """
    if interaction.channel_id is None:
        raise PlaceUnknownError
    return interaction.channel_id


def place_of(interaction: discord.Interaction) -> int | None:
    """Return the channel or thread of a server that an interaction comes from; None is direct messages.

    Raises:
        PlaceUnknownError: when Discord does not say.
    """
    return None if interaction.guild_id is None else channel_id_of(interaction)


def requester(
    interaction: discord.Interaction,
    member: discord.Member | discord.User | None = None,
    channel: Snowflake | None = None,
) -> Requester:
    """Say who asks where: whoever uses the command in its channel, or another member, elsewhere.

    Raises:
        discord.app_commands.NoPrivateMessage: when the interaction comes from direct messages.
    """
    member = member or interaction.user
    is_own = member.id == interaction.user.id
    return Requester(
        guild_id=guild_id_of(interaction),
        member_id=member.id,
        name=member.display_name,
        role_ids=role_ids(member) if isinstance(member, discord.Member) else (),
        places=places(interaction, channel or interaction.channel),
        manages_server=is_own and interaction.permissions.manage_guild,
    )


def requester_in(interaction: discord.Interaction, guild_id: int) -> Requester:
    """Say who presses a button of this server; in direct messages nobody is known to have roles or a channel."""
    if interaction.guild_id is None:
        return Requester(guild_id=guild_id, member_id=interaction.user.id)
    return requester(interaction)


async def requester_by_id(interaction: discord.Interaction, member_id: int) -> Requester:
    """Say who a member is of whom only the id is known, in no place; somebody who left has no roles.

    Raises:
        PublishError: when Discord does not say.
    """
    with as_publish_errors():
        member = await _fetch_member(interaction, member_id)
    if member is None:
        return Requester(guild_id=guild_id_of(interaction), member_id=member_id)
    return requester(interaction, member).in_no_place()


def role_ids(member: discord.Member) -> tuple[int, ...]:
    """Return the ids of a member's roles, without @everyone, whose id is the server's own."""
    # As the interaction's own payload has them: ``member.roles`` knows only the roles of a server that is in the cache
    # already, so right after a start it would be empty and a role's quota would not hold.
    return tuple(member._roles)  # pyright: ignore[reportPrivateUsage] (there is no public way to the bare ids)


def places(interaction: discord.Interaction, channel: object) -> tuple[int, ...]:
    """Return the ids of a thread, its channel and its category, as far as they are at hand."""
    own = _own_places(channel)
    return own + (_category_at_hand(interaction, channel, own[-1]) or ()) if own else ()


async def requester_in_place(
    interaction: discord.Interaction,
    member: discord.Member | discord.User | None = None,
    channel: Snowflake | None = None,
) -> Requester:
    """Say who asks where, up to the category: rules of a place go by it, so Discord is asked where it is not at hand.

    It is not at hand for threads before their server's data has come, after each new connection.

    Raises:
        PlaceUnknownError: when it can't be found out now.
        discord.app_commands.NoPrivateMessage: when the interaction comes from direct messages.
    """
    asking, place = requester(interaction, member, channel), channel or interaction.channel
    own = _own_places(place) or ((interaction.channel_id,) if interaction.channel_id else ())
    if not own or _category_at_hand(interaction, place, own[-1]) is not None:
        return asking
    return replace(asking, places=own + await _fetch_places_above(interaction, own[-1]))


def _own_places(channel: object) -> tuple[int, ...]:
    match channel:
        case discord.Thread() | app_commands.AppCommandThread():
            return channel.id, channel.parent_id
        case None:
            return ()
        case _:
            channel_id: int = getattr(channel, "id")  # noqa: B009 (of whatever kind of channel)
            return (channel_id,)


def _category_at_hand(interaction: discord.Interaction, channel: object, channel_id: int) -> tuple[int, ...] | None:
    """Return the category that a channel, or a thread's, is in; nothing where it is in none, None where unknown."""
    known = interaction.guild and interaction.guild.get_channel(channel_id)
    if known is None and isinstance(channel, discord.Thread | app_commands.AppCommandThread):
        return None
    category_id = getattr(known or channel, "category_id", None)
    if category_id is not None:
        return (category_id,)
    return None if known is None else ()


async def _fetch_places_above(interaction: discord.Interaction, channel_id: int) -> tuple[int, ...]:
    """Ask Discord what a channel is in."""
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            with as_publish_errors():
                channel = await interaction.client.fetch_channel(channel_id)
            if not isinstance(channel, discord.Thread):
                category_id = getattr(channel, "category_id", None)
                return () if category_id is None else (category_id,)
            return channel.parent_id, *await _fetch_places_above(interaction, channel.parent_id)
    except (PublishError, discord.DiscordException, TimeoutError) as error:
        _log.warning("category not found out", extra={"channel_id": channel_id, "error": type(error).__name__})
        raise PlaceUnknownError from error


def sees(interaction: discord.Interaction, channel_id: int) -> bool:
    """Tell whether whoever does this is known to see a channel or a thread; who is in a private thread is not known."""
    if channel_id == interaction.channel_id:
        return True
    guild, member = interaction.guild, interaction.user
    place = None if guild is None else guild.get_channel_or_thread(channel_id)
    is_orphan = isinstance(place, discord.Thread) and place.parent is None
    if place is None or is_orphan or not isinstance(member, discord.Member):
        return False
    granted = place.permissions_for(member)
    is_private = isinstance(place, discord.Thread) and place.is_private()
    return granted.view_channel and (granted.manage_threads or not is_private)


# Moderators --------------------------------------------------------------------------------------


def is_moderator(interaction: discord.Interaction) -> bool:
    """Tell whether whoever does this is a moderator of the server it comes from, now."""
    return interaction.guild_id is not None and interaction.permissions.moderate_members


def require_moderator(interaction: discord.Interaction) -> None:
    """Check that whoever does this is a moderator now.

    Raises:
        discord.app_commands.MissingPermissions: when not.
    """
    if not is_moderator(interaction):
        raise app_commands.MissingPermissions(["moderate_members"])


async def is_still_moderator(interaction: discord.Interaction) -> bool:
    """Tell whether whoever did this is a moderator now.

    Raises:
        PublishUnavailableError, discord.HTTPException, aiohttp.ClientError, OSError: when Discord does not say.
    """
    member = await _fetch_member(interaction, interaction.user.id)
    if member is None:
        return False
    channel = member.guild.get_channel_or_thread(interaction.channel_id or 0)
    granted = member.guild_permissions if channel is None else channel.permissions_for(member)
    return granted.moderate_members


async def _fetch_member(interaction: discord.Interaction, member_id: int) -> discord.Member | None:
    """Ask Discord for a member as they are now; None when they are no member."""
    guild = interaction.guild
    if guild is None or guild.unavailable:
        raise PublishUnavailableError("the server is not known just now")
    try:
        return await guild.fetch_member(member_id)
    except discord.HTTPException as error:
        if error.code not in UNKNOWN_MEMBER_CODES:
            raise
        return None
