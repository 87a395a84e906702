"""Forms that moderators fill in; each reads its fields and hands them on as they were typed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import ui

from bot.errors import InvalidQuotaError, InvalidSettingError
from bot.models import DAYS_MAX, DURATIONS_SECONDS, PROMPT_MAX_CHARACTERS, REASON_MAX_CHARACTERS, Period
from bot.ui import replies
from bot.ui.text import formatting

FORM_SECONDS = 840.0
"""How long a filled-in form is still taken: Discord lets the answer to it come within 15 minutes."""

Submit = Callable[..., Awaitable[None]]
_ANYTHING_LENGTH = 4000
"""Discord's limit for a field; our own limits are said in our own words."""
_TITLE_CHARACTERS = 45
"""Discord's limit for a form's title."""
_COSTS = f"A clip costs {' or '.join(map(str, DURATIONS_SECONDS))}."
_DIGITS = 20
_GROUPED = r"[0-9]{1,3}(?:[,_\s][0-9]{3})+"
"""Digits in groups of three; ``1,5`` is no number of seconds."""
_SECONDS = re.compile(rf"(-?(?:{_GROUPED}|[0-9]+))\s*(?:s|secs?|seconds?)?")
_DAYS = re.compile(r"(-?[0-9]+)\s*(?:d|days?)?")
_UNLIMITED_WORDS = frozenset({"unlimited", "no limit"})


class Form(ui.Modal):
    """A form whose fields' values go, in their order, to ``submit``, after the interaction.

    What ``submit`` raises is said to the moderator.
    """

    def __init__(self, title: str, submit: Submit, *fields: ui.Label[Any]) -> None:
        super().__init__(title=title, timeout=FORM_SECONDS)
        self._fields = fields
        self._submit = submit
        for field in fields:
            self.add_item(field)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Hand on what was filled in."""
        await self._submit(interaction, *(_value(field.component) for field in self._fields))

    async def on_error(self, interaction: discord.Interaction, error: Exception) -> None:
        """Say what was wrong."""
        await replies.reply_with_error(interaction, error)


def quota_form(title: str, submit: Submit, *, with_days: bool = True) -> Form:
    """Ask for seconds (or "unlimited"), a period and, if wanted, for how many days it holds."""
    periods = [discord.SelectOption(label=period.capitalize(), value=period.value) for period in Period]
    periods[0].default = True
    fields: list[ui.Label[Any]] = [
        _text("Seconds of video", f"{_COSTS} Write a number, or: unlimited", max_length=20),
        ui.Label(text="Per", component=ui.Select(options=periods)),
    ]
    if with_days:
        fields.append(_days())
    return Form(title, submit, *fields)


def grant_form(title: str, submit: Submit) -> Form:
    """Ask for seconds and for how many days."""
    days = _days("leave it empty for the present period")
    return Form(title, submit, _text("Seconds of video", _COSTS, max_length=20), days)


def block_form(submit: Submit, name: str) -> Form:
    """Ask for a reason and for how many days."""
    return Form(formatting.plain(f"Block {name} from making clips", _TITLE_CHARACTERS), submit, _reason(), _days())


def pause_form(submit: Submit) -> Form:
    """Ask for a reason."""
    return Form("Pause video making", submit, _reason())


def timezone_form(submit: Submit) -> Form:
    """Ask for a time zone."""
    return Form("Time zone", submit, _text("Time zone", "Written as Europe/Berlin or America/New_York", max_length=64))


def rule_form(title: str, submit: Submit) -> Form:
    """Ask for a prompt rule's text."""
    return Form(title, submit, _text("What prompts may not hold", "", max_length=_ANYTHING_LENGTH))


def test_form(submit: Submit) -> Form:
    """Ask for a prompt to test."""
    return Form("Test a prompt", submit, _text("Prompt", "", max_length=PROMPT_MAX_CHARACTERS))


def parse_seconds(text: object) -> int | None:
    """Read seconds as typed; None is unlimited.

    Raises:
        InvalidQuotaError: when it is neither.
    """
    return None if str(text).strip().lower() in _UNLIMITED_WORDS else parse_whole_seconds(text)


def parse_whole_seconds(text: object) -> int:
    """Read seconds as typed, such as ``60``, ``1,000`` or ``60 s``.

    Raises:
        InvalidQuotaError: when they are no whole number.
    """
    return _whole_number(_SECONDS, text, InvalidQuotaError("not_a_number"))


def parse_days(text: object) -> int | None:
    """Read days as typed; None is without end.

    Raises:
        InvalidSettingError: when it is no whole number.
    """
    typed = str(text or "").strip()
    return _whole_number(_DAYS, typed, InvalidSettingError("days", "out_of_range")) if typed else None


def _whole_number(written: re.Pattern[str], text: object, error: Exception) -> int:
    match = written.fullmatch(str(text).strip().lower())
    if match is None:
        raise error
    return int(re.sub(r"[,_\s]", "", match[1])[:_DIGITS])


def _reason() -> ui.Label[Any]:
    return _text("Reason", "Members are shown it", max_length=REASON_MAX_CHARACTERS)


def _days(otherwise: str = "leave it empty for good") -> ui.Label[Any]:
    return _text("For how many days", f"1 to {DAYS_MAX}; {otherwise}", max_length=10, required=False)


def _text(label: str, description: str, *, max_length: int, required: bool = True) -> ui.Label[Any]:
    field = ui.TextInput[Any](max_length=max_length, required=required)
    return ui.Label(text=label, description=description or None, component=field)


def _value(component: ui.Item[Any]) -> object:
    if isinstance(component, ui.Select):
        return component.values[0] if component.values else ""
    return component.value if isinstance(component, ui.TextInput) else None
