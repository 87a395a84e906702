r"""An idea with slots: ``A {red|blue} fox at {light}`` stands for as many prompts as its choices can be combined.

A slot is text in braces: choices with bars between them, or the name of a list. ``\{``, ``\}`` and ``\|`` are those
signs themselves; any other backslash is one. Everything here is pure.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import ReelayError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

IDEA_MAX_CHARACTERS = 1500
"""Leaves room for what a take adds to it, within the 2,000 characters of a prompt."""
SLOTS_MOST = 6
COMBINATIONS_MOST = 10_000

_NOWHERE = -1
_SIGNS = re.compile(r"\\[{}|]|[{}|]")


class IdeaFault(StrEnum):
    """What is wrong with an idea."""

    TOO_LONG = "too_long"
    NOT_CLOSED = "not_closed"
    NOT_OPENED = "not_opened"
    NESTED = "nested"
    NO_CHOICE = "no_choice"
    EMPTY_CHOICE = "empty_choice"
    SAME_CHOICE = "same_choice"
    UNKNOWN_LIST = "unknown_list"
    TOO_MANY_SLOTS = "too_many_slots"
    TOO_MANY_COMBINATIONS = "too_many_combinations"


class BrokenIdeaError(ReelayError):
    """An idea can't be read.

    Args:
        position: of the sign at which it breaks, counted from 0; of the whole idea where it is too long or too rich.
        excerpt: the slot, or what there is of it, as it was typed.
    """

    def __init__(self, fault: IdeaFault, position: int = 0, excerpt: str = "") -> None:
        super().__init__(f"{fault} at {position}")
        self.fault, self.position, self.excerpt = fault, position, excerpt


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of an idea with at least two choices, none of them twice; ``name`` is that of its list, or ""."""

    choices: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Idea:
    """An idea as it was read: texts and, between them, slots. There is one text more than there are slots."""

    texts: tuple[str, ...]
    slots: tuple[Slot, ...] = ()

    @property
    def combinations(self) -> int:
        """How many different prompts it stands for; never enumerated."""
        return math.prod(len(slot.choices) for slot in self.slots)

    def prompt(self, picks: Sequence[int] = ()) -> str:
        """Return the prompt in which each slot is the choice with that index."""
        words = [slot.choices[pick] for slot, pick in zip(self.slots, picks, strict=True)]
        return "".join(part for pair in zip(self.texts, [*words, ""], strict=True) for part in pair)


def parse_idea(text: str, lists: Mapping[str, Collection[str]]) -> Idea:
    """Read an idea.

    Args:
        lists: phrases by the name of their list, in small letters.

    Raises:
        BrokenIdeaError: when it breaks somewhere, is too long, or has too many slots or combinations.
    """
    if len(text) > IDEA_MAX_CHARACTERS:
        raise BrokenIdeaError(IdeaFault.TOO_LONG)
    texts, slots, choices = [""], list[Slot](), list[str]()
    opened_at = _NOWHERE
    end = 0
    for sign in _SIGNS.finditer(text):
        words, end = text[end : sign.start()], sign.end()
        match sign[0]:
            case "{" if opened_at != _NOWHERE:
                raise BrokenIdeaError(IdeaFault.NESTED, sign.start(), text[opened_at:end])
            case "{":
                texts[-1] += words
                opened_at, choices = sign.start(), [""]
            case "}" if opened_at == _NOWHERE:
                raise BrokenIdeaError(IdeaFault.NOT_OPENED, sign.start(), "}")
            case "}":
                choices[-1] += words
                slots.append(_slot(choices, lists, opened_at, text[opened_at:end]))
                texts.append("")
                opened_at = _NOWHERE
            case "|" if opened_at != _NOWHERE:
                choices[-1] += words
                choices.append("")
            case escaped if opened_at != _NOWHERE:
                choices[-1] += words + escaped.removeprefix("\\")
            case other:
                texts[-1] += words + other.removeprefix("\\")
    if opened_at != _NOWHERE:
        raise BrokenIdeaError(IdeaFault.NOT_CLOSED, opened_at, text[opened_at:])
    texts[-1] += text[end:]
    if len(slots) > SLOTS_MOST:
        raise BrokenIdeaError(IdeaFault.TOO_MANY_SLOTS)
    idea = Idea(tuple(texts), tuple(slots))
    if idea.combinations > COMBINATIONS_MOST:
        raise BrokenIdeaError(IdeaFault.TOO_MANY_COMBINATIONS)
    return idea


def escaped(text: str) -> str:
    """Return an idea that stands for this text alone, whatever signs are in it."""
    return re.sub(r"[{}|]", r"\\\g<0>", text)


def _slot(choices: list[str], lists: Mapping[str, Collection[str]], position: int, typed: str) -> Slot:
    stripped = [choice.strip() for choice in choices]
    if stripped == [""]:
        raise BrokenIdeaError(IdeaFault.NO_CHOICE, position, typed)
    if len(stripped) == 1:
        name = stripped[0].lower()
        if name not in lists:
            raise BrokenIdeaError(IdeaFault.UNKNOWN_LIST, position, typed)
        return Slot(tuple(lists[name]), name)
    if "" in stripped:
        raise BrokenIdeaError(IdeaFault.EMPTY_CHOICE, position, typed)
    if len({choice.casefold() for choice in stripped}) < len(stripped):
        raise BrokenIdeaError(IdeaFault.SAME_CHOICE, position, typed)
    return Slot(tuple(stripped))
