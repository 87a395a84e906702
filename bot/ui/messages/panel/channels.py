"""The panel's section about channels: where clips may be made, and what is made there by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import SelectOption

from bot.models import EVERYWHERE, ChannelRule, ClipButtons
from bot.ui.messages.panel.parts import (
    buttons,
    channel_select,
    navigation,
    option_name,
    page_of,
    section_view,
    select,
    selects,
)
from bot.ui.text import formatting
from bot.ui.text import moderators as moderator_text
from bot.ui.text import panel as panel_text

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.text.panel import PanelDetails


def channels_view(details: PanelDetails, page: int) -> ui.LayoutView:
    """Show what holds where, and offer to change it."""
    rules = sorted(details.view.channels, key=lambda rule: (rule.is_everywhere, rule.channel_id))
    shown, page, count = page_of(rules, page)
    lines = [moderator_text.channel_rule(rule, details.deleted) for rule in shown]
    known = [
        SelectOption(label=option_name(details, rule.channel_id), value=str(rule.channel_id))
        for rule in shown
        if not rule.is_everywhere
    ]
    is_everyones = details.view.server.clip_buttons is ClipButtons.EVERYONE
    other = ClipButtons.REQUESTER if is_everyones else ClipButtons.EVERYONE
    private = ("private:off", panel_text.PRIVATE_REFUSE)
    if not details.view.server.allows_private:
        private = ("private:on", panel_text.PRIVATE_ALLOW)
    settings = f"{panel_text.clip_buttons_line(details)}\n{panel_text.private_line(details)}"
    return section_view(
        "channels",
        f"{panel_text.listed('channels', lines, page, count)}\n{settings}",
        channel_select("channel", panel_text.CHANNEL),
        *selects("channel_known", panel_text.CHANNEL_KNOWN, known),
        buttons(
            (f"open:channel:{EVERYWHERE}", panel_text.CHANNEL_EVERYWHERE),
            (f"clip_buttons:{other.value}", panel_text.CLIP_BUTTONS[other]),
            private,
        ),
        navigation("channels", page, count),
    )


def channel_view(details: PanelDetails, channel_id: int) -> ui.LayoutView:
    """Show and change what holds in one channel, or everywhere else."""
    none = ChannelRule(guild_id=details.view.server.guild_id, channel_id=channel_id)
    rule = next((rule for rule in details.view.channels if rule.channel_id == channel_id), none)
    access = [
        (f"access:{channel_id}:allowed", panel_text.ALLOW),
        (f"access:{channel_id}:refused", panel_text.REFUSE),
    ]
    if not rule.is_everywhere:
        access.append((f"access:{channel_id}:none", panel_text.INHERIT))
    if not rule.is_empty:
        access.append((f"channel_reset:{channel_id}", panel_text.CHANNEL_RESET))
    aspects = [
        SelectOption(label=formatting.ASPECTS[aspect], value=aspect.name.lower(), default=aspect is rule.aspect)
        for aspect in details.profile.aspects
    ]
    durations = [
        SelectOption(label=name, value=str(seconds), default=seconds == rule.duration_seconds)
        for seconds, name in formatting.durations(details.profile).items()
    ]
    aspects.append(_no_default(is_set=rule.aspect is not None))
    durations.append(_no_default(is_set=rule.duration_seconds is not None))
    return section_view(
        "channels",
        moderator_text.channel_rule(rule, details.deleted),
        buttons(*access),
        select(f"aspect:{channel_id}", panel_text.ASPECT, aspects),
        select(f"duration:{channel_id}", panel_text.DURATION, durations),
        buttons(("open:channels:1", panel_text.BACK)),
    )


def _no_default(*, is_set: bool) -> SelectOption:
    return SelectOption(label=panel_text.NO_DEFAULT, value="none", default=not is_set)
