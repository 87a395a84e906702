"""The buttons on status cards and log cards: what they do to one clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import NotRemovableError
from bot.ui import forms, replies
from bot.ui.messages.job import status_view
from bot.ui.messages.modlog_card import log_view
from bot.ui.text import moderators as moderator_text
from bot.ui.text import modlog as modlog_text
from cogs.moderation.options import require_moderator

if TYPE_CHECKING:
    import discord

    from bot.models import Job, LogEntry
    from bot.services.services import Services

RECENT_JOBS = 8


class ClipActions:
    """Does what the buttons on status cards and log cards say."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def press_cancel(self, interaction: discord.Interaction, job_id: str) -> None:
        """Cancel a member's own clip and show it, or say why not."""
        try:
            await interaction.response.defer()
            card = await self._services.jobs.cancel(
                job_id, guild_id=interaction.guild_id or 0, member_id=interaction.user.id
            )
            await interaction.edit_original_response(view=status_view(card))
        except Exception as error:  # noqa: BLE001 (discord.py only logs a button's error; the member sees nothing)
            await replies.reply_with_error(interaction, error)

    async def press_card(self, interaction: discord.Interaction, action: str, entry_id: int) -> None:
        """Do what a log card's button says, or say why not; for moderators, checked when the button is pressed."""
        try:
            require_moderator(interaction)
            match action:
                case "remove" | "refund":
                    await self._remove(interaction, entry_id, refunds=action == "refund")
                case "block":
                    await self._ask_block(interaction, entry_id)
                case _:
                    await self._show_recent(interaction, entry_id)
        except Exception as error:  # noqa: BLE001 (as above)
            await replies.reply_with_error(interaction, error)

    async def _remove(self, interaction: discord.Interaction, entry_id: int, *, refunds: bool) -> None:
        await interaction.response.defer()
        card = await self._card(interaction, entry_id)
        if card.job is None:
            raise NotRemovableError
        try:
            await self._services.jobs.remove_clip(
                card.job.id, guild_id=card.guild_id, removed_by_id=interaction.user.id, refunds=refunds
            )
        except NotRemovableError:
            await self._redraw(interaction, entry_id)  # somebody was quicker: the card says who
            raise
        await self._redraw(interaction, entry_id)

    async def _ask_block(self, interaction: discord.Interaction, entry_id: int) -> None:
        async def block(submitted: discord.Interaction, reason: object, days: object) -> None:
            require_moderator(submitted)
            await submitted.response.defer()
            card = await self._card(submitted, entry_id)
            made, cancelled = await self._services.servers.block(
                card.guild_id,
                card.member_id or 0,
                reason=reason,
                days=forms.parse_days(days),
                set_by_id=submitted.user.id,
            )
            await self._redraw(submitted, entry_id)
            await replies.reply(submitted, moderator_text.blocked(made, cancelled))

        await interaction.response.send_modal(forms.block_form(block, modlog_text.THIS_MEMBER))

    async def _show_recent(self, interaction: discord.Interaction, entry_id: int) -> None:
        guild_id = interaction.guild_id or 0

        async def look() -> tuple[int, list[Job]]:
            card = await self._card(interaction, entry_id)
            member_id = card.member_id or 0
            jobs = self._services.jobs
            return member_id, await jobs.list_recent(guild_id=guild_id, member_id=member_id, limit=RECENT_JOBS)

        member_id, recent = await replies.run_or_defer(interaction, look(), private=True)
        await replies.reply(interaction, modlog_text.recent_jobs(member_id, recent))

    async def _redraw(self, interaction: discord.Interaction, entry_id: int) -> None:
        """Let the log card say who did what."""
        await replies.redraw(interaction, log_view(await self._card(interaction, entry_id)))

    async def _card(self, interaction: discord.Interaction, entry_id: int) -> LogEntry:
        card = await self._services.servers.clip_card(interaction.guild_id or 0, entry_id)
        if card is None:
            raise NotRemovableError
        return card
