"""Every word that people read is in ``bot/ui/text/``: elsewhere on Discord's side no text has two words in a row."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.support.bot_process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDLESS = [
    *(REPOSITORY / "cogs").rglob("*.py"),
    *(REPOSITORY / "bot" / "ui" / "messages").rglob("*.py"),
    REPOSITORY / "bot" / "ui" / "forms.py",
    REPOSITORY / "bot" / "ui" / "brainstorm_forms.py",
]
LOGGERS = frozenset({"_log", "logger"})


def words_in(source: str) -> list[str]:
    """Return the texts with a space in them, but for docstrings, what is logged, and what exceptions say."""
    return [text for text in _texts(ast.parse(source)) if " " in text]


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):  # documents what stands above it
            return
        case ast.Raise(exc=ast.Call()):
            return
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in LOGGERS:
            return
        case ast.Constant(value=str(text)):
            yield text
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _texts(child)


@pytest.mark.parametrize("path", WORDLESS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_words_that_people_read_are_in_the_texts(path: Path) -> None:
    assert words_in(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""A docstring."""', []),
        ('X = 1\n"""What X is."""', []),
        ('_log.warning("card not shown", extra={"attempt": 1})', []),
        ('raise InvalidSettingError("two words")', []),
        ('button(label="Remove it")', ["Remove it"]),
        ('f"{seconds} seconds"', [" seconds"]),
        ('f"{name}: {rule}"', [": "]),
        ('"log:remove"', []),
        ('reply(interaction, "Not now.")', ["Not now."]),
    ],
)
def test_words_are_found_where_people_would_read_them(source: str, found: list[str]) -> None:
    assert words_in(source) == found
