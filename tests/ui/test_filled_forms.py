"""How what was typed into a form is read."""

from __future__ import annotations

import pytest

from bot.errors import InvalidQuotaError, InvalidSettingError
from bot.models import Period, Quota
from bot.ui import filled_forms


@pytest.mark.parametrize(
    ("typed", "seconds", "period"),
    [
        ("60", 60, None),
        (" 60 S ", 60, None),
        ("1,000 seconds", 1000, None),
        ("60 a day", 60, Period.DAY),
        ("60/day", 60, Period.DAY),
        ("60 daily", 60, Period.DAY),
        ("300 s per week", 300, Period.WEEK),
        ("300 weekly", 300, Period.WEEK),
        ("2 min a month", 120, Period.MONTH),
        ("2 minutes each month", 120, Period.MONTH),
        ("1h a week", 3600, Period.WEEK),
        ("Unlimited", None, None),
        ("no limit", None, None),
        ("0 a day", 0, Period.DAY),
    ],
)
def test_an_amount_is_read_as_people_write_it(typed: str, seconds: int | None, period: Period | None) -> None:
    assert filled_forms.parse_amount(typed) == (seconds, period)
    assert filled_forms.parse_quota(typed, "week") == Quota(seconds, period or Period.WEEK)


@pytest.mark.parametrize(
    ("typed", "reason", "meant"),
    [
        ("lots", "not_a_number", []),
        ("1.5", "not_a_number", []),
        ("60 a fortnight", "not_a_number", ["60 a day"]),
        ("-5 a day", "negative", []),
        ("9" * 30, "too_large", []),
    ],
)
def test_what_is_no_amount_is_given_back_with_what_may_be_meant(typed: str, reason: str, meant: list[str]) -> None:
    with pytest.raises(InvalidQuotaError) as refused:
        filled_forms.parse_quota(typed)

    assert (refused.value.reason, refused.value.typed, list(refused.value.meant)) == (reason, typed, meant)


@pytest.mark.parametrize(("typed", "days"), [("", None), ("7", 7), ("7 days", 7), ("2 weeks", 14), ("90d", 90)])
def test_days_are_read_as_people_write_them(typed: str, days: int | None) -> None:
    assert filled_forms.parse_days(typed) == days


@pytest.mark.parametrize("typed", ["0", "91", "-1", "soon", "1.5", "13 weeks"])
def test_what_is_no_number_of_days_is_given_back(typed: str) -> None:
    with pytest.raises(InvalidSettingError) as refused:
        filled_forms.parse_days(typed)

    assert (refused.value.field, refused.value.typed) == ("days", typed)


def test_what_no_database_can_store_is_not_read_from_a_form() -> None:
    sent = {"components": [{"component": {"custom_id": "reason", "value": "sp\0am \ud83d!"}}]}

    assert filled_forms.fields_of(sent) == {"reason": "spam !"}
