"""The settings panel as moderators have it open: shown at any section, and kept up to date while it is open."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import ReelayError
from bot.models import QuotaSource
from bot.ui import answers, panel
from bot.ui.panel_texts import PanelFacts
from cogs.moderators import gone_changed, gone_ids, gone_of, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    import discord
    from discord import ui

    from bot.services.bundle import Services
    from bot.services.servers import ServerView

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

TOKEN_SECONDS = 840.0
"""How long an open panel can be changed by itself: its interaction's token dies after 15 minutes."""
MOST_OPEN = 1000
_NAMES_KEPT = 10_000
_LISTED_NAMES = 20


@dataclass(frozen=True, slots=True)
class _Open:
    """A panel somebody has open: how to change it, what it shows, and since when."""

    interaction: discord.Interaction
    place: tuple[str, ...]
    since: float


class Panel:
    """Shows the panel; ``panel_actions.py`` does what is chosen in it.

    A place in it is a section's name, with a page's number or a channel's id.

    Args:
        monotonic: a clock that only goes on, in seconds.
    """

    def __init__(self, services: Services, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._monotonic = monotonic
        self._open: dict[int, _Open] = {}
        self._names: dict[int, str] = {}
        self._changed: set[int] = set()
        self._woken = asyncio.Event()
        self._stopping = False
        services.changes.listen(self._note_change)

    async def open(self, interaction: discord.Interaction, *place: str) -> None:
        """Answer a command with the panel."""
        view = await answers.promptly(interaction, self._view(interaction, place), private=True)
        message_id = await answers.show_privately(interaction, view)
        if message_id is not None:
            self._note_open(message_id, interaction, place)

    async def show(self, interaction: discord.Interaction, *place: str) -> None:
        """Show another place, or the same anew, in the panel whose item was used."""
        view = await answers.promptly(interaction, self._view(interaction, place), private=True, redraws=True)
        await answers.redraw(interaction, view)
        if interaction.message is not None:
            self._note_open(interaction.message.id, interaction, place)

    async def do(self, interaction: discord.Interaction, work: Coroutine[Any, Any, _Result], *place: str) -> _Result:
        """Let a service do something, then show a place; return what came of it."""
        if interaction.message is not None:
            self._open.pop(interaction.message.id, None)  # it is shown anew in a moment
        done = await answers.promptly(interaction, work, private=True, redraws=True)
        await self.show(interaction, *place)
        return done

    # What it shows -------------------------------------------------------------------------------

    async def _view(self, interaction: discord.Interaction, place: tuple[str, ...]) -> ui.LayoutView:
        guild_id = interaction.guild_id or 0
        section, number = place[0], int(place[1]) if len(place) > 1 else 1
        match section:
            case "jobs":
                return panel.jobs(await self._services.jobs.list_open(guild_id), number)
            case "audit":
                return await self._audit(interaction, number)
            case _:
                facts = await self._facts(interaction)
        match section:
            case "quotas":
                return panel.quotas(facts, number)
            case "pools":
                return panel.pools(facts, number)
            case "cap":
                return panel.cap(facts)
            case "channels":
                return panel.channels(facts, number)
            case "channel":
                return panel.channel(facts, number)
            case "rules":
                return panel.prompt_rules(facts, (await self._services.prompts.book(guild_id)).rules, number)
            case "blocks":
                return panel.blocks(facts, number)
            case "log":
                return panel.log(facts)
            case _:
                return panel.home(facts)

    async def _audit(self, interaction: discord.Interaction, number: int) -> ui.LayoutView:
        length = panel.PAGE_LENGTH
        changes, total = await self._services.servers.list_changes(
            interaction.guild_id or 0, limit=length, skip=(max(1, number) - 1) * length
        )
        return panel.audit(changes, gone_changed(interaction.guild, changes), number, max(1, -(-total // length)))

    async def _facts(self, interaction: discord.Interaction) -> PanelFacts:
        guild_id, guild = interaction.guild_id or 0, interaction.guild
        view = await self._services.servers.view(guild_id)
        places = [rule.channel_id for rule in view.channels]
        if view.server.log_channel_id is not None:
            places.append(view.server.log_channel_id)
        return PanelFacts(
            view=view,
            automod=await self._services.automod.known_rules(guild_id),
            operator_quota=self._services.quotas.operator_quota,
            gone=gone_of(guild, view.rules) | gone_ids(guild, places),
            names=names_in(guild) | await self._member_names(interaction.client, _members_in(view)),
        )

    async def _member_names(self, client: discord.Client, member_ids: Iterable[int]) -> dict[int, str]:
        """Return members' names: the bot knows no member list, and a select shows no mentions."""
        wanted = list(member_ids)
        unknown = [member_id for member_id in wanted if member_id not in self._names]
        users = await asyncio.gather(*(_fetch_name(client, member_id) for member_id in unknown))
        if len(self._names) > _NAMES_KEPT:
            self._names.clear()
        self._names.update({member_id: name for member_id, name in zip(unknown, users, strict=True) if name})
        return {member_id: self._names[member_id] for member_id in wanted if member_id in self._names}

    # Keeping open panels true --------------------------------------------------------------------

    def _note_open(self, message_id: int, interaction: discord.Interaction, place: tuple[str, ...]) -> None:
        now = self._monotonic()
        self._open = {key: known for key, known in self._open.items() if now - known.since < TOKEN_SECONDS}
        if len(self._open) < MOST_OPEN:
            self._open[message_id] = _Open(interaction, place, now)

    async def run(self) -> None:
        """Change what is open of servers about which something has changed, until stopped."""
        while not self._stopping:
            await self._woken.wait()
            self._woken.clear()
            await self.tick()

    def stop(self) -> None:
        """Let ``run`` end."""
        self._stopping = True
        self._woken.set()

    async def tick(self) -> None:
        """Change it once."""
        changed, self._changed = self._changed, set()
        known = [each for each in self._open.items() if each[1].interaction.guild_id in changed]
        await asyncio.gather(*(self._refresh(message_id, opened) for message_id, opened in known))

    def _note_change(self, guild_id: int) -> None:
        self._changed.add(guild_id)
        self._woken.set()

    async def _refresh(self, message_id: int, known: _Open) -> None:
        try:
            if self._monotonic() - known.since < TOKEN_SECONDS:
                view = await self._view(known.interaction, known.place)
                if self._open.get(message_id) is known:
                    await known.interaction.edit_original_response(view=view)
        except (*answers.UNDELIVERED, ReelayError) as error:
            _log.info("open panel not refreshed", extra={"error": type(error).__name__})
            self._open.pop(message_id, None)
        except Exception:  # noqa: BLE001 (logged; a panel is never worth the loop)
            _log.exception("open panel not refreshed")
            self._open.pop(message_id, None)


def _members_in(view: ServerView) -> list[int]:
    """Return the members that lists show by name; more than fit on a few pages stay numbers."""
    ruled = [rule.subject_id for rule in view.rules if rule.source is QuotaSource.MEMBER]
    return [*ruled[:_LISTED_NAMES], *(block.member_id for block in view.blocks[:_LISTED_NAMES])]


async def _fetch_name(client: discord.Client, member_id: int) -> str | None:
    try:
        return (await client.fetch_user(member_id)).display_name
    except answers.UNDELIVERED:
        return None
