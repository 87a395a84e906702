"""Clips with other words: forms with what there is filled in, from a clip, a failed job, a message or a refusal.

A refusal may be of a form or of ``/video`` itself, which Discord clears once it is sent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui

from bot.errors import (
    ClipRemovedError,
    ClipUnknownError,
    InvalidSpecError,
    ReelayError,
    RepeatedPressError,
    StoreUnavailableError,
)
from bot.models import Draft, Origin, is_blank, parse_typed_duration
from bot.services.admission.job_request import JobRequest
from bot.ui import forms, replies
from bot.ui.components import DraftItem, component
from bot.ui.forms import NO, YES
from bot.ui.markup import words_of
from bot.ui.messages.clip import clip_job_id
from bot.ui.text import commands as command_text
from bot.ui.text import members as member_text
from cogs.context import channel_id_of, place_of, requester
from cogs.gates import require_open_place

if TYPE_CHECKING:
    from bot.models import ModelProfile, Requester
    from bot.services.clips.drafts import Drafts
    from bot.services.clips.versions import Versions
    from bot.ui.components import Press
    from cogs.making import Maker

_log = logging.getLogger(__name__)


class Remixing:
    """Shows forms in which a clip is asked for, and takes what is sent in them; nothing typed is lost.

    Args:
        profile: what the model takes, which the forms offer.

    Attributes:
        message_menu: *Make a video of this*, in the menu of messages.
    """

    def __init__(self, *, versions: Versions, drafts: Drafts, maker: Maker, profile: ModelProfile) -> None:
        self._versions = versions
        self._drafts = drafts
        self._maker = maker
        self._profile = profile
        self.message_menu = app_commands.ContextMenu(name=command_text.MESSAGE_MENU, callback=self.make_video_of)

    # Showing a form --------------------------------------------------------------------------

    async def make_video_of(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show a form with a message's words; on a clip of ours it is *Remix*."""
        job_id = clip_job_id(message) if message.author == interaction.client.user else None
        if job_id is not None:
            await self._show_remix(interaction, job_id, requester(interaction))
            return
        forwarded = (snapshot.content for snapshot in message.message_snapshots)
        words = words_of("\n".join(filter(None, (message.content, *forwarded))))
        if is_blank(words):
            raise InvalidSpecError("message", "empty")
        most = self._profile.prompt_max_characters
        form = forms.message_form(message.id, Draft(words[:most]), self._profile, is_cut=len(words) > most)
        await interaction.response.send_modal(form)

    @component("clip:remix:{job_id}")
    async def remix(self, press: Press, job_id: str) -> None:
        """Show a form with what a clip was made from."""
        await self._show_remix(press.interaction, job_id, press.requester)

    @component("job:remix:{job_id}")
    async def remix_failed(self, press: Press, job_id: str) -> None:
        """Show a form with what a job asked for that failed."""
        await self._show_remix(press.interaction, job_id, press.requester)

    async def _show_remix(self, interaction: discord.Interaction, job_id: str, asking: Requester) -> None:
        if interaction.guild_id is not None:  # in direct messages it takes too long to be asked before a form is shown
            require_open_place(interaction, posts=False)
        spec = (await self._versions.find(job_id, requester=asking)).spec
        form = forms.remix_form(job_id, Draft(spec.prompt, spec.aspect, spec.duration_seconds), self._profile)
        await interaction.response.send_modal(form)

    @component("draft:remix:{draft_id}:{job_id}")
    async def edit_remix_again(self, press: Press, draft_id: int, job_id: str) -> None:
        """Show the form of a remix with what was typed and refused."""
        draft = await self._drafts.find(draft_id, requester=press.requester)
        await press.interaction.response.send_modal(forms.remix_form(job_id, draft, self._profile))

    @component("draft:new:{draft_id}")
    async def edit_again(self, press: Press, draft_id: int) -> None:
        """Show the form of a message's video with what was typed and refused."""
        draft = await self._drafts.find(draft_id, requester=press.requester)
        await press.interaction.response.send_modal(forms.message_form(draft_id, draft, self._profile))

    @component("draft:video:{draft_id}:{spoiler:yes|no}:{private:yes|no}")
    async def edit_video_again(self, press: Press, draft_id: int, spoiler: str, private: str) -> None:
        """Show a form with what was typed as ``/video`` and refused."""
        draft = await self._drafts.find(draft_id, requester=press.requester)
        form = forms.video_form(draft_id, draft, self._profile, is_spoiler=spoiler == YES, is_private=private == YES)
        await press.interaction.response.send_modal(form)

    # Taking what is sent ---------------------------------------------------------------------

    @component("form:clip_remix:{job_id}")
    async def make_remix(self, press: Press, job_id: str) -> None:
        """Have a clip made from another, with other words, another shape or length."""
        try:
            request = await self._versions.remix(job_id, **_asked(press))
            await self._maker.make(press.interaction, request)
        except RepeatedPressError:  # it was taken the first time
            raise
        except (ClipUnknownError, ClipRemovedError) as error:  # there is nothing to go back to
            await self._give_back(press, error, "new")
        except (ReelayError, app_commands.AppCommandError) as error:
            await self._give_back(press, error, "remix", job_id)

    @component("form:clip_new:{source_id}")
    async def make_new(self, press: Press, source_id: int) -> None:
        """Have a clip made of a message's words, or of what was typed in their place."""
        await self._make(press, "new")

    @component("form:clip_video:{draft_id}:{spoiler:yes|no}:{private:yes|no}")
    async def make_video(self, press: Press, draft_id: int, spoiler: str, private: str) -> None:
        """Have a clip made that was asked for by ``/video`` and refused."""
        await self._make(press, "video", spoiler, private)

    async def _make(self, press: Press, what: str, spoiler: str = NO, private: str = NO) -> None:
        how = {"is_spoiler": spoiler == YES, "is_private": private == YES}
        try:
            asked: dict[str, Any] = _asked(press) | {"channel_id": channel_id_of(press.interaction)} | how
            await self._maker.make(press.interaction, JobRequest.parse(**asked))
        except (ReelayError, app_commands.AppCommandError) as error:
            await self._give_back(press, error, what, *((spoiler, private) if what == "video" else ()))

    @component("job:again:{job_id}")
    async def try_again(self, press: Press, job_id: str) -> None:
        """Ask once more for what failed."""
        request = await self._versions.request(
            job_id,
            Origin.RETRY,
            interaction_id=press.interaction.id,
            channel_id=place_of(press.interaction),
            requester=press.requester,
        )
        await self._maker.make(press.interaction, request)

    # Giving back what is refused -------------------------------------------------------------

    async def give_back_command(
        self, interaction: discord.Interaction, error: Exception, draft: Draft, *, is_spoiler: bool, is_private: bool
    ) -> None:
        """Say why a ``/video`` was refused, and give back what was typed; the form asks for the same kind of clip."""
        how = (YES if each else NO for each in (is_spoiler, is_private))
        await self._give_back_draft(interaction, requester(interaction), error, draft, "video", *how)

    async def _give_back(self, press: Press, error: Exception, what: str, *ids: str) -> None:
        draft = Draft.parse(*map(press.typed, (forms.PROMPT, forms.ASPECT, forms.DURATION)))
        await self._give_back_draft(press.interaction, press.requester, error, draft, what, *ids)

    async def _give_back_draft(
        self, interaction: discord.Interaction, asking: Requester, error: Exception, draft: Draft, what: str, *ids: str
    ) -> None:
        """Say why something was refused, show what was typed, and offer to go on from there if it could be kept."""
        draft_id = interaction.id
        button = None
        if not is_blank(draft.prompt):
            keeping = self._drafts.keep(draft, draft_id=draft_id, requester=asking)
            try:
                await replies.run_or_defer(interaction, keeping, private=True)
            except StoreUnavailableError as unkept:
                _log.warning("draft not kept", extra={"draft_id": draft_id, "error": type(unkept).__name__})
            else:
                custom_id = ":".join(("draft", what, str(draft_id), *ids))
                plain = ui.Button[ui.LayoutView](label=member_text.EDIT_AGAIN_BUTTON, custom_id=custom_id)
                button = DraftItem(plain)
        await replies.reply_with_error(interaction, error, typed=draft.prompt, button=button)


def _asked(press: Press) -> dict[str, Any]:
    """Say who asked for what in a form, and where; what was left open is None, and so are direct messages.

    Raises:
        InvalidSpecError: when the length is not offered.
    """
    duration = press.typed(forms.DURATION)
    return {
        "interaction_id": press.interaction.id,
        "channel_id": place_of(press.interaction),
        "requester": press.requester,
        "prompt": press.typed(forms.PROMPT),
        "aspect": press.typed(forms.ASPECT) or None,
        "duration_seconds": parse_typed_duration(duration) if duration else None,
    }
