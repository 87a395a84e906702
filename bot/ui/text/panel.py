"""The words of the settings panel: what each section shows, and what its buttons and selects are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.models import ClipButtons, QuotaSource, everyones_quota
from bot.ui.text import ceilings, formatting, limits
from bot.ui.text import moderators as moderator_text
from bot.ui.text import rules as rule_text
from bot.ui.text.moderation import brainstorms

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.models import Grant, ModelProfile, Quota
    from bot.services.moderation.servers import ServerView
    from bot.services.screening.automod_rules import AutomodRules

TITLES = {
    "home": "Settings",
    "quotas": "Quotas",
    "gifts": "Given seconds",
    "pools": "Channel pools",
    "cap": "Server cap and time zone",
    "channels": "Channels",
    "rules": "Prompt rules",
    "brainstorms": "Brainstorming",
    "blocks": "Blocked members",
    "log": "Log",
    "jobs": "Clips on the way",
    "clips": "Posted clips",
    "audit": "Audit",
}
"""The panel's sections, in the order in which they are offered."""
EXPLANATIONS = {
    "quotas": "A member's own quota goes before their roles', the most generous role before everyone's.",
    "gifts": "Seconds on top of a member's quota; what ends first is used first.",
    "pools": "Clips in a channel with a pool are charged to it; members' own quotas stay untouched there.",
    "cap": "What the whole server may use, on top of everything else. The log is told at 80 % and at 100 %.",
    "channels": (
        "Where clips may be made, and what `/video` makes when the member leaves an option out. A private clip goes to "
        "its member's direct messages, under the rules of the channel it is asked for in."
    ),
    "rules": "Whole words, phrases and patterns that no prompt may hold. A refused prompt costs nothing.",
    "brainstorms": (
        "How `/brainstorm` works here, and lists of phrases of this server's own, to be named in ideas. "
        f"{brainstorms.built_in()} come with the bot."
    ),
    "blocks": "Blocked members are told why and until when; what they had waiting is cancelled.",
    "log": "A card for each clip posted, failed or refused (five refusals a minute of a member), and for each change.",
    "jobs": "What waits and renders in this server.",
    "clips": "What was posted, latest first; removing a clip deletes its message.",
    "audit": "Every change, latest first.",
}
NOTHING = {
    "quotas": "No quotas of this server's own; the bot's default holds for everyone.",
    "gifts": "No given seconds are left.",
    "pools": "No channel has a pool.",
    "channels": "Clips are allowed everywhere.",
    "rules": "No rules.",
    "brainstorms": "No lists of this server's own.",
    "blocks": "Nobody is blocked.",
    "jobs": "Nothing is on the way.",
    "clips": "Nothing was posted yet.",
    "audit": "Nobody has changed anything yet.",
}
CHOOSE_SECTION = "Change or look at…"
BACK, REFRESH = "Back", "Refresh"
PREVIOUS, NEXT = "◀", "▶"
PAUSE, RESUME = "Pause…", "Resume"
QUOTA_WHO, QUOTA_EVERYONE, QUOTA_CLEAR = "Set a member's or a role's quota…", "Everyone's quota…", "Clear a quota…"
GRANT_WHO, GRANT_END = "Give seconds to a member…", "Take back…"
POOL_CHANNEL, POOL_CLEAR = "Give a channel or category a pool…", "Clear a pool…"
CAP_SET, CAP_CLEAR, TIMEZONE = "Set cap…", "No cap", "Time zone…"
CHANNEL, CHANNEL_KNOWN = "Choose any channel or category…", "Choose one that has a rule, deleted ones too…"
PRIVATE_ALLOW, PRIVATE_REFUSE = "Allow private clips", "No private clips"
CHANNEL_EVERYWHERE, CHANNEL_RESET = "Everywhere else", "Clear all of it"
CLIP_BUTTONS = {
    ClipButtons.EVERYONE: "Clips' buttons for everyone",
    ClipButtons.REQUESTER: "Clips' buttons for requesters only",
}
ALLOW, REFUSE, INHERIT = "Allow clips", "No clips", "As its category or the server"
ASPECT, DURATION, NO_DEFAULT = "Default shape…", "Default length…", "No default of its own"
RULE_ADD_WORDS, RULE_ADD_PATTERN, RULE_TEST, RULE_REMOVE = "Add words…", "Add pattern…", "Test…", "Remove a rule…"
BRAINSTORMS_SET, LIST_ADD = "Change settings…", "Add a list…"
LIST_EDIT, LIST_REMOVE = "Edit a list…", "Remove a list…"
BLOCK, UNBLOCK = "Block a member…", "Unblock…"
LOG_CHANNEL, LOG_NONE = "Send the log to…", "No log"
JOB_CANCEL, CLIP_REMOVE = "Cancel", "Remove…"
SET_UP = "Set up…"
ASLEEP = "-# This panel is no longer kept up to date. Press anything in it, or open it anew with `/moderate settings`."
CLOSED = "Only members with **Timeout Members** can see this."


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelDetails:
    """All that the panel shows.

    Attributes:
        automod: None when the rules can't be read just now.
        operator_quota: what holds where nothing is set.
        profile: says which clips there are.
        deleted: ids of roles and channels that are known to be deleted.
        names: of roles, channels and members, by id.
    """

    view: ServerView
    automod: AutomodRules | None
    operator_quota: Quota
    profile: ModelProfile
    deleted: Collection[int]
    names: dict[int, str]


def summary(details: PanelDetails) -> str:
    """Say in a line each how everything stands."""
    view, server = details.view, details.view.server
    pools = [rule for rule in view.rules if rule.source is QuotaSource.CHANNEL]
    own = [rule for rule in view.rules if rule.source in {QuotaSource.MEMBER, QuotaSource.ROLE}]
    everyone = everyones_quota(view.rules)
    pause = server.pause
    paused = (
        "allowed"
        if pause is None
        else f"**paused** by <@{pause.paused_by_id}> {formatting.relative(pause.paused_at)}: "
        f"{formatting.quoted(pause.reason)}"
    )
    default = (
        limits.rule(everyone, details.profile)
        if everyone
        else f"{limits.rule(details.operator_quota, details.profile)} (the bot's default)"
    )
    lines = [
        f"**Clips**: {paused}",
        f"**Everyone**: {default}; quotas of members or roles: {len(own) or 'none'}",
        f"**Given seconds**: {f'{len(view.grants):,} still to be used' if view.grants else 'none'}",
        f"**Pools**: {formatting.no_or_counted(len(pools), 'channel')}",
        f"**Cap**: {_cap(details)}",
        *_ceilings(details),
        f"**Time zone**: {server.timezone}",
        f"**Channels**: {_channels(details)}",
        private_line(details),
        f"**Prompts**: {_prompts(details)}",
        brainstorms_line(details),
        f"**Blocked**: {formatting.no_or_counted(len(view.blocks), 'member')}",
        f"**Log**: {_modlog(details)}",
    ]
    return "\n".join(lines)


def cap_line(details: PanelDetails) -> str:
    """Say how the server stands against its cap."""
    return f"Cap: {_cap(details)}"


def _cap(details: PanelDetails) -> str:
    return "none" if details.view.cap is None else moderator_text.cap_standing(details.view.cap)


def _ceilings(details: PanelDetails) -> list[str]:
    """Say that a limit of the operator's is in the way; while none is, moderators have nothing to do with them."""
    of_server = details.view.ceilings
    is_one = any(map(ceilings.is_in_the_way, of_server))
    return [f"**Operator's limits**: {ceilings.standing(of_server)}"] if is_one else []


def modlog_line(details: PanelDetails) -> str:
    """Say where the log goes, and whether it gets there."""
    return f"Log: {_modlog(details)}"


def _modlog(details: PanelDetails) -> str:
    server = details.view.server
    if server.log_channel_id is None:
        return "none"
    channel = formatting.channel(server.log_channel_id, details.deleted)
    if server.log_closed:
        return f"{channel}, **but I can't post there**: it is deleted or closed to me; choose a channel anew"
    return channel


def automod_line(details: PanelDetails) -> str:
    """Say how the server's AutoMod comes in."""
    count = rule_text.automod_count(details.automod)
    return f"Besides: {count}. Discord's ready-made lists can't be read by bots."


def private_line(details: PanelDetails) -> str:
    """Say whether members may have clips sent to their direct messages."""
    return f"**Private clips**: {moderator_text.private_clips(allowed=details.view.server.allows_private)}"


def brainstorms_line(details: PanelDetails) -> str:
    """Say how brainstorms are held."""
    return f"**Brainstorming**: {brainstorms.settings(details.view.server.brainstorm_details, details.deleted)}"


def timezone_line(details: PanelDetails) -> str:
    """Say when days begin."""
    return f"Time zone: {details.view.server.timezone}. Days, weeks and months begin at midnight there."


def clip_buttons_line(details: PanelDetails) -> str:
    """Say who may use the buttons under clips."""
    return f"The buttons under clips are {moderator_text.CLIP_BUTTONS[details.view.server.clip_buttons]}."


def grant_left(grant: Grant) -> str:
    """Write what is left of given seconds, for a list that reads no markup."""
    return f"{formatting.seconds(grant.left_seconds)} left, until {grant.expires_at:%d %B %Y, %H:%M} UTC"


def to_set_up(details: PanelDetails) -> str | None:
    """Say what a server should begin with and has not; None where it has all of it."""
    server = details.view.server
    steps = {
        "everyone's quota": everyones_quota(details.view.rules) is not None,
        "a cap": server.cap is not None,
        "a log": server.log_channel_id is not None,
    }
    missing = [step for step, is_done in steps.items() if not is_done]
    return f"-# Not set yet: {formatting.together(missing)}. One form sets it up:" if missing else None


def headed(section: str, text: str) -> str:
    """Write a section's title and what it is about above what it shows."""
    explanation = EXPLANATIONS.get(section)
    return "\n".join(filter(None, (f"### {TITLES[section]}", explanation and f"-# {explanation}", text)))


def listed(section: str, lines: Sequence[str], number: int = 1, count: int = 1) -> str:
    """Write a page of a list, or that there is nothing in it."""
    text = "\n".join(f"- {line}" for line in lines) or NOTHING[section]
    return "\n".join(filter(None, (text, page(number, count))))


def page(number: int, count: int) -> str:
    """Write where one is in a list that has several pages."""
    return f"-# page {number} of {count}" if count > 1 else ""


def _channels(details: PanelDetails) -> str:
    rules = details.view.channels
    everywhere = next((rule for rule in rules if rule.is_everywhere), None)
    others = len(rules) - (everywhere is not None)
    own = formatting.no_or_counted(others, "channel with a rule of its own", "channels with rules of their own")
    if everywhere is None:
        return f"clips allowed; {own}"
    return f"{moderator_text.channel_details(everywhere)}{' everywhere else' if others else ''}; {own}"


def _prompts(details: PanelDetails) -> str:
    return f"{rule_text.counts(details.view.rule_counts)}, {rule_text.automod_count(details.automod)}"
