"""What the buttons and forms of a preview do, for the member whose it is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import discord

from bot.errors import InvalidSettingError
from bot.models import parse_typed_duration
from bot.models.brainstorms import PreviewChangedError
from bot.ui import brainstorm_forms as forms
from bot.ui import replies
from bot.ui.components import component
from bot.ui.messages.brainstorms.preview import preview_view
from bot.ui.messages.discard import answer_view
from bot.ui.text.brainstorms import answers
from cogs.context import requester_in_place
from cogs.corrections import form
from cogs.gates import require_place_for_thread

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from discord import ui

    from bot.models import ModelProfile
    from bot.models.brainstorms import PreviewStatus
    from bot.services.brainstorms.brainstorming import Brainstorming
    from bot.services.brainstorms.starting import Started
    from bot.ui.components import Press

_log = logging.getLogger(__name__)


class PreviewActions:
    """Starts, shuffles, edits and cancels what is planned.

    Args:
        profile: what the model takes, which the form offers.
    """

    def __init__(self, *, brainstorms: Brainstorming, profile: ModelProfile) -> None:
        self._previews = brainstorms.previews
        self._starter = brainstorms.starter
        self._profile = profile

    @component("preview:start:{preview_id}:{revision}:{count}")
    async def start(self, press: Press, preview_id: str, revision: int, count: int) -> None:
        """Charge and start exactly what the button said; show the preview anew where that is not possible any more."""
        require_place_for_thread(press.interaction)
        starting = self._start(press, preview_id, revision, count)
        try:
            started = await replies.run_or_defer(press.interaction, starting, private=True, redraws=True)
        except PreviewChangedError as error:
            await self._show_anew(press, preview_id, error)
        else:
            number = started.round.number
            words = answers.started(started.brainstorm) if number == 1 else answers.next_started(number)
            await replies.redraw(press.interaction, answer_view(words))

    @component("preview:shuffle:{preview_id}:{revision}")
    async def shuffle(self, press: Press, preview_id: str, revision: int) -> None:
        """Draw other takes."""
        await self._change(press, preview_id, self._shuffle(press, preview_id, revision))

    @component("preview:edit:{preview_id}")
    async def ask_edit(self, press: Press, preview_id: str) -> None:
        """Ask what is to change."""
        await press.interaction.response.send_modal(await self.edit_form(press, preview_id))

    @form("form:preview_edit:{preview_id}")
    async def edit_form(self, press: Press, preview_id: str) -> ui.Modal:
        """Ask what is to change."""
        return forms.edit_form(await self._previews.find(preview_id, press.requester), self._profile)

    @component("form:preview_edit:{preview_id}")
    async def edit(self, press: Press, preview_id: str) -> None:
        """Change it, and draw anew."""
        await self._change(press, preview_id, self._edit(press, preview_id))

    @component("preview:vote:{preview_id}")
    async def ask_vote(self, press: Press, preview_id: str) -> None:
        """Ask how takes are to be voted on."""
        await press.interaction.response.send_modal(await self.vote_form(press, preview_id))

    @form("form:preview_vote:{preview_id}")
    async def vote_form(self, press: Press, preview_id: str) -> ui.Modal:
        """Ask how takes are to be voted on."""
        return forms.vote_form(await self._previews.find(preview_id, press.requester))

    @component("form:preview_vote:{preview_id}")
    async def set_vote(self, press: Press, preview_id: str) -> None:
        """Have takes voted on so."""
        await self._change(press, preview_id, self._set_vote(press, preview_id))

    @component("preview:cancel:{preview_id}")
    async def cancel(self, press: Press, preview_id: str) -> None:
        """Forget it."""
        cancelling = self._previews.cancel(preview_id, press.requester)
        await replies.run_or_defer(press.interaction, cancelling, private=True, redraws=True)
        await replies.redraw(press.interaction, answer_view(answers.PREVIEW_CANCELLED))

    # Each asks first where the press comes from: rules and quotas of a place go by it. -----------------

    async def _start(self, press: Press, preview_id: str, revision: int, count: int) -> Started:
        return await self._starter.start(
            preview_id,
            await requester_in_place(press.interaction),
            revision=revision,
            count=count,
            interaction_id=press.interaction.id,
            in_thread=isinstance(press.interaction.channel, discord.Thread),
        )

    async def _shuffle(self, press: Press, preview_id: str, revision: int) -> PreviewStatus:
        requester = await requester_in_place(press.interaction)
        return await self._previews.shuffle(
            preview_id, requester, revision=revision, interaction_id=press.interaction.id
        )

    async def _edit(self, press: Press, preview_id: str) -> PreviewStatus:
        requester = await requester_in_place(press.interaction)
        preview = await self._previews.find(preview_id, requester)
        duration = press.typed(forms.DURATION)
        return await self._previews.edit(
            preview_id,
            requester,
            idea=press.typed(forms.PROMPT),
            takes=forms.read_takes(press.typed(forms.TAKES), beside_winner=preview.reigning_job_id is not None),
            vary=forms.read_vary(press.typed(forms.VARY)),
            aspect=press.typed(forms.ASPECT) or None,
            duration_seconds=parse_typed_duration(duration) if duration else None,
        )

    async def _set_vote(self, press: Press, preview_id: str) -> PreviewStatus:
        requester = await requester_in_place(press.interaction)
        terms = forms.read_vote_terms(press.fields, guild_id=press.guild_id)
        guild = press.interaction.guild
        if terms.voter_role_id is not None and (guild is None or guild.get_role(terms.voter_role_id) is None):
            raise InvalidSettingError("voters", "unknown")
        return await self._previews.set_vote(preview_id, requester, terms)

    async def _change(self, press: Press, preview_id: str, work: Coroutine[Any, Any, PreviewStatus]) -> None:
        try:
            status = await replies.run_or_defer(press.interaction, work, private=True, redraws=True)
        except PreviewChangedError as error:
            await self._show_anew(press, preview_id, error)
        else:
            await replies.redraw(press.interaction, preview_view(status))

    async def _show_anew(self, press: Press, preview_id: str, error: PreviewChangedError) -> None:
        """Show the preview as it is now, and say why."""

        async def refresh() -> PreviewStatus:
            requester = await requester_in_place(press.interaction)
            return await self._previews.refresh(await self._previews.find(preview_id, requester), requester)

        status = await replies.run_or_defer(press.interaction, refresh(), private=True, redraws=True)
        await replies.redraw(press.interaction, preview_view(status))
        await replies.reply_with_error(press.interaction, error)
