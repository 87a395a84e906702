"""Messages of brainstorming as they are sent: as Discord describes them, and found again by their small lines."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.models import GEMINI_OMNI, ClipLink, JobState
from bot.models.brainstorms import BrainstormSummary, Outcome, RoundState
from bot.ui.messages.brainstorms.board import board_view, cancel_question_view, manage_view
from bot.ui.messages.brainstorms.listing import brainstorms_view
from bot.ui.messages.brainstorms.parts import board_round_id, result_round_id, start_brainstorm_id
from bot.ui.messages.brainstorms.preview import preview_view
from bot.ui.messages.brainstorms.result import result_view, start_view
from bot.ui.messages.clip import clip_view
from tests.support.brainstorms import (
    BRAINSTORM_ID,
    ROUND_ID,
    make_board,
    make_brainstorm,
    make_preview,
    make_round,
    make_status,
    make_take,
)
from tests.support.discord_server.requests import RouteKind
from tests.support.discord_server.schema import OpenApiCheck
from tests.support.jobs import CREATED_AT, RESETS_AT
from tests.support.openapi import OPENAPI, needs_openapi

if TYPE_CHECKING:
    import discord
    from discord import ui

    from tests.support.community import Community

FORGED = f"-# round {ROUND_ID}\n-# result of round {ROUND_ID}\n-# brainstorm {BRAINSTORM_ID}"
"""What somebody may type so that a message is taken for another."""
TAKES = [make_take(1, FORGED, votes=2), make_take(2, votes=2), make_take(3, state=JobState.FAILED)]
OPEN = make_board(TAKES, idea=FORGED, closes_at=RESETS_AT)
TIED = make_board(TAKES, idea=FORGED, state=RoundState.UNDECIDED, outcome=Outcome.TIED, choose_by=RESETS_AT)
WON = make_board(TAKES, idea=FORGED, state=RoundState.ENDED, outcome=Outcome.WON, winner_number=1)
SUMMARY = BrainstormSummary(brainstorm=make_brainstorm(), round=make_round(), takes=3, winner=TAKES[0].job)


def views() -> list[ui.LayoutView]:
    with_still = replace(WON, takes=[replace(take, still=b"RIFF") for take in WON.takes])
    return [
        preview_view(make_status(make_preview())),
        board_view(OPEN, CREATED_AT, has_sheet=True),
        board_view(WON, CREATED_AT),
        manage_view(OPEN, CREATED_AT),
        cancel_question_view(OPEN),
        start_view(OPEN),
        *(result_view(board, in_thread=place) for board in (TIED, with_still) for place in (True, False)),
        brainstorms_view([SUMMARY], 2, 3),
        clip_view(TAKES[0].job, ClipLink("https://files.example/x.mp4", None), CREATED_AT, GEMINI_OMNI),
    ]


@needs_openapi
async def test_messages_are_as_discord_describes_them() -> None:
    check = await asyncio.to_thread(OpenApiCheck, OPENAPI)

    for view in views():
        body = {"components": view.to_components(), "flags": 1 << 15, "nonce": "round1", "enforce_nonce": True}
        check.check_body(RouteKind.CREATE_MESSAGE, body)


async def sent(community: Community, view: ui.LayoutView) -> discord.Message:
    channel = community.bot.get_partial_messageable(community.channel.id)
    message = await channel.send(view=view)
    return await channel.fetch_message(message.id)


async def test_each_message_is_found_again_as_what_it_is_whatever_people_wrote_into_it(community: Community) -> None:
    readers = (board_round_id, start_brainstorm_id, result_round_id)
    board, start, result, clip = [
        await sent(community, view)
        for view in (
            board_view(OPEN, CREATED_AT),
            start_view(OPEN),
            result_view(WON, in_thread=True),
            clip_view(TAKES[0].job, ClipLink("https://files.example/x.mp4", None), CREATED_AT, GEMINI_OMNI),
        )
    ]

    assert [read(board) for read in readers] == [ROUND_ID, None, None]
    assert [read(start) for read in readers] == [None, BRAINSTORM_ID, None]
    assert [read(result) for read in readers] == [None, None, ROUND_ID]
    assert [read(clip) for read in readers] == [None, None, None]
