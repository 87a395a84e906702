"""Which takes are made of an idea: a spread draw of its slots, or the idea unchanged and with something added.

The same idea, number and seed always give the same takes, so that a preview is what is rendered. Everything is pure.
"""

from __future__ import annotations

import math
import random
from itertools import combinations, product
from typing import TYPE_CHECKING

from bot.models.brainstorms import Take, Vary
from bot.services.brainstorms.drawing.phrases import LISTS, LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.services.brainstorms.drawing.idea import Idea

_TRIES = 4
"""Draws to choose the best from: of 7,000 none had two takes the same, and it takes 20 to 35 ms at most."""


def draw_takes(idea: Idea, *, takes: int, vary: Vary, seed: int) -> list[Take]:
    """Return the takes, in their order: as many as asked for, or all combinations where those are fewer.

    Args:
        takes: how many, from ``TAKES_FEWEST`` to ``TAKES_MOST``.
        vary: what to vary where the idea has no slots; with slots it says nothing.
    """
    chance = random.Random(seed)
    if idea.slots:
        drawn = spread([len(slot.choices) for slot in idea.slots], takes, chance)
        return [Take(idea.prompt(picks), _difference(idea, picks)) for picks in drawn]
    plain = idea.prompt()
    if vary is Vary.NOTHING:
        return [Take(plain)] * takes
    phrases = [str(look) for look in LOOKS] if vary is Vary.AUTO else list(LISTS[vary])
    return [Take(plain), *(Take(_added(plain, phrase), phrase) for phrase in chance.sample(phrases, takes - 1))]


def spread(sizes: Sequence[int], takes: int, chance: random.Random) -> list[tuple[int, ...]]:
    """Draw combinations of choices: all different, each choice of a slot about as often as the others of it.

    How often two takes agree is the same in sum for all such draws; of those looked at, the one is returned in which
    the takes that are most alike are as few, and as little alike, as can be.

    Args:
        sizes: how many choices each slot has; at least two.
        takes: how many to draw; all combinations are returned where those are fewer.
    """
    if math.prod(sizes) <= takes:
        every = list(product(*map(range, sizes)))
        chance.shuffle(every)
        return every
    best = min((_improved(_columns(sizes, takes, chance), chance) for _ in range(_TRIES)), key=_likeness)
    return list(zip(*best, strict=True))


def _columns(sizes: Sequence[int], takes: int, chance: random.Random) -> list[list[int]]:
    """For each slot, its choices as evenly as they go, in any order."""
    columns: list[list[int]] = []
    for size in sizes:
        rounds, rest = divmod(takes, size)
        column = [*range(size)] * rounds + chance.sample(range(size), rest)
        chance.shuffle(column)
        columns.append(column)
    return columns


def _improved(columns: list[list[int]], chance: random.Random) -> list[list[int]]:
    """Exchange choices between takes, slot by slot, for as long as that makes the takes less alike."""
    likeness = _likeness(columns)
    pairs = [(column, pair) for column in columns for pair in combinations(range(len(column)), 2)]
    improves = True
    while improves:
        improves = False
        chance.shuffle(pairs)
        for column, (one, other) in pairs:
            if column[one] == column[other]:
                continue
            column[one], column[other] = column[other], column[one]
            if (now := _likeness(columns)) < likeness:
                likeness, improves = now, True
            else:
                column[one], column[other] = column[other], column[one]
    return columns


def _likeness(columns: Sequence[Sequence[int]]) -> list[int]:
    """Say how many pairs of takes agree in all slots, in all but one, and so on: less is better, the first first."""
    agreements = [0] * (len(columns) + 1)
    for one, other in combinations(zip(*columns, strict=True), 2):
        agreements[-1 - sum(map(int.__eq__, one, other))] += 1
    return agreements


def _difference(idea: Idea, picks: Sequence[int]) -> str:
    return ", ".join(slot.choices[pick] for slot, pick in zip(idea.slots, picks, strict=True))


def _added(plain: str, phrase: str) -> str:
    """Add a phrase to an idea whose own words stay as they are."""
    stripped = plain.rstrip()
    if stripped.endswith((".", "!", "?", "…", "。", "！", "？")):
        return f"{stripped} {phrase[0].upper()}{phrase[1:]}."
    return f"{stripped} {phrase}" if stripped.endswith((",", ";", ":")) else f"{stripped}, {phrase}"
