"""What was brainstormed in a server: in a list, and all of one to be taken away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import CannotFitError
from bot.models.brainstorms import RoundRefusal, RoundRefusedError
from bot.store.brainstorms import boards, records
from bot.store.clips import stills

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models.brainstorms import Board, BrainstormSummary
    from bot.services.brainstorms.voting import Presser
    from bot.services.clips.fitting import Media
    from bot.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainstormPage:
    """Some of a server's brainstorms, newest first; ``page`` counts from 1."""

    summaries: Sequence[BrainstormSummary]
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainstormExport:
    """All rounds of a brainstorm, and a contact sheet (WebP) of the one it was asked for in, where there can be one."""

    rounds: Sequence[Board]
    sheet: bytes | None


class BrainstormRecords:
    """Reads what was brainstormed; every method raises ``StoreUnavailableError`` when the database cannot be asked."""

    def __init__(self, *, database: Database, media: Media) -> None:
        self._database = database
        self._media = media

    async def page(self, guild_id: int, page: int, *, length: int) -> BrainstormPage:
        """Return a page of a server's brainstorms; the last one where there are fewer."""
        async with self._database.read() as connection:
            pages = max(1, math.ceil(await records.count(connection, guild_id) / length))
            page = min(max(1, page), pages)
            summaries = await records.list_page(connection, guild_id, limit=length, skip=(page - 1) * length)
        return BrainstormPage(summaries=summaries, page=page, pages=pages)

    async def export(self, round_id: str, presser: Presser) -> BrainstormExport:
        """Return all of the brainstorm that a round is of.

        Raises:
            RoundRefusedError: when there is no such round, or the presser neither started it nor is a moderator.
        """
        requester = presser.requester
        async with self._database.read() as connection:
            board = await boards.read(connection, round_id)
            if board is None or board.round.guild_id != requester.guild_id:
                raise RoundRefusedError(RoundRefusal.UNKNOWN)
            if not presser.is_moderator and requester.member_id not in {
                board.round.member_id,
                board.brainstorm.member_id,
            }:
                raise RoundRefusedError(RoundRefusal.NOT_STARTER)
            rounds = await records.list_boards(connection, board.brainstorm.id)
            found = await stills.get_many(connection, [take.job.id for take in board.landed])
        sheet = None
        if found:
            try:
                sheet = await self._media.make_contact_sheet(
                    [(take.number, found.get(take.job.id)) for take in board.takes]
                )
            except CannotFitError:
                sheet = None
        return BrainstormExport(rounds=rounds, sheet=sheet)
