"""How a form that was filled in is read: its fields, what was typed or chosen in them, and how that is put back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from discord import SelectDefaultValue, SelectDefaultValueType, ui

from bot.errors import InvalidQuotaError, InvalidSettingError
from bot.models import Period, Quota, check_days, check_grant_seconds, storable
from bot.ui.forms import NO, PHRASES, PROMPT, TEXT, YES
from bot.ui.text import forms as form_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import discord

_LONG_FIELDS = (PROMPT, PHRASES, TEXT)
_LONG_OPTIONS = {"video": "prompt", "brainstorm": "idea"}
_DIGITS = 20
_GROUPED = r"[0-9]{1,3}(?:[,_\s][0-9]{3})+"
"""Digits in groups of three; ``1,5`` is no number of seconds."""
_NUMBER = rf"(?P<number>-?(?:{_GROUPED}|[0-9]+))"
_SECONDS_IN = {"": 1, "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_UNIT = rf"\s*(?P<unit>(?:{'|'.join(sorted(filter(None, _SECONDS_IN), key=len, reverse=True))})s?)?"
_PERIODS = {"day": Period.DAY, "dai": Period.DAY, "week": Period.WEEK, "month": Period.MONTH}
_PER = rf"(?:\s*(?:a|an|each|every|per|/)?\s*(?P<period>{'|'.join(_PERIODS)})(?:ly)?)?"
_AMOUNT = re.compile(rf"(?:{_NUMBER}{_UNIT}|(?P<unlimited>{'|'.join(form_text.UNLIMITED_WORDS)})){_PER}")
_DAYS = re.compile(rf"{_NUMBER}\s*(?P<unit>days?|d|weeks?|w)?")
_SUBCOMMANDS = (1, 2)
_ANY_NUMBER = re.compile(r"(?<![0-9.,-])[1-9][0-9]{0,5}(?![0-9.,])")


def fields_of(form: Mapping[str, Any]) -> dict[str, str]:
    """Read a form as Discord sends it: the fields' names, and what was typed or chosen, as far as it can be stored."""
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
                yield name, storable(str(typed or ""))
            case _:
                continue


def typed_in(fields: Mapping[str, str]) -> str:
    """Return what was typed into a form, to be given back where it is refused: each field in a line, or a long one."""
    at_length = next((fields[name] for name in _LONG_FIELDS if fields.get(name)), "")
    lines = (f"{label}: {fields[name]}" for name, label in form_text.LABELS.items() if fields.get(name, "").strip())
    return at_length or "\n".join(lines)


def clean_options(interaction: discord.Interaction[Any]) -> None:
    """Free what was typed into a command of what can't be stored, before anybody reads it."""
    data: Any = interaction.data
    _clean(data.get("options", []))


def _clean(options: Sequence[dict[str, Any]]) -> None:
    for option in options:
        _clean(option.get("options", []))
        if isinstance(typed := option.get("value"), str):
            option["value"] = storable(typed)


def typed_command(interaction: discord.Interaction[Any]) -> str:
    """Return a command as it was typed, to be given back where it is refused; nothing where it has no options.

    Of one with a text that takes long to write it is that text alone, to be copied.
    """
    data: Any = interaction.data
    name, options = data["name"], data.get("options", [])
    while options and options[0]["type"] in _SUBCOMMANDS:
        name = f"{name} {options[0]['name']}"
        options = options[0].get("options", [])
    names = {
        subject_id: sign + subject.get("name", subject.get("username", subject_id)).lstrip("@")
        for kind, sign in (("users", "@"), ("roles", "@"), ("channels", "#"))
        for subject_id, subject in data.get("resolved", {}).get(kind, {}).items()
    }
    at_length = [str(option["value"]) for option in options if _LONG_OPTIONS.get(name) == option["name"]]
    written = (f"{option['name']}:{names.get(option['value'], option['value'])}" for option in options)
    return at_length[0] if at_length else " ".join((f"/{name}", *written)) if options else ""


def fill_in(form: ui.Modal, fields: Mapping[str, str]) -> ui.Modal:
    """Put into a form what was typed and chosen in it before, and return it; what it does not have is left out."""
    for item in form.walk_children():
        match item:
            case ui.TextInput(custom_id=name) if name in fields:
                item.default = fields[name][: item.max_length] or None
            case ui.Select(custom_id=name) | ui.RadioGroup(custom_id=name) if name in fields:
                for option in item.options:
                    option.default = option.value == fields[name]
            case ui.RoleSelect(custom_id=name) if name in fields:
                item.default_values = _chosen_before(fields[name], SelectDefaultValueType.role)
            case ui.ChannelSelect(custom_id=name) if name in fields:
                item.default_values = _chosen_before(fields[name], SelectDefaultValueType.channel)
            case _:
                continue
    return form


def _chosen_before(chosen: str, kind: SelectDefaultValueType) -> list[SelectDefaultValue]:
    chosen_id = parse_count(chosen)
    return [] if chosen_id is None else [SelectDefaultValue(id=chosen_id, type=kind)]


def parse_count(text: str) -> int | None:
    """Read a number that was chosen; None where none was."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def parse_role_id(text: str) -> int | None:
    """Read which role was chosen; None where none was.

    Raises:
        InvalidSettingError: when it is no role's id.
    """
    role_id = parse_count(text)
    if text and role_id is None:
        raise InvalidSettingError("subject", "elsewhere")
    return role_id


def parse_own_votes(text: str) -> bool:
    """Read whether members may vote for takes of their own.

    Raises:
        InvalidSettingError: when neither was chosen.
    """
    if text not in {YES, NO}:
        raise InvalidSettingError("own_votes", "unknown")
    return text == YES


def parse_amount(text: str) -> tuple[int | None, Period | None]:
    """Read seconds of video as typed, such as ``60``, ``60 a day``, ``1,000 s``, ``2 min per week`` or ``unlimited``.

    Returns:
        The seconds, None where there is no limit, and the period, None where none is named.

    Raises:
        InvalidQuotaError: when that is nothing of the kind; it says what may have been meant.
    """
    match = _AMOUNT.fullmatch(" ".join(text.lower().split()))
    if match is None:
        numbers = _ANY_NUMBER.findall(text)
        raise InvalidQuotaError("not_a_number", typed=text, meant=[f"{number} a day" for number in numbers[:1]])
    period = None if match["period"] is None else _PERIODS[match["period"]]
    if match["unlimited"] is not None:
        return None, period
    unit = match["unit"] or ""
    return _whole(match) * _SECONDS_IN[unit if unit in _SECONDS_IN else unit.removesuffix("s")], period


def parse_quota(text: str, otherwise: object = Period.DAY) -> Quota:
    """Read a quota or a cap as typed.

    Args:
        otherwise: the period where none is typed, as a form or a command has it.

    Raises:
        InvalidQuotaError: when it is no sensible one.
    """
    seconds, period = parse_amount(text)
    try:
        return Quota(seconds, parse_period(otherwise) if period is None else period)
    except InvalidQuotaError as error:
        raise InvalidQuotaError(error.reason, typed=text) from None


def parse_period(period: object) -> Period:
    """Read a period.

    Raises:
        InvalidQuotaError: when it is not offered.
    """
    try:
        return Period(period)
    except ValueError:
        raise InvalidQuotaError("period", typed=str(period)) from None


def parse_whole_seconds(text: str) -> int:
    """Read seconds to give as typed, such as ``60``, ``1,000``, ``60 s`` or ``2 min``.

    Raises:
        InvalidQuotaError: when they are no whole number that can be given.
    """
    match = _AMOUNT.fullmatch(" ".join(text.lower().split()))
    if match is None or match["number"] is None or match["period"] is not None:
        raise InvalidQuotaError("not_a_number", typed=text, meant=_ANY_NUMBER.findall(text)[:1])
    seconds, _ = parse_amount(text)
    try:
        check_grant_seconds(seconds or 0)
    except InvalidQuotaError as error:
        raise InvalidQuotaError(error.reason, typed=text) from None
    return seconds or 0


def parse_days(text: str) -> int | None:
    """Read days as typed, such as ``7``, ``7 days`` or ``2 weeks``; None is without end.

    Raises:
        InvalidSettingError: when they are no whole number, or out of range.
    """
    typed = text.strip()
    if not typed:
        return None
    match = _DAYS.fullmatch(typed.lower())
    days = None if match is None else _whole(match) * (7 if (match["unit"] or "").startswith("w") else 1)
    try:
        check_days(days or 0)
    except InvalidSettingError as error:
        raise InvalidSettingError(error.field, error.reason, typed=typed) from None
    return days


def _whole(match: re.Match[str]) -> int:
    return int(re.sub(r"[,_\s]", "", match["number"])[:_DIGITS])
