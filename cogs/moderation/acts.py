"""What moderators do, whether by a command, in the settings panel or from a card of the log: one function for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import QuotaSource, check_grant_seconds, everyones_quota
from bot.ui.text import moderators as moderator_text
from bot.ui.text import rules as rule_text
from bot.ui.text.moderation import brainstorms as brainstorm_text
from cogs.context import guild_id_of, requester_in_place
from cogs.directory import deleted_ids, deleted_in_rules
from cogs.moderation.options import require_subject

if TYPE_CHECKING:
    from collections.abc import Callable

    import discord

    from bot.models import ChannelRule, ClipButtons, PromptRuleKind, Quota, Requester
    from bot.services.services import Services


class ModeratorActs:
    """Does what a moderator asks for and returns the sentence that says what came of it.

    Each takes the interaction by which it was asked for: it says in which server, and by whom. Each raises a
    ``RefusedError`` when that can't be done, and ``StoreUnavailableError`` when the database cannot be asked; nothing
    has changed then.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    # Quotas --------------------------------------------------------------------------------------

    async def set_quota(
        self, interaction: discord.Interaction, source: QuotaSource, subject_id: int, quota: Quota, days: int | None
    ) -> str:
        """Set the quota of a member, a role or everyone, or a channel's pool.

        Args:
            days: for how long, 1 to 90; None is until it is changed.
        """
        rule, replaced = await self._services.quotas.set_rule(
            guild_id=guild_id_of(interaction),
            source=source,
            subject_id=subject_id,
            quota=quota,
            set_by_id=interaction.user.id,
            days=days,
        )
        return moderator_text.rule_set(rule, replaced, self._services.profile)

    async def show_quota(self, interaction: discord.Interaction, source: QuotaSource, subject_id: int) -> str:
        """Say what a member, a role or everyone has, and how to change it."""
        rules = await self._services.quotas.list_rules(guild_id=guild_id_of(interaction))
        own = [rule for rule in rules if (rule.source, rule.subject_id) == (source, subject_id)]
        return moderator_text.quota_of(source, subject_id, own, self._services.profile)

    async def show_quotas(self, interaction: discord.Interaction) -> str:
        """Say which quotas there are, and how to change them."""
        rules = await self._services.quotas.list_rules(guild_id=guild_id_of(interaction))
        own = [rule for rule in rules if rule.source is not QuotaSource.CHANNEL]
        return moderator_text.quotas_of_server(own, self._services.profile, deleted_in_rules(interaction.guild, own))

    async def clear_quota(self, interaction: discord.Interaction, source: QuotaSource, subject_id: int) -> str:
        """Remove a quota or a pool."""
        cleared = await self._services.quotas.clear_rule(
            guild_id=guild_id_of(interaction), source=source, subject_id=subject_id, cleared_by_id=interaction.user.id
        )
        deleted = deleted_ids(interaction.guild, [subject_id]) if source is not QuotaSource.MEMBER else set[int]()
        return moderator_text.rule_cleared(source, subject_id, cleared, deleted)

    async def grant(self, interaction: discord.Interaction, to: Requester, seconds: int, days: int | None) -> str:
        """Give a member seconds.

        Args:
            days: for how long they can be used, 1 to 90; None is the present period.
        """
        check_grant_seconds(seconds)
        status, expires_at = await self._services.quotas.grant(
            to, seconds=seconds, granted_by_id=interaction.user.id, interaction_id=interaction.id, days=days
        )
        return moderator_text.granted(to.member_id, seconds, status, expires_at)

    async def revoke_grant(self, interaction: discord.Interaction, grant_id: int) -> str:
        """Take back what is left of given seconds."""
        grant = await self._services.quotas.revoke_grant(
            grant_id, guild_id=guild_id_of(interaction), revoked_by_id=interaction.user.id
        )
        return moderator_text.grant_revoked(grant)

    # The server ----------------------------------------------------------------------------------

    async def set_up(
        self,
        interaction: discord.Interaction,
        *,
        quota: Quota,
        cap: Quota | None,
        timezone: str,
        log_channel_id: int | None,
    ) -> str:
        """Set what a server begins with, each as far as it is not so already; what is set before an error stays.

        Args:
            quota: everyone's, for good.
            timezone: as ``find_timezone`` returns it.
            log_channel_id: a channel of this server that was checked; None is no log.
        """
        guild_id = guild_id_of(interaction)
        view = await self._services.servers.view(guild_id)
        said: list[str] = []
        if view.server.log_channel_id != log_channel_id or view.server.log_closed:  # first: it is told of the rest
            said.append(await self.set_log_channel(interaction, log_channel_id))
        if view.server.timezone != timezone:
            said.append(await self.set_timezone(interaction, timezone))
        if everyones_quota(view.rules) != quota:
            said.append(await self.set_quota(interaction, QuotaSource.SERVER, guild_id, quota, None))
        if view.server.cap != (None if cap is None or cap.seconds is None else cap):
            said.append(await self.set_cap(interaction, cap))
        return "\n".join(said) or moderator_text.NOTHING_CHANGED

    async def set_cap(self, interaction: discord.Interaction, cap: Quota | None) -> str:
        """Set what the whole server may use; None is no cap."""
        status = await self._services.servers.set_cap(guild_id_of(interaction), cap, set_by_id=interaction.user.id)
        return moderator_text.cap_set(status)

    async def set_timezone(self, interaction: discord.Interaction, name: str) -> str:
        """Set when days, weeks and months begin, by a zone's name or its city."""
        server = await self._services.servers.set_timezone(
            guild_id_of(interaction), name, set_by_id=interaction.user.id
        )
        return moderator_text.timezone_set(server)

    async def set_clip_buttons(self, interaction: discord.Interaction, whose: ClipButtons) -> str:
        """Choose who may use the buttons under clips."""
        server = await self._services.servers.set_clip_buttons(
            guild_id_of(interaction), whose, set_by_id=interaction.user.id
        )
        return moderator_text.clip_buttons_set(server)

    async def set_log_channel(self, interaction: discord.Interaction, channel_id: int | None) -> str:
        """Choose where the log goes, a channel of this server that was checked; None is nowhere."""
        await self._services.servers.set_log_channel(
            guild_id_of(interaction), channel_id, set_by_id=interaction.user.id
        )
        return moderator_text.log_set(channel_id)

    async def allow_private(self, interaction: discord.Interaction, *, allowed: bool) -> str:
        """Let members have clips sent to their direct messages instead of posted, or not."""
        await self._services.servers.allow_private(
            guild_id_of(interaction), allowed=allowed, set_by_id=interaction.user.id
        )
        return moderator_text.private_set(allowed=allowed)

    async def change_channel(
        self, interaction: discord.Interaction, channel_id: int, change: Callable[[ChannelRule], ChannelRule]
    ) -> str:
        """Change what holds in a channel, a category, a thread or ``EVERYWHERE``."""
        rule = await self._services.servers.change_channel(
            guild_id_of(interaction), channel_id, change, set_by_id=interaction.user.id
        )
        return moderator_text.channel_ruled(rule, deleted_ids(interaction.guild, [channel_id]))

    async def pause(self, interaction: discord.Interaction, reason: str) -> str:
        """Take no new clips."""
        server = await self._services.servers.pause(guild_id_of(interaction), reason, set_by_id=interaction.user.id)
        return moderator_text.paused(server.pause.reason if server.pause else "")

    async def resume(self, interaction: discord.Interaction) -> str:
        """Take clips again."""
        await self._services.servers.resume(guild_id_of(interaction), set_by_id=interaction.user.id)
        return moderator_text.RESUMED

    # Members -------------------------------------------------------------------------------------

    async def block(self, interaction: discord.Interaction, member_id: int, reason: str, days: int | None) -> str:
        """Let a member make no more clips.

        Args:
            days: for how long, 1 to 90; None is until a moderator ends it.
        """
        block, cancelled = await self._services.servers.block(
            guild_id_of(interaction), member_id, reason=reason, days=days, set_by_id=interaction.user.id
        )
        return moderator_text.blocked(block, cancelled)

    async def unblock(self, interaction: discord.Interaction, member_id: int) -> str:
        """Let a member make clips again."""
        ended = await self._services.servers.unblock(guild_id_of(interaction), member_id, set_by_id=interaction.user.id)
        return moderator_text.unblocked(member_id, ended)

    # Prompts -------------------------------------------------------------------------------------

    async def add_rule(self, interaction: discord.Interaction, kind: PromptRuleKind, text: str) -> str:
        """Refuse prompts that hold something."""
        rule = await self._services.prompts.add(
            guild_id=guild_id_of(interaction), kind=kind, text=text, set_by_id=interaction.user.id
        )
        return rule_text.added(rule)

    async def remove_rule(self, interaction: discord.Interaction, rule_id: int) -> str:
        """Remove a rule for prompts."""
        rule = await self._services.prompts.remove(
            guild_id=guild_id_of(interaction), rule_id=rule_id, removed_by_id=interaction.user.id
        )
        return rule_text.removed(rule)

    async def test_prompt(self, interaction: discord.Interaction, prompt: str) -> str:
        """See which rules would refuse a prompt of whoever asks."""
        rules, automod = await self._services.admission.test(prompt, await requester_in_place(interaction))
        return rule_text.tested(prompt, rules, automod)

    # Brainstorming -------------------------------------------------------------------------------

    async def set_brainstorms(
        self,
        interaction: discord.Interaction,
        *,
        per_channel: int | None,
        per_member: int | None,
        voter_role_id: int | None,
        allows_own_votes: bool,
    ) -> str:
        """Set how brainstorms are held.

        Args:
            per_channel, per_member: how many may be open at once; None is refused.
            voter_role_id: of the only ones who vote, checked here; None is everybody.
        """
        if voter_role_id is not None:
            await require_subject(interaction, QuotaSource.ROLE, voter_role_id)
        server = await self._services.brainstorm_settings.change(
            guild_id_of(interaction),
            per_channel=per_channel,
            per_member=per_member,
            voter_role_id=voter_role_id,
            allows_own_votes=allows_own_votes,
            set_by_id=interaction.user.id,
        )
        return brainstorm_text.settings_set(server)

    async def add_list(self, interaction: discord.Interaction, name: str, phrases: str) -> str:
        """Add a list of phrases.

        Args:
            phrases: one in each line.
        """
        added = await self._services.phrase_lists.add(
            guild_id_of(interaction), name, phrases, set_by_id=interaction.user.id
        )
        return brainstorm_text.list_added(added)

    async def replace_list(self, interaction: discord.Interaction, name: str, phrases: str) -> str:
        """Give a list other phrases.

        Args:
            phrases: one in each line.
        """
        replaced = await self._services.phrase_lists.replace(
            guild_id_of(interaction), name, phrases, set_by_id=interaction.user.id
        )
        return brainstorm_text.list_replaced(replaced)

    async def remove_list(self, interaction: discord.Interaction, name: str) -> str:
        """Remove a list of phrases."""
        removed = await self._services.phrase_lists.remove(
            guild_id_of(interaction), name, removed_by_id=interaction.user.id
        )
        return brainstorm_text.list_removed(removed)

    # Clips ---------------------------------------------------------------------------------------

    async def cancel_job(self, interaction: discord.Interaction, job_id: str) -> str:
        """Cancel a clip that is on the way, and refund it."""
        job = await self._services.jobs.cancel_as_moderator(
            job_id, guild_id=guild_id_of(interaction), cancelled_by_id=interaction.user.id
        )
        return moderator_text.clip_cancelled(job)

    async def remove_clip(self, interaction: discord.Interaction, job_id: str, *, refunds: bool) -> str:
        """Remove a clip that was posted."""
        job = await self._services.jobs.remove_clip(
            job_id, guild_id=guild_id_of(interaction), removed_by_id=interaction.user.id, refunds=refunds
        )
        return moderator_text.clip_removed(job)
