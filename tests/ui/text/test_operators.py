"""The words for what the operator must act upon."""

from __future__ import annotations

import pytest

from bot.models import (
    OperatorAlert,
)
from bot.ui.text import operators


@pytest.mark.parametrize("alert", OperatorAlert)
def test_operator_is_told_what_to_act_upon(alert: OperatorAlert) -> None:
    assert operators.operator_alert(alert)
