"""One word for one thing, no words of the code's own, and numbers that agree with what they count, in all texts."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.bot_process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = sorted((REPOSITORY / "bot" / "ui" / "text").rglob("*.py"))
INSTEAD = {
    r"\bRE2\b": "what a pattern may hold",
    r"\blog entry\b": "card",
    r"\bjobs?\b": "clip",
    r"\bgenerations?\b": "clip",
    r"\bledger\b": "what clips cost",
    r"\bcredits? (left|back)\b": "seconds",
    r"\b(went|goes|go|gone) back\b": "came back",
    r"\brolled back\b": "came back",
    r"\d-second clip|-second clip": "clips of 6 s",
}
"""What is never said, and what is instead."""
COUNTED = "clip|word|pattern|rule|vote|take|phrase|day|hour|minute|member|channel|request|brainstorm|entrie|server|list"
_PLURAL = re.compile(rf"^ (?:(?:waiting|more|open|own|other|of your|of the) )?(?:{COUNTED})s\b")
_SEVERAL = re.compile(r"[A-Z_]+(?:\[.+\])?\Z|formatting\.count_word\(")
"""A constant, or what is written as a word: never 1."""
OPERATORS_WORDS = frozenset({"operators.py", "operating"})
"""The file and the folder for whoever runs the bot, who reads the video service's own words and the code's, too."""


def said(node: ast.AST) -> Iterator[str]:
    """Yield the texts in a module, but for its docstrings and what raises."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Expr(value=ast.Constant(value=str())) | ast.ImportFrom() | ast.Import():
                continue
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                continue
            case ast.Constant(value=str(text)):
                yield text
            case _:
                yield from said(child)


def disagreeing(source: str) -> list[str]:
    """Return where a number that may be 1 stands before the word for several."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for number, after in zip(node.values, node.values[1:], strict=False):
            is_number = isinstance(number, ast.FormattedValue) and not _SEVERAL.match(ast.unparse(number.value))
            if is_number and isinstance(after, ast.Constant) and _PLURAL.match(str(after.value)):
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_one_word_is_used_for_one_thing_and_none_of_the_codes_own(path: Path) -> None:
    patterns = [] if OPERATORS_WORDS.intersection(path.parts) else INSTEAD
    texts = [text for text in said(ast.parse(path.read_text("utf-8"))) if " " in text]

    assert [text for text in texts for pattern in patterns if re.search(pattern, text)] == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_numbers_that_may_be_one_are_counted_with_the_right_word(path: Path) -> None:
    assert disagreeing(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ('f"{count:,} words and phrases"', True),
        ('f"at most {details.max_open_jobs} waiting clips"', True),
        ('f"at most {WORDS_MOST} words"', False),
        ('f"{MOST_RULES[KIND]} patterns"', False),
        ('f"{votes} votes"', True),
        ('f"{formatting.counted(count, name)}: {rest}"', False),
    ],
)
def test_a_number_before_the_word_for_several_is_found(source: str, *, is_found: bool) -> None:
    assert bool(disagreeing(source)) is is_found
