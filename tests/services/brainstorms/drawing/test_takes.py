"""Which takes are made of an idea: how even and how different they are, and that they stay the same."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.models import GEMINI_OMNI
from bot.models.brainstorms import TAKES_FEWEST, TAKES_MOST, Take, Vary
from bot.services.brainstorms.drawing.idea import IDEA_MAX_CHARACTERS, parse_idea
from bot.services.brainstorms.drawing.phrases import LISTS, LOOKS
from bot.services.brainstorms.drawing.takes import draw_takes, spread

SIZES = st.lists(st.integers(2, 12), min_size=1, max_size=6)
TAKES = st.integers(TAKES_FEWEST, TAKES_MOST)
SEEDS = st.integers(0, 2**63 - 1)


@settings(deadline=None)  # a loaded machine draws slowly
@given(sizes=SIZES, takes=TAKES, seed=SEEDS)
def test_a_spread_draw_is_even_has_no_take_twice_and_is_the_same_again(sizes: list[int], takes: int, seed: int) -> None:
    drawn = spread(sizes, takes, random.Random(seed))

    assert len(drawn) == len(set(drawn)) == min(takes, math.prod(sizes))
    for size, picks in zip(sizes, zip(*drawn, strict=True), strict=True):
        counts = [Counter(picks)[choice] for choice in range(size)]
        assert max(counts) - min(counts) <= 1
    assert drawn == spread(sizes, takes, random.Random(seed))


@pytest.mark.parametrize(
    ("sizes", "takes", "least"),
    [([12], 8, 1), ([8, 8], 8, 2), ([2, 2, 2], 4, 2), ([12, 12, 12], 8, 3), ([2, 2, 2, 2, 2, 2], 2, 6), ([3, 3], 3, 2)],
)
def test_takes_differ_in_as_many_slots_as_they_can(sizes: list[int], takes: int, least: int) -> None:
    for seed in range(20):
        drawn = spread(sizes, takes, random.Random(seed))
        assert min(sum(map(int.__ne__, *pair)) for pair in combinations(drawn, 2)) == least


def test_with_slots_takes_are_the_ideas_prompts_and_say_what_was_chosen() -> None:
    idea = parse_idea("A {red|blue} fox at {dawn|night}", {})
    takes = draw_takes(idea, takes=8, vary=Vary.AUTO, seed=1)
    assert {(take.prompt, take.difference) for take in takes} == {
        (f"A {colour} fox at {time}", f"{colour}, {time}") for colour in ("red", "blue") for time in ("dawn", "night")
    }


@given(takes=TAKES, vary=st.sampled_from(Vary), seed=SEEDS)
def test_without_slots_the_first_is_the_idea_and_the_others_add_to_it(takes: int, vary: Vary, seed: int) -> None:
    idea = parse_idea("A fox in the snow", {})
    drawn = draw_takes(idea, takes=takes, vary=vary, seed=seed)

    assert len(drawn) == takes
    assert drawn[0] == Take("A fox in the snow")
    assert drawn == draw_takes(idea, takes=takes, vary=vary, seed=seed)
    if vary is Vary.NOTHING:
        assert set(drawn) == {drawn[0]}
        return
    offered = {str(look) for look in LOOKS} if vary is Vary.AUTO else set(LISTS[vary])
    assert len({take.difference for take in drawn[1:]} & offered) == takes - 1
    assert all(take.prompt == f"A fox in the snow, {take.difference}" for take in drawn[1:])


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("A fox.", "A fox. Calm."),
        ("Run, fox! ", "Run, fox! Calm."),
        ("A fox, ", "A fox, calm"),
        ("A fox", "A fox, calm"),
        ("“A fox”", "“A fox”, calm"),
    ],
)
def test_what_is_varied_is_added_to_the_ideas_own_words(
    text: str, prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LISTS, "mood", ("calm",))
    [_, take] = draw_takes(parse_idea(text, {}), takes=2, vary=Vary.MOOD, seed=0)
    assert take == Take(prompt, "calm")


def test_phrases_are_twelve_short_and_each_of_its_own() -> None:
    assert {len(phrases) for phrases in LISTS.values()} == {12}
    every = list(chain(*LISTS.values()))
    assert len({phrase.casefold() for phrase in every}) == len(every)
    assert max(map(len, every)) <= 40
    assert set(LISTS) == set(Vary) - {Vary.AUTO, Vary.NOTHING}


def test_looks_share_nothing_and_are_made_of_the_lists() -> None:
    assert len(LOOKS) == 12
    for axis in ("camera", "light", "style"):
        assert {getattr(look, axis) for look in LOOKS} == set(LISTS[axis])


def test_the_longest_take_is_within_the_prompts_limit() -> None:
    longest = max(map(len, [*map(str, LOOKS), *chain(*LISTS.values())]))
    assert IDEA_MAX_CHARACTERS + longest + len("  .") <= GEMINI_OMNI.prompt_max_characters
