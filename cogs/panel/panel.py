"""The settings panel as moderators have it open: shown at any section, and kept up to date while it is open."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bot.errors import ReelayError
from bot.services.loops import Loop
from bot.ui import replies
from bot.ui.discord_errors import ANSWER_GONE_CODES
from bot.ui.messages.panel.parts import closed_view, with_note
from bot.ui.text import panel as panel_text
from bot.ui.text.panel import PanelDetails
from cogs.context import guild_id_of, is_still_moderator
from cogs.directory import MemberNames, deleted_ids, deleted_in_rules, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable

    import discord
    from discord import ui

    from bot.services.moderation.servers import ServerView
    from bot.services.services import Services
    from cogs.moderation.acts import ModeratorActs

_log = logging.getLogger(__name__)

TOKEN_SECONDS = 840.0
"""How long an open panel can be changed by itself: its interaction's token dies after 15 minutes."""
REFRESH_SECONDS = 10.0
"""Discord may hold a change back; then the panel is changed with the next one."""
SECONDS_BETWEEN = 3.0
"""Discord lets a panel be changed some five times in five seconds; those who use it want some of that."""
MOST_OPEN = 1000
"""In all servers together."""
LAST_ATTEMPTS = 4
"""How often to try to say that a panel stays as it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is in the panel.

    Attributes:
        section: a section's name; one that there is not is the first page.
        page: of its list, from 1; a page past the end is the last.
        key: the id of the channel or job that is looked at closely.
    """

    section: str
    page: int = 1
    key: str = ""


class Section(ABC):
    """One section of the panel: shows itself, and answers the items and forms that are marked with ``component``."""

    name: ClassVar[str]

    def __init__(self, services: Services, acts: ModeratorActs, panel: Panel) -> None:
        self._services = services
        self._acts = acts
        self._panel = panel

    @abstractmethod
    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show what holds now.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """


@dataclass(slots=True)
class _Open:
    """A panel somebody has open: how to change it, what it shows, and since when.

    Attributes:
        note: what was last done in it.
        is_stale: something has changed since it was last brought up to date.
        is_changing: a task is at it.
        is_ending: it is left as it is from now on, whatever its time.
    """

    interaction: discord.Interaction
    place: Place
    since: float
    note: str | None = None
    is_stale: bool = False
    is_changing: bool = False
    is_ending: bool = False


class Panel:
    """Shows the panel; its sections do what is chosen in it.

    Args:
        monotonic: a clock that only goes on, in seconds.

    Attributes:
        seconds_between: how long an open panel is left alone after it was changed by itself.
        sections: by name.
        names: of members.
    """

    def __init__(self, services: Services, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds_between = SECONDS_BETWEEN
        self.sections: dict[str, Section] = {}
        self._most_in_server = services.floods.limits.open_panels
        self._services = services
        self._monotonic = monotonic
        self._open: dict[int, _Open] = {}
        self.names = MemberNames()
        self._changed: set[int] = set()
        self._changes = 0
        self._woken = asyncio.Event()
        self._loop = Loop("panels", self._woken)
        services.audit_trail.listen(self._note_change)

    async def open(self, interaction: discord.Interaction, place: Place) -> None:
        """Answer a command with the panel, and keep it true for ``TOKEN_SECONDS``.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        seen = self._changes
        view = await replies.run_or_defer(interaction, self._view(interaction, place), private=True)
        message_id = await replies.show_privately(interaction, view)
        if message_id is not None:
            self._note_open(message_id, interaction, place, seen)

    async def show(self, interaction: discord.Interaction, place: Place, *, note: str | None = None) -> None:
        """Show another place, or the same anew, in the panel whose item was used; it is true for as long again.

        Args:
            note: a sentence about what has just been done, shown below.

        Raises:
            StoreUnavailableError: when the database cannot be asked; the panel stays as it is.
        """
        seen = self._changes
        view = await replies.run_or_defer(interaction, self._view(interaction, place), private=True, redraws=True)
        await replies.redraw(interaction, view if note is None else with_note(view, note))
        if interaction.message is not None:
            self._note_open(interaction.message.id, interaction, place, seen, note)

    async def do(self, interaction: discord.Interaction, act: Coroutine[Any, Any, str], place: Place) -> None:
        """Do something, then show a place with the sentence about what came of it.

        Args:
            act: of ``ModeratorActs``.

        Raises: what the act raises. The place is shown all the same: what is open may be older than what was in the
            way.
        """
        message_id = 0 if interaction.message is None else interaction.message.id
        opened = self._open.pop(message_id, None)  # it is shown anew in a moment
        try:
            said = await replies.run_or_defer(interaction, act, private=True, redraws=True)
            await self.show(interaction, place, note=said)
        except ReelayError:
            with suppress(ReelayError):
                await self.show(interaction, place)
            raise
        finally:
            if opened is not None and message_id not in self._open:  # it could not be shown
                self._open[message_id] = opened
                self._note_change(guild_id_of(interaction))

    # What it shows -------------------------------------------------------------------------------

    async def details(
        self,
        interaction: discord.Interaction,
        *,
        channel_ids: Iterable[int] = (),
        members: Callable[[ServerView], Collection[int]] | None = None,
    ) -> PanelDetails:
        """Read what sections show of a server.

        Args:
            channel_ids: channels that are looked at, beside those that have rules.
            members: which members' names are needed.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        guild_id, guild = guild_id_of(interaction), interaction.guild
        view = await self._services.servers.view(guild_id)
        places = [*channel_ids, *(rule.channel_id for rule in view.channels)]
        places += filter(None, (view.server.log_channel_id, view.server.voter_role_id))
        return PanelDetails(
            view=view,
            automod=await self._services.automod.readable_rules(guild_id),
            operator_quota=self._services.quotas.operator_quota,
            profile=self._services.profile,
            deleted=deleted_in_rules(guild, view.rules) | deleted_ids(guild, places),
            names=names_in(guild) | await self.names.find(interaction.client, members(view) if members else ()),
        )

    async def _view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        section = self.sections.get(place.section) or self.sections["home"]
        return await section.view(interaction, place)

    # Keeping open panels true --------------------------------------------------------------------

    def _note_open(
        self,
        message_id: int,
        interaction: discord.Interaction,
        place: Place,
        seen: int,
        note: str | None = None,
    ) -> None:
        """Keep a panel true from now on; it shows what held when there had been ``seen`` changes."""
        self._open.pop(message_id, None)  # the latest used comes last
        self._make_room(interaction)
        self._open[message_id] = _Open(interaction, place, self._monotonic(), note)
        if self._changes != seen:
            self._changed.add(guild_id_of(interaction))
        self._woken.set()

    def _make_room(self, interaction: discord.Interaction) -> None:
        """Leave one panel as it is, where there are too many: of the member's own, else of the server's, the oldest.

        Nobody is refused one: those that were closed can't be told from those that are open. If there are too many in
        all servers together, it is one of the server that has most.
        """
        going_on = [opened for opened in self._open.values() if not opened.is_ending]
        crowd = [opened for opened in going_on if opened.interaction.guild_id == interaction.guild_id]
        if len(crowd) < self._most_in_server:
            if len(going_on) < MOST_OPEN:
                return
            [(largest, _)] = Counter(opened.interaction.guild_id for opened in going_on).most_common(1)
            crowd = [opened for opened in going_on if opened.interaction.guild_id == largest]
        own = [opened for opened in crowd if opened.interaction.user.id == interaction.user.id]
        (own or crowd)[0].is_ending = True

    async def run(self) -> None:
        """Change what is open of servers about which something has changed, until stopped."""
        await self._loop.run(self._pass, finish_seconds=None)

    def stop(self) -> None:
        """Let ``run`` end once the changes under way are made."""
        self._loop.stop()

    async def tick(self) -> None:
        """Change it once."""
        async with asyncio.TaskGroup() as changing:
            self._begin(changing.create_task)

    async def _pass(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> float | None:
        return self._begin(spawn)

    def _note_change(self, guild_id: int) -> None:
        self._changes += 1
        self._changed.add(guild_id)
        self._woken.set()

    def _begin(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> float | None:
        """Change each panel in a task of its own; return the seconds until the next one's time is up."""
        changed, self._changed = self._changed, set()
        now = self._monotonic()
        for message_id, opened in list(self._open.items()):
            is_over = opened.is_ending or now - opened.since >= TOKEN_SECONDS
            if not (is_over or opened.interaction.guild_id in changed):
                continue
            opened.is_stale = True
            if not opened.is_changing:
                opened.is_changing = True
                work = self._let_go(message_id, opened) if is_over else self._keep_true(message_id, opened)
                spawn(work)
        ends = [opened.since + TOKEN_SECONDS - now for opened in self._open.values() if not opened.is_changing]
        return min(ends, default=None)

    async def _keep_true(self, message_id: int, opened: _Open) -> None:
        while opened.is_stale and self._open.get(message_id) is opened:
            opened.is_stale = False
            await self._refresh(message_id, opened)
            await self._leave_alone()
        opened.is_changing = False
        self._woken.set()

    async def _let_go(self, message_id: int, opened: _Open) -> None:
        """Say that a panel stays as it is from now on, while its interaction can still say it."""
        for _ in range(LAST_ATTEMPTS):
            if self._open.get(message_id) is not opened or await self._refresh(message_id, opened, is_last=True):
                break
            await self._leave_alone()
        if self._open.get(message_id) is opened:
            del self._open[message_id]

    async def _leave_alone(self) -> None:
        await self._loop.wait_stopped(self.seconds_between)

    async def _refresh(self, message_id: int, opened: _Open, *, is_last: bool = False) -> bool:
        """Show what holds now, or nothing more to somebody who is no moderator any more; tell whether that was done."""
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                may_see = await is_still_moderator(opened.interaction)
                view = await self._view(opened.interaction, opened.place) if may_see else closed_view()
                note = panel_text.ASLEEP if is_last else opened.note
                if note and may_see:
                    view = with_note(view, note)
                if self._open.get(message_id) is opened:
                    await opened.interaction.edit_original_response(view=view)
        except (*replies.UNDELIVERED, ReelayError, TimeoutError) as error:
            may_see = False
            if getattr(error, "code", None) not in ANSWER_GONE_CODES:
                _log.info("open panel not changed", extra={"error": type(error).__name__})
                return False
        except Exception:  # noqa: BLE001 (logged; a panel is never worth the loop)
            _log.exception("open panel not changed")
            return False
        if self._open.get(message_id) is not opened:  # somebody went on in it meanwhile: the last word is theirs
            self._note_change(guild_id_of(opened.interaction))
        elif not may_see:
            del self._open[message_id]
        return True
