"""Forms that are filled in, and how what was typed in one is read.

A form's ``custom_id`` says what it is for, and each field's is its name, so that it is answered from the interaction
alone (``components.py``), by whichever process is running when it is sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.errors import InvalidQuotaError, InvalidSettingError
from bot.models import (
    PROMPT_MAX_CHARACTERS,
    REASON_MAX_CHARACTERS,
    SEARCH_MAX_CHARACTERS,
    TYPED_MAX_CHARACTERS,
    Period,
    PromptRuleKind,
    QuotaSource,
)
from bot.ui.text import formatting
from bot.ui.text import forms as form_text
from bot.ui.text import rules as rule_text
from bot.ui.text.clips import library as library_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.models import Draft, ModelProfile

SECONDS, PERIOD, DAYS, REASON, ZONE, TEXT, PROMPT = "seconds", "period", "days", "reason", "zone", "text", "prompt"
ASPECT, DURATION = "aspect", "duration"
"""The fields' names."""
_DIGITS = 20
_GROUPED = r"[0-9]{1,3}(?:[,_\s][0-9]{3})+"
"""Digits in groups of three; ``1,5`` is no number of seconds."""
_SECONDS = re.compile(rf"(-?(?:{_GROUPED}|[0-9]+))\s*(?:s|secs?|seconds?)?")
_DAYS = re.compile(r"(-?[0-9]+)\s*(?:d|days?)?")


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
    seconds = _text(SECONDS, form_text.SECONDS, form_text.costs(profile), max_length=20)
    days = _days(form_text.DAYS_PRESENT_PERIOD)
    return make_form(f"form:grant:{member_id}:{page}", form_text.grant_title(name), seconds, days)


def block_form(member_id: int, name: str, page: int) -> ui.Modal:
    """Ask for the reason to block a member, and for how many days.

    Args:
        page: the page of the panel's section to go back to.
    """
    title = form_text.block_title(name)
    return make_form(f"form:block:{member_id}:{page}", title, _reason(), _days(form_text.DAYS_FOR_GOOD))


def card_block_form(entry_id: int) -> ui.Modal:
    """Ask the same about the member whom a card of the log is about."""
    title = form_text.block_title(form_text.THIS_MEMBER)
    return make_form(f"form:log_block:{entry_id}", title, _reason(), _days(form_text.DAYS_FOR_GOOD))


def pause_form() -> ui.Modal:
    """Ask for the reason of a pause."""
    return make_form("form:pause", form_text.PAUSE_TITLE, _reason())


def timezone_form() -> ui.Modal:
    """Ask for a time zone."""
    zone = _text(ZONE, form_text.ZONE, form_text.ZONE_WRITTEN, max_length=64)
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


def search_form(show: str, member_id: int) -> ui.Modal:
    """Ask what is looked for in a member's clips; empty is nothing.

    Args:
        show: which of the clips are shown.
    """
    title, label, explained = library_text.SEARCH_TITLE, library_text.SEARCH_LABEL, library_text.SEARCH_EXPLAINED
    text = _text(TEXT, label, explained, max_length=SEARCH_MAX_CHARACTERS, required=False)
    return make_form(f"form:clip_search:{show}:{member_id}", title, text)


# Reading what was typed --------------------------------------------------------------------------


def fields_of(form: Mapping[str, Any]) -> dict[str, str]:
    """Read a form as Discord sends it: the fields' names, and what was typed or chosen."""
    return dict(_filled_in(form["components"]))


def _filled_in(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for part in components:
        match part:
            case {"component": inner}:  # a label's
                yield from _filled_in([inner])
            case {"components": inner}:
                yield from _filled_in(inner)
            case {"custom_id": name, "values": chosen}:
                yield name, str(chosen[0]) if chosen else ""
            case {"custom_id": name, "value": typed}:
                yield name, str(typed or "")
            case _:
                continue


def parse_seconds(text: str) -> int | None:
    """Read seconds as typed; None is unlimited.

    Raises:
        InvalidQuotaError: when it is neither.
    """
    return None if text.strip().lower() in form_text.UNLIMITED_WORDS else parse_whole_seconds(text)


def parse_whole_seconds(text: str) -> int:
    """Read seconds as typed, such as ``60``, ``1,000`` or ``60 s``.

    Raises:
        InvalidQuotaError: when they are no whole number.
    """
    return _whole_number(_SECONDS, text, InvalidQuotaError("not_a_number"))


def parse_days(text: str) -> int | None:
    """Read days as typed; None is without end.

    Raises:
        InvalidSettingError: when it is no whole number.
    """
    typed = text.strip()
    return _whole_number(_DAYS, typed, InvalidSettingError("days", "out_of_range")) if typed else None


def _whole_number(written: re.Pattern[str], text: str, error: Exception) -> int:
    match = written.fullmatch(text.strip().lower())
    if match is None:
        raise error
    return int(re.sub(r"[,_\s]", "", match[1])[:_DIGITS])


# Parts -------------------------------------------------------------------------------------------


def make_form(custom_id: str, title: str, *fields: ui.Label[Any]) -> ui.Modal:
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


def _limit(profile: ModelProfile) -> ui.Label[Any]:
    return _text(SECONDS, form_text.SECONDS, form_text.costs_or_unlimited(profile), max_length=20)


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


def _text(
    name: str, label: str, description: str | None = None, *, max_length: int, required: bool = True
) -> ui.Label[Any]:
    field = ui.TextInput[Any](custom_id=name, max_length=max_length, required=required)
    return ui.Label(text=label, description=description, component=field)
