"""The list of a server's brainstorms: what it says of each, and that Discord takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models.brainstorms import BrainstormSummary, Outcome, RoundState
from bot.ui.messages.brainstorms.listing import PAGE_LENGTH, brainstorms_view
from tests.support.brainstorms import make_brainstorm, make_round, make_take
from tests.support.jobs import CREATED_AT
from tests.support.views import fits_discord, parts, text_of

if TYPE_CHECKING:
    from discord import ui

SINCE = f"<t:{int(CREATED_AT.timestamp())}:R>"
WIDE = 2**63 - 1


def summary(**fields: object) -> BrainstormSummary:
    return BrainstormSummary(brainstorm=make_brainstorm(), round=make_round(number=2, **fields), takes=8)


def labels_of(view: ui.LayoutView) -> dict[str, str]:
    found: list[dict[str, Any]] = [part for part in parts(view) if "custom_id" in part]
    return {part["custom_id"]: part["label"] for part in found}


def test_a_past_brainstorm_is_listed_with_its_winner_and_the_ways_there() -> None:
    won = replace(
        summary(state=RoundState.ENDED, outcome=Outcome.WON),
        winner=make_take(3).job,
        winner_difference="moonlight",
    )

    assert text_of(brainstorms_view([won], 1, 1)).splitlines() == [
        "**Brainstorms of this server**",
        "“\u2068A fox\u2069”",
        "Winner: take 3 · “\u2068moonlight\u2069” · [watch it](https://discord.com/channels/2/5/103)",
        f"-# round 2: won · 8 takes · by <@4> {SINCE} · [thread](https://discord.com/channels/2/5)",
    ]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"state": RoundState.STARTING}, "starting"),
        ({"state": RoundState.OPEN}, "open"),
        ({"state": RoundState.UNDECIDED, "outcome": Outcome.TIED}, "undecided"),
        ({"state": RoundState.ENDED, "outcome": Outcome.NO_VOTES}, "nobody voted"),
        ({"state": RoundState.ENDED, "outcome": Outcome.TIED}, "tied"),
        ({"state": RoundState.ENDED, "outcome": Outcome.TOO_FEW}, "too few takes came"),
        ({"state": RoundState.ENDED, "outcome": Outcome.CANCELLED}, "cancelled"),
        ({"state": RoundState.ENDED, "outcome": Outcome.THREAD_GONE}, "its thread is gone"),
        ({"state": RoundState.ENDED}, "over"),
    ],
)
def test_it_says_how_each_stands(fields: dict[str, object], state: str) -> None:
    assert f"-# round 2: {state} · 8 takes" in text_of(brainstorms_view([summary(**fields)], 1, 1))


def test_where_there_is_none_it_says_what_to_do() -> None:
    view = brainstorms_view([], 1, 1)

    assert "None yet: `/brainstorm`" in text_of(view)
    assert labels_of(view) == {}


def test_pages_lead_to_one_another() -> None:
    assert labels_of(brainstorms_view([summary()], 1, 3)) == {"brainstorms:page:2": "Older"}
    assert labels_of(brainstorms_view([summary()], 2, 3)) == {
        "brainstorms:page:1": "Newer",
        "brainstorms:page:3": "Older",
    }
    assert labels_of(brainstorms_view([summary()], 3, 3)) == {"brainstorms:page:2": "Newer"}
    assert "page 2 of 3" in text_of(brainstorms_view([summary()], 2, 3))


@given(title=st.text(max_size=300), difference=st.text(max_size=1500))
@example(title="*" * 300, difference="*" * 1500)
@example(title="@everyone <@4> " * 20, difference="😀" * 1500)
def test_a_full_page_fits_whatever_is_in_it(title: str, difference: str) -> None:
    job = replace(make_take(8).job, guild_id=WIDE, message_channel_id=WIDE, message_id=WIDE)
    full = BrainstormSummary(
        brainstorm=make_brainstorm(title=title, guild_id=WIDE, member_id=WIDE, thread_id=WIDE),
        round=make_round(number=999_999, state=RoundState.ENDED, outcome=Outcome.TOO_FEW),
        takes=999_999,
        winner=job,
        winner_difference=difference,
    )

    view = brainstorms_view([full] * PAGE_LENGTH, 500_000, 999_999)

    assert fits_discord(view)
    assert "@everyone" not in text_of(view).replace("\\@", "")
