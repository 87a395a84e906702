"""A brainstorm's start message and the card of how a vote came out: every outcome, and that Discord takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models.brainstorms import BoardTake, Outcome, RoundState
from bot.ui.messages.brainstorms.result import result_files, result_view, start_view
from bot.ui.text.brainstorms import results as result_text
from bot.ui.text.brainstorms import takes as take_text
from tests.support.brainstorms import (
    BRAINSTORM_ID,
    ROUND_ID,
    make_board,
    make_brainstorm,
    make_round,
    make_take,
    with_brainstorm,
)
from tests.support.jobs import CREATED_AT, RESETS_AT
from tests.support.views import fits_discord, parts, text_of

if TYPE_CHECKING:
    from discord import ui

    from bot.models.brainstorms import Board

WIDE = 2**63 - 1
UNTIL = f"<t:{int(RESETS_AT.timestamp())}:f>"


def controls_of(view: ui.LayoutView) -> dict[str, dict[str, Any]]:
    return {part["custom_id"]: part for part in parts(view) if "custom_id" in part}


def won(*votes: int, winner: int, **fields: object) -> Board:
    takes = [make_take(number, votes=count) for number, count in enumerate(votes, start=1)]
    ended = {"state": RoundState.ENDED, "outcome": Outcome.WON, "winner_number": winner}
    return make_board(takes, voters=sum(votes), **(ended | fields))


def undecided(*votes: int, outcome: Outcome) -> Board:
    takes = [make_take(number, votes=count) for number, count in enumerate(votes, start=1)]
    return make_board(takes, state=RoundState.UNDECIDED, outcome=outcome, choose_by=RESETS_AT)


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (
            won(1, 4, 2, winner=2),
            [
                "**Take 2 wins** with 4 of 7 votes.",
                "“\u2068golden hour\u2069” · [watch it](https://discord.com/channels/2/5/102)",
                "-# Started by <@4>",
            ],
        ),
        (
            won(3, 1, 3, winner=3),
            [
                "**Take 3 wins the tie** with 3 of 7 votes.",
                "“\u2068moonlight\u2069” · [watch it](https://discord.com/channels/2/5/103)",
                "-# Started by <@4>",
            ],
        ),
        (
            won(0, 0, winner=1),
            [
                "**Take 1 is the winner.** Nobody had voted; it was chosen.",
                "[watch it](https://discord.com/channels/2/5/101)",
                "-# Started by <@4>",
            ],
        ),
        (
            undecided(0, 3, 1, 0, 3, outcome=Outcome.TIED),
            [f"**Takes 2 and 5 tie** with 3 votes each. <@4> has until {UNTIL} to choose, else take 2 wins."],
        ),
        (
            undecided(0, 0, outcome=Outcome.NO_VOTES),
            [f"**Nobody voted.** <@4> has until {UNTIL} to choose, else there is no winner."],
        ),
        (
            make_board([make_take(1)], state=RoundState.ENDED, outcome=Outcome.NO_VOTES, choose_by=CREATED_AT),
            ["**Nobody voted.**", "-# Started by <@4>"],
        ),
        (
            make_board([make_take(1)], state=RoundState.ENDED, outcome=Outcome.TOO_FEW),
            ["**Fewer than two takes came**, so there was no vote. What came is kept.", "-# Started by <@4>"],
        ),
        (
            make_board([], state=RoundState.ENDED, outcome=Outcome.CANCELLED),
            ["**This round was cancelled.** What came is kept.", "-# Started by <@4>"],
        ),
        (
            make_board([], state=RoundState.ENDED, outcome=Outcome.THREAD_GONE),
            ["**This round is over**: its thread was deleted or locked.", "-# Started by <@4>"],
        ),
    ],
    ids=["won", "won a tie", "chosen", "tie", "no votes", "no winner", "too few", "cancelled", "thread gone"],
)
def test_the_card_says_how_it_came_out_and_names_its_starter_once(board: Board, words: list[str]) -> None:
    for in_thread in (True, False):
        text = text_of(result_view(board, in_thread=in_thread))

        assert text.splitlines()[1:-1] == words
        assert text.count("<@") == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"state": RoundState.UNDECIDED, "outcome": Outcome.NO_VOTES, "choose_by": CREATED_AT},
            "**Nobody voted for a take that is still there.** <@4> has until",
        ),
        (
            {"state": RoundState.ENDED, "outcome": Outcome.WON, "winner_number": 2},
            "**Take 2 is the winner.** Nobody had voted for a take that is still there; it was chosen.",
        ),
    ],
)
def test_votes_for_takes_that_were_deleted_are_not_said_to_be_none(fields: dict[str, Any], words: str) -> None:
    takes = [make_take(1, votes=2, removed_at=CREATED_AT), make_take(2), make_take(3)]

    assert words in text_of(result_view(make_board(takes, voters=2, **fields), in_thread=True))


def test_a_tie_of_takes_of_which_one_is_gone_names_none_that_can_not_be_chosen() -> None:
    takes = [make_take(1, votes=2, removed_at=CREATED_AT), make_take(2, votes=2)]
    board = make_board(takes, state=RoundState.UNDECIDED, outcome=Outcome.TIED, choose_by=RESETS_AT)

    view = result_view(board, in_thread=True)

    assert f"**The vote was tied.** <@4> has until {UNTIL} to choose, else take 2 wins." in text_of(view)
    assert list(controls_of(view)) == [f"round:choose:{ROUND_ID}:2"]


@pytest.mark.parametrize(
    ("board", "buttons"),
    [
        (won(1, 2, winner=2), {"next": "Next round…", "more": "More like it", "export": "Export"}),
        (make_board([], state=RoundState.ENDED, outcome=Outcome.CANCELLED), {"export": "Export"}),
        (make_board([], state=RoundState.UNDECIDED, outcome=Outcome.TIED), {"export": "Export"}),
    ],
    ids=["won", "cancelled", "nothing to choose from"],
)
def test_what_can_be_done_next_is_offered_in_the_thread_alone(board: Board, buttons: dict[str, str]) -> None:
    in_thread, elsewhere = (result_view(board, in_thread=place) for place in (True, False))

    found = {custom_id: part["label"] for custom_id, part in controls_of(in_thread).items()}
    assert found == {f"round:{act}:{ROUND_ID}": label for act, label in buttons.items()}
    assert controls_of(elsewhere) == {}
    assert [part["url"] for part in parts(elsewhere) if "url" in part] == ["https://discord.com/channels/2/5"]


def test_there_is_no_way_to_a_thread_that_is_gone() -> None:
    gone = make_board([], state=RoundState.ENDED, outcome=Outcome.THREAD_GONE)
    never = with_brainstorm(replace(gone, round=replace(gone.round, outcome=Outcome.CANCELLED)), thread_id=None)

    for board in (gone, never):
        assert not [part for part in parts(result_view(board, in_thread=False)) if "url" in part]


def test_each_of_those_that_tie_can_be_chosen_and_no_other() -> None:
    controls = controls_of(result_view(undecided(3, 1, 3, outcome=Outcome.TIED), in_thread=True))

    assert {custom_id: part["label"] for custom_id, part in controls.items()} == {
        f"round:choose:{ROUND_ID}:1": "Choose 1",
        f"round:choose:{ROUND_ID}:3": "Choose 3",
    }


def test_a_tie_whose_starter_has_erased_their_data_is_left_to_time() -> None:
    takes = [make_take(1, votes=2), make_take(2, votes=2)]
    fields: dict[str, Any] = {"state": RoundState.UNDECIDED, "outcome": Outcome.TIED, "choose_by": RESETS_AT}
    view = result_view(make_board(takes, member_id=0, **fields), in_thread=True)

    assert f"Who could choose has erased their data; after {UNTIL}, take 1 wins." in text_of(view)
    assert list(controls_of(view)) == [f"round:export:{ROUND_ID}"]


def test_the_winners_still_is_shown_unless_its_clip_was_deleted() -> None:
    board = won(1, 2, winner=2)
    still = replace(make_take(2, votes=2), still=b"RIFF")
    gone = replace(make_take(2, votes=2, removed_at=CREATED_AT), still=b"RIFF")

    shown, hidden = (replace(board, takes=[board.takes[0], take]) for take in (still, gone))

    [gallery] = [part for part in parts(result_view(shown, in_thread=True)) if "items" in part]
    [file] = result_files(shown)
    assert gallery["items"][0]["media"]["url"] == f"attachment://{file.filename}"
    for without in (board, hidden):
        assert not [part for part in parts(result_view(without, in_thread=True)) if "items" in part]
        assert result_files(without) == []


def test_the_start_message_says_who_brainstorms_what() -> None:
    assert text_of(start_view(make_board([make_take(1), make_take(2)]))).splitlines() == [
        "<@4> is brainstorming: 2 takes of one idea. Watch and vote in the thread.",
        "“\u2068A fox\u2069”",
        f"-# brainstorm {BRAINSTORM_ID}",
    ]


def test_small_lines_lead_back_to_their_own_kind_of_message_alone() -> None:
    start, card = result_text.start_reference("01b"), result_text.result_reference("01r")

    assert result_text.brainstorm_of_reference(start) == "01b"
    assert result_text.round_of_result(card) == "01r"
    assert result_text.brainstorm_of_reference(card) is None
    assert result_text.round_of_result(start) is None
    assert result_text.round_of_result(f"{card} ") is None


# The thread's name -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("A fox in {night|day}", "A fox in {night/day}"),
        ("<@4> and @everyone *loud*", "4 and everyone loud"),
        ("", "Brainstorm"),
        ("\u200b\u2800\u2060", "Brainstorm"),
        ("***", "Brainstorm"),
        ("x" * 200, "x" * 99 + "…"),
    ],
)
def test_a_thread_is_named_after_the_idea(title: str, name: str) -> None:
    assert take_text.thread_name(make_brainstorm(title=title)) == name


@given(st.text(max_size=300))
def test_a_threads_name_is_one_line_that_is_never_empty(title: str) -> None:
    name = take_text.thread_name(make_brainstorm(title=title))

    assert 1 <= len(name) <= 100
    assert name.strip() == name
    assert "\n" not in name
    assert not set("@<>*_`#\\") & set(name)


# Limits ------------------------------------------------------------------------------------------


@given(text=st.text(max_size=1500), outcome=st.sampled_from(Outcome), state=st.sampled_from(RoundState))
@example(text="*" * 1500, outcome=Outcome.WON, state=RoundState.ENDED)
@example(text="😀" * 1500, outcome=Outcome.TIED, state=RoundState.UNDECIDED)
@example(text="@everyone <@4> " * 100, outcome=Outcome.WON, state=RoundState.ENDED)
def test_cards_and_start_messages_fit_whatever_is_in_them(text: str, outcome: Outcome, state: RoundState) -> None:
    job = replace(make_take(1).job, id="9" * 25, guild_id=WIDE, message_channel_id=WIDE, message_id=WIDE)
    takes = [BoardTake(number=number, difference=text, job=job, votes=99_999, still=b"RIFF") for number in range(1, 9)]
    round_ = make_round(
        id="9" * 25,
        number=999_999,
        member_id=WIDE,
        idea=text,
        state=state,
        outcome=outcome,
        choose_by=RESETS_AT,
        winner_number=8 if outcome is Outcome.WON else None,
    )
    board = replace(with_brainstorm(make_board(takes), guild_id=WIDE, thread_id=WIDE), round=round_)

    for view in (start_view(board), *(result_view(board, in_thread=place) for place in (True, False))):
        assert fits_discord(view)
        assert "@everyone" not in text_of(view).replace("\\@", "")
