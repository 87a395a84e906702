"""The words for the operator."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from bot.models import CeilingAlert, CeilingKind, CeilingStatus, LowBalanceAlert, OperatorAlert, SpendPolicy
from bot.ui.text import operators

MIDNIGHT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("alert", OperatorAlert)
def test_operator_is_told_what_to_act_upon(alert: OperatorAlert) -> None:
    assert operators.operator_alert(alert)


def ceiling(used: int, credits_per_second: float | None = None, kind: CeilingKind = CeilingKind.DAY) -> str:
    status = CeilingStatus(kind=kind, limit_seconds=1200, used_seconds=used, resets_at=MIDNIGHT)
    return operators.operator_alert(CeilingAlert(status, credits_per_second))


def test_a_ceilings_alert_names_its_setting_and_figures() -> None:
    assert ceiling(960) == (
        "`MAX_SECONDS_PER_DAY` is used to at least 80 %: 960 s of 1,200 s spent or waiting. It resets <t:1767312000:R>."
    )
    assert ceiling(1198) == (
        "`MAX_SECONDS_PER_DAY` is reached: 1,198 s of 1,200 s spent or waiting. "
        "No clip is accepted until it resets <t:1767312000:R>."
    )
    assert "MAX_SECONDS_PER_MONTH" in ceiling(960, kind=CeilingKind.MONTH)


def test_a_price_adds_credits_and_dollars() -> None:
    assert "960 s (19,200 credits, $96.00) of 1,200 s (24,000 credits, $120.00)" in ceiling(960, 20.0)
    assert "960 s (240 credits, $1.20)" in ceiling(960, 0.25)


def test_a_low_balance_is_told_in_credits_and_with_a_price_in_dollars_and_video() -> None:
    without, with_price = (operators.operator_alert(LowBalanceAlert(900.0, 1000.0, price)) for price in (None, 20.0))

    assert "only 900 credits left for me, under the 1,000 of `LOW_BALANCE_CREDITS`" in without
    assert "only 900 credits ($4.50, 45 s of video) left" in with_price


@pytest.mark.parametrize(
    ("count", "price", "written"),
    [
        (1820.0, None, "1,820 credits"),
        (1820.0, 20.0, "1,820 credits ($9.10, 91 s of video)"),
        (0.123, None, "0.12 credits"),
        (math.inf, 20.0, "inf credits"),
    ],
)
def test_credits_are_written_with_what_they_are_worth_where_that_is_known(
    count: float, price: float | None, written: str
) -> None:
    assert operators.credits_left(count, price) == written


def test_the_ceilings_that_are_set_are_named() -> None:
    policy = SpendPolicy(max_seconds_per_day=1200, max_seconds_per_day_per_member=60, credits_per_second=20.0)

    assert operators.ceilings(policy) == (
        "MAX_SECONDS_PER_DAY 1,200 s (24,000 credits, $120.00), MAX_SECONDS_PER_DAY_PER_MEMBER 60 s "
        "(1,200 credits, $6.00)"
    )
    assert operators.ceilings(SpendPolicy()) == operators.NO_CEILING
