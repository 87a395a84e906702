"""The message that a brainstorm begins with, and the card of how a vote came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.models.brainstorms import Outcome, RoundState
from bot.ui.components import RoundItem
from bot.ui.messages.brainstorms.parts import IN_A_ROW, MAIN, Row, button, framed, rows, text
from bot.ui.messages.stills import still_file, still_item
from bot.ui.text.brainstorms import results as result_text
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from bot.models.brainstorms import Board
    from bot.ui.messages.brainstorms.parts import Item


def start_view(board: Board) -> ui.LayoutView:
    """Say in the channel who brainstorms what; the thread is made from this message."""
    items = [text(result_text.started(board)), text(result_text.start_reference(board.brainstorm.id))]
    return framed(items, discord.Colour.blurple())


def result_view(board: Board, *, in_thread: bool) -> ui.LayoutView:
    """Show how a vote came out; ``result_files`` gives the still that belongs to it.

    Args:
        in_thread: with what can be done next; elsewhere a link leads to the thread.
    """
    items: list[Item] = [text(result_text.result(board))]
    winner = board.winner
    if winner is not None and _shows_still(board):
        items.append(ui.MediaGallery(still_item(winner.job)))
    items += _next(board) if in_thread else _way_to_thread(board)
    items.append(text(result_text.result_reference(board.round.id)))
    return framed(items, _colour(board))


def result_files(board: Board) -> list[discord.File]:
    """Return the file that a result card refers to."""
    winner = board.winner
    if winner is None or winner.still is None or not _shows_still(board):
        return []
    return [still_file(winner.job, winner.still)]


def _shows_still(board: Board) -> bool:
    winner = board.winner
    return winner is not None and winner.still is not None and winner.job.removed_at is None


def _next(board: Board) -> list[Item]:
    """Offer to choose while that is open, to go on from a winner, and to export."""
    round_ = board.round
    if round_.state is RoundState.UNDECIDED and board.candidates and round_.member_id:
        choices = [
            button(RoundItem, f"round:choose:{round_.id}:{take.number}", result_text.choose_button(take.number))
            for take in board.candidates
        ]
        return rows(choices, IN_A_ROW)
    offered = [button(RoundItem, f"round:export:{round_.id}", result_text.EXPORT_BUTTON)]
    if round_.outcome is Outcome.WON:
        offered.insert(0, button(RoundItem, f"round:more:{round_.id}", result_text.MORE_BUTTON))
        offered.insert(0, button(RoundItem, f"round:next:{round_.id}", result_text.NEXT_BUTTON, MAIN))
    return rows(offered)


def _way_to_thread(board: Board) -> list[Item]:
    link = take_text.thread_link(board.brainstorm)
    if link is None or board.round.outcome is Outcome.THREAD_GONE:
        return []
    return [Row().add_item(ui.Button[ui.LayoutView](label=result_text.THREAD_BUTTON, url=link))]


def _colour(board: Board) -> discord.Colour:
    if board.round.outcome is Outcome.WON:
        return discord.Colour.gold()
    return discord.Colour.orange() if board.round.state is RoundState.UNDECIDED else discord.Colour.greyple()
