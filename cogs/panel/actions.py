"""What the settings panel's buttons, selects and forms do: the same as the commands, through the same services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord

from bot.models import DURATIONS_SECONDS, Access, Aspect, PromptRuleKind, QuotaSource
from bot.ui import forms, replies
from bot.ui.text import moderators as moderator_text
from bot.ui.text import panel as panel_text
from cogs.context import requester
from cogs.moderation.options import (
    deleted_ids,
    parse_id,
    parse_quota,
    parse_rule_key,
    parse_subject,
    require_log_channel,
    require_moderator,
)

if TYPE_CHECKING:
    from bot.models import ChannelRule, Server
    from bot.services.services import Services
    from cogs.panel.panel import Panel

Action = Callable[[discord.Interaction, Sequence[str], Sequence[Any]], Awaitable[None]]


class PanelActions:
    """Does what is chosen in the panel. An item's ``custom_id`` names the method: ``panel:pause`` is ``do_pause``."""

    def __init__(self, services: Services, panel: Panel) -> None:
        self._services = services
        self._panel = panel

    async def press(
        self, interaction: discord.Interaction, action: str, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Do what was chosen and show what holds then, or say why not."""
        try:
            require_moderator(interaction)
            known: Action | None = getattr(self, f"do_{action}", None)
            if known is None:  # of a panel that an older version has shown
                await self._panel.show(interaction, "home")
            else:
                await known(interaction, arguments, values)
        except Exception as error:  # noqa: BLE001 (discord.py only logs an item's error; the moderator sees nothing)
            await replies.reply_with_error(interaction, error)

    # Going about ---------------------------------------------------------------------------------

    async def do_open(self, interaction: discord.Interaction, arguments: Sequence[str], _: Sequence[Any]) -> None:
        """Go to a place."""
        await self._panel.show(interaction, *arguments)

    async def do_section(self, interaction: discord.Interaction, _: Sequence[str], values: Sequence[Any]) -> None:
        """Go to the section that was chosen."""
        await self._panel.show(interaction, values[0] if values[0] in panel_text.TITLES else "home")

    # Pause ---------------------------------------------------------------------------------------

    async def do_pause(self, interaction: discord.Interaction, _: Sequence[str], __: Sequence[Any]) -> None:
        """Ask for a reason and pause."""

        async def submit(submitted: discord.Interaction, reason: object) -> None:
            require_moderator(submitted)
            pausing = self._services.servers.pause(submitted.guild_id or 0, reason, set_by_id=submitted.user.id)
            await self._panel.do(submitted, pausing, "home", reply=_paused)

        await interaction.response.send_modal(forms.pause_form(submit))

    async def do_resume(self, interaction: discord.Interaction, _: Sequence[str], __: Sequence[Any]) -> None:
        """Take clips again."""
        resuming = self._services.servers.resume(interaction.guild_id or 0, set_by_id=interaction.user.id)
        await self._panel.do(interaction, resuming, "home", reply=lambda _: moderator_text.RESUMED)

    # Quotas --------------------------------------------------------------------------------------

    async def do_quota_who(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Ask for the quota of the member or role that was chosen."""
        source, subject_id = parse_subject(interaction, values[0])
        title = panel_text.form_title(panel_text.QUOTA_OF, values[0].name)
        await self._ask_quota(interaction, ("quotas", *arguments), source, subject_id, title)

    async def do_quota_everyone(
        self, interaction: discord.Interaction, arguments: Sequence[str], _: Sequence[Any]
    ) -> None:
        """Ask for everyone's quota."""
        guild_id = interaction.guild_id or 0
        title = panel_text.form_title(panel_text.QUOTA_OF, panel_text.EVERYONE)
        await self._ask_quota(interaction, ("quotas", *arguments), QuotaSource.SERVER, guild_id, title)

    async def do_pool_channel(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Ask for the pool of the channel that was chosen."""
        title = panel_text.form_title(panel_text.POOL_OF, values[0].name)
        await self._ask_quota(interaction, ("pools", *arguments), QuotaSource.CHANNEL, values[0].id, title)

    async def _ask_quota(
        self, interaction: discord.Interaction, place: Sequence[str], source: QuotaSource, subject_id: int, title: str
    ) -> None:
        async def submit(submitted: discord.Interaction, seconds: object, period: object, days: object) -> None:
            require_moderator(submitted)
            limit = forms.parse_seconds(seconds)
            setting = self._services.quotas.set_rule(
                guild_id=submitted.guild_id or 0,
                source=source,
                subject_id=subject_id,
                quota=parse_quota(limit, str(period), unlimited=limit is None),
                set_by_id=submitted.user.id,
                days=forms.parse_days(days),
            )
            await self._panel.do(submitted, setting, *place, reply=lambda made: moderator_text.rule_set(*made))

        await interaction.response.send_modal(forms.quota_form(title, submit))

    async def do_rule_clear(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Remove the quota or pool that was chosen."""
        source, subject_id = parse_rule_key(values[0])
        clearing = self._services.quotas.clear_rule(
            guild_id=interaction.guild_id or 0, source=source, subject_id=subject_id, cleared_by_id=interaction.user.id
        )
        deleted = deleted_ids(interaction.guild, [subject_id]) if source is not QuotaSource.MEMBER else set[int]()
        await self._panel.do(
            interaction,
            clearing,
            *arguments,
            reply=lambda rule: moderator_text.rule_cleared(source, subject_id, rule, deleted),
        )

    # Given seconds -------------------------------------------------------------------------------

    async def do_gift_who(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Ask how many seconds to give the member that was chosen, and for how long."""
        member = values[0]

        async def submit(submitted: discord.Interaction, seconds: object, days: object) -> None:
            require_moderator(submitted)
            given = forms.parse_whole_seconds(seconds)
            giving = self._services.quotas.grant(
                requester(submitted, member).in_no_place(),
                seconds=given,
                granted_by_id=submitted.user.id,
                interaction_id=submitted.id,
                days=forms.parse_days(days),
            )
            await self._panel.do(
                submitted,
                giving,
                *("gifts", *arguments),
                reply=lambda made: moderator_text.granted(member.id, given, *made),
            )

        title = panel_text.form_title(panel_text.SECONDS_FOR, member.name)
        await interaction.response.send_modal(forms.grant_form(title, submit))

    async def do_gift_end(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Take back what is left of the gift that was chosen."""
        taking = self._services.quotas.reclaim_leases(
            parse_id(values[0]), guild_id=interaction.guild_id or 0, taken_by_id=interaction.user.id
        )
        await self._panel.do(interaction, taking, "gifts", *arguments, reply=moderator_text.grant_revoked)

    # Cap and time zone ---------------------------------------------------------------------------

    async def do_cap_set(self, interaction: discord.Interaction, _: Sequence[str], __: Sequence[Any]) -> None:
        """Ask for a cap."""

        async def submit(submitted: discord.Interaction, seconds: object, period: object) -> None:
            require_moderator(submitted)
            limit = forms.parse_seconds(seconds)
            cap = parse_quota(limit, str(period), unlimited=limit is None)
            setting = self._services.servers.set_cap(submitted.guild_id or 0, cap, set_by_id=submitted.user.id)
            await self._panel.do(submitted, setting, "cap", reply=moderator_text.cap_set)

        await interaction.response.send_modal(forms.quota_form(panel_text.CAP, submit, with_days=False))

    async def do_cap_clear(self, interaction: discord.Interaction, _: Sequence[str], __: Sequence[Any]) -> None:
        """Take the cap away."""
        setting = self._services.servers.set_cap(interaction.guild_id or 0, None, set_by_id=interaction.user.id)
        await self._panel.do(interaction, setting, "cap", reply=moderator_text.cap_set)

    async def do_timezone(self, interaction: discord.Interaction, _: Sequence[str], __: Sequence[Any]) -> None:
        """Ask for a time zone."""

        async def submit(submitted: discord.Interaction, name: object) -> None:
            require_moderator(submitted)
            setting = self._services.servers.set_timezone(submitted.guild_id or 0, name, set_by_id=submitted.user.id)
            await self._panel.do(submitted, setting, "cap", reply=moderator_text.timezone_set)

        await interaction.response.send_modal(forms.timezone_form(submit))

    # Channels ------------------------------------------------------------------------------------

    async def do_channel(self, interaction: discord.Interaction, _: Sequence[str], values: Sequence[Any]) -> None:
        """Show what holds in the channel that was chosen."""
        await self._panel.show(interaction, "channel", str(values[0].id))

    async def do_channel_known(self, interaction: discord.Interaction, _: Sequence[str], values: Sequence[Any]) -> None:
        """Show what holds in a channel that has rules, which may be deleted."""
        await self._panel.show(interaction, "channel", str(parse_id(values[0])))

    async def do_access(self, interaction: discord.Interaction, arguments: Sequence[str], _: Sequence[Any]) -> None:
        """Allow clips in a channel, or not, or let it follow what is more general."""
        channel_id, choice = arguments
        access = None if choice == "none" else Access(choice)
        await self._change_channel(interaction, channel_id, access=access)

    async def do_channel_reset(
        self, interaction: discord.Interaction, arguments: Sequence[str], _: Sequence[Any]
    ) -> None:
        """Clear all that a channel's rule says."""
        await self._change_channel(interaction, arguments[0], access=None, aspect=None, duration_seconds=None)

    async def do_aspect(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Choose a channel's default shape."""
        by_name = {aspect.name.lower(): aspect for aspect in Aspect}
        await self._change_channel(interaction, arguments[0], aspect=by_name.get(values[0]))

    async def do_duration(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Choose a channel's default length."""
        by_name = {str(seconds): seconds for seconds in DURATIONS_SECONDS}
        await self._change_channel(interaction, arguments[0], duration_seconds=by_name.get(values[0]))

    async def _change_channel(self, interaction: discord.Interaction, channel_id: str, **changes: Any) -> None:  # noqa: ANN401 (fields of ChannelRule)
        def change(rule: ChannelRule) -> ChannelRule:
            return replace(rule, **changes)

        changing = self._services.servers.change_channel(
            interaction.guild_id or 0, parse_id(channel_id), change, set_by_id=interaction.user.id
        )
        deleted = deleted_ids(interaction.guild, [parse_id(channel_id)])
        await self._panel.do(
            interaction,
            changing,
            *("channel", channel_id),
            reply=lambda rule: f"{moderator_text.channel_rule(rule, deleted)}.",
        )

    # Prompt rules --------------------------------------------------------------------------------

    async def do_rule_add(self, interaction: discord.Interaction, arguments: Sequence[str], _: Sequence[Any]) -> None:
        """Ask for a new rule."""
        kind = PromptRuleKind(arguments[0])

        async def submit(submitted: discord.Interaction, text: object) -> None:
            require_moderator(submitted)
            adding = self._services.prompts.add(
                guild_id=submitted.guild_id or 0, kind=kind, text=text, set_by_id=submitted.user.id
            )
            await self._panel.do(submitted, adding, "rules", *arguments[1:], reply=moderator_text.prompt_rule_added)

        await interaction.response.send_modal(forms.rule_form(moderator_text.PROMPT_RULE_KINDS[kind], submit))

    async def do_rule_remove(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Remove the rule that was chosen."""
        removing = self._services.prompts.remove(
            guild_id=interaction.guild_id or 0, rule_id=parse_id(values[0]), removed_by_id=interaction.user.id
        )
        await self._panel.do(interaction, removing, "rules", *arguments, reply=moderator_text.prompt_rule_removed)

    async def do_rule_test(self, interaction: discord.Interaction, _: Sequence[str], __: Sequence[Any]) -> None:
        """Ask for a prompt, and say which rules refuse it."""

        async def submit(submitted: discord.Interaction, prompt: object) -> None:
            require_moderator(submitted)
            testing = self._services.admission.test(str(prompt), requester(submitted))
            rules, automod = await replies.run_or_defer(submitted, testing, private=True)
            await replies.reply(submitted, moderator_text.prompt_tested(str(prompt), rules, automod))

        await interaction.response.send_modal(forms.test_form(submit))

    # Blocks --------------------------------------------------------------------------------------

    async def do_block_who(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """Ask for why and how long the member that was chosen is to be blocked."""
        member_id: int = values[0].id

        async def submit(submitted: discord.Interaction, reason: object, days: object) -> None:
            require_moderator(submitted)
            blocking = self._services.servers.block(
                submitted.guild_id or 0,
                member_id,
                reason=reason,
                days=forms.parse_days(days),
                set_by_id=submitted.user.id,
            )
            place = "blocks", *arguments
            await self._panel.do(submitted, blocking, *place, reply=lambda made: moderator_text.blocked(*made))

        await interaction.response.send_modal(forms.block_form(submit, values[0].name))

    async def do_unblock(
        self, interaction: discord.Interaction, arguments: Sequence[str], values: Sequence[Any]
    ) -> None:
        """End the block that was chosen."""
        member_id = parse_id(values[0])
        unblocking = self._services.servers.unblock(interaction.guild_id or 0, member_id, set_by_id=interaction.user.id)
        await self._panel.do(
            interaction,
            unblocking,
            *("blocks", *arguments),
            reply=lambda block: moderator_text.unblocked(member_id, block),
        )

    # Log and clips -------------------------------------------------------------------------------

    async def do_log_channel(self, interaction: discord.Interaction, _: Sequence[str], values: Sequence[Any]) -> None:
        """Send the log to the channel that was chosen."""
        channel_id = require_log_channel(interaction, values[0].id)
        setting = self._services.servers.set_log_channel(
            interaction.guild_id or 0, channel_id, set_by_id=interaction.user.id
        )
        await self._panel.do(interaction, setting, "log", reply=lambda _: moderator_text.log_set(channel_id))

    async def do_log_clear(self, interaction: discord.Interaction, _: Sequence[str], __: Sequence[Any]) -> None:
        """Keep no log."""
        setting = self._services.servers.set_log_channel(interaction.guild_id or 0, None, set_by_id=interaction.user.id)
        await self._panel.do(interaction, setting, "log", reply=lambda _: moderator_text.log_set(None))

    async def do_job_cancel(self, interaction: discord.Interaction, arguments: Sequence[str], _: Sequence[Any]) -> None:
        """Cancel a clip that is on the way."""
        cancelling = self._services.jobs.cancel_as_moderator(
            arguments[0], guild_id=interaction.guild_id or 0, cancelled_by_id=interaction.user.id
        )
        await self._panel.do(interaction, cancelling, "jobs", *arguments[1:], reply=moderator_text.clip_cancelled)

    async def do_clip_remove(
        self, interaction: discord.Interaction, arguments: Sequence[str], _: Sequence[Any]
    ) -> None:
        """Remove a clip that was posted."""
        job_id, then, *page = arguments
        removing = self._services.jobs.remove_clip(
            job_id, guild_id=interaction.guild_id or 0, removed_by_id=interaction.user.id, refunds=then == "refund"
        )
        await self._panel.do(interaction, removing, "clips", *page, reply=moderator_text.clip_removed)


def _paused(server: Server) -> str:
    return moderator_text.paused(server.pause.reason if server.pause else "")
