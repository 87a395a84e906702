"""What is asked of a place, and of whoever presses there, before a clip is made: by Discord only for commands."""

from __future__ import annotations

import asyncio
import logging
from itertools import chain
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.errors import NotMemberError, PlaceGoneError, PublishUnavailableError, ThreadClosedError
from bot.models import Requester
from bot.models.brainstorms import NoThreadsError
from bot.ui.discord_errors import CLOSING_CODES, UNKNOWN_MEMBER_CODES, as_publish_errors
from cogs.context import FETCH_SECONDS, requester_in_place, role_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_log = logging.getLogger(__name__)

GuildPlace = discord.abc.GuildChannel | discord.Thread


def require_open_place(interaction: discord.Interaction, *, posts: bool, also: Iterable[str] = ()) -> None:
    """Check a channel or thread of a server that a clip is asked for in, and whoever asks, before anything is charged.

    Args:
        posts: whether the clip is to be posted there.
        also: what else the bot has to be permitted there then.

    Raises:
        ThreadClosedError: when it is a thread that is archived or locked.
        discord.app_commands.MissingPermissions: when a member presses a button who may not use commands there.
        discord.app_commands.BotMissingPermissions: when the bot can't do there all that the job will ask of it.
    """
    is_command = interaction.type is discord.InteractionType.application_command  # which Discord itself has checked
    of_member, of_bot = None if is_command else interaction.permissions, interaction.app_permissions
    for refusal in place_refusals(interaction.channel, of_bot if posts else None, of_member, also=also):
        raise refusal


def place_refusals(
    channel: object,
    of_bot: discord.Permissions | None,
    of_member: discord.Permissions | None,
    *,
    also: Iterable[str] = (),
) -> Iterator[ThreadClosedError | app_commands.MissingPermissions | app_commands.BotMissingPermissions]:
    """Yield all that keeps a member from having a clip made in a place of a server, as far as Discord decides it.

    Args:
        of_bot, of_member: what they are permitted there; None is not asked about.
        also: what else the bot has to be permitted.
    """
    if isinstance(channel, discord.Thread) and (channel.locked or channel.archived):
        yield ThreadClosedError(is_locked=channel.locked)
    post, *others = needs_of_clips(channel).values()
    if of_member is not None and (lacking := lacks(of_member, ("use_application_commands", post[-1]))):
        yield app_commands.MissingPermissions(lacking)
    needed = (*post, *also, *chain.from_iterable(others))
    if of_bot is not None and (lacking := lacks(of_bot, needed)):
        yield app_commands.BotMissingPermissions(lacking)


def needs_of_clips(channel: object) -> dict[str, tuple[str, ...]]:
    """Return which permissions the bot needs in a place, for what: to post, to attach, and to find a clip again.

    The history is needed to find a clip that was posted just before a crash.
    """
    send = "send_messages_in_threads" if isinstance(channel, discord.Thread) else "send_messages"
    return {"post": ("view_channel", send), "attach": ("attach_files",), "history": ("read_message_history",)}


def needs_of_threads(channel: object) -> tuple[str, ...] | None:
    """Return which permissions a brainstorm needs there besides; None where there can be no threads."""
    match channel:
        case discord.Thread():
            return ()
        case discord.TextChannel():
            return ("create_public_threads", "send_messages_in_threads")
        case _:
            return None


def require_place_for_thread(interaction: discord.Interaction) -> None:
    """Check a place of a server in which a brainstorm is to go on, in a thread made there or in the thread it is.

    Raises:
        NoThreadsError: when there can be no threads in this kind of channel.
        ThreadClosedError, discord.app_commands.MissingPermissions, BotMissingPermissions: as ``require_open_place``.
    """
    for_threads = needs_of_threads(interaction.channel)
    if for_threads is None:
        raise NoThreadsError
    require_open_place(interaction, posts=True, also=for_threads)


async def requester_there(interaction: discord.Interaction, guild_id: int, channel_id: int) -> Requester:
    """Say who asks where: where the interaction comes from, or in direct messages in a place of a server.

    Args:
        guild_id, channel_id: the place, for direct messages.

    Raises:
        PlaceUnknownError: when a place's category can't be found out now.
        NotMemberError: when whoever presses in direct messages has left the server.
        PlaceGoneError: when the channel or thread is deleted, or closed to the bot.
        ThreadClosedError: when it is a thread that moderators have locked.
        discord.app_commands.MissingPermissions: when they may not use commands there any more.
        PublishError: when Discord does not say.
    """
    if interaction.guild_id is not None:
        return await requester_in_place(interaction)
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            with as_publish_errors():
                return await _requester_from_afar(interaction, guild_id, channel_id)
    except TimeoutError as error:
        raise PublishUnavailableError("Discord did not answer in time") from error


async def _requester_from_afar(interaction: discord.Interaction, guild_id: int, channel_id: int) -> Requester:
    guild = interaction.client.get_guild(guild_id)
    if guild is None or guild.unavailable:
        raise PublishUnavailableError("the server is not known just now")
    try:
        member = await guild.fetch_member(interaction.user.id)
    except discord.HTTPException as error:
        if error.code not in UNKNOWN_MEMBER_CODES:
            raise
        raise NotMemberError from error
    place = await fetch_place(guild, channel_id)
    is_thread = isinstance(place, discord.Thread)
    if isinstance(place, discord.Thread) and place.locked:
        raise ThreadClosedError(is_locked=True)
    granted = place.permissions_for(member)
    _require_member(granted, "send_messages_in_threads" if is_thread else "send_messages")
    channel = place.parent if isinstance(place, discord.Thread) else place
    category_id = None if channel is None else channel.category_id
    places = (place.id, *((place.parent_id,) if isinstance(place, discord.Thread) else ()))
    return Requester(
        guild_id=guild_id,
        member_id=member.id,
        name=member.display_name,
        role_ids=role_ids(member),
        places=places if category_id is None else (*places, category_id),
        manages_server=granted.manage_guild,
    )


async def fetch_place(guild: discord.Guild, channel_id: int) -> GuildPlace:
    """Return a channel or a thread, from what is known of the server or else from Discord.

    Raises:
        PlaceGoneError: when it is deleted, or closed to the bot.
        discord.HTTPException: when Discord does not say.
    """
    known = guild.get_channel_or_thread(channel_id)
    if known is not None:
        return known
    try:
        return await guild.fetch_channel(channel_id)
    except discord.HTTPException as error:
        if error.code not in CLOSING_CODES:
            raise
        _log.info("place of a clip is gone", extra={"channel_id": channel_id, "discord_code": error.code})
        raise PlaceGoneError from error


def _require_member(granted: discord.Permissions, send: str) -> None:
    lacking = lacks(granted, ("use_application_commands", send))
    if lacking:
        raise app_commands.MissingPermissions(lacking)


def lacks(granted: discord.Permissions, needed: Iterable[str]) -> list[str]:
    """Return those permissions that are not among the granted ones."""
    return [name for name in needed if not getattr(granted, name)]
