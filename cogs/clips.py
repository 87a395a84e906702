"""What members do to their clips by the buttons on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from bot.models import DISCARDABLE_STATES, NotCancellableError, Origin
from bot.ui import replies
from bot.ui.components import component
from bot.ui.messages.discard import answer_view, question_view
from bot.ui.messages.status_card import status_view
from bot.ui.text import failures as failure_text
from cogs.context import is_moderator, place_of

if TYPE_CHECKING:
    from bot.services.clips.versions import Versions
    from bot.services.submits.discards import Discards
    from bot.ui.components import Press
    from cogs.making import Maker


class StatusCardActions:
    """What the buttons on a status card do, for its member and for whoever is a moderator when they press."""

    def __init__(self, *, discards: Discards, versions: Versions) -> None:
        self._discards = discards
        self._versions = versions

    @component("job:cancel:{job_id}")
    async def cancel(self, press: Press, job_id: str) -> None:
        """Cancel a clip that waits and show it; of one that has started meanwhile, ask if it is to be discarded."""
        try:
            card = await replies.run_or_defer(
                press.interaction, self._discards.cancel(job_id, **_who(press)), private=True, redraws=True
            )
        except NotCancellableError as error:
            if error.state not in DISCARDABLE_STATES:
                raise
            await self.ask_discard(press, job_id)
        else:
            await replies.redraw(press.interaction, status_view(card))

    @component("job:discard:{job_id}")
    async def ask_discard(self, press: Press, job_id: str) -> None:
        """Ask whether a clip that has started is to be discarded."""
        job = await replies.run_or_defer(press.interaction, self._discards.look(job_id, **_who(press)), private=True)
        words = failure_text.question(job, is_own=job.member_id == press.member_id)
        await replies.show_privately(press.interaction, question_view(job_id, words))

    @component("job:discard_now:{job_id}")
    async def discard(self, press: Press, job_id: str) -> None:
        """Discard it; the worker shows it on the card, wherever that is by now."""
        job = await replies.run_or_defer(
            press.interaction, self._discards.discard(job_id, **_who(press)), private=True, redraws=True
        )
        words = failure_text.discarded(job, is_own=job.member_id == press.member_id)
        await replies.redraw(press.interaction, answer_view(words))

    @component("job:why:{job_id}")
    async def tell_why(self, press: Press, job_id: str) -> None:
        """Tell whoever asked for a clip why its prompt was refused, and nobody else."""
        finding = self._versions.find_failed(job_id, requester=press.requester)
        job = await replies.run_or_defer(press.interaction, finding, private=True)
        await replies.show_privately(press.interaction, answer_view(failure_text.why(job)))


class ClipActions:
    """What the buttons under a clip do: each but the last makes its next version, charged to whoever presses."""

    def __init__(self, *, versions: Versions, maker: Maker) -> None:
        self._versions = versions
        self._maker = maker

    @component("clip:{action:again|flip|longer}:{job_id}")
    async def make_version(self, press: Press, action: str, job_id: str) -> None:
        """Make the clip again as it is, in the other shape or longer."""
        request = await self._versions.request(
            job_id,
            Origin(action),
            interaction_id=press.interaction.id,
            channel_id=place_of(press.interaction),
            requester=press.requester,
        )
        await self._maker.make(press.interaction, request)


class _Who(TypedDict):
    """Who takes a clip back: what ``Discards`` asks for."""

    guild_id: int
    pressed_by_id: int
    is_moderator: bool


def _who(press: Press) -> _Who:
    return {
        "guild_id": press.guild_id,
        "pressed_by_id": press.member_id,
        "is_moderator": is_moderator(press.interaction),
    }
