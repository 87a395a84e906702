"""Brainstorms' threads as the services see them, in memory: it keeps what it is given and fails on request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.simulated_discord import Trouble

if TYPE_CHECKING:
    from bot.models.brainstorms import Board

THREAD_IDS_FROM, BOARD_IDS_FROM, RESULT_IDS_FROM = 7000, 8000, 9000


@dataclass
class SimulatedThreads:
    """A ``BrainstormPublisher`` that keeps what it is given, drops repeated nonces and fails on request.

    Attributes:
        starts: start messages by their brainstorm's id; the thread made from one has the message's id.
        threads: those that were made.
        boards: what each board has shown, by its round's id; sheets: the picture with each.
        results: what each result card has shown, by its round's id and channel.
        mentions: whoever was mentioned, in order.
        deleted_boards: rounds whose boards somebody has deleted.
    """

    starts: dict[str, int] = field(default_factory=dict[str, int])
    threads: list[int] = field(default_factory=list[int])
    board_ids: dict[str, int] = field(default_factory=dict[str, int])
    boards: dict[str, list[Board]] = field(default_factory=dict[str, "list[Board]"])
    sheets: dict[str, list[bytes | None]] = field(default_factory=dict[str, "list[bytes | None]"])
    results: dict[tuple[str, int], list[Board]] = field(default_factory=dict[tuple[str, int], "list[Board]"])
    mentions: list[int] = field(default_factory=list[int])
    deleted_boards: set[str] = field(default_factory=set[str])
    troubles: dict[str, deque[Trouble]] = field(default_factory=dict[str, deque[Trouble]])

    def fail(self, method: str, *errors: Exception, after: bool = False) -> None:
        """Let the next calls of a method fail, one error each."""
        self.troubles.setdefault(method, deque()).extend(Trouble(error, after) for error in errors)

    def fail_always(self, method: str, error: Exception) -> None:
        """Let all calls of a method fail."""
        self.fail(method, *[error] * 1000)

    async def find_start(self, board: Board) -> int | None:
        self._trouble("find_start")
        return self.starts.get(board.brainstorm.id)

    async def post_start(self, board: Board) -> int:
        self._trouble("post_start")
        message_id = self.starts.setdefault(board.brainstorm.id, THREAD_IDS_FROM + len(self.starts))
        self._trouble("post_start", after=True)
        return message_id

    async def open_thread(self, board: Board, message_id: int) -> int:
        self._trouble("open_thread")
        if message_id not in self.threads:
            self.threads.append(message_id)
        self._trouble("open_thread", after=True)
        return message_id

    async def find_board(self, board: Board) -> int | None:
        self._trouble("find_board")
        return None if board.round.id in self.deleted_boards else self.board_ids.get(board.round.id)

    async def post_board(self, board: Board, sheet: bytes | None) -> int:
        self._trouble("post_board")
        round_id = board.round.id
        if round_id in self.deleted_boards:
            self.deleted_boards.discard(round_id)
            del self.board_ids[round_id]
        self.board_ids.setdefault(round_id, BOARD_IDS_FROM + sum(map(len, self.boards.values())))
        self._keep(board, sheet)
        self._trouble("post_board", after=True)
        return self.board_ids[round_id]

    async def show_board(self, board: Board, sheet: bytes | None) -> bool:
        self._trouble("show_board")
        if board.round.id in self.deleted_boards:
            return False
        self._keep(board, sheet)
        self._trouble("show_board", after=True)
        return True

    async def find_result(self, board: Board, channel_id: int) -> int | None:
        self._trouble("find_result")
        return RESULT_IDS_FROM + channel_id if (board.round.id, channel_id) in self.results else None

    async def post_result(self, board: Board, channel_id: int, *, is_mentioned: bool) -> int:
        self._trouble("post_result")
        key = (board.round.id, channel_id)
        if key not in self.results:
            self.mentions += [board.round.member_id] * is_mentioned
            self.results[key] = [board]
        self._trouble("post_result", after=True)
        return RESULT_IDS_FROM + channel_id

    async def show_result(self, board: Board, channel_id: int, message_id: int) -> bool:
        self._trouble("show_result")
        self.results[board.round.id, channel_id].append(board)
        self._trouble("show_result", after=True)
        return True

    def _keep(self, board: Board, sheet: bytes | None) -> None:
        self.boards.setdefault(board.round.id, []).append(board)
        self.sheets.setdefault(board.round.id, []).append(sheet)

    def _trouble(self, method: str, *, after: bool = False) -> None:
        waiting = self.troubles.get(method)
        if waiting and waiting[0].after == after:
            raise waiting.popleft().error
