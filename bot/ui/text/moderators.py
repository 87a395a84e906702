"""The words that moderators read in answer to what they do; ``modlog.py`` has those of the log and the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import EVERYWHERE, Access, ChannelRule, ClipButtons, PromptRuleKind, QuotaSource
from bot.ui.text import ceilings, formatting, limits
from bot.ui.text import rules as rule_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from bot.models import Block, CapStatus, Grant, Job, ModelProfile, QuotaRule, QuotaStatus, Server
    from bot.services.admission.decision import AdmissionDetails
    from bot.services.quotas.service import RuleAsked
    from bot.services.screening.automod_rules import AutomodRules

ROLES_SHOWN = 8
"""How many of a member's roles ``/moderate quota why`` names."""
QUOTAS_SHOWN = 15
"""How many quotas ``/moderate quota clear`` names when it is asked for none."""
EVERYWHERE_ELSE = "Everywhere else"
RESUMED = "Clips can be made again."
NOTHING_CHANGED = "All of that is so already."

# Quotas ------------------------------------------------------------------------------------------


def rule_line(rule: QuotaRule, profile: ModelProfile, deleted: Collection[int] = ()) -> str:
    """Write a rule as lists have it: whose, how much, until when, who set it."""
    much = limits.rule(rule.quota, profile)
    return f"{_whose(rule, deleted)}: {much}{_ends(rule)}, set by <@{rule.set_by_id}>"


def rule_set(rule: QuotaRule, replaced: QuotaRule | None, profile: ModelProfile) -> str:
    """Confirm what now holds for a subject, whether it is too small for any clip, and what it replaces."""
    quota = rule.quota
    small = limits.too_small(quota, profile)
    now = "no limit now" if quota.seconds is None else f"{formatting.quota_rule(quota)} now"
    count = "" if quota.seconds is None or small else f" ({formatting.clips(quota.seconds, profile)})"
    was = (
        "" if replaced is None else f" It was {formatting.quota_rule(replaced.quota)}, set by <@{replaced.set_by_id}>."
    )
    too_small = f" {_no_clips(small)}" if small else ""
    return f"{_whose(rule)}: {now}{count}{_ends(rule)}.{too_small}{was}"


def quota_of(source: QuotaSource, subject_id: int, own: Sequence[QuotaRule], profile: ModelProfile) -> str:
    """Say what a subject has, and how to change it."""
    has = (
        "\n".join(rule_line(rule, profile) for rule in own)
        or f"{formatting.subject(source, subject_id)}: no quota of its own."
    )
    return f"{has}\nTo set it, say how many seconds, or choose unlimited."


def quotas_of_server(rules: Sequence[QuotaRule], profile: ModelProfile, deleted: Collection[int] = ()) -> str:
    """Say which quotas a server has, and how to change them."""
    lines = [rule_line(rule, profile, deleted) for rule in rules[:QUOTAS_SHOWN]]
    if len(rules) > QUOTAS_SHOWN:
        lines.append(f"… and {len(rules) - QUOTAS_SHOWN:,} more: `/moderate settings` lists all.")
    has = "\n".join(lines) or "No quota is set."
    return f"{has}\nTo clear one, say `who` has it, or choose it as `rule`; `/moderate quota set` sets one."


def rule_cleared(source: QuotaSource, subject_id: int, cleared: QuotaRule | None, deleted: Collection[int] = ()) -> str:
    """Confirm that a subject has no rule of its own."""
    subject = formatting.subject(source, subject_id, deleted)
    if cleared is None:
        return f"{subject}: there was no quota to clear."
    if source is QuotaSource.CHANNEL:
        return f"{subject}: the pool is cleared; members' own quotas count there now."
    return f"{subject}: the quota is cleared; the next more general rule holds now."


def granted(member_id: int, given_seconds: int, status: QuotaStatus, expires_at: datetime) -> str:
    """Confirm that a member was given seconds."""
    period = formatting.PERIOD_NOW[status.effective.quota.period]
    when = period if expires_at == status.resets_at else formatting.until(expires_at, otherwise="")
    left = status.left_seconds
    standing = (
        "no limit"
        if left is None
        else f"{formatting.seconds(left)} left {period}, {formatting.clips(left, status.profile)}"
    )
    return f"<@{member_id}> got {formatting.seconds(given_seconds)} more {when}: {standing}."


def grant_line(grant: Grant) -> str:
    """Write given seconds as lists have them."""
    left, until = formatting.seconds(grant.left_seconds), formatting.until(grant.expires_at, otherwise="")
    return f"<@{grant.member_id}>: {left} left, {until}, given by <@{grant.given_by_id}>"


def grant_revoked(grant: Grant) -> str:
    """Confirm that what was left of given seconds is taken back."""
    return f"<@{grant.member_id}>: {formatting.seconds(grant.left_seconds)} taken back."


def why(
    details: AdmissionDetails,
    rules: Mapping[PromptRuleKind, int],
    automod: AutomodRules | None,
    deleted: Collection[int] = (),
) -> str:
    """Explain what decides for a member in a place, in the order in which it is asked.

    Args:
        rules: how many prompt rules there are.
    """
    requester, server, place = details.requester, details.server, details.place
    where = formatting.channel(requester.places[0], deleted) if requester.places else "this server"
    access = "allowed" if place.access is Access.ALLOWED else "**refused**"
    ruled = "nothing says otherwise" if place.ruled_by is None else f"by the rule of {_place(place.ruled_by, deleted)}"
    block = details.block
    is_blocked = "no" if block is None else f"**yes**, {_block_ends(block)}: {formatting.in_line(block.reason)}"
    lines = [
        f"**<@{requester.member_id}> in {where}**, in the order I ask:",
        f"1. Paused: {'no' if server.pause is None else f'**yes**, {formatting.in_line(server.pause.reason)}'}",
        f"2. Blocked: {is_blocked}",
        f"3. Channel: {access}, {ruled}",
        f"4. Clips on the way: {details.open_jobs} in this server, of at most {details.max_open_jobs} anywhere",
        "5. Quota:",
        *(f"  - {_asked(source, details.status.profile, deleted)}" for source in _worth_showing(details.sources)),
        f"  - {_standing(details.status)}",
        f"6. The server's cap: {'none' if details.cap is None else cap_standing(details.cap)}",
        f"7. The operator's limits: {ceilings.standing(details.ceilings)}",
        f"8. The queue: {formatting.counted(details.waiting, 'clip')} waiting in this server, of at most "
        f"{details.max_waiting:,}"
        f"{'' if details.waiting_anywhere < details.max_waiting_anywhere else '; **too many wait in all servers**'}",
        f"9. Prompts: {rule_text.counts(rules)}, {rule_text.automod_count(automod)}",
    ]
    return "\n".join(lines)


def _worth_showing(sources: Sequence[RuleAsked]) -> list[RuleAsked]:
    """Leave out roles without a rule, and all but the most generous of those with one: a member may have dozens."""
    roles = [source for source in sources if source.source is QuotaSource.ROLE and source.quota is not None]
    shown = roles[:ROLES_SHOWN]
    return [source for source in sources if source.source is not QuotaSource.ROLE or source in shown]


def _asked(asked: RuleAsked, profile: ModelProfile, deleted: Collection[int]) -> str:
    names = {
        QuotaSource.CHANNEL: f"pool of {formatting.subject(asked.source, asked.subject_id, deleted)}",
        QuotaSource.MEMBER: "the member's own",
        QuotaSource.ROLE: f"role {formatting.subject(asked.source, asked.subject_id, deleted)}",
        QuotaSource.SERVER: "everyone",
        QuotaSource.OPERATOR: "the bot's default",
    }
    rule = "no rule" if asked.quota is None else limits.rule(asked.quota, profile)
    return f"**{names[asked.source]}: {rule}, holds**" if asked.holds else f"{names[asked.source]}: {rule}"


def _standing(status: QuotaStatus) -> str:
    used = formatting.seconds(status.used_seconds)
    grants = sum(grant.left_seconds for grant in status.grants)
    given = f", {formatting.seconds(grants)} of it given by moderators" if grants else ""
    left = "no limit" if status.left_seconds is None else f"{formatting.seconds(status.left_seconds)} left{given}"
    small = status.never_fits(status.profile.shortest_seconds)
    then = "no clip ever fits" if small else f"resets {formatting.relative(status.resets_at)}"
    return f"{used} used {formatting.PERIOD_NOW[status.effective.quota.period]}, {left}; {then}"


# Settings ----------------------------------------------------------------------------------------


def cap_standing(cap: CapStatus) -> str:
    """Say how far a server is up its cap."""
    if not cap.cap.seconds:
        return f"{formatting.quota_rule(cap.cap)}, so no clips"
    if small := limits.too_small(cap.cap, cap.profile):
        return f"{small}, so no clips"
    used = f"{formatting.seconds(cap.used_seconds)} used {formatting.PERIOD_NOW[cap.cap.period]}"
    left = f"{formatting.seconds(cap.left_seconds)} left; resets {formatting.relative(cap.resets_at)}"
    return f"{formatting.quota_rule(cap.cap)}: {used}, {left}"


def cap_set(cap: CapStatus | None) -> str:
    """Confirm a cap, and say when it is reached already."""
    if cap is None:
        return "This server has no cap now."
    if not cap.cap.seconds:
        return "The whole server: no clips can be made."
    if small := limits.too_small(cap.cap, cap.profile):
        return f"The whole server: {formatting.quota_rule(cap.cap)}. {_no_clips(small)}"
    reached = " No more clips can be made until then." if cap.is_reached else ""
    return f"The whole server: {cap_standing(cap)}.{reached}"


def timezone_set(server: Server) -> str:
    """Confirm when days begin."""
    return f"Days, weeks and months now begin at midnight in {server.timezone}."


CLIP_BUTTONS = {ClipButtons.EVERYONE: "for everyone", ClipButtons.REQUESTER: "for whoever asked for the clip only"}


def clip_buttons_set(server: Server) -> str:
    """Confirm who may use the buttons under clips."""
    return f"The buttons under clips are {CLIP_BUTTONS[server.clip_buttons]} now; moderators can delete any clip."


def log_set(channel_id: int | None) -> str:
    """Confirm where the log goes."""
    if channel_id is None:
        return "No log is kept any more; what moderators change stays in the audit."
    return f"The log goes to <#{channel_id}> from now on."


def private_set(*, allowed: bool) -> str:
    """Confirm whether private clips are made."""
    if allowed:
        return "Members can have clips sent to their direct messages with `private`; the log shows these as any."
    return "No private clips any more: all clips are posted. Those that were accepted are still sent to their members."


def private_clips(*, allowed: bool) -> str:
    """Say whether private clips are made."""
    return "allowed" if allowed else "not allowed"


def paused(reason: str) -> str:
    """Confirm a pause."""
    return (
        f"No new clips for now; members are told: {formatting.sentence(reason)} "
        "Clips that were accepted are still made. `/moderate resume` ends it."
    )


def channel_rule(rule: ChannelRule, deleted: Collection[int] = ()) -> str:
    """Write what holds in a channel of its own."""
    place = EVERYWHERE_ELSE if rule.is_everywhere else formatting.channel(rule.channel_id, deleted)
    return f"{place}: {channel_details(rule)}"


def channel_ruled(rule: ChannelRule, deleted: Collection[int] = ()) -> str:
    """Confirm what holds in a channel now."""
    return f"{channel_rule(rule, deleted)}."


def channel_details(rule: ChannelRule) -> str:
    """Write what a channel's rule says."""
    said = [
        {Access.ALLOWED: "clips allowed", Access.REFUSED: "no clips"}[rule.access] if rule.access else None,
        formatting.ASPECTS[rule.aspect] if rule.aspect else None,
        formatting.seconds(rule.duration_seconds) if rule.duration_seconds else None,
    ]
    if rule.is_everywhere and rule.access is None:
        said[0] = "clips allowed"
    return ", ".join(filter(None, said)) or "as its category or the server says"


def _place(place_id: int, deleted: Collection[int]) -> str:
    return "the server" if place_id == EVERYWHERE else formatting.channel(place_id, deleted)


# Members and prompts -----------------------------------------------------------------------------


def blocked(block: Block, cancelled: int) -> str:
    """Confirm a block, and say what was cancelled."""
    count = formatting.counted(cancelled, "waiting clip")
    waiting = f" {count} cancelled; what that cost came back." if cancelled else ""
    reason = formatting.sentence(block.reason)
    return f"<@{block.member_id}> can make no clips here {_block_ends(block)}: {reason}{waiting}"


def unblocked(member_id: int, block: Block | None) -> str:
    """Confirm the end of a block."""
    return f"<@{member_id}> can make clips here again." if block else f"<@{member_id}> was not blocked."


def block_line(block: Block) -> str:
    """Write a block as lists have it."""
    return f"<@{block.member_id}> {_block_ends(block)}, by <@{block.set_by_id}>: {formatting.in_line(block.reason)}"


def block_words(block: Block) -> str:
    """Write until when and why somebody is blocked."""
    return f"{_block_ends(block)}, {formatting.in_line(block.reason)}"


def _block_ends(block: Block) -> str:
    return formatting.until(block.expires_at, otherwise="until a moderator ends it")


# Clips -------------------------------------------------------------------------------------------


def clip_cancelled(job: Job) -> str:
    """Confirm that a clip is cancelled."""
    back = f"its {formatting.seconds(job.charged_seconds)} came back" if job.charged_seconds else "it cost nothing"
    return f"{formatting.clip_of(job, formatting.LINE_CHARACTERS)} is cancelled; {back}."


def clip_removed(job: Job) -> str:
    """Confirm that a clip is removed."""
    return f"{formatting.clip_of(job, formatting.LINE_CHARACTERS)} is removed."


def _ends(rule: QuotaRule) -> str:
    then = "" if rule.then is None else f", then {formatting.quota_rule(rule.then)} again"
    return "" if rule.expires_at is None else f", {formatting.until(rule.expires_at, otherwise='')}{then}"


def _no_clips(small: str) -> str:
    return f"**{small}**: no clips can be made of it."


def _whose(rule: QuotaRule, deleted: Collection[int] = ()) -> str:
    subject = formatting.subject(rule.source, rule.subject_id, deleted)
    return f"{subject}, shared pool" if rule.source is QuotaSource.CHANNEL else subject
