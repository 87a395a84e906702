"""What the buttons on the cards of the moderators' log do to one clip or its member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import NotRemovableError
from bot.ui import filled_forms, forms, replies
from bot.ui.components import component
from bot.ui.messages.modlog_card import modlog_view, shows_still
from bot.ui.text.moderation import modlog as modlog_text

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.models import LogEntry
    from bot.services.services import Services
    from bot.ui.components import Press
    from cogs.moderation.acts import ModeratorActs

_Result = TypeVar("_Result")

RECENT_JOBS = 8


class ModlogCardActions:
    """Does what the buttons say; the card then says who did what."""

    def __init__(self, services: Services, acts: ModeratorActs) -> None:
        self._services = services
        self._acts = acts

    @component("log:{then:remove|refund}:{entry_id}")
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
        await press.interaction.response.send_modal(forms.card_block_form(entry_id))

    @component("form:log_block:{entry_id}")
    async def block(self, press: Press, entry_id: int) -> None:
        """Block the member."""
        days = filled_forms.parse_days(press.typed(forms.DAYS))
        card, said = await _at_once(press, self._block(press, entry_id, press.typed(forms.REASON), days))
        await _redraw(press, card)
        await replies.reply(press.interaction, said)

    @component("log:recent:{entry_id}")
    async def show_recent(self, press: Press, entry_id: int) -> None:
        """Show what else the member made."""

        async def look() -> str:
            _, member_id = await self._card(press, entry_id)
            history = self._services.history
            recent = await history.list_recent(guild_id=press.guild_id, member_id=member_id, limit=RECENT_JOBS)
            return modlog_text.recent_jobs(member_id, recent)

        await replies.run_and_reply(press.interaction, look())

    async def _remove(self, press: Press, entry_id: int, *, refunds: bool) -> LogEntry:
        card, _ = await self._card(press, entry_id)
        if card.job is None:
            raise NotRemovableError
        await self._acts.remove_clip(press.interaction, card.job.id, refunds=refunds)
        return (await self._card(press, entry_id))[0]

    async def _block(self, press: Press, entry_id: int, reason: str, days: int | None) -> tuple[LogEntry, str]:
        _, member_id = await self._card(press, entry_id)
        said = await self._acts.block(press.interaction, member_id, reason, days)
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
    await replies.redraw(press.interaction, modlog_view(card), None if shows_still(card) else [])
