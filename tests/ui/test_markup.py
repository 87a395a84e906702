"""What a message says in words."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.ui.markup import words_of

TABLE = {
    "A cat surfing": "A cat surfing",
    "": "",
    "  \n\t ": "",
    "<@12> a cat <@!34> and <@&56> in <#78>": "a cat and in",
    "@everyone look: a cat @here": "look: a cat",
    "me@everyone.com": "me .com",
    "</moderate quota set:123> a cat <t:1700000000:R> <t:1700000000>": "a cat",
    "a cat <:catjam:123> and <a:party:456>!": "a cat and !",
    "see <id:customize>": "see",
    "https://example.com/a?b=c a cat <https://example.com/x>": "a cat",
    "a [cat](https://example.com/wiki_(x)) here": "a cat here",
    'a [cat](<https://example.com> "title") here': "a cat here",
    "[not a link](here)": "[not a link](here)",
    "**bold** *italics* __under__ _italics_ ~~gone~~ ||secret||": "bold italics under italics gone secret",
    "***all*** **bold *and* more**": "all bold and more",
    "__*both* and **more**__": "both and more",
    "snake_case and _a snake_case word_": "snake_case and a snake_case word",
    "2 * 3 * 4": "2 * 3 * 4",
    "f*ck": "f*ck",
    r"\*not italics\* and \<@12>": "*not italics* and",
    "# A title\n-# small\n> quoted\n>>> more": "A title\nsmall\nquoted\nmore",
    "- one\n* two\n1. three": "one\ntwo\n1. three",
    "> - # deep": "deep",
    "a - b": "a - b",
    "`code` and ``more``": "code and more",
    "```py\na cat\n```": "a cat",
    "```a cat```": "a cat",
    "** **": "",
    "a cat\n||  ||\n_ _": "a cat",
    "one\n\n\ntwo   words": "one\ntwo words",
    "<@**1**2>": "",
    "</a<@1>:2>": "</a :2>",
    "\0a\ue02a cat": "a cat",
    "🐈 in Köln, 猫": "🐈 in Köln, 猫",
}
TOKEN = re.compile(r"<(@[!&]?|#)[0-9]+>|<a?:\w+:[0-9]+>|https?://[^\s<>]|@everyone\b", re.ASCII)
pieces = st.sampled_from(
    [*"<@1>#&:a*_~|`\\[]()\n \0\ue000", "https://x", "everyone", "> ", "- ", "```", "**", "||", "<@1>", "<:a:1>"]
)


@pytest.mark.parametrize(("message", "words"), TABLE.items())
def test_words(message: str, words: str) -> None:
    assert words_of(message) == words


@given(st.lists(pieces, max_size=60).map("".join) | st.text())
@example("<@" * 30 + "1>" * 30)
def test_no_mention_link_or_emoji_is_left_whatever_is_in_it(message: str) -> None:
    words = words_of(message)

    assert TOKEN.search(words) is None
    assert len(words) <= len(message)
    assert words == words.strip()


@pytest.mark.parametrize(
    "piece", [*TABLE, "*", "_a", " _a", "*a ", "[", "[a](", "- ", "<@", "</a ", "`a", "\\", "_a_", "> "]
)
def test_the_longest_message_takes_no_time(piece: str) -> None:
    message = (piece * 4000)[:4000]
    shortest = min(_seconds(message) for _ in range(3))

    assert shortest < 0.02, "what holds the event loop"


def _seconds(message: str) -> float:
    started = time.perf_counter()
    words_of(message)
    return time.perf_counter() - started
