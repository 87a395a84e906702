"""What Discord refuses for good: which error that is, since it decides the exit code, and its one sentence."""

from __future__ import annotations

import pytest

from bot.errors import ReelayError, SettingsError
from bot.gateway import GatewayClosedError
from bot.gateway.refusals import FATAL_CODES, gateway_refusal, starts_refusal


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (4004, SettingsError, "check DISCORD_TOKEN"),
        (4010, GatewayClosedError, "update the bot"),
        (4011, GatewayClosedError, "start the bot again"),
        (4012, GatewayClosedError, "update the bot"),
        (4013, SettingsError, "close code 4013"),
        (4014, SettingsError, "close code 4014"),
    ],
)
def test_each_close_code_has_its_error_and_one_sentence(code: int, kind: type[ReelayError], words: str) -> None:
    refusal = gateway_refusal(code)

    assert code in FATAL_CODES
    assert type(refusal) is kind
    assert words in str(refusal)
    assert str(refusal).endswith(".")


@pytest.mark.parametrize(("remaining", "words"), [(0, "no starts are left today"), (15, "15 of 16 starts are left")])
def test_too_few_starts_are_said_with_when_there_will_be_more(remaining: int, words: str) -> None:
    limit = {"total": 1000, "remaining": remaining, "reset_after": 5_400_000, "max_concurrency": 1}

    refusal = starts_refusal(limit, needed=16)

    assert words in str(refusal)
    assert "try again in 2 h" in str(refusal)


def test_enough_starts_are_no_refusal() -> None:
    limit = {"total": 1000, "remaining": 16, "reset_after": 0, "max_concurrency": 1}

    assert starts_refusal(limit, needed=16) is None
