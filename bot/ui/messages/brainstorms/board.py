"""A round's board, and what whoever started it and moderators can do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord
from discord import SelectOption, ui

from bot.models.brainstorms import Outcome, RoundState
from bot.ui.components import RoundItem
from bot.ui.messages.brainstorms.parts import DANGER, IN_A_ROW, MAIN, Row, button, framed, rows, text
from bot.ui.text.brainstorms import boards as board_text
from bot.ui.text.brainstorms import results as result_text
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models.brainstorms import Board, BoardTake, Round
    from bot.ui.messages.brainstorms.parts import Item

_COLOURS = {
    RoundState.STARTING: discord.Colour.greyple(),
    RoundState.OPEN: discord.Colour.blurple(),
    RoundState.UNDECIDED: discord.Colour.orange(),
    RoundState.ENDED: discord.Colour.green(),
}


def board_view(board: Board, now: datetime, *, has_sheet: bool = False) -> ui.LayoutView:
    """Show a round as it stands, with buttons to vote.

    Args:
        has_sheet: a contact sheet is uploaded with it, as ``sheet_filename`` names it.
    """
    round_ = board.round
    items: list[Item] = [text(f"{take_text.round_title(board)}\n{board_text.state(board, now)}")]
    if has_sheet:
        items.append(ui.MediaGallery(_sheet(board)))
    if board.takes:
        items.append(text(board_text.take_lines(board)))
    items += rows([_vote(take, round_, now) for take in board.takes], IN_A_ROW)
    items += rows([button(RoundItem, f"round:manage:{round_.id}", board_text.MANAGE_BUTTON)])
    failed = [take for take in board.takes if take.has_failed]
    if failed and (round_.state is RoundState.OPEN or round_.outcome is Outcome.TOO_FEW):
        items.append(_failed_select(failed, round_))
    items.append(text(board_text.reference(round_.id)))
    return framed(items, _COLOURS[round_.state])


def sheet_filename(round_: Round) -> str:
    """Name the contact sheet that is uploaded with a board."""
    return f"brainstorm-{round_.id}.webp"


def manage_view(board: Board, now: datetime) -> ui.LayoutView:
    """Show what can be done with a round, to one member alone."""
    round_ = board.round
    buttons = [button(RoundItem, f"round:export:{round_.id}", result_text.EXPORT_BUTTON)]
    if round_.state is not RoundState.ENDED:
        buttons.insert(0, button(RoundItem, f"round:cancel:{round_.id}", board_text.CANCEL_BUTTON, DANGER))
    if round_.state is RoundState.OPEN:
        if round_.closes_at is not None and round_.vote.clock_seconds is not None:
            extend_id = f"round:extend:{round_.id}:{round_.clock_minutes}"
            buttons.insert(0, button(RoundItem, extend_id, board_text.EXTEND_BUTTON))
        buttons.insert(0, button(RoundItem, f"round:close:{round_.id}", board_text.CLOSE_BUTTON, MAIN))
    words = f"{take_text.round_title(board)}\n{board_text.state(board, now)}"
    return framed([text(words), *rows(buttons)], _COLOURS[round_.state])


def cancel_question_view(board: Board) -> ui.LayoutView:
    """Ask whether a round is to be cancelled."""
    yes = button(RoundItem, f"round:cancel_now:{board.round.id}", board_text.CONFIRM_CANCEL_BUTTON, DANGER)
    return framed([text(board_text.CANCEL_QUESTION), *rows([yes])], discord.Colour.red())


def _vote(take: BoardTake, round_: Round, now: datetime) -> Item:
    is_over = not round_.state.takes_votes or (round_.closes_at is not None and round_.closes_at <= now)
    custom_id, label = f"round:vote:{round_.id}:{take.number}", board_text.vote_button(take.number)
    return button(RoundItem, custom_id, label, disabled=is_over or not take.has_landed)


def _failed_select(failed: list[BoardTake], round_: Round) -> Item:
    options = [
        option
        for take in failed
        for option in (
            SelectOption(label=board_text.retry_option(take.number), value=f"retry:{take.number}"),
            SelectOption(
                label=board_text.reword_option(take.number),
                value=f"reword:{take.number}",
                description=board_text.REWORD_SAYS_WHY if take.job.hides_prompt else None,
            ),
        )
    ]
    custom_id = f"round:failed:{round_.id}"
    select = ui.Select[Any](custom_id=custom_id, placeholder=board_text.FAILED_SELECT, options=options)
    return Row().add_item(cast("Item", RoundItem(select)))


def _sheet(board: Board) -> discord.MediaGalleryItem:
    return discord.MediaGalleryItem(
        f"attachment://{sheet_filename(board.round)}",
        description=board_text.SHEET_ALT_TEXT,
        spoiler=any(take.job.is_spoiler for take in board.takes),
    )
