"""What all of the moderators' commands share: who may use them, and options that several have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.errors import InvalidQuotaError, InvalidSettingError, read_all
from bot.models import DAYS_MAX, EVERYWHERE, Quota, QuotaSource, parse_reason
from bot.ui import filled_forms, forms
from bot.ui.discord_errors import CLOSING_CODES, as_publish_errors
from bot.ui.filled_forms import parse_period
from bot.ui.text import commands as command_text
from bot.ui.text import formatting
from bot.ui.text import forms as form_text
from cogs.context import require_moderator
from cogs.directory import deleted_in_rules, names_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.models import QuotaRule
    from bot.ui.components import Press

PERIODS = [Choice(name=name, value=period.value) for period, name in form_text.PERIODS.items()]
MOST_CHOICES = 25
CHOICE_CHARACTERS = 100
_ID_DIGITS, _LARGEST_ID = 19, 2**63 - 1
"""What a database holds; Discord's ids are no larger."""
_OFFERED_DAYS = (1, 3, 7, 14, 30, 60, 90)


class _Channels(app_commands.Transformer):
    """Takes a channel as Discord sends it, known to the bot or not."""

    def __init__(self, *types: discord.ChannelType) -> None:
        self._types = list(types)

    @property
    def type(self) -> discord.AppCommandOptionType:
        """A channel option."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """What Discord's client offers."""
        return self._types

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> AppCommandPlace:  # noqa: ANN401 (whatever was sent)
        """Check that it is a channel at all.

        Raises:
            discord.app_commands.TransformerError: when not.
        """
        if not isinstance(value, app_commands.AppCommandChannel | app_commands.AppCommandThread):
            raise app_commands.TransformerError(value, self.type, self)
        return value


AppCommandPlace = app_commands.AppCommandChannel | app_commands.AppCommandThread
_TYPES = discord.ChannelType
AnyPlace = app_commands.Transform[
    AppCommandPlace,
    _Channels(
        *(_TYPES.text, _TYPES.news, _TYPES.voice, _TYPES.stage_voice, _TYPES.forum, _TYPES.category),
        *(_TYPES.public_thread, _TYPES.private_thread, _TYPES.news_thread),
    ),
]
"""A channel, a category for all its channels, or a thread."""
ClipPlace = app_commands.Transform[
    AppCommandPlace,
    _Channels(
        *(_TYPES.text, _TYPES.news, _TYPES.voice, _TYPES.stage_voice),
        *(_TYPES.public_thread, _TYPES.private_thread, _TYPES.news_thread),
    ),
]
"""A channel or a thread in which `/video` can be used."""


class ModeratorGroup(app_commands.Group):
    """Commands for moderators; what Discord's client shows to whom is only a hint, so it is asked again."""

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Let moderators through."""
        require_moderator(interaction)
        return True


def require_log_channel(interaction: discord.Interaction, channel_id: int) -> int:
    """Check that a channel is this server's own, takes the bot's cards, and is one where this moderator may post too.

    The bot would else post for them where they may not, such as among a server's announcements.

    Returns:
        Its id.

    Raises:
        InvalidSettingError: when not.
    """
    guild, moderator = interaction.guild, interaction.user
    channel = None if guild is None else guild.get_channel_or_thread(channel_id)
    is_orphan = isinstance(channel, discord.Thread) and channel.parent is None  # its permissions are not known yet
    takes_none = isinstance(channel, discord.CategoryChannel | discord.ForumChannel) or is_orphan
    if guild is None or channel is None or takes_none:
        raise InvalidSettingError("channel", "elsewhere")
    if not may_post(channel, guild.me):
        raise InvalidSettingError("channel", "closed")
    if not (isinstance(moderator, discord.Member) and may_post(channel, moderator)):
        raise InvalidSettingError("channel", "not_theirs")
    return channel_id


def may_post(channel: discord.abc.GuildChannel | discord.Thread, member: discord.Member) -> bool:
    """Tell whether a member may post in a channel or a thread."""
    granted = channel.permissions_for(member)
    in_thread = isinstance(channel, discord.Thread)
    may_send = granted.send_messages_in_threads if in_thread else granted.send_messages
    return granted.view_channel and may_send


async def offer_days(interaction: discord.Interaction, current: str) -> list[Choice[int]]:
    """Offer lengths of time, or the one that is typed."""
    typed = current.strip()
    days = (int(typed[:4]),) if typed.isdecimal() else _OFFERED_DAYS
    return [Choice(name=command_text.days(each), value=each) for each in days if 1 <= each <= DAYS_MAX]


def matching(choices: Iterable[tuple[str, str]], current: str) -> list[Choice[str]]:
    """Return as many choices of (name, value) as Discord shows, of those whose name has what is typed."""
    wanted = current.casefold()
    found = [Choice(name=name[:CHOICE_CHARACTERS], value=value) for name, value in choices if wanted in name.casefold()]
    return found[:MOST_CHOICES]


def parse_quota(seconds: int | None, period: str, *, unlimited: bool = False) -> Quota:
    """Make a rule of options as they came.

    Args:
        seconds: None is no limit.

    Raises:
        InvalidQuotaError: when they are no sensible rule, or two; ``MistakesError`` when several of them are wrong.
    """
    limit, parsed_period = read_all(
        lambda: _limit(seconds, unlimited=unlimited),
        lambda: parse_period(period),
    )
    return Quota(limit, parsed_period)


def _limit(seconds: int | None, *, unlimited: bool) -> int | None:
    if unlimited and seconds is not None:
        raise InvalidQuotaError("contradictory", typed=str(seconds))
    try:
        return Quota(seconds).seconds
    except InvalidQuotaError as error:
        raise InvalidQuotaError(error.reason, typed=str(seconds)) from None


def parse_typed_quota(press: Press) -> Quota:
    """Make a rule of what was filled into a form; a period that is typed goes before the one that is chosen.

    Raises:
        InvalidQuotaError: when it is no sensible rule.
    """
    return filled_forms.parse_quota(press.typed(forms.SECONDS), press.typed(forms.PERIOD))


def parse_block(press: Press, member_id: int) -> tuple[str, int | None]:
    """Read why and for how many days a member is to be blocked from what was filled into a form.

    Raises:
        InvalidSettingError, MistakesError: when one of them is not sensible, or it is whoever asks and they did not say
            that they mean it.
    """

    def check_sure() -> None:
        if member_id == press.member_id and press.typed(forms.SURE) != forms.YES:
            raise InvalidSettingError("block", "yourself")

    reason, days, _ = read_all(
        lambda: parse_reason(press.typed(forms.REASON)),
        lambda: filled_forms.parse_days(press.typed(forms.DAYS)),
        check_sure,
    )
    return reason, days


def parse_subject(interaction: discord.Interaction, who: object) -> tuple[QuotaSource, int]:
    """Tell whose rule is meant; @everyone is a role whose id is the server's own.

    Raises:
        discord.app_commands.TransformerError: when it is neither a member nor a role.
    """
    match who:
        case discord.Role(id=role_id):
            return (QuotaSource.SERVER if role_id == interaction.guild_id else QuotaSource.ROLE), role_id
        case discord.Member(id=member_id) | discord.User(id=member_id):
            return QuotaSource.MEMBER, member_id
        case _:
            mentionable = discord.AppCommandOptionType.mentionable
            raise app_commands.TransformerError(who, mentionable, app_commands.Transformer())


async def require_subject(interaction: discord.Interaction, source: QuotaSource, subject_id: int) -> None:
    """Check that what a custom id names is this server's own; a member's may be anybody's, also who has left.

    Raises:
        InvalidSettingError: when not.
        PublishError: when Discord does not say.
    """
    guild = interaction.guild
    match source:
        case QuotaSource.MEMBER:
            is_own = True
        case QuotaSource.ROLE:
            is_own = guild is not None and guild.get_role(subject_id) is not None
        case QuotaSource.CHANNEL:
            is_own = guild is not None and await _is_place(guild, subject_id)
        case _:
            is_own = subject_id == interaction.guild_id
    if not is_own:
        raise InvalidSettingError("subject", "elsewhere")


async def _is_place(guild: discord.Guild, channel_id: int) -> bool:
    """Tell whether a server has a channel or a thread; archived threads only Discord knows."""
    if channel_id == EVERYWHERE or guild.get_channel_or_thread(channel_id) is not None:
        return True
    with as_publish_errors():
        try:
            await guild.fetch_channel(channel_id)
        except discord.InvalidData:  # another server's
            return False
        except discord.HTTPException as error:
            if error.code not in CLOSING_CODES:
                raise
            return False
    return True


def parse_rule_key(key: object) -> tuple[QuotaSource, int]:
    """Tell whose rule is meant by a choice that ``rule_choices`` offered.

    Raises:
        InvalidSettingError: when it is none of them.
    """
    source, _, subject_id = str(key).partition(":")
    try:
        return QuotaSource(source), parse_id(subject_id)
    except ValueError:
        raise InvalidSettingError("rule", "unknown") from None


def parse_id(value: object) -> int:
    """Read an id that a list offered.

    Raises:
        InvalidSettingError: when it is none.
    """
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS and int(text) <= _LARGEST_ID):
        raise InvalidSettingError("rule", "unknown")
    return int(text)


def rule_choices(guild: discord.Guild | None, rules: Iterable[QuotaRule]) -> list[tuple[str, str]]:
    """Offer rules by name, those of deleted roles and channels among them."""
    names, deleted = names_in(guild), deleted_in_rules(guild, rules)
    choices: list[tuple[str, str]] = []
    for rule in rules:
        known = names.get(rule.subject_id, str(rule.subject_id))
        is_role = rule.source is QuotaSource.ROLE
        name = formatting.deleted_name(rule.subject_id, is_role=is_role) if rule.subject_id in deleted else known
        choices.append((command_text.rule_choice(rule.source, name), f"{rule.source.value}:{rule.subject_id}"))
    return choices
