"""What the buttons on the cards of the moderators' log do to one clip or its member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import NotRemovableError
from bot.ui import forms, replies
from bot.ui.components import component
from bot.ui.messages.modlog_card import modlog_view, recent_clips_view, shows_still
from bot.ui.text import forms as form_text
from bot.ui.text.moderation import modlog as modlog_text
from cogs.corrections import form
from cogs.moderation.options import parse_block

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from discord import ui

    from bot.models import LogEntry
    from bot.services.services import Services
    from bot.ui.components import Press
    from cogs.directory import MemberNames
    from cogs.moderation.acts import ModeratorActs

_Result = TypeVar("_Result")

RECENT_JOBS = 8


class ModlogCardActions:
    """Does what the buttons say; the card then says who did what."""

    def __init__(self, services: Services, acts: ModeratorActs, names: MemberNames) -> None:
        self._services = services
        self._acts = acts
        self._names = names

    @component("log:{then:remove|refund}:{entry_id}")
    async def ask_remove(self, press: Press, then: str, entry_id: int) -> None:
        """Ask whether the clip is to be removed."""
        card, _ = await self._card(press, entry_id)
        job = card.job
        if job is None:
            raise NotRemovableError
        if job.removed_at is not None:
            await _redraw(press, card)  # somebody was quicker: the card says who
            raise NotRemovableError(job.removed_by_id, job.removed_at)
        custom_id = f"form:log_{then}:{entry_id}"
        asked = forms.removal_form(custom_id, modlog_text.job_line(job), refunds=then == "refund")
        await press.interaction.response.send_modal(asked)

    @component("form:log_{then:remove|refund}:{entry_id}")
    async def remove(self, press: Press, then: str, entry_id: int) -> None:
        """Remove the clip."""
        try:
            card = await _at_once(press, self._remove(press, entry_id, refunds=then == "refund"))
        except NotRemovableError:
            card, _ = await _at_once(press, self._card(press, entry_id))
            await _redraw(press, card)  # somebody was quicker: the card says who
            raise
        await _redraw(press, card)

    @component("log:block:{entry_id}")
    async def ask_block(self, press: Press, entry_id: int) -> None:
        """Ask for the reason and the time of a block."""
        await press.interaction.response.send_modal(await self.block_form(press, entry_id))

    @form("form:log_block:{entry_id}")
    async def block_form(self, press: Press, entry_id: int) -> ui.Modal:
        """Ask for why and how long the member whom a card is about is to be blocked."""
        _, member_id = await self._card(press, entry_id)
        name = await self._names.name(press.interaction.client, member_id, otherwise=form_text.THIS_MEMBER)
        return forms.block_form(f"form:log_block:{entry_id}", name, is_oneself=member_id == press.member_id)

    @component("form:log_block:{entry_id}")
    async def block(self, press: Press, entry_id: int) -> None:
        """Block the member."""
        card, said = await _at_once(press, self._block(press, entry_id))
        await _redraw(press, card)
        await replies.reply(press.interaction, said)

    @component("log:recent:{entry_id}")
    async def show_recent(self, press: Press, entry_id: int) -> None:
        """Show what else the member made."""

        async def look() -> ui.LayoutView:
            _, member_id = await self._card(press, entry_id)
            history = self._services.history
            recent = await history.list_recent(guild_id=press.guild_id, member_id=member_id, limit=RECENT_JOBS)
            return recent_clips_view(member_id, recent)

        view = await replies.run_or_defer(press.interaction, look(), private=True)
        await replies.show_privately(press.interaction, view)

    async def _remove(self, press: Press, entry_id: int, *, refunds: bool) -> LogEntry:
        card, _ = await self._card(press, entry_id)
        if card.job is None:
            raise NotRemovableError
        await self._acts.remove_clip(press.interaction, card.job.id, refunds=refunds)
        return (await self._card(press, entry_id))[0]

    async def _block(self, press: Press, entry_id: int) -> tuple[LogEntry, str]:
        _, member_id = await self._card(press, entry_id)
        said = await self._acts.block(press.interaction, member_id, *parse_block(press, member_id))
        return (await self._card(press, entry_id))[0], said

    async def _card(self, press: Press, entry_id: int) -> tuple[LogEntry, int]:
        """Return the entry as it should look now, and the member that it is about."""
        card = await self._services.servers.clip_card(press.guild_id, entry_id)
        if card is None or card.member_id is None:
            raise NotRemovableError
        return card, card.member_id


async def _at_once(press: Press, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do something whose result is drawn on the card."""
    return await replies.run_or_defer(press.interaction, work, private=True, redraws=True)


async def _redraw(press: Press, card: LogEntry) -> None:
    if press.interaction.message is None or press.interaction.message.flags.ephemeral:
        return  # a form that was corrected: what it was opened from is no card
    await replies.redraw(press.interaction, modlog_view(card), None if shows_still(card) else [])
