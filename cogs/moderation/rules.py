"""``/moderate rules`` and ``channels``: what clips may show, and where they may be made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.errors import InvalidSettingError, InvalidSpecError
from bot.models import DURATIONS_SECONDS, EVERYWHERE, PROMPT_MAX_CHARACTERS, Access, Aspect, ChannelRule, PromptRuleKind
from bot.ui import replies
from bot.ui.text import commands as command_text
from bot.ui.text import formatting
from bot.ui.text import moderators as moderator_text
from cogs.context import requester
from cogs.moderation.options import AnyPlace, AppCommandPlace, ModeratorGroup, deleted_ids, matching, names_in, parse_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.services.services import Services
    from cogs.panel.panel import Panel

_KINDS = [Choice(name=name, value=kind.value) for kind, name in moderator_text.PROMPT_RULE_KINDS.items()]
_ASPECTS = [Choice(name=name, value=aspect.value) for aspect, name in formatting.ASPECTS.items()]
_DURATIONS = [Choice(name=f"{seconds} seconds", value=seconds) for seconds in DURATIONS_SECONDS]


class RulesGroup(ModeratorGroup):
    """What prompts may not hold."""

    def __init__(self, services: Services, panel: Panel) -> None:
        super().__init__(name="rules", description=command_text.MODERATE_RULES_GROUP)
        self._services = services
        self._panel = panel

    @app_commands.command(name="add", description=command_text.MODERATE_RULES_ADD)
    @app_commands.describe(kind=command_text.OPTION_RULE_KIND, text=command_text.OPTION_RULE_TEXT)
    @app_commands.choices(kind=_KINDS)
    async def add_rule(self, interaction: discord.Interaction, kind: str, text: str) -> None:
        """Refuse prompts that hold something."""
        try:
            parsed_kind = PromptRuleKind(kind)
        except ValueError:
            raise InvalidSettingError("kind", "unknown") from None
        adding = self._services.prompts.add(
            guild_id=interaction.guild_id or 0, kind=parsed_kind, text=text, set_by_id=interaction.user.id
        )
        rule = await replies.run_or_defer(interaction, adding, private=True)
        await replies.reply(interaction, moderator_text.prompt_rule_added(rule))

    @app_commands.command(name="remove", description=command_text.MODERATE_RULES_REMOVE)
    @app_commands.describe(rule=command_text.OPTION_RULE)
    async def remove_rule(self, interaction: discord.Interaction, rule: str) -> None:
        """Remove a rule."""
        removing = self._services.prompts.remove(
            guild_id=interaction.guild_id or 0, rule_id=parse_id(rule), removed_by_id=interaction.user.id
        )
        removed = await replies.run_or_defer(interaction, removing, private=True)
        await replies.reply(interaction, moderator_text.prompt_rule_removed(removed))

    @remove_rule.autocomplete("rule")
    @app_commands.checks.has_permissions(moderate_members=True)  # the command\'s own check is not asked
    async def offer_rules(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the rules there are."""
        book = await self._services.prompts.book(interaction.guild_id or 0)
        return matching(((formatting.plain(rule.text, 100), str(rule.id)) for rule in book.rules), current)

    @app_commands.command(name="list", description=command_text.MODERATE_RULES_LIST)
    async def list_rules(self, interaction: discord.Interaction) -> None:
        """List the rules."""
        await self._panel.open(interaction, "rules")

    @app_commands.command(name="test", description=command_text.MODERATE_RULES_TEST)
    @app_commands.describe(prompt=command_text.OPTION_TEST_PROMPT)
    async def test_rules(self, interaction: discord.Interaction, prompt: Range[str, 1, PROMPT_MAX_CHARACTERS]) -> None:
        """See which rules refuse a prompt."""
        if not isinstance(prompt, str):  # pyright: ignore[reportUnnecessaryIsInstance] (Discord's client is not trusted)
            raise InvalidSpecError("prompt", "empty")
        testing = self._services.admission.test(prompt, requester(interaction))
        rules, automod = await replies.run_or_defer(interaction, testing, private=True)
        await replies.reply(interaction, moderator_text.prompt_tested(prompt, rules, automod))


class ChannelsGroup(ModeratorGroup):
    """Where clips may be made, and what is made there by default."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="channels", description=command_text.MODERATE_CHANNELS_GROUP)
        self._services = services

    @app_commands.command(name="allow", description=command_text.MODERATE_CHANNELS_ALLOW)
    @app_commands.describe(channel=command_text.OPTION_CHANNEL_OR_ALL)
    async def allow(self, interaction: discord.Interaction, channel: AnyPlace | None = None) -> None:
        """Allow clips."""
        await self._change(interaction, channel, lambda rule: replace(rule, access=Access.ALLOWED))

    @app_commands.command(name="refuse", description=command_text.MODERATE_CHANNELS_REFUSE)
    @app_commands.describe(channel=command_text.OPTION_CHANNEL_OR_ALL)
    async def refuse(self, interaction: discord.Interaction, channel: AnyPlace | None = None) -> None:
        """Allow no clips."""
        await self._change(interaction, channel, lambda rule: replace(rule, access=Access.REFUSED))

    @app_commands.command(name="defaults", description=command_text.MODERATE_CHANNELS_DEFAULTS)
    @app_commands.describe(
        channel=command_text.OPTION_CHANNEL_OR_ALL,
        aspect=command_text.OPTION_DEFAULT_ASPECT,
        duration=command_text.OPTION_DEFAULT_DURATION,
    )
    @app_commands.choices(aspect=_ASPECTS)
    @app_commands.choices(duration=_DURATIONS)
    async def set_defaults(
        self,
        interaction: discord.Interaction,
        channel: AnyPlace | None = None,
        aspect: str | None = None,
        duration: int | None = None,
    ) -> None:
        """Set what clips are like when the member leaves it open."""
        if aspect is None and duration is None:
            raise InvalidSettingError("defaults", "missing")
        changes: dict[str, object] = {}
        if aspect is not None:
            changes["aspect"] = parse_aspect(aspect)
        if duration is not None:
            changes["duration_seconds"] = parse_duration(duration)
        await self._change(interaction, channel, lambda rule: replace(rule, **changes))  # pyright: ignore[reportArgumentType] (checked just now)

    @app_commands.command(name="reset", description=command_text.MODERATE_CHANNELS_RESET)
    @app_commands.describe(channel=command_text.OPTION_CHANNEL, known=command_text.OPTION_CHANNEL_RESET)
    async def reset(
        self, interaction: discord.Interaction, channel: AnyPlace | None = None, known: str | None = None
    ) -> None:
        """Let a channel follow its category and the server again."""
        if channel is None and known is None:
            raise InvalidSettingError("channel", "missing")
        channel_id = parse_id(known) if channel is None else channel.id
        await self._apply(
            interaction, channel_id, lambda rule: ChannelRule(guild_id=rule.guild_id, channel_id=rule.channel_id)
        )

    @reset.autocomplete("known")
    @app_commands.checks.has_permissions(moderate_members=True)  # the command\'s own check is not asked
    async def offer_known(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the channels that have rules."""
        view = await self._services.servers.view(interaction.guild_id or 0)
        names = names_in(interaction.guild) | {EVERYWHERE: moderator_text.EVERYWHERE_ELSE}
        ids = [rule.channel_id for rule in view.channels]
        deleted = deleted_ids(interaction.guild, ids)
        names |= {each: formatting.deleted_name(each, is_role=False) for each in deleted}
        choices = ((names.get(each, str(each)), str(each)) for each in ids)
        return matching(choices, current)

    async def _change(
        self,
        interaction: discord.Interaction,
        channel: AppCommandPlace | None,
        change: Callable[[ChannelRule], ChannelRule],
    ) -> None:
        await self._apply(interaction, EVERYWHERE if channel is None else channel.id, change)

    async def _apply(
        self, interaction: discord.Interaction, channel_id: int, change: Callable[[ChannelRule], ChannelRule]
    ) -> None:
        changing = self._services.servers.change_channel(
            interaction.guild_id or 0, channel_id, change, set_by_id=interaction.user.id
        )
        rule = await replies.run_or_defer(interaction, changing, private=True)
        deleted = deleted_ids(interaction.guild, [channel_id])
        await replies.reply(interaction, f"{moderator_text.channel_rule(rule, deleted)}.")


def parse_aspect(value: object) -> Aspect:
    """Read a shape.

    Raises:
        InvalidSpecError: when it is not offered.
    """
    try:
        return Aspect(value)
    except ValueError:
        raise InvalidSpecError("aspect", "not_offered") from None


def parse_duration(value: object) -> int:
    """Read a length.

    Raises:
        InvalidSpecError: when it is not offered.
    """
    if not isinstance(value, int) or value not in DURATIONS_SECONDS:
        raise InvalidSpecError("duration", "not_offered")
    return value
