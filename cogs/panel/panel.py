"""The settings panel as moderators have it open: shown at any section, and kept up to date while it is open."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import discord

from bot.errors import ReelayError
from bot.ui import replies
from bot.ui.messages import panel as panel_messages
from bot.ui.text import panel as panel_text
from bot.ui.text.panel import PanelFacts
from cogs.moderation.options import deleted_ids, deleted_in_changes, deleted_in_rules, is_still_moderator, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from discord import ui

    from bot.services.services import Services

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

TOKEN_SECONDS = 840.0
"""How long an open panel can be changed by itself: its interaction's token dies after 15 minutes."""
REFRESH_SECONDS = 10.0
"""Discord may hold a change back; then the panel is changed with the next one."""
SECONDS_BETWEEN = 3.0
"""Discord lets a panel be changed some five times in five seconds; those who use it want some of that."""
MOST_OPEN = 1000
LAST_ATTEMPTS = 4
"""How often to try to say that a panel stays as it is."""
_NAMES_KEPT = 10_000


@dataclass(slots=True)
class _Open:
    """A panel somebody has open: how to change it, what it shows, and since when.

    Attributes:
        note: what was last done in it.
        is_stale: something has changed since it was last brought up to date.
        is_changing: a task is at it.
    """

    interaction: discord.Interaction
    place: tuple[str, ...]
    since: float
    note: str | None = None
    is_stale: bool = False
    is_changing: bool = False


class Panel:
    """Shows the panel; ``panel_actions.py`` does what is chosen in it.

    A place in it is a section's name, with a page's number or an id.

    Args:
        monotonic: a clock that only goes on, in seconds.

    Attributes:
        seconds_between: how long an open panel is left alone after it was changed by itself.
    """

    def __init__(self, services: Services, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds_between = SECONDS_BETWEEN
        self._services = services
        self._monotonic = monotonic
        self._open: dict[int, _Open] = {}
        self._names: dict[int, str] = {}
        self._changed: set[int] = set()
        self._changes = 0
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()
        services.audit_trail.listen(self._note_change)

    async def open(self, interaction: discord.Interaction, *place: str) -> None:
        """Answer a command with the panel."""
        seen = self._changes
        view = await replies.run_or_defer(interaction, self._view(interaction, place), private=True)
        message_id = await replies.show_privately(interaction, view)
        if message_id is not None:
            self._note_open(message_id, interaction, place, seen)

    async def show(self, interaction: discord.Interaction, *place: str, note: str | None = None) -> None:
        """Show another place, or the same anew, in the panel whose item was used.

        Args:
            note: what has just been done.
        """
        seen = self._changes
        view = await replies.run_or_defer(interaction, self._view(interaction, place), private=True, redraws=True)
        await replies.redraw(interaction, view if note is None else panel_messages.with_note(view, note))
        if interaction.message is not None:
            self._note_open(interaction.message.id, interaction, place, seen, note)

    async def do(
        self,
        interaction: discord.Interaction,
        work: Coroutine[Any, Any, _Result],
        *place: str,
        reply: Callable[[_Result], str],
    ) -> None:
        """Let a service do something, then show a place, with a sentence about what came of it.

        Where nothing came of it, the place is shown all the same: what is open may be older than what was in the way.
        """
        message_id = 0 if interaction.message is None else interaction.message.id
        opened = self._open.pop(message_id, None)  # it is shown anew in a moment
        try:
            done = await replies.run_or_defer(interaction, work, private=True, redraws=True)
            await self.show(interaction, *place, note=reply(done))
        except ReelayError:
            with suppress(ReelayError):
                await self.show(interaction, *place)
            raise
        finally:
            if opened is not None and message_id not in self._open:  # it could not be shown
                self._open[message_id] = opened
                self._note_change(interaction.guild_id or 0)

    # What it shows -------------------------------------------------------------------------------

    async def _view(self, interaction: discord.Interaction, place: tuple[str, ...]) -> ui.LayoutView:
        guild_id = interaction.guild_id or 0
        section, argument = place[0], place[1] if len(place) > 1 else ""
        number = int(argument) if argument.isdecimal() else 1
        match section:
            case "jobs":
                return panel_messages.jobs(await self._services.jobs.list_open(guild_id), number)
            case "audit":
                return await self._audit(interaction, number)
            case "clips":
                return await self._clips(guild_id, number)
            case "clip":
                job = await self._services.jobs.find(argument, guild_id=guild_id)
                page = int(place[2]) if len(place) > 2 and place[2].isdecimal() else 1
                deleted = job is None or job.removed_at
                return await self._clips(guild_id, page) if deleted or job is None else panel_messages.clip(job, page)
            case _:
                facts = await self._facts(interaction, section, number)
        match section:
            case "quotas":
                return panel_messages.quotas(facts, number)
            case "pools":
                return panel_messages.pools(facts, number)
            case "cap":
                return panel_messages.cap(facts)
            case "channels":
                return panel_messages.channels(facts, number)
            case "channel":
                return panel_messages.channel(facts, number)
            case "rules":
                return panel_messages.prompt_rules(facts, (await self._services.prompts.book(guild_id)).rules, number)
            case "gifts":
                return panel_messages.grants(facts, number)
            case "blocks":
                return panel_messages.blocks(facts, number)
            case "log":
                return panel_messages.log(facts)
            case _:
                return panel_messages.home(facts)

    async def _clips(self, guild_id: int, number: int) -> ui.LayoutView:
        length = panel_messages.JOBS_PAGE_LENGTH
        while True:
            skip = (max(1, number) - 1) * length
            posted = await self._services.jobs.list_posted(guild_id, limit=length + 1, skip=skip)
            if posted or number <= 1:
                return panel_messages.clips(posted[:length], max(1, number), has_more=len(posted) > length)
            number -= 1  # what was on that page has been removed meanwhile

    async def _audit(self, interaction: discord.Interaction, number: int) -> ui.LayoutView:
        length = panel_messages.PAGE_LENGTH
        changes, total = await self._services.servers.list_changes(
            interaction.guild_id or 0, limit=length, skip=(max(1, number) - 1) * length
        )
        return panel_messages.audit(
            changes, deleted_in_changes(interaction.guild, changes), number, max(1, -(-total // length))
        )

    async def _facts(self, interaction: discord.Interaction, section: str, number: int) -> PanelFacts:
        guild_id, guild = interaction.guild_id or 0, interaction.guild
        view = await self._services.servers.view(guild_id)
        places = [rule.channel_id for rule in view.channels]
        if section == "channel":
            places.append(number)
        if view.server.log_channel_id is not None:
            places.append(view.server.log_channel_id)
        member_ids = panel_messages.members_shown(section, view, number)
        return PanelFacts(
            view=view,
            automod=await self._services.automod.known_rules(guild_id),
            operator_quota=self._services.quotas.operator_quota,
            deleted=deleted_in_rules(guild, view.rules) | deleted_ids(guild, places),
            names=names_in(guild) | await self._member_names(interaction.client, member_ids),
        )

    async def _member_names(self, client: discord.Client, member_ids: Iterable[int]) -> dict[int, str]:
        """Return members' names: the bot knows no member list, and a select shows no mentions."""
        wanted = list(member_ids)
        if len(self._names) > _NAMES_KEPT:
            self._names.clear()
        unknown = [member_id for member_id in wanted if member_id not in self._names]
        names = await asyncio.gather(*(_fetch_name(client, member_id) for member_id in unknown))
        self._names |= {member_id: name for member_id, name in zip(unknown, names, strict=True) if name}
        return {member_id: self._names[member_id] for member_id in wanted if member_id in self._names}

    # Keeping open panels true --------------------------------------------------------------------

    def _note_open(
        self,
        message_id: int,
        interaction: discord.Interaction,
        place: tuple[str, ...],
        seen: int,
        note: str | None = None,
    ) -> None:
        """Keep a panel true from now on; it shows what held when there had been ``seen`` changes."""
        if len(self._open) < MOST_OPEN or message_id in self._open:
            self._open[message_id] = _Open(interaction, place, self._monotonic(), note)
            if self._changes != seen:
                self._changed.add(interaction.guild_id or 0)
            self._woken.set()

    async def run(self) -> None:
        """Change what is open of servers about which something has changed, until stopped."""
        async with asyncio.TaskGroup() as changing:
            while not self._stopped.is_set():
                self._woken.clear()
                pause = self._begin(changing)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()

    def stop(self) -> None:
        """Let ``run`` end once the changes in hand are made."""
        self._stopped.set()
        self._woken.set()

    async def tick(self) -> None:
        """Change it once."""
        async with asyncio.TaskGroup() as changing:
            self._begin(changing)

    def _note_change(self, guild_id: int) -> None:
        self._changes += 1
        self._changed.add(guild_id)
        self._woken.set()

    def _begin(self, changing: asyncio.TaskGroup) -> float | None:
        """Change each panel in a task of its own; return the seconds until the next one's time is up."""
        changed, self._changed = self._changed, set()
        now = self._monotonic()
        for message_id, opened in list(self._open.items()):
            is_over = now - opened.since >= TOKEN_SECONDS
            if not (is_over or opened.interaction.guild_id in changed):
                continue
            opened.is_stale = True
            if not opened.is_changing:
                opened.is_changing = True
                work = self._let_go(message_id, opened) if is_over else self._keep_true(message_id, opened)
                changing.create_task(work)
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
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds_between):
                await self._stopped.wait()

    async def _refresh(self, message_id: int, opened: _Open, *, is_last: bool = False) -> bool:
        """Show what holds now, or nothing more to somebody who is no moderator any more; tell whether that was done."""
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                may_see = await is_still_moderator(opened.interaction)
                view = await self._view(opened.interaction, opened.place) if may_see else panel_messages.closed()
                note = panel_text.ASLEEP if is_last else opened.note
                if note and may_see:
                    view = panel_messages.with_note(view, note)
                if self._open.get(message_id) is opened:
                    await opened.interaction.edit_original_response(view=view)
        except discord.NotFound:
            may_see = False
        except (*replies.UNDELIVERED, ReelayError, TimeoutError) as error:
            _log.info("open panel not changed", extra={"error": type(error).__name__})
            return False
        except Exception:  # noqa: BLE001 (logged; a panel is never worth the loop)
            _log.exception("open panel not changed")
            return False
        if self._open.get(message_id) is not opened:  # somebody went on in it meanwhile: the last word is theirs
            self._note_change(opened.interaction.guild_id or 0)
        elif not may_see:
            del self._open[message_id]
        return True


async def _fetch_name(client: discord.Client, member_id: int) -> str | None:
    """Return a member's name: their id where there is no such member, None where Discord does not say."""
    try:
        return (await client.fetch_user(member_id)).display_name
    except discord.NotFound:
        return str(member_id)
    except replies.UNDELIVERED:
        return None
