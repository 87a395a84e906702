"""What Discord says when it will not have the bot at all: an error with one sentence for the operator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import discord

from bot.errors import ReelayError, SettingsError
from bot.gateway.patience import ForeignAnswerError
from bot.ui.text import operators

if TYPE_CHECKING:
    from discord.types.gateway import SessionStartLimit

_WRONG_TOKEN = 4004
_WRONG_INTENTS = frozenset({4013, 4014})
_TOO_FEW_CONNECTIONS = 4011
FATAL_CODES = frozenset({_WRONG_TOKEN, 4010, _TOO_FEW_CONNECTIONS, 4012, *_WRONG_INTENTS})
"""Close codes after which Discord wants no further try (its documentation, "Gateway Close Event Codes")."""


class GatewayClosedError(ReelayError):
    """Discord has closed the bot's connection and takes it only from a new start; the message is one sentence."""


def login_refusal(error: discord.LoginFailure) -> SettingsError | ForeignAnswerError:
    """Tell Discord's own refusal of the token from an answer that something before it gives."""
    answer = error.__cause__
    if isinstance(answer, discord.HTTPException) and not _is_json(answer):
        return ForeignAnswerError(f"HTTP {answer.status}, without Discord's words")
    return SettingsError(operators.TOKEN_REFUSED)


def gateway_refusal(code: int) -> ReelayError:
    """Explain a close code of ``FATAL_CODES``: a setting is wrong, or only a new start helps."""
    if code == _WRONG_TOKEN:
        return SettingsError(operators.TOKEN_REFUSED)
    if code in _WRONG_INTENTS:
        return SettingsError(operators.intents_refused(code))
    if code == _TOO_FEW_CONNECTIONS:
        return GatewayClosedError(operators.TOO_FEW_CONNECTIONS)
    return GatewayClosedError(operators.gateway_refused(code))


def starts_refusal(limit: SessionStartLimit, *, needed: int) -> SettingsError | None:
    """Explain that Discord allows fewer starts than are needed, if so: beyond them it would take the token away."""
    if limit["remaining"] >= needed:
        return None
    hours = math.ceil(limit["reset_after"] / 3_600_000)
    return SettingsError(operators.too_few_starts(limit["remaining"], needed, hours))


def _is_json(answer: discord.HTTPException) -> bool:
    return answer.response.headers.get("Content-Type", "").startswith("application/json")
