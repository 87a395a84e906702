"""Forms to be filled in; ``filled_forms.py`` reads them when they are sent.

A form's ``custom_id`` says what it is for, and each field's is its name, so that it is answered from the interaction
alone (``components.py``), by whichever process is running when it is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ChannelType, SelectDefaultValue, SelectDefaultValueType, ui

from bot.models import (
    BRAINSTORMS_PER_CHANNEL_MOST,
    BRAINSTORMS_PER_MEMBER_MOST,
    PROMPT_MAX_CHARACTERS,
    REASON_MAX_CHARACTERS,
    SEARCH_MAX_CHARACTERS,
    TYPED_MAX_CHARACTERS,
    Period,
    PromptRuleKind,
    QuotaSource,
)
from bot.models.brainstorms import LIST_NAME_MAX_CHARACTERS
from bot.ui.text import formatting
from bot.ui.text import forms as form_text
from bot.ui.text import rules as rule_text
from bot.ui.text.clips import library as library_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.models import Draft, ModelProfile, Quota, Server
    from bot.models.brainstorms import PhraseList

SECONDS, PERIOD, DAYS, REASON, ZONE, TEXT, PROMPT = "seconds", "period", "days", "reason", "zone", "text", "prompt"
ASPECT, DURATION = "aspect", "duration"
PER_CHANNEL, PER_MEMBER, VOTERS, OWN_VOTES = "per_channel", "per_member", "voters", "own_votes"
LIST_NAME, PHRASES = "list_name", "phrases"
QUOTA, CAP, LOG, SURE, REFUND = "quota", "cap", "log", "sure", "refund"
"""The fields' names."""
LOG_PLACES = [ChannelType.text, ChannelType.news, ChannelType.public_thread, ChannelType.private_thread]
YES, NO = "yes", "no"


def quota_form(source: QuotaSource, subject_id: int, name: str, page: int, profile: ModelProfile) -> ui.Modal:
    """Ask for the seconds (or "unlimited") and the period of a quota or a pool, and for how many days it holds.

    Args:
        name: whose it is, as people know them.
        page: the page of the panel's section to go back to.
    """
    title = form_text.pool_title if source is QuotaSource.CHANNEL else form_text.quota_title
    days = _days(form_text.DAYS_FOR_GOOD)
    return make_form(f"form:quota:{source.value}:{subject_id}:{page}", title(name), _limit(profile), _period(), days)


def cap_form(profile: ModelProfile) -> ui.Modal:
    """Ask for the seconds (or "unlimited") and the period of a server's cap."""
    return make_form("form:cap", form_text.CAP_TITLE, _limit(profile), _period())


def grant_form(member_id: int, name: str, page: int, profile: ModelProfile) -> ui.Modal:
    """Ask how many seconds to give a member, and for how many days.

    Args:
        page: the page of the panel's section to go back to.
    """
    seconds = _text(SECONDS, form_text.SECONDS, form_text.costs(profile), max_length=40)
    days = _days(form_text.DAYS_PRESENT_PERIOD)
    return make_form(f"form:grant:{member_id}:{page}", form_text.grant_title(name), seconds, days)


def block_form(custom_id: str, name: str, *, is_oneself: bool) -> ui.Modal:
    """Ask for the reason to block a member, and for how many days.

    Args:
        name: whose clips it ends, as people know them.
        is_oneself: whether that is who asks; then the form also asks whether they mean it.
    """
    sure = [_yes_or_no(SURE, form_text.SURE, form_text.SURE_CHOICES, form_text.SURE_EXPLAINED)] if is_oneself else []
    return make_form(custom_id, form_text.block_title(name), _reason(), _days(form_text.DAYS_FOR_GOOD), *sure)


def removal_form(custom_id: str, about: str, *, refunds: bool | None) -> ui.Modal:
    """Ask whether a clip is to be removed.

    Args:
        about: the clip, in a line.
        refunds: whether its seconds come back; None asks that too.
    """
    title = form_text.REMOVE_AND_REFUND_TITLE if refunds else form_text.REMOVE_TITLE
    choice = [_yes_or_no(REFUND, form_text.REFUND, form_text.REFUND_CHOICES)] if refunds is None else []
    return make_form(custom_id, title, ui.TextDisplay[Any](form_text.removal(about, refunds=refunds)), *choice)


def set_up_form(*, quota: Quota, cap: Quota | None, timezone: str, log_channel_id: int | None) -> ui.Modal:
    """Ask for what a server begins with; what is given is filled in."""
    return make_form(
        "form:set_up",
        form_text.SET_UP_TITLE,
        _text(QUOTA, form_text.QUOTA, form_text.AMOUNT_WRITTEN, filled_in=form_text.amount(quota), max_length=40),
        _text(
            CAP,
            form_text.CAP,
            form_text.CAP_WRITTEN,
            filled_in=None if cap is None else form_text.amount(cap),
            max_length=40,
            required=False,
        ),
        _text(ZONE, form_text.ZONE, form_text.ZONE_OR_CITY, filled_in=timezone, max_length=64),
        _log_channel(log_channel_id),
    )


def pause_form() -> ui.Modal:
    """Ask for the reason of a pause."""
    return make_form("form:pause", form_text.PAUSE_TITLE, _reason())


def timezone_form() -> ui.Modal:
    """Ask for a time zone."""
    zone = _text(ZONE, form_text.ZONE, form_text.ZONE_OR_CITY, max_length=64)
    return make_form("form:timezone", form_text.TIMEZONE_TITLE, zone)


def rule_form(kind: PromptRuleKind, page: int) -> ui.Modal:
    """Ask for a prompt rule's text.

    Args:
        page: the page of the panel's section to go back to.
    """
    text = _text(TEXT, form_text.RULE, max_length=TYPED_MAX_CHARACTERS)
    return make_form(f"form:rule_add:{kind.value}:{page}", rule_text.KINDS[kind], text)


def test_form() -> ui.Modal:
    """Ask for a prompt to test."""
    return make_form(
        "form:rule_test", form_text.TEST_TITLE, _text(PROMPT, form_text.PROMPT, max_length=PROMPT_MAX_CHARACTERS)
    )


def brainstorms_form(server: Server, page: int, *, voters_deleted: bool) -> ui.Modal:
    """Ask how brainstorms are held, with what holds filled in.

    Args:
        page: the page of the panel's section to go back to.
        voters_deleted: whether the role that votes is deleted; no form can show that.
    """
    role_ids = [] if server.voter_role_id is None or voters_deleted else [server.voter_role_id]
    voters = ui.RoleSelect[Any](
        custom_id=VOTERS,
        required=False,
        min_values=0,
        default_values=[
            discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.role) for each in role_ids
        ],
    )
    own_votes = [
        discord.RadioGroupOption(label=label, value=YES if allowed else NO, default=allowed is server.allows_own_votes)
        for allowed, label in form_text.OWN_VOTES_ALLOWED.items()
    ]
    return make_form(
        f"form:brainstorms:{page}",
        form_text.BRAINSTORMS_TITLE,
        _count(PER_CHANNEL, form_text.PER_CHANNEL, server.brainstorms_per_channel, BRAINSTORMS_PER_CHANNEL_MOST),
        _count(PER_MEMBER, form_text.PER_MEMBER, server.brainstorms_per_member, BRAINSTORMS_PER_MEMBER_MOST),
        ui.Label(text=form_text.VOTERS, description=form_text.VOTERS_EXPLAINED, component=voters),
        ui.Label(text=form_text.OWN_VOTES, component=ui.RadioGroup[Any](custom_id=OWN_VOTES, options=own_votes)),
    )


def list_form(page: int) -> ui.Modal:
    """Ask for the name and the phrases of a new list.

    Args:
        page: the page of the panel's section to go back to.
    """
    name = _text(LIST_NAME, form_text.LIST_NAME, form_text.LIST_NAME_WRITTEN, max_length=LIST_NAME_MAX_CHARACTERS)
    return make_form(f"form:list_add:{page}", form_text.LIST_TITLE, name, _phrases())


def phrases_form(phrase_list: PhraseList, page: int) -> ui.Modal:
    """Ask for a list's phrases, with those filled in that it has.

    Args:
        page: the page of the panel's section to go back to.
    """
    title = form_text.list_title(phrase_list.name)
    return make_form(f"form:list_edit:{phrase_list.name}:{page}", title, _phrases(phrase_list.typed))


def remix_form(job_id: str, draft: Draft, profile: ModelProfile) -> ui.Modal:
    """Ask what to make of a clip, with what is filled in already."""
    return make_form(f"form:clip_remix:{job_id}", form_text.REMIX_TITLE, *_clip(draft, profile))


def message_form(source_id: int, draft: Draft, profile: ModelProfile, *, is_cut: bool = False) -> ui.Modal:
    """Ask what to make of a message's words.

    Args:
        source_id: of the message, or of the draft that it was typed in; it only tells forms apart.
        is_cut: whether the message is longer.
    """
    return make_form(f"form:clip_new:{source_id}", form_text.MESSAGE_TITLE, *_clip(draft, profile, is_cut=is_cut))


def video_form(draft_id: int, draft: Draft, profile: ModelProfile, *, is_spoiler: bool, is_private: bool) -> ui.Modal:
    """Ask anew for a clip that was asked for by a command, as a spoiler or in private where that was so."""
    spoiler, private = (YES if each else NO for each in (is_spoiler, is_private))
    title = form_text.PRIVATE_VIDEO_TITLE if is_private else form_text.VIDEO_TITLE
    return make_form(f"form:clip_video:{draft_id}:{spoiler}:{private}", title, *_clip(draft, profile))


def search_form(show: str, member_id: int) -> ui.Modal:
    """Ask what is looked for in a member's clips; empty is nothing.

    Args:
        show: which of the clips are shown.
    """
    title, label, explained = library_text.SEARCH_TITLE, library_text.SEARCH_LABEL, library_text.SEARCH_EXPLAINED
    text = _text(TEXT, label, explained, max_length=SEARCH_MAX_CHARACTERS, required=False)
    return make_form(f"form:clip_search:{show}:{member_id}", title, text)


# Parts -------------------------------------------------------------------------------------------


def make_form(custom_id: str, title: str, *fields: ui.Label[Any] | ui.TextDisplay[Any]) -> ui.Modal:
    """Make a form of some fields."""
    form = ui.Modal(title=title, timeout=None, custom_id=custom_id)
    for field in fields:
        form.add_item(field)
    form.stop()  # so discord.py keeps none of them: there is one way to answer a form, before a restart and after
    return form


def _clip(draft: Draft, profile: ModelProfile, *, is_cut: bool = False) -> tuple[ui.Label[Any], ...]:
    prompt = ui.TextInput[Any](
        custom_id=PROMPT,
        style=discord.TextStyle.paragraph,
        default=draft.prompt or None,
        max_length=TYPED_MAX_CHARACTERS,
    )
    shapes = [
        discord.RadioGroupOption(label=formatting.ASPECTS[aspect], value=aspect.value, default=aspect is draft.aspect)
        for aspect in profile.aspects
    ]
    lengths = [
        discord.SelectOption(label=label, value=str(seconds), default=seconds == draft.duration_seconds)
        for seconds, label in formatting.durations(profile).items()
    ]
    aspect = ui.RadioGroup[Any](custom_id=ASPECT, options=shapes, required=False)
    duration = ui.Select[Any](custom_id=DURATION, options=lengths, required=False, min_values=0)
    limit = form_text.prompt_limit(profile, is_cut=is_cut)
    return (
        ui.Label(text=form_text.PROMPT, description=limit, component=prompt),
        ui.Label(text=form_text.ASPECT, description=form_text.PLACES_DEFAULT, component=aspect),
        ui.Label(text=form_text.DURATION, description=form_text.PLACES_DEFAULT, component=duration),
    )


def _count(name: str, label: str, chosen: int, most: int) -> ui.Label[Any]:
    numbers = [
        discord.SelectOption(label=str(number), value=str(number), default=number == chosen)
        for number in range(1, most + 1)
    ]
    return ui.Label(text=label, component=ui.Select(custom_id=name, options=numbers))


def _phrases(filled_in: str | None = None) -> ui.Label[Any]:
    field = ui.TextInput[Any](
        custom_id=PHRASES, style=discord.TextStyle.paragraph, default=filled_in, max_length=TYPED_MAX_CHARACTERS
    )
    return ui.Label(text=form_text.PHRASES, description=form_text.PHRASES_WRITTEN, component=field)


def _limit(profile: ModelProfile) -> ui.Label[Any]:
    return _text(SECONDS, form_text.SECONDS, form_text.costs_or_unlimited(profile), max_length=40)


def _period() -> ui.Label[Any]:
    periods = [
        discord.SelectOption(label=label, value=period.value, default=period is Period.DAY)
        for period, label in form_text.PERIODS.items()
    ]
    return ui.Label(text=form_text.PERIOD, component=ui.Select(custom_id=PERIOD, options=periods))


def _reason() -> ui.Label[Any]:
    return _text(REASON, form_text.REASON, form_text.REASON_SHOWN, max_length=REASON_MAX_CHARACTERS)


def _days(description: str) -> ui.Label[Any]:
    return _text(DAYS, form_text.DAYS, description, max_length=10, required=False)


def _log_channel(channel_id: int | None) -> ui.Label[Any]:
    filled_in = [] if channel_id is None else [SelectDefaultValue(id=channel_id, type=SelectDefaultValueType.channel)]
    field = ui.ChannelSelect[Any](
        custom_id=LOG, channel_types=LOG_PLACES, required=False, min_values=0, default_values=filled_in
    )
    return ui.Label(text=form_text.LOG, description=form_text.LOG_EXPLAINED, component=field)


def _yes_or_no(name: str, label: str, choices: Mapping[bool, str], description: str | None = None) -> ui.Label[Any]:
    options = [
        discord.RadioGroupOption(label=text, value=YES if is_yes else NO, default=not is_yes)
        for is_yes, text in choices.items()
    ]
    return ui.Label(text=label, description=description, component=ui.RadioGroup[Any](custom_id=name, options=options))


def _text(
    name: str,
    label: str,
    description: str | None = None,
    *,
    filled_in: str | None = None,
    max_length: int,
    required: bool = True,
) -> ui.Label[Any]:
    field = ui.TextInput[Any](custom_id=name, default=filled_in, max_length=max_length, required=required)
    return ui.Label(text=label, description=description, component=field)
