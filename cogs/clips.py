"""The buttons on status cards and log cards: what they do to one clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import NotRemovableError
from bot.ui import answers, forms, log_texts, moderator_texts
from bot.ui.cards import status_view
from bot.ui.log_cards import log_view
from cogs.moderators import require_moderator

if TYPE_CHECKING:
    import discord

    from bot.services.bundle import Services

RECENT_JOBS = 8


class ClipActions:
    """Does what a job's button says."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def press(self, interaction: discord.Interaction, action: str, job_id: str) -> None:
        """Do it and answer, or say why not.

        Members may cancel their own clip; all else is for moderators, checked when the button is pressed.
        """
        try:
            if action == "cancel":
                await self._cancel(interaction, job_id)
                return
            require_moderator(interaction)
            match action:
                case "remove" | "refund":
                    await self._remove(interaction, job_id, refunds=action == "refund")
                case "block":
                    await self._ask_block(interaction, job_id)
                case _:
                    await self._show_recent(interaction, job_id)
        except Exception as error:  # noqa: BLE001 (discord.py only logs a button's error; the member sees nothing)
            await answers.say_why(interaction, error)

    async def _cancel(self, interaction: discord.Interaction, job_id: str) -> None:
        await interaction.response.defer()
        card = await self._services.jobs.cancel(
            job_id, guild_id=interaction.guild_id or 0, member_id=interaction.user.id
        )
        await interaction.edit_original_response(view=status_view(card))

    async def _remove(self, interaction: discord.Interaction, job_id: str, *, refunds: bool) -> None:
        await interaction.response.defer()
        try:
            await self._services.jobs.remove_clip(
                job_id, guild_id=interaction.guild_id or 0, removed_by=interaction.user.id, refunds=refunds
            )
        except NotRemovableError:
            await self._redraw(interaction, job_id)  # somebody was quicker: the card says who
            raise
        await self._redraw(interaction, job_id)

    async def _ask_block(self, interaction: discord.Interaction, job_id: str) -> None:
        async def block(submitted: discord.Interaction, reason: object, days: object) -> None:
            require_moderator(submitted)
            guild_id = submitted.guild_id or 0
            await submitted.response.defer()
            job = await self._services.jobs.find(job_id, guild_id=guild_id)
            if job is None:
                raise NotRemovableError
            made, cancelled = await self._services.servers.block(
                guild_id, job.member_id, reason=reason, days=forms.parse_days(days), set_by=submitted.user.id
            )
            await self._redraw(submitted, job_id)
            await answers.say(submitted, moderator_texts.blocked(made, cancelled))

        await interaction.response.send_modal(forms.block_form(block))

    async def _show_recent(self, interaction: discord.Interaction, job_id: str) -> None:
        guild_id = interaction.guild_id or 0
        job = await self._services.jobs.find(job_id, guild_id=guild_id)
        if job is None:
            raise NotRemovableError
        listing = self._services.jobs.list_recent(guild_id=guild_id, member_id=job.member_id, limit=RECENT_JOBS)
        recent = await answers.promptly(interaction, listing, private=True)
        await answers.say(interaction, log_texts.recent_jobs(job.member_id, recent))

    async def _redraw(self, interaction: discord.Interaction, job_id: str) -> None:
        """Let the log card say who did what."""
        card = await self._services.servers.clip_card(interaction.guild_id or 0, job_id)
        if card is not None:
            await answers.redraw(interaction, log_view(card))
