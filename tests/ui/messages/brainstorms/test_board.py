"""A round's board: every state of it and of its takes, and that Discord takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.models import PROMPT_ERRORS, JobError, JobState
from bot.models.brainstorms import BoardTake, Outcome, RoundState, VoteTerms
from bot.ui.messages.brainstorms.board import board_view, cancel_question_view, manage_view, sheet_filename
from bot.ui.text.brainstorms import boards as board_text
from tests.support.brainstorms import ROUND_ID, make_board, make_round, make_take, with_brainstorm
from tests.support.jobs import CREATED_AT
from tests.support.views import fits_discord, parts, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.models.brainstorms import Board

NOW = CREATED_AT + timedelta(minutes=5)
CLOSES_AT = NOW + timedelta(hours=1)
CLOSES = f"<t:{int(CLOSES_AT.timestamp())}:R>"
WIDE = 2**63 - 1


def controls_of(view: ui.LayoutView) -> dict[str, dict[str, Any]]:
    return {part["custom_id"]: part for part in parts(view) if "custom_id" in part}


def lines_of(board: Board) -> list[str]:
    return text_of(board_view(board, NOW)).splitlines()


def four(**fields: object) -> Sequence[BoardTake]:
    return [make_take(number, **fields) for number in range(1, 5)]


# Its head ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (make_board(four(state=JobState.QUEUED), state=RoundState.STARTING), ["Starting."]),
        (
            make_board([make_take(1), make_take(2, state=JobState.RENDERING)]),
            [
                "1 of 2 takes is finished. Vote for any that is there; once all are, the vote goes on for 1 hour.",
                "Nobody has voted yet.",
            ],
        ),
        (
            make_board([make_take(1, state=JobState.QUEUED)], vote=VoteTerms(clock_seconds=None)),
            ["0 of 1 take are finished. The vote goes on until it is closed by hand.", "Nobody has voted yet."],
        ),
        (
            make_board(four(), landed_at=NOW, vote=VoteTerms(clock_seconds=None), voters=1),
            ["The vote goes on until it is closed by hand.", "1 has voted."],
        ),
        (make_board(four(), closes_at=CLOSES_AT, voters=7), [f"The vote ends {CLOSES}.", "7 have voted."]),
        (make_board(four(), closes_at=NOW, voters=7), ["The vote is being counted.", "7 have voted."]),
        (
            make_board(four(), is_held_up=True, closes_at=CLOSES_AT),
            [f"The vote ends {CLOSES}.", "Nobody has voted yet."],
        ),
        (
            make_board(four(), is_held_up=True),
            ["Waiting for the video service. The vote's clock has not started.", "Nobody has voted yet."],
        ),
    ],
    ids=[
        "starting",
        "being made",
        "by hand",
        "all there",
        "clock runs",
        "clock is over",
        "held up, clock runs",
        "held up",
    ],
)
def test_it_says_where_the_round_stands(board: Board, words: list[str]) -> None:
    assert lines_of(board)[: len(words) + 1] == ["**Round 1** · “\u2068A fox\u2069”", *words]


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("state", [RoundState.UNDECIDED, RoundState.ENDED])
def test_every_outcome_is_said_and_no_vote_is_offered_any_more(outcome: Outcome, state: RoundState) -> None:
    takes = [make_take(1, votes=2), make_take(2, votes=2)]
    board = make_board(takes, state=state, outcome=outcome, choose_by=NOW, winner_number=1, voters=4)

    view = board_view(board, NOW)

    assert lines_of(board)[1].startswith("**")
    assert "4 have voted." in lines_of(board)
    assert all(controls_of(view)[f"round:vote:{ROUND_ID}:{number}"]["disabled"] for number in (1, 2))


# Its takes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": JobState.HELD}, "waiting"),
        ({"state": JobState.QUEUED}, "waiting"),
        ({"state": JobState.SUBMITTING}, "starting"),
        ({"state": JobState.RENDERING}, "rendering"),
        ({"state": JobState.RENDERING, "progress": 40.7}, "rendering 40 %"),
        ({"state": JobState.READY}, "being posted"),
        ({"state": JobState.DELIVERING}, "being posted"),
        ({}, "[watch it](https://discord.com/channels/2/5/102)"),
        ({"message_channel_id": 77}, "sent directly"),
        ({"removed_at": NOW}, "deleted"),
        ({"state": JobState.CANCELLED}, "cancelled, refunded"),
        ({"state": JobState.FAILED}, "something went wrong on my side; refunded"),
        (
            {"state": JobState.CANCELLED, "error_code": JobError.DISCARDED},
            "discarded after it had started; it stays charged",
        ),
    ],
)
def test_a_take_is_a_line_that_says_how_it_stands(fields: dict[str, object], words: str) -> None:
    if fields.get("state", JobState.DELIVERED) is not JobState.DELIVERED:
        fields = {"message_id": None, "message_channel_id": None, **fields}

    assert f"**2** · “\u2068golden hour\u2069” · {words}" in lines_of(
        make_board([make_take(1), make_take(2, **fields)])
    )


@pytest.mark.parametrize("error", JobError)
def test_a_take_that_failed_says_why_to_all_and_speaks_to_nobody_as_you(error: JobError) -> None:
    [why] = [
        line for line in lines_of(make_board([make_take(1, state=JobState.FAILED, error_code=error)])) if "**1" in line
    ]

    assert board_text.FAILURES[error] in why
    assert not {"you", "your"} & set(why.lower().split())


@pytest.mark.parametrize("error", sorted(PROMPT_ERRORS))
def test_of_a_take_whose_prompt_was_refused_all_see_neither_the_words_nor_the_reason(error: JobError) -> None:
    view = board_view(make_board([make_take(1), make_take(2, state=JobState.FAILED, error_code=error)]), NOW)

    assert "**2** · no clip this time; refunded" in text_of(view).splitlines()
    options = controls_of(view)[f"round:failed:{ROUND_ID}"]["options"]
    assert [option.get("description") for option in options] == [None, "Says why there is no clip"]


def test_counts_are_hidden_while_the_vote_goes_on() -> None:
    takes = [make_take(1, votes=3), make_take(2, votes=1)]

    assert not any("votes" in line for line in lines_of(make_board(takes, closes_at=CLOSES_AT, voters=4)))


@pytest.mark.parametrize(
    "fields",
    [
        {"vote": VoteTerms(shows_counts=True), "closes_at": CLOSES_AT},
        {"state": RoundState.ENDED, "outcome": Outcome.WON, "winner_number": 1},
        {"state": RoundState.UNDECIDED, "outcome": Outcome.TIED, "choose_by": CLOSES_AT},
    ],
    ids=["shown", "won", "tied"],
)
def test_counts_are_shown_where_that_was_chosen_and_at_the_end(fields: dict[str, object]) -> None:
    lines = lines_of(make_board([make_take(1, votes=3), make_take(2, votes=1)], voters=4, **fields))

    assert any(line.startswith("**1** ·") and line.endswith("· 3 votes") for line in lines)
    assert any(line.startswith("**2** ·") and line.endswith("· 1 vote") for line in lines)


def test_the_reigning_take_is_marked() -> None:
    reigning = replace(make_take(1), is_reigning=True)

    assert any(
        line.startswith("**1** · the idea as it is · won the last round")
        for line in lines_of(make_board([reigning, make_take(2)]))
    )


def test_an_erased_round_says_that_its_idea_is_not_kept_and_nothing_untrue_of_its_takes() -> None:
    text = text_of(board_view(make_board([make_take(1, "")], idea=""), NOW))

    assert "(the prompt is not kept any more)" in text
    assert "as it is" not in text


# Its controls ------------------------------------------------------------------------------------


def test_a_take_can_be_voted_for_once_it_is_there() -> None:
    board = make_board([make_take(1), make_take(2, state=JobState.RENDERING), make_take(3, removed_at=NOW)])

    controls = controls_of(board_view(board, NOW))

    votes = {number: controls[f"round:vote:{ROUND_ID}:{number}"] for number in (1, 2, 3)}
    assert {number: vote["label"] for number, vote in votes.items()} == {1: "Vote 1", 2: "Vote 2", 3: "Vote 3"}
    assert {number: vote["disabled"] for number, vote in votes.items()} == {1: False, 2: True, 3: True}


def test_no_take_can_be_voted_for_when_the_clock_is_over() -> None:
    controls = controls_of(board_view(make_board(four(), closes_at=NOW), NOW))

    assert all(controls[f"round:vote:{ROUND_ID}:{number}"]["disabled"] for number in range(1, 5))


def test_vote_buttons_stand_in_rows_of_four() -> None:
    view = board_view(make_board([make_take(number) for number in range(1, 9)]), NOW)

    rows = [part["components"] for part in parts(view) if part["type"] == 1]
    assert [[button["label"][-1] for button in row] for row in rows[:2]] == [list("1234"), list("5678")]


def test_a_failed_take_can_be_tried_again_or_reworded_while_there_is_no_winner_without_it() -> None:
    takes = [make_take(1), make_take(3, state=JobState.FAILED)]

    select = controls_of(board_view(make_board(takes), NOW))[f"round:failed:{ROUND_ID}"]
    too_few = controls_of(board_view(make_board(takes, state=RoundState.ENDED, outcome=Outcome.TOO_FEW), NOW))
    after = controls_of(board_view(make_board(takes, state=RoundState.ENDED, outcome=Outcome.WON), NOW))

    assert {option["value"]: option["label"] for option in select["options"]} == {
        "retry:3": "Try take 3 again",
        "reword:3": "Reword take 3",
    }
    assert f"round:failed:{ROUND_ID}" in too_few
    assert f"round:failed:{ROUND_ID}" not in after


def test_the_contact_sheet_is_shown_where_there_is_one() -> None:
    board = make_board(four())

    [gallery] = [part for part in parts(board_view(board, NOW, has_sheet=True)) if "items" in part]

    assert gallery["items"][0]["media"]["url"] == f"attachment://{sheet_filename(board.round)}"
    assert not [part for part in parts(board_view(board, NOW)) if "items" in part]


def test_a_boards_small_line_leads_back_to_its_round_and_nothing_else_does() -> None:
    assert board_text.round_of_reference(lines_of(make_board(four()))[-1]) == ROUND_ID
    for line in ("-# round A", f"-# round {ROUND_ID} ", f"“-# round {ROUND_ID}”", "-# result of round 1", ""):
        assert board_text.round_of_reference(line) is None


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"state": RoundState.STARTING}, ["cancel", "export"]),
        ({}, ["close", "cancel", "export"]),
        ({"closes_at": CLOSES_AT}, ["close", "extend", "cancel", "export"]),
        ({"state": RoundState.UNDECIDED, "outcome": Outcome.NO_VOTES}, ["cancel", "export"]),
        ({"state": RoundState.ENDED, "outcome": Outcome.CANCELLED}, ["export"]),
    ],
    ids=["starting", "open", "clock runs", "undecided", "ended"],
)
def test_what_can_be_done_with_a_round_is_what_its_state_allows(fields: dict[str, object], offered: list[str]) -> None:
    controls = controls_of(manage_view(make_board(four(), **fields), NOW))

    clock = {"extend": ":65"}  # minutes from the round's start, which the press has to know
    assert list(controls) == [f"round:{act}:{ROUND_ID}{clock.get(act, '')}" for act in offered]


def test_cancelling_asks_once() -> None:
    view = cancel_question_view(make_board(four()))

    assert list(controls_of(view)) == [f"round:cancel_now:{ROUND_ID}"]
    assert "no winner" in text_of(view)


# Limits ------------------------------------------------------------------------------------------


@given(
    text=st.text(max_size=1500),
    state=st.sampled_from(RoundState),
    outcome=st.sampled_from([None, *Outcome]),
    jobs=st.lists(st.sampled_from(JobState), min_size=8, max_size=8),
    error=st.sampled_from(JobError),
)
@example(
    text="*" * 1500,
    state=RoundState.UNDECIDED,
    outcome=Outcome.TIED,
    jobs=[JobState.DELIVERED] * 8,
    error=JobError.INTERNAL,
)
@example(
    text="😀" * 1500, state=RoundState.OPEN, outcome=None, jobs=[JobState.FAILED] * 8, error=JobError.CONTENT_POLICY
)
@example(
    text="@everyone <@4> " * 100,
    state=RoundState.OPEN,
    outcome=None,
    jobs=[JobState.QUEUED] * 8,
    error=JobError.TIMED_OUT,
)
def test_a_board_fits_whatever_is_on_it(
    text: str, state: RoundState, outcome: Outcome | None, jobs: list[JobState], error: JobError
) -> None:
    takes = [
        BoardTake(
            number=number,
            difference=text,
            job=replace(
                make_take(number).job,
                id="9" * 25,
                guild_id=WIDE,
                channel_id=WIDE,
                message_channel_id=WIDE,
                message_id=WIDE,
                state=job,
                error_code=error,
            ),
            is_reigning=True,
            votes=99_999,
        )
        for number, job in enumerate(jobs, start=1)
    ]
    board = with_brainstorm(make_board(takes, voters=999_999), guild_id=WIDE, thread_id=WIDE)
    round_ = make_round(
        id="9" * 25,
        number=999_999,
        member_id=WIDE,
        idea=text,
        state=state,
        outcome=outcome,
        choose_by=CLOSES_AT,
        winner_number=8,
        vote=VoteTerms(shows_counts=True),
    )

    for view in (board_view(replace(board, round=round_), NOW, has_sheet=True), manage_view(board, NOW)):
        assert fits_discord(view)
        assert all(len(custom_id) <= 100 for custom_id in controls_of(view))
        assert "@everyone" not in text_of(view).replace("\\@", "")


def test_a_vote_that_is_closed_by_hand_says_so_and_can_not_be_extended() -> None:
    by_hand = make_board(
        [make_take(1), make_take(2)], vote=VoteTerms(clock_seconds=None), closes_at=CREATED_AT + timedelta(days=30)
    )

    assert "The vote goes on until it is closed by hand, and ends <t:" in text_of(board_view(by_hand, CREATED_AT))
    offered = [
        part["custom_id"].split(":")[1] for part in parts(manage_view(by_hand, CREATED_AT)) if "custom_id" in part
    ]
    assert offered == ["close", "cancel", "export"]
