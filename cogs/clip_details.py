"""What ⋯ under a clip does: all that there is to know of it, and deleting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui import replies
from bot.ui.components import component
from bot.ui.messages.clip_details import confirm_view, deleted_view, details_view
from bot.ui.text import members as member_text

if TYPE_CHECKING:
    from bot.services.clips.deleting import ClipDeleter
    from bot.services.clips.history import History
    from bot.services.jobs.requests import JobService
    from bot.ui.components import Press


class ClipDetailActions:
    """Answers whoever presses alone. In direct messages nobody is a moderator: there is only their own clip."""

    def __init__(self, *, history: History, clip_deleter: ClipDeleter, jobs: JobService) -> None:
        self._history = history
        self._clip_deleter = clip_deleter
        self._jobs = jobs

    @component("clip:more:{job_id}")
    async def show(self, press: Press, job_id: str) -> None:
        """Show a clip's details."""
        is_moderator = _is_moderator(press)
        looking = self._history.look_closely(
            job_id, guild_id=press.guild_id, seen_by_id=press.member_id, is_moderator=is_moderator
        )
        details = await replies.run_or_defer(press.interaction, looking, private=True)
        may_delete = is_moderator or details.job.member_id == press.member_id
        view = details_view(details, reader_id=press.member_id, may_delete=may_delete)
        await replies.show_privately(press.interaction, view)

    @component("clip:delete:{job_id}")
    async def ask(self, press: Press, job_id: str) -> None:
        """Ask whether a clip is to be deleted."""
        is_moderator = _is_moderator(press)
        checking = self._clip_deleter.check(
            job_id, guild_id=press.guild_id, member_id=press.member_id, is_moderator=is_moderator
        )
        await replies.run_or_defer(press.interaction, checking, private=True, redraws=True)
        await replies.redraw(press.interaction, confirm_view(job_id, refunds=is_moderator))

    @component("clip:{then:remove|refund}:{job_id}")
    async def delete(self, press: Press, then: str, job_id: str) -> None:
        """Delete a clip: its requester's own way, or a moderator's, who may refund it."""
        deleting = self._delete(press, job_id, refunds=then == "refund")
        said = await replies.run_or_defer(press.interaction, deleting, private=True, redraws=True)
        await replies.redraw(press.interaction, deleted_view(said))

    async def _delete(self, press: Press, job_id: str, *, refunds: bool) -> str:
        guild_id, member_id, is_moderator = press.guild_id, press.member_id, _is_moderator(press)
        job = await self._clip_deleter.check(job_id, guild_id=guild_id, member_id=member_id, is_moderator=is_moderator)
        refunds = refunds and is_moderator
        if job.member_id == member_id and not refunds:
            await self._clip_deleter.delete(job_id, guild_id=guild_id, member_id=member_id)
        else:
            await self._jobs.remove_clip(job_id, guild_id=guild_id, removed_by_id=member_id, refunds=refunds)
        return member_text.clip_deleted(job, refunded=refunds)


def _is_moderator(press: Press) -> bool:
    return press.interaction.guild_id is not None and press.interaction.permissions.moderate_members
