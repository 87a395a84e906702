"""Brainstorms as value objects, for tests that need one and not its story."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.models import Aspect, JobState
from bot.models.brainstorms import (
    Board,
    BoardTake,
    Brainstorm,
    PlannedTake,
    Preview,
    PreviewStatus,
    Round,
    RoundState,
    Take,
    Vary,
    VoteTerms,
)
from tests.support.jobs import CREATED_AT, make_job, make_quota_status

if TYPE_CHECKING:
    from collections.abc import Sequence

BRAINSTORM_ID, ROUND_ID, PREVIEW_ID = "01brainstorm0000", "01round000000000", "01preview0000000"
GUILD_ID, CHANNEL_ID, STARTER_ID, THREAD_ID = 2, 3, 4, 5
DIFFERENCES = ("", "golden hour", "moonlight", "neon", "candlelight", "fog", "noon", "firelight")


def make_preview(differences: Sequence[str] = DIFFERENCES[:4], **fields: object) -> Preview:
    """Return a preview of takes with these differences, none of them refused, with the given differences of its own."""
    values: dict[str, object] = {
        "id": PREVIEW_ID,
        "interaction_id": 1,
        "guild_id": GUILD_ID,
        "channel_id": CHANNEL_ID,
        "member_id": STARTER_ID,
        "idea": "A fox",
        "takes": len(differences),
        "vary": Vary.LIGHT,
        "seed": 1,
        "aspect": None,
        "duration_seconds": None,
        "vote": VoteTerms(),
        "planned": tuple(PlannedTake(Take(f"A fox, {words}", words)) for words in differences),
        "combinations": 1,
        "created_at": CREATED_AT,
    }
    return Preview(**(values | fields))  # type: ignore[arg-type] (the names are checked by the class itself)


def make_status(preview: Preview, **fields: object) -> PreviewStatus:
    """Return a preview whose takes all fit, with the given differences."""
    values: dict[str, object] = {
        "preview": preview,
        "aspect": Aspect.LANDSCAPE,
        "duration_seconds": 6,
        "fits": len(preview.offered),
        "limit": None,
        "quota": make_quota_status(),
    }
    return PreviewStatus(**(values | fields))  # type: ignore[arg-type] (the names are checked by the class itself)


def make_brainstorm(**fields: object) -> Brainstorm:
    """Return a brainstorm with its thread, with the given differences."""
    values: dict[str, object] = {
        "id": BRAINSTORM_ID,
        "guild_id": GUILD_ID,
        "channel_id": CHANNEL_ID,
        "member_id": STARTER_ID,
        "title": "A fox",
        "created_at": CREATED_AT,
        "start_message_id": THREAD_ID,
        "thread_id": THREAD_ID,
    }
    return Brainstorm(**(values | fields))  # type: ignore[arg-type] (the names are checked by the class itself)


def make_round(**fields: object) -> Round:
    """Return an open round with the given differences."""
    values: dict[str, object] = {
        "id": ROUND_ID,
        "brainstorm_id": BRAINSTORM_ID,
        "number": 1,
        "guild_id": GUILD_ID,
        "member_id": STARTER_ID,
        "idea": "A fox",
        "vary": Vary.LIGHT,
        "vote": VoteTerms(),
        "state": RoundState.OPEN,
        "created_at": CREATED_AT,
    }
    return Round(**(values | fields))  # type: ignore[arg-type] (the names are checked by the class itself)


def make_take(number: int, difference: str | None = None, *, votes: int = 0, **fields: object) -> BoardTake:
    """Return a take that is there, its job with the given differences."""
    values: dict[str, object] = {
        "id": f"01take{number:010}",
        "state": JobState.DELIVERED,
        "message_channel_id": THREAD_ID,
        "message_id": 100 + number,
        "round_id": ROUND_ID,
        "number": number,
    }
    words = DIFFERENCES[number - 1] if difference is None else difference
    return BoardTake(number=number, difference=words, job=make_job("A fox", **(values | fields)), votes=votes)


def make_board(takes: Sequence[BoardTake], *, voters: int = 0, is_held_up: bool = False, **fields: object) -> Board:
    """Return a board, its round with the given differences."""
    return Board(
        brainstorm=make_brainstorm(),
        round=make_round(**fields),
        takes=takes,
        voters=voters,
        is_held_up=is_held_up,
    )


def with_brainstorm(board: Board, **fields: object) -> Board:
    """Return a board of another brainstorm."""
    return replace(board, brainstorm=make_brainstorm(**fields))
