"""What members are answered when they do something in a brainstorm."""

from __future__ import annotations

import pytest

from bot.models.brainstorms import Ballot
from bot.ui.text.brainstorms import answers
from tests.support.brainstorms import make_brainstorm


def ballot(*chosen: int, pressed: int = 3, votes_each: int = 1, unfinished: int = 0) -> Ballot:
    return Ballot(chosen=chosen, pressed=pressed, votes_each=votes_each, unfinished=unfinished, takes=5)


@pytest.mark.parametrize(
    ("cast", "words"),
    [
        (ballot(3), "You chose 3."),
        (ballot(3, unfinished=2), "You chose 3. Two of 5 takes are still rendering."),
        (ballot(3, unfinished=1), "You chose 3. One of 5 takes is still rendering."),
        (ballot(), "You took your vote for 3 back."),
        (ballot(3, votes_each=2), "You chose 3. You have 1 vote left."),
        (ballot(1, 3, votes_each=2), "You chose 3. Your votes are for 1 and 3."),
        (ballot(1, 2, 3, votes_each=3), "You chose 3. Your votes are for 1, 2 and 3."),
        (ballot(1, votes_each=2), "You took your vote for 3 back. Your vote is for 1. You have 1 vote left."),
        (ballot(votes_each=3), "You took your vote for 3 back. You have 3 votes left."),
    ],
)
def test_a_vote_is_answered_with_what_it_did_and_what_is_still_to_come(cast: Ballot, words: str) -> None:
    assert answers.ballot(cast) == words


def test_a_start_leads_to_the_thread_as_soon_as_there_is_one() -> None:
    assert answers.started(make_brainstorm(thread_id=5)).endswith("in <#5>.")
    assert "opens here in a moment" in answers.started(make_brainstorm(thread_id=None))


def test_what_is_done_with_a_take_names_it() -> None:
    assert answers.chosen(2) == "Take 2 is the winner."
    assert answers.remade(2).startswith("Take 2 is on its way again")
    assert answers.next_started(2).startswith("Round 2 is on its way")


def test_exports_are_named_after_their_brainstorm() -> None:
    assert answers.export_filename(make_brainstorm(), "csv") == "brainstorm-01brainstorm0000.csv"
    assert answers.COLUMNS == ("round", "take", "prompt", "varied", "votes", "state", "link")
