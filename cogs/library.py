"""``/clips``: a member's clips in a server, to be found again; what its buttons do works after a restart, too.

Where somebody is in the list stands in the custom ids: whose clips, which of them, from which one on, what is searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.models import NEWEST, SEARCH_MAX_CHARACTERS, ClipQuery, parse_search
from bot.ui import forms, replies
from bot.ui.components import component
from bot.ui.messages.library import FAVOURITES, clip_view, page_view, stills_of
from bot.ui.text import commands as command_text
from bot.ui.text.clips import library as library_text
from cogs.context import guild_id_of, require_moderator

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.models import ListedClip
    from bot.services.clips.library import Library
    from bot.services.clips.sending import ClipSender
    from bot.ui.components import Press

_Result = TypeVar("_Result")


class LibraryCog(commands.Cog):
    """Shows members their clips, and moderators those of a member."""

    def __init__(self, *, library: Library) -> None:
        self._library = library

    @app_commands.command(name="clips", description=command_text.CLIPS_COMMAND)
    @app_commands.guild_only()
    @app_commands.describe(search=command_text.CLIPS_SEARCH, member=command_text.CLIPS_MEMBER)
    async def clips(
        self,
        interaction: discord.Interaction,
        search: Range[str, 1, SEARCH_MAX_CHARACTERS] | None = None,
        member: discord.Member | discord.User | None = None,
    ) -> None:
        """Show the newest to whoever asks, and to nobody else."""
        member_id = interaction.user.id if member is None else member.id
        _require_access(interaction, member_id)
        guild_id, text = guild_id_of(interaction), parse_search(search or "")
        query = ClipQuery(guild_id=guild_id, member_id=member_id, text=text)
        page = await replies.run_or_defer(interaction, self._library.page(query), private=True)
        view = page_view(page, viewer_id=interaction.user.id)
        await replies.show_privately(interaction, view, lambda: stills_of(page.clips))


class LibraryActions:
    """What the buttons, the select and the form of ``/clips`` do."""

    def __init__(self, *, library: Library, sender: ClipSender) -> None:
        self._library = library
        self._sender = sender

    @component("clip:page:{show:all|favourites}:{member_id}:{from_job_id}:{text}")
    async def turn_page(self, press: Press, show: str, member_id: int, from_job_id: str, text: str) -> None:
        """Show a page."""
        await self._show_page(press, _query(press, show, member_id, text), from_job_id)

    @component("clip:list:{show:all|favourites}:{member_id}:{from_job_id}")
    async def show_all(self, press: Press, show: str, member_id: int, from_job_id: str) -> None:
        """Show a page without a search."""
        await self._show_page(press, _query(press, show, member_id, ""), from_job_id)

    @component("clip:search:{show:all|favourites}:{member_id}")
    async def ask_search(self, press: Press, show: str, member_id: int) -> None:
        """Ask what to look for."""
        _require_access(press.interaction, member_id)
        await press.interaction.response.send_modal(forms.search_form(show, member_id))

    @component("form:clip_search:{show:all|favourites}:{member_id}")
    async def search(self, press: Press, show: str, member_id: int) -> None:
        """Show what was found."""
        await self._show_page(press, _query(press, show, member_id, parse_search(press.typed(forms.TEXT))), NEWEST)

    @component("clip:open:{show:all|favourites}:{member_id}:{from_job_id}:{text}", chosen=str)
    async def open(self, press: Press, show: str, member_id: int, from_job_id: str, text: str) -> None:
        """Show one clip."""
        query = _query(press, show, member_id, text)
        finding = self._library.find(str(press.chosen), guild_id=query.guild_id, member_id=query.member_id)
        await self._show_clip(press, await _at_once(press, finding), query, from_job_id)

    @component("clip:mark:{job_id}:{show:all|favourites}:{from_job_id}:{text}")
    async def toggle_favourite(self, press: Press, job_id: str, show: str, from_job_id: str, text: str) -> None:
        """Mark a clip as a favourite of its member's, or take the mark away."""
        query = _query(press, show, press.member_id, text)
        toggling = self._library.toggle_favourite(job_id, guild_id=press.guild_id, member_id=press.member_id)
        await self._show_clip(press, await _at_once(press, toggling), query, from_job_id)

    @component("clip:send:{job_id}")
    async def send(self, press: Press, job_id: str) -> None:
        """Send a clip to its member directly."""

        async def work() -> str:
            posted = await self._sender.send(
                job_id,
                guild_id=press.guild_id,
                member_id=press.member_id,
                interaction_id=press.interaction.id,
            )
            return library_text.sent(posted.channel_id, posted.message_id)

        await replies.run_and_reply(press.interaction, work())

    async def _show_page(self, press: Press, query: ClipQuery, from_job_id: str) -> None:
        page = await _at_once(press, self._library.page(query, from_job_id))
        view = page_view(page, viewer_id=press.member_id)
        await replies.redraw(press.interaction, view, stills_of(page.clips))

    async def _show_clip(self, press: Press, clip: ListedClip, query: ClipQuery, from_job_id: str) -> None:
        can_be_sent = self._sender.can_send(clip)
        view = clip_view(clip, query, from_job_id, viewer_id=press.member_id, can_be_sent=can_be_sent)
        await replies.redraw(press.interaction, view, stills_of([clip]))


def _query(press: Press, show: str, member_id: int, text: str) -> ClipQuery:
    """Read which clips are looked for, by whoever may.

    Raises:
        InvalidSettingError, discord.app_commands.MissingPermissions: when that is none, or not theirs to see.
    """
    _require_access(press.interaction, member_id)
    return ClipQuery(
        guild_id=press.guild_id,
        member_id=member_id,
        favourites_only=show == FAVOURITES and member_id == press.member_id,
        text=parse_search(text),
    )


def _require_access(interaction: discord.Interaction, member_id: int) -> None:
    """Check that these are one's own clips, or that one is a moderator.

    Raises:
        discord.app_commands.MissingPermissions: when not.
    """
    if member_id != interaction.user.id:
        require_moderator(interaction)


async def _at_once(press: Press, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do something whose result is drawn in place of what is shown."""
    return await replies.run_or_defer(press.interaction, work, private=True, redraws=True)
