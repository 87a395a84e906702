"""The answer to ``/moderate diagnose``, as a Components V2 layout that the panel keeps true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
from discord import app_commands, ui

from bot.errors import ChannelRefusedError, QueueFullError, RulesUnknownError, ThreadClosedError, TooManyOpenJobsError
from bot.models import (
    BlockedError,
    CapReachedError,
    CeilingReachedError,
    PausedError,
    QuotaExceededError,
    QuotaSource,
)
from bot.ui.messages.panel.parts import buttons
from bot.ui.replies import explain
from bot.ui.text import panel as panel_text
from bot.ui.text.moderation import diagnosis as text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.services.admission.decision import AdmissionDetails
    from bot.services.screening.automod_rules import AutomodRules

_BUTTONS_IN_A_ROW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What decides whether a member may have a clip made in a place.

    Attributes:
        timed_out_until: when the member's timeout ends, where they are in one.
        lacking: the permissions that the bot lacks there for each thing that is asked of it; None where it is not to be
            had there at all.
        automod: the server's rules; None where they can't be read just now.
        log_arrives: the bot may post in the log's channel, if there is one.
        details: what the decision goes by.
        refusals: all that says no, in the order in which it is asked.
    """

    channel_id: int
    member_id: int
    timed_out_until: datetime | None
    lacking: Mapping[str, Sequence[str] | None]
    automod: AutomodRules | None
    log_arrives: bool
    details: AdmissionDetails
    refusals: Sequence[Exception]


@dataclass(frozen=True, slots=True)
class _Remedy:
    """What mends a refusal, in words, and the button that does or leads there, where there is one."""

    words: str
    button: tuple[str, str] | None = None


def diagnosis_view(diagnosis: Diagnosis) -> ui.LayoutView:
    """Show it, with buttons that mend what they can."""
    server = diagnosis.details.server
    remedies = [(error, _remedy(error, diagnosis)) for error in diagnosis.refusals]
    refused = [text.refused(explain(error) or "", remedy.words) for error, remedy in remedies]
    place = diagnosis.details.place
    made = text.would_be_made(place.usual_aspect, place.usual_seconds, diagnosis.details.status)
    lines = [
        text.heading_of_bot(diagnosis.channel_id),
        *(text.may_do(thing, lacking) for thing, lacking in diagnosis.lacking.items()),
        text.automod(diagnosis.automod),
        text.log(server.log_channel_id, arrives=diagnosis.log_arrives),
        text.heading_of_member(diagnosis.member_id),
        *(refused or [made]),
    ]
    mending = dict(remedy.button for _, remedy in remedies if remedy.button is not None)
    if not diagnosis.log_arrives:
        mending["open:log:1"] = panel_text.TITLES["log"]
    again = f"diagnose:{diagnosis.channel_id}:{diagnosis.member_id}"
    offered = [*mending.items(), (again, text.AGAIN_BUTTON), ("open:home:1", text.SETTINGS_BUTTON)]
    rows = [buttons(*offered[first : first + _BUTTONS_IN_A_ROW]) for first in range(0, len(offered), _BUTTONS_IN_A_ROW)]
    view = ui.LayoutView(timeout=None)
    words = ui.TextDisplay[ui.LayoutView]("\n".join(lines))
    view.add_item(ui.Container(words, *rows, accent_colour=discord.Colour.blurple()))
    return view


def _remedy(error: Exception, diagnosis: Diagnosis) -> _Remedy:
    titles = panel_text.TITLES
    match error:
        case app_commands.BotMissingPermissions():
            return _Remedy(text.GIVE_AS_ABOVE)
        case app_commands.MissingPermissions() if diagnosis.timed_out_until is not None:
            return _Remedy(text.end_timeout(diagnosis.member_id, diagnosis.timed_out_until))
        case app_commands.MissingPermissions():
            return _Remedy(text.give_member(diagnosis.member_id, error.missing_permissions))
        case ThreadClosedError():
            return _Remedy(text.OPEN_THREAD)
        case PausedError():
            return _pressing("resume", panel_text.RESUME)
        case BlockedError():
            return _pressing("open:blocks:1", titles["blocks"], text.unblocking(panel_text.UNBLOCK))
        case ChannelRefusedError():
            return _pressing(f"access:{diagnosis.channel_id}:allowed", panel_text.ALLOW)
        case TooManyOpenJobsError() | QueueFullError():
            return _pressing("open:jobs:1", titles["jobs"], text.FEWER)
        case QuotaExceededError() if error.status.effective.source is QuotaSource.CHANNEL:
            return _pressing("open:pools:1", titles["pools"], text.LARGER)
        case QuotaExceededError():
            return _pressing("open:quotas:1", titles["quotas"], text.LARGER)
        case CapReachedError():
            return _pressing("open:cap:1", titles["cap"], text.HIGHER)
        case CeilingReachedError():
            return _Remedy(text.OPERATOR_ONLY)
        case RulesUnknownError():
            return _Remedy(text.WAIT_FOR_RULES)
        case _:
            return _Remedy("")


def _pressing(action: str, label: str, then: str = "") -> _Remedy:
    return _Remedy(text.press(label, then), (action, label))
