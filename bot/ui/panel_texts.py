"""The words of the settings panel: what each section shows, and what its buttons and selects are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.models import Access, PromptRuleKind, QuotaSource
from bot.ui import moderator_texts, writing

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.models import Quota
    from bot.services.automod import AutomodRules
    from bot.services.servers import ServerView

TITLES = {
    "home": "Settings",
    "quotas": "Quotas",
    "pools": "Channel pools",
    "cap": "Server cap and time zone",
    "channels": "Channels",
    "rules": "Prompt rules",
    "blocks": "Blocked members",
    "log": "Log",
    "jobs": "Clips on the way",
    "audit": "Audit",
}
"""The panel's sections, in the order in which they are offered."""
EXPLANATIONS = {
    "quotas": "A member's own quota goes before their roles', the most generous role before everyone's.",
    "pools": "Clips in a channel with a pool are charged to it; members' own quotas stay untouched there.",
    "cap": "What the whole server may use, on top of everything else. The log is told at 80 % and at 100 %.",
    "channels": "Where clips may be made, and what `/video` makes when the member leaves an option out.",
    "rules": "Whole words, phrases and patterns that no prompt may hold. A refused prompt costs nothing.",
    "blocks": "Blocked members are told why and until when; what they had waiting is cancelled and refunded.",
    "log": "One card for each clip that is posted, refused or failed, and for each change of settings.",
    "jobs": "What waits and renders in this server.",
    "audit": "Every change, latest first.",
}
NOTHING = {
    "quotas": "No quotas of this server's own; my operator's default holds for everyone.",
    "pools": "No channel has a pool.",
    "channels": "Clips are allowed everywhere.",
    "rules": "No rules.",
    "blocks": "Nobody is blocked.",
    "jobs": "Nothing is on the way.",
    "audit": "Nobody has changed anything yet.",
}
CHOOSE_SECTION = "Change or look at…"
BACK, REFRESH, EARLIER, LATER = "Back", "Refresh", "Earlier", "Later"
PREVIOUS, NEXT = "◀", "▶"
PAUSE, RESUME = "Pause…", "Resume"
QUOTA_WHO, QUOTA_EVERYONE, QUOTA_CLEAR = "Set a member's or a role's quota…", "Everyone's quota…", "Clear a quota…"
POOL_CHANNEL, POOL_CLEAR = "Give a channel or category a pool…", "Clear a pool…"
CAP_SET, CAP_CLEAR, TIMEZONE = "Set cap…", "No cap", "Time zone…"
CHANNEL, CHANNEL_EVERYWHERE = "Choose a channel or category…", "Everywhere else"
ALLOW, REFUSE, INHERIT = "Allow clips", "No clips", "As everywhere else"
ASPECT, DURATION, NO_DEFAULT = "Default shape…", "Default length…", "No default of its own"
RULE_ADD_WORDS, RULE_ADD_PATTERN, RULE_TEST, RULE_REMOVE = "Add words…", "Add pattern…", "Test…", "Remove a rule…"
BLOCK, UNBLOCK = "Block a member…", "Unblock…"
LOG_CHANNEL, LOG_NONE = "Send the log to…", "No log"
JOB_CANCEL = "Cancel"
EVERYONE, CAP = "everyone", "The whole server"
_TITLE_CHARACTERS = 45
"""Discord's limit for a form's title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelFacts:
    """All that the panel shows.

    Attributes:
        automod: None when the rules can't be read just now.
        operator_quota: what holds where nothing is set.
        gone: ids of roles and channels that are known to be deleted.
        names: of roles, channels and members, by id.
    """

    view: ServerView
    automod: AutomodRules | None
    operator_quota: Quota
    gone: Collection[int]
    names: dict[int, str]


def summary(facts: PanelFacts) -> str:
    """Say in a line each how everything stands."""
    view, server = facts.view, facts.view.server
    pools = [rule for rule in view.rules if rule.source is QuotaSource.CHANNEL]
    own = [rule for rule in view.rules if rule.source in {QuotaSource.MEMBER, QuotaSource.ROLE}]
    everyone = next((rule.quota for rule in view.rules if rule.source is QuotaSource.SERVER), None)
    pause = server.pause
    paused = (
        "going on"
        if pause is None
        else f"**paused** by <@{pause.paused_by}> {writing.relative(pause.paused_at)}: {writing.quoted(pause.reason)}"
    )
    default = f"{writing.quota_rule(everyone or facts.operator_quota)}{'' if everyone else ' (my operator)'}"
    lines = [
        f"**Making clips**: {paused}",
        f"**Everyone**: {default}; quotas of their own: {len(own):,}",
        f"**Pools**: {_count(len(pools), 'channel')}",
        f"**Cap**: {cap_words(facts)}",
        f"**Time zone**: {server.timezone}",
        f"**Channels**: {_channels(facts)}",
        f"**Prompts**: {_prompts(facts)}",
        f"**Blocked**: {_count(len(view.blocks), 'member')}",
        f"**Log**: {log_words(facts)}",
    ]
    return "\n".join(lines)


def cap_words(facts: PanelFacts) -> str:
    """Say how the server stands against its cap."""
    return "none" if facts.view.cap is None else moderator_texts.cap_standing(facts.view.cap)


def log_words(facts: PanelFacts) -> str:
    """Say where the log goes, and whether it gets there."""
    server = facts.view.server
    if server.log_channel_id is None:
        return "none"
    channel = writing.channel(server.log_channel_id, facts.gone)
    if server.log_closed or server.log_channel_id in facts.gone:
        return f"{channel}, **but I can't post there**: it is deleted or closed to me; choose a channel anew"
    return channel


def automod_words(facts: PanelFacts) -> str:
    """Say how the server's AutoMod comes in."""
    return f"Besides, {moderator_texts.automod_count(facts.automod)}. Discord's own word lists can't be asked."


def timezone_words(facts: PanelFacts) -> str:
    """Say when days begin."""
    return f"Time zone: {facts.view.server.timezone}. Days, weeks and months begin at midnight there."


def form_title(name: str) -> str:
    """Write whose quota a form is about."""
    return writing.plain(f"Quota of {name}", _TITLE_CHARACTERS)


def page(number: int, count: int) -> str:
    """Write where one is in a list."""
    return f"-# page {number} of {count}"


def _channels(facts: PanelFacts) -> str:
    rules = facts.view.channels
    everywhere = next((rule for rule in rules if rule.channel_id == rule.guild_id), None)
    closed = everywhere is not None and everywhere.access is Access.REFUSED
    others = _count(len(rules) - (everywhere is not None), "channel")
    return f"{'no clips' if closed else 'clips'} everywhere; {others} with rules of their own"


def _prompts(facts: PanelFacts) -> str:
    counts = facts.view.rule_counts
    words = _count(counts[PromptRuleKind.WORDS], "word or phrase", "words and phrases")
    patterns = _count(counts[PromptRuleKind.PATTERN], "pattern")
    return f"{words}, {patterns}, {moderator_texts.automod_count(facts.automod)}"


def _count(number: int, one: str, many: str | None = None) -> str:
    if number == 1:
        return f"1 {one}"
    return f"{f'{number:,}' if number else 'no'} {many or f'{one}s'}"
