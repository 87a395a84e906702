"""What was typed and refused, given back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import REASON_MAX_CHARACTERS, BlockedError
from bot.ui.messages.typed import typed_views
from bot.ui.text import refusals
from tests.support.jobs import make_block
from tests.support.views import fits_discord, text_of

LONGEST_SENTENCE = refusals.explain(BlockedError(make_block(reason="😀" * REASON_MAX_CHARACTERS))) or ""


@pytest.mark.parametrize("typed", ["😀" * 9000, "`" * 9000, "a" * 2000, " "])
def test_it_fits_whatever_was_typed(typed: str) -> None:
    views = typed_views(LONGEST_SENTENCE, typed)

    assert len(views) == (2 if len(typed) > 2000 else 1)
    assert all(fits_discord(view) for view in views)


@given(st.text(min_size=1, max_size=4000))
def test_all_of_it_is_shown_and_nothing_ends_the_block(typed: str) -> None:
    blocks = [text_of(view) for view in typed_views("Not now.", typed)]

    assert all(block.count("```") == 2 for block in blocks)
    shown = "".join(block.removeprefix("Not now.\n").removeprefix("```\n").removesuffix("\n```") for block in blocks)
    assert shown.replace("\u200b", "") == typed.replace("\u200b", "")
