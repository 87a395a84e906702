"""The words for what moderators set and see."""

from __future__ import annotations

import pytest

from bot.models import CapStatus, Period, Quota
from bot.ui.text import moderators as moderator_text
from tests.support.jobs import RESETS_AT


def cap(seconds: int, used_seconds: int = 0) -> CapStatus:
    return CapStatus(cap=Quota(seconds, Period.WEEK), used_seconds=used_seconds, resets_at=RESETS_AT)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (None, "This server has no cap now."),
        (cap(0), "The whole server: no clips can be made."),
        (cap(60, 20), "The whole server: 60 s per week: 20 s used this week, 40 s left; resets <t:1772668800:R>."),
        (
            cap(60, 58),
            "The whole server: 60 s per week: 58 s used this week, 2 s left; resets <t:1772668800:R>. "
            "No more clips can be made until then.",
        ),
    ],
)
def test_a_cap_is_confirmed_with_where_it_stands(status: CapStatus | None, sentence: str) -> None:
    assert moderator_text.cap_set(status) == sentence


def test_a_cap_of_nothing_needs_no_figures() -> None:
    assert moderator_text.cap_standing(cap(0)) == "0 s per week, so no clips"
