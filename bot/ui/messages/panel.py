"""The settings panel, as Components V2 layouts: one message that shows and changes everything, section by section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import discord
from discord import ChannelType, SelectOption, ui

from bot.models import DURATIONS_SECONDS, EVERYWHERE, ChannelRule, QuotaSource
from bot.ui.components import PanelItem
from bot.ui.text import formatting
from bot.ui.text import moderators as moderator_text
from bot.ui.text import modlog as modlog_text
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.models import Change, Job, PromptRule, QuotaRule
    from bot.services.moderation.servers import ServerView
    from bot.ui.text.panel import PanelFacts

PAGE_LENGTH = 10
JOBS_PAGE_LENGTH = 8
"""Each has a button: with 3 components a job, 24 of the 40 that a message may have."""

_PLACES = [
    ChannelType.text,
    ChannelType.voice,
    ChannelType.news,
    ChannelType.forum,
    ChannelType.category,
    ChannelType.public_thread,
    ChannelType.private_thread,
    ChannelType.news_thread,
    ChannelType.stage_voice,
]
_LOG_PLACES = [ChannelType.text, ChannelType.news, ChannelType.public_thread, ChannelType.private_thread]
_Element = TypeVar("_Element")
_Item = ui.Item[ui.LayoutView]


def page_of(
    elements: Sequence[_Element], number: int, length: int = PAGE_LENGTH
) -> tuple[Sequence[_Element], int, int]:
    """Return a page's elements, its number from 1, and how many pages there are; a page past the end is the last."""
    count = max(1, -(-len(elements) // length))
    number = max(1, min(number, count))
    return elements[(number - 1) * length : number * length], number, count


# Sections ----------------------------------------------------------------------------------------


def home(facts: PanelFacts) -> ui.LayoutView:
    """Show how everything stands, and offer the sections."""
    sections = [SelectOption(label=title, value=name) for name, title in panel_text.TITLES.items() if name != "home"]
    pause = ("resume", panel_text.RESUME) if facts.view.server.pause else ("pause", panel_text.PAUSE)
    missing = panel_text.to_set_up(facts)
    steps = [_buttons(*((f"open:{section}:1", label) for section, label in missing))] if missing else []
    return _layout(
        "home",
        "\n".join(filter(None, (panel_text.summary(facts), panel_text.SET_UP if missing else None))),
        *steps,
        _select("section", panel_text.CHOOSE_SECTION, sections),
        _buttons(pause, ("open:home:1", panel_text.REFRESH)),
    )


def quotas(facts: PanelFacts, number: int) -> ui.LayoutView:
    """Show and change the quotas of members, roles and everyone."""
    who = ui.MentionableSelect[Any](custom_id=f"panel:quota_who:{number}", placeholder=panel_text.QUOTA_WHO)
    everyone = _buttons((f"quota_everyone:{number}", panel_text.QUOTA_EVERYONE))
    return _rules("quotas", facts, number, _row(who), everyone)


def pools(facts: PanelFacts, number: int) -> ui.LayoutView:
    """Show and change the pools of channels."""
    return _rules("pools", facts, number, _channel_select(f"pool_channel:{number}", panel_text.POOL_CHANNEL))


def grants(facts: PanelFacts, number: int) -> ui.LayoutView:
    """Show seconds that moderators gave and that are not used up, give more, and take some back."""
    shown, number, count = page_of(facts.view.grants, number)
    known = [
        SelectOption(label=_name(facts, grant.member_id), description=panel_text.grant_left(grant), value=str(grant.id))
        for grant in shown
    ]
    who = ui.UserSelect[Any](custom_id=f"panel:gift_who:{number}", placeholder=panel_text.GRANT_WHO)
    return _layout(
        "gifts",
        _list("gifts", [moderator_text.grant_line(grant) for grant in shown], number, count),
        _row(who),
        *([_select(f"gift_end:{number}", panel_text.GRANT_END, known)] if known else []),
        _ends("gifts", number, count),
    )


def cap(facts: PanelFacts) -> ui.LayoutView:
    """Show and change the cap and the time zone."""
    buttons = [
        ("cap_set", panel_text.CAP_SET),
        ("cap_clear", panel_text.CAP_CLEAR),
        ("timezone", panel_text.TIMEZONE),
    ]
    text = f"Cap: {panel_text.cap_words(facts)}\n{panel_text.timezone_words(facts)}"
    return _layout("cap", text, _buttons(*buttons), _ends("cap"))


def channels(facts: PanelFacts, number: int) -> ui.LayoutView:
    """Show what holds where, and offer to change it."""
    shown, number, count = page_of(_ordered_channels(facts.view.channels), number)
    lines = [moderator_text.channel_rule(rule, facts.deleted) for rule in shown]
    known = [
        SelectOption(label=_name(facts, rule.channel_id), value=str(rule.channel_id))
        for rule in shown
        if not rule.is_everywhere
    ]
    return _layout(
        "channels",
        _list("channels", lines, number, count),
        _channel_select("channel", panel_text.CHANNEL),
        *([_select("channel_known", panel_text.CHANNEL_KNOWN, known)] if known else []),
        _buttons((f"open:channel:{EVERYWHERE}", panel_text.CHANNEL_EVERYWHERE)),
        _ends("channels", number, count),
    )


def channel(facts: PanelFacts, channel_id: int) -> ui.LayoutView:
    """Show and change what holds in one channel, or everywhere else."""
    guild_id = facts.view.server.guild_id
    none = ChannelRule(guild_id=guild_id, channel_id=channel_id)
    rule = next((rule for rule in facts.view.channels if rule.channel_id == channel_id), none)
    access = [
        (f"access:{channel_id}:allowed", panel_text.ALLOW),
        (f"access:{channel_id}:refused", panel_text.REFUSE),
    ]
    if not rule.is_everywhere:
        access.append((f"access:{channel_id}:none", panel_text.INHERIT))
    if not rule.is_empty:
        access.append((f"channel_reset:{channel_id}", panel_text.CHANNEL_RESET))
    aspects = [
        SelectOption(label=name, value=aspect.name.lower(), default=aspect is rule.aspect)
        for aspect, name in formatting.ASPECTS.items()
    ]
    durations = [
        SelectOption(label=f"{seconds} seconds", value=str(seconds), default=seconds == rule.duration_seconds)
        for seconds in DURATIONS_SECONDS
    ]
    return _layout(
        "channels",
        moderator_text.channel_rule(rule, facts.deleted),
        _buttons(*access),
        _select(f"aspect:{channel_id}", panel_text.ASPECT, [*aspects, _unset(is_set=rule.aspect is not None)]),
        _select(
            f"duration:{channel_id}",
            panel_text.DURATION,
            [*durations, _unset(is_set=rule.duration_seconds is not None)],
        ),
        _buttons(("open:channels:1", panel_text.BACK)),
    )


def prompt_rules(facts: PanelFacts, rules: Sequence[PromptRule], number: int) -> ui.LayoutView:
    """Show and change what prompts may not hold."""
    shown, number, count = page_of(rules, number)
    text = _list("rules", [moderator_text.prompt_rule_line(rule) for rule in shown], number, count)
    known = [SelectOption(label=formatting.plain(rule.text, 90) or "…", value=str(rule.id)) for rule in shown]
    buttons = [
        (f"rule_add:words:{number}", panel_text.RULE_ADD_WORDS),
        (f"rule_add:pattern:{number}", panel_text.RULE_ADD_PATTERN),
        ("rule_test", panel_text.RULE_TEST),
    ]
    return _layout(
        "rules",
        f"{text}\n{panel_text.automod_words(facts)}",
        _buttons(*buttons),
        *([_select(f"rule_remove:{number}", panel_text.RULE_REMOVE, known)] if known else []),
        _ends("rules", number, count),
    )


def blocks(facts: PanelFacts, number: int) -> ui.LayoutView:
    """Show and change who is blocked."""
    shown, number, count = page_of(facts.view.blocks, number)
    known = [SelectOption(label=_name(facts, block.member_id), value=str(block.member_id)) for block in shown]
    who = ui.UserSelect[Any](custom_id=f"panel:block_who:{number}", placeholder=panel_text.BLOCK)
    return _layout(
        "blocks",
        _list("blocks", [moderator_text.block_line(block) for block in shown], number, count),
        _row(who),
        *([_select(f"unblock:{number}", panel_text.UNBLOCK, known)] if known else []),
        _ends("blocks", number, count),
    )


def log(facts: PanelFacts) -> ui.LayoutView:
    """Show and change where the log goes."""
    return _layout(
        "log",
        f"Log: {panel_text.log_words(facts)}",
        _channel_select("log_channel", panel_text.LOG_CHANNEL, _LOG_PLACES),
        _buttons(("log_clear", panel_text.LOG_NONE)),
        _ends("log"),
    )


def jobs(open_jobs: Sequence[Job], number: int) -> ui.LayoutView:
    """Show what is on the way, with a button to cancel each."""
    shown, number, count = page_of(open_jobs, number, JOBS_PAGE_LENGTH)
    sections = [
        ui.Section[ui.LayoutView](
            ui.TextDisplay(modlog_text.job_line(job)),
            accessory=cast(
                "_Item", _button(f"job_cancel:{job.id}:{number}", panel_text.JOB_CANCEL, discord.ButtonStyle.danger)
            ),
        )
        for job in shown
    ]
    ends = _ends("jobs", number, count, refreshes=True)
    page = panel_text.page(number, count) if count > 1 else ""
    return _layout("jobs", page if shown else _list("jobs", []), *sections, ends)


def clips(posted: Sequence[Job], number: int, *, has_more: bool) -> ui.LayoutView:
    """Show what was posted, latest first, with a button to look closer at each."""
    sections = [
        ui.Section[ui.LayoutView](
            ui.TextDisplay(modlog_text.job_line(job)),
            accessory=cast("_Item", _button(f"open:clip:{job.id}:{number}", panel_text.CLIP_REMOVE)),
        )
        for job in posted
    ]
    ends = _ends("clips", number, number + has_more, refreshes=True)
    return _layout("clips", "" if posted else _list("clips", []), *sections, ends)


def clip(job: Job, number: int) -> ui.LayoutView:
    """Show one clip that was posted, and offer to remove it.

    Args:
        number: the page that it is on.
    """
    danger = discord.ButtonStyle.danger
    row = ui.ActionRow[ui.LayoutView]()
    row.add_item(_button(f"clip_remove:{job.id}:keep:{number}", modlog_text.REMOVE_BUTTON, danger))
    row.add_item(_button(f"clip_remove:{job.id}:refund:{number}", modlog_text.REFUND_BUTTON, danger))
    row.add_item(_button(f"open:clips:{number}", panel_text.BACK))
    link = modlog_text.clip_link(job)
    return _layout("clips", "\n".join(filter(None, (modlog_text.job_line(job), link))), row)


def audit(changes: Sequence[Change], deleted: Collection[int], number: int, count: int) -> ui.LayoutView:
    """Show the latest changes."""
    lines = [modlog_text.audit_line(change, deleted) for change in changes]
    return _layout("audit", _list("audit", lines, number, count), _ends("audit", number, count, refreshes=True))


# Parts -------------------------------------------------------------------------------------------


def _rules(section: str, facts: PanelFacts, number: int, *controls: _Item) -> ui.LayoutView:
    shown, number, count = page_of(_ordered_rules(section, facts.view), number)
    known = [
        SelectOption(
            label=_name(facts, rule.subject_id, is_role=rule.source is QuotaSource.ROLE),
            value=f"{rule.source.value}:{rule.subject_id}",
        )
        for rule in shown
    ]
    clear = {"quotas": panel_text.QUOTA_CLEAR, "pools": panel_text.POOL_CLEAR}[section]
    return _layout(
        section,
        _list(section, [moderator_text.rule_line(rule, facts.deleted) for rule in shown], number, count),
        *controls,
        *([_select(f"rule_clear:{section}:{number}", clear, known)] if known else []),
        _ends(section, number, count),
    )


def members_shown(section: str, view: ServerView, number: int) -> list[int]:
    """Return the members whose names a page of a section needs."""
    match section:
        case "quotas":
            shown, _, _ = page_of(_ordered_rules(section, view), number)
            return [rule.subject_id for rule in shown if rule.source is QuotaSource.MEMBER]
        case "gifts":
            return [grant.member_id for grant in page_of(view.grants, number)[0]]
        case "blocks":
            return [block.member_id for block in page_of(view.blocks, number)[0]]
        case _:
            return []


def _ordered_rules(section: str, view: ServerView) -> list[QuotaRule]:
    rules = [rule for rule in view.rules if (rule.source is QuotaSource.CHANNEL) == (section == "pools")]
    return sorted(rules, key=lambda rule: (list(QuotaSource)[::-1].index(rule.source), rule.subject_id))


def _unset(*, is_set: bool) -> SelectOption:
    return SelectOption(label=panel_text.NO_DEFAULT, value="none", default=not is_set)


def _ordered_channels(rules: Sequence[ChannelRule]) -> list[ChannelRule]:
    return sorted(rules, key=lambda rule: (rule.is_everywhere, rule.channel_id))


def _name(facts: PanelFacts, subject_id: int, *, is_role: bool = False) -> str:
    if subject_id in facts.deleted:
        return formatting.deleted_name(subject_id, is_role=is_role)
    return formatting.plain(facts.names.get(subject_id, str(subject_id)), 90) or str(subject_id)


def _list(section: str, lines: Sequence[str], number: int = 1, count: int = 1) -> str:
    listed = "\n".join(f"- {line}" for line in lines) or panel_text.NOTHING[section]
    return f"{listed}\n{panel_text.page(number, count)}" if count > 1 else listed


def _ends(section: str, number: int = 1, count: int = 1, *, refreshes: bool = False) -> ui.ActionRow[ui.LayoutView]:
    """Make the last row: back, and where there are several pages on to the next and the one before."""
    buttons = [("open:home:1", panel_text.BACK)]
    if number > 1:
        buttons.append((f"open:{section}:{number - 1}", panel_text.PREVIOUS))
    if refreshes:
        buttons.append((f"open:{section}:{number}", panel_text.REFRESH))
    if number < count:
        buttons.append((f"open:{section}:{number + 1}", panel_text.NEXT))
    return _buttons(*buttons)


def _buttons(*buttons: tuple[str, str]) -> ui.ActionRow[ui.LayoutView]:
    row = ui.ActionRow[ui.LayoutView]()
    for action, label in buttons:
        row.add_item(_button(action, label))
    return row


def _button(action: str, label: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary) -> PanelItem:
    return PanelItem(ui.Button(label=label, style=style, custom_id=f"panel:{action}"))


def _select(action: str, placeholder: str, options: list[SelectOption]) -> ui.ActionRow[ui.LayoutView]:
    return _row(ui.Select[Any](custom_id=f"panel:{action}", placeholder=placeholder, options=options))


def _channel_select(
    action: str, placeholder: str, types: list[ChannelType] | None = None
) -> ui.ActionRow[ui.LayoutView]:
    select = ui.ChannelSelect[Any](custom_id=f"panel:{action}", placeholder=placeholder, channel_types=types or _PLACES)
    return _row(select)


def _row(item: _Item) -> ui.ActionRow[ui.LayoutView]:
    row = ui.ActionRow[ui.LayoutView]()
    return row.add_item(PanelItem(item))


def with_note(view: ui.LayoutView, note: str) -> ui.LayoutView:
    """Add a sentence below a layout."""
    view.add_item(ui.TextDisplay(note))
    return view


def closed() -> ui.LayoutView:
    """Show nothing, to somebody who is no moderator any more."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay(panel_text.CLOSED))
    return view


def _layout(section: str, text: str, *controls: _Item) -> ui.LayoutView:
    explanation = panel_text.EXPLANATIONS.get(section)
    title = f"### {panel_text.TITLES[section]}"
    words = "\n".join(filter(None, (title, f"-# {explanation}" if explanation else None, text)))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(words), *controls, accent_colour=discord.Colour.blurple()))
    return view
