from __future__ import annotations

import pytest

from bot.services.throttling.suspects import (
    HOLDS_BEFORE_FAILING,
    REFUSALS_BEFORE_FAILING,
    REFUSALS_BEFORE_LAST,
    Suspects,
)


def suspects(*, refusals: int = 0, holds: int = 0, others_accepted: bool = False) -> Suspects:
    """Make what is known after one job was refused and held back so often."""
    made = Suspects()
    for _ in range(refusals):
        made.note_refused("odd")
    for _ in range(holds):
        made.note_held("odd")
    if others_accepted:
        made.note_accepted("good")
    return made


@pytest.mark.parametrize(
    ("refusals", "holds", "lets_others_go_first"),
    [(0, 0, False), (0, REFUSALS_BEFORE_LAST - 1, False), (0, REFUSALS_BEFORE_LAST, True), (1, 0, True)],
)
def test_a_refused_job_and_one_held_back_often_let_others_go_first(
    refusals: int, holds: int, lets_others_go_first: bool
) -> None:
    assert ("odd" in suspects(refusals=refusals, holds=holds).last) is lets_others_go_first


@pytest.mark.parametrize(
    ("refusals", "holds", "others_accepted", "is_hopeless"),
    [
        (0, 0, True, False),
        (REFUSALS_BEFORE_FAILING - 1, 0, True, False),
        (REFUSALS_BEFORE_FAILING, 0, True, True),
        (REFUSALS_BEFORE_FAILING, 0, False, False),
        (0, HOLDS_BEFORE_FAILING - 1, True, False),
        (0, HOLDS_BEFORE_FAILING, True, True),
        (0, HOLDS_BEFORE_FAILING, False, False),
    ],
)
def test_a_job_is_hopeless_when_it_was_refused_often_and_others_were_taken(
    refusals: int, holds: int, others_accepted: bool, is_hopeless: bool
) -> None:
    known = suspects(refusals=refusals, holds=holds, others_accepted=others_accepted)

    assert known.is_hopeless("odd") is is_hopeless
    assert not known.is_hopeless("good")


def test_a_job_that_has_ended_or_was_taken_is_no_suspect_any_more() -> None:
    ended, taken = suspects(refusals=9, others_accepted=True), suspects(refusals=9, others_accepted=True)

    ended.forget("odd")
    taken.note_accepted("odd")

    for known in (ended, taken):
        assert (known.last, known.was_refused("odd")) == (frozenset(), False)
        assert (known.is_alone("odd"), known.is_hopeless("odd")) == (False, False)
