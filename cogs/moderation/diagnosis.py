"""``/moderate diagnose``: what the bot may do in a channel, and what keeps a member from having a clip made there."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import discord

from bot.errors import InvalidSettingError, PlaceGoneError, PlaceUnknownError, PublishUnavailableError
from bot.ui.components import component
from bot.ui.discord_errors import UNKNOWN_MEMBER_CODES, as_publish_errors
from bot.ui.messages.diagnosis import Diagnosis, diagnosis_view
from cogs.context import guild_id_of, requester_in_place
from cogs.gates import fetch_place, lacks, needs_of_clips, needs_of_threads, place_refusals
from cogs.moderation.options import may_post, parse_id
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    from discord import ui

    from bot.models import Server
    from bot.ui.components import Press
    from cogs.gates import GuildPlace

_NAME = "diagnosis"


def diagnosis_of(channel_id: int, member_id: int) -> Place:
    """Return where in the panel a member's clips in a channel are diagnosed."""
    return Place(_NAME, key=f"{channel_id}:{member_id}")


class DiagnosisSection(Section):
    """Shows one member's prospects in one place."""

    name = _NAME

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show them as they are now.

        Raises:
            InvalidSettingError: when it is no place of this server for clips, or no member of it.
            PublishError: when Discord does not say.
            PlaceUnknownError: when it can't be found out now which category the place is in.
        """
        channel_id, _, member_id = place.key.partition(":")
        guild = interaction.guild
        if guild is None or guild.unavailable:
            raise PublishUnavailableError("the server is not known just now")
        with as_publish_errors():
            channel = await _clip_place(guild, parse_id(channel_id))
            member = await _member(guild, parse_id(member_id))
        of_bot, of_member = channel.permissions_for(guild.me), channel.permissions_for(member)
        asking = await requester_in_place(interaction, member, channel)
        asking = replace(asking, manages_server=of_member.manage_guild)
        details, refusals = await self._services.admission.rehearse(asking)
        with as_publish_errors():
            log_arrives = await _log_arrives(guild, details.server)
        for_threads, needs = needs_of_threads(channel), needs_of_clips(channel)
        all_needed = dict.fromkeys(chain(*needs.values(), for_threads or ()))  # a brainstorm posts clips, too
        lacking = {thing: lacks(of_bot, needed) for thing, needed in needs.items()}
        diagnosis = Diagnosis(
            channel_id=channel.id,
            member_id=member.id,
            timed_out_until=member.timed_out_until if member.is_timed_out() else None,
            lacking={**lacking, "threads": None if for_threads is None else lacks(of_bot, all_needed)},
            automod=await self._services.automod.readable_rules(guild_id_of(interaction)),
            log_arrives=log_arrives,
            details=details,
            refusals=[*place_refusals(channel, of_bot, of_member), *refusals],
        )
        return diagnosis_view(diagnosis)

    @component("panel:diagnose:{channel_id}:{member_id}")
    async def look_again(self, press: Press, channel_id: int, member_id: int) -> None:
        """Look again."""
        await self._panel.show(press.interaction, diagnosis_of(channel_id, member_id))


async def _clip_place(guild: discord.Guild, channel_id: int) -> GuildPlace:
    try:
        channel = await fetch_place(guild, channel_id)
    except (PlaceGoneError, discord.InvalidData) as error:  # closed to the bot, or another server's
        raise InvalidSettingError("channel", "elsewhere") from error
    if isinstance(channel, discord.CategoryChannel | discord.ForumChannel):
        raise InvalidSettingError("channel", "no_clips")
    if isinstance(channel, discord.Thread) and channel.parent is None:  # its permissions are not known yet
        raise PlaceUnknownError
    return channel


async def _member(guild: discord.Guild, member_id: int) -> discord.Member:
    try:
        return await guild.fetch_member(member_id)
    except discord.HTTPException as error:
        if error.code not in UNKNOWN_MEMBER_CODES:
            raise
        raise InvalidSettingError("member", "elsewhere") from error


async def _log_arrives(guild: discord.Guild, server: Server) -> bool:
    """Tell whether the log gets to its channel, if there is one; a card opens a thread that is archived.

    Raises:
        discord.HTTPException: when Discord does not say.
    """
    if server.log_channel_id is None or server.log_closed:
        return False
    try:
        channel = await fetch_place(guild, server.log_channel_id)
    except PlaceGoneError:
        return False
    is_shut = isinstance(channel, discord.Thread) and (channel.parent is None or channel.locked)
    return not is_shut and may_post(channel, guild.me)
