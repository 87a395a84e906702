"""Brainstorming on a workshop: planning, starting, voting and letting takes arrive, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from bot.models import JobState
from bot.services.brainstorms.previews import Plan
from bot.services.brainstorms.rules import EDIT_EVERY
from bot.services.brainstorms.voting import Presser
from bot.store import tables
from bot.store.brainstorms import boards
from bot.store.brainstorms.touching import touch
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import MEMBER_ID, requester

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from bot.models import Requester
    from bot.models.brainstorms import Ballot, Board, PreviewStatus
    from bot.services.brainstorms.brainstorming import Brainstorming
    from bot.services.brainstorms.starting import Started
    from tests.support.simulated_threads import SimulatedThreads
    from tests.support.workshop import Process, Workshop

IDEA = "A fox in the {snow|rain|fog|sun}"


class Brainstorms:
    """A process, and what its members do."""

    def __init__(self, workshop: Workshop, process: Process | None = None) -> None:
        self.workshop = workshop
        self.process = process or workshop.start()
        self._interactions = 10_000

    @property
    def services(self) -> Brainstorming:
        return self.process.services.brainstorms

    @property
    def threads(self) -> SimulatedThreads:
        return self.workshop.threads

    @property
    def now(self) -> datetime:
        return self.services.now()

    def interaction_id(self) -> int:
        self._interactions += 1
        self.workshop.time.advance(0.001)  # ids that sort by time are of different moments
        return self._interactions

    def member(self, member_id: int = MEMBER_ID, channel_id: int = CHANNEL_ID, **fields: Any) -> Requester:  # noqa: ANN401
        return requester(member_id, **({"places": (channel_id,)} | fields))

    async def plan(self, who: Requester | None = None, **fields: Any) -> PreviewStatus:  # noqa: ANN401 (of ``Plan``)
        """Draw takes; ``fields`` are the plan's."""
        who = who or self.member()
        values: dict[str, Any] = {"channel_id": who.places[0], "idea": IDEA} | fields
        return await self.services.previews.make(Plan(interaction_id=self.interaction_id(), **values), who)

    async def press_start(
        self, status: PreviewStatus, who: Requester | None = None, *, count: int | None = None
    ) -> Started:
        """Press *Start* as it is shown, or as it was."""
        return await self.services.starter.start(
            status.preview.id,
            who or self.member(),
            revision=status.preview.revision,
            count=status.startable if count is None else count,
            interaction_id=self.interaction_id(),
            in_thread=False,
        )

    async def start(self, who: Requester | None = None, **fields: Any) -> Board:  # noqa: ANN401 (as above)
        """Plan and start a round; return it with thread and board, its takes not yet sent."""
        started = await self.press_start(await self.plan(who, **fields), who)
        await self.keep()
        return await self.board(started.round.id)

    async def keep(self) -> None:
        """Let the worker do what is due now."""
        await self.process.worker.tick()

    async def later(self, by: timedelta = EDIT_EVERY) -> None:
        """Let time go by, and do what is due then."""
        self.workshop.time.advance(by.total_seconds())
        await self.keep()

    async def board(self, round_id: str) -> Board:
        async with self.workshop.database.read() as connection:
            board = await boards.read(connection, round_id)
        assert board is not None
        return board

    async def land(self, round_id: str) -> Board:
        """Let everything that is on the way arrive or fail; return the round then."""
        for _ in range(300):
            board = await self.board(round_id)
            if all(take.is_finished for take in board.takes):
                await self.later()
                return await self.board(round_id)
            await self.process.worker.tick()
            self.workshop.advance_to_next(self.process, at_most=5.0)
        raise AssertionError(f"takes never landed: {[take.job.state for take in board.takes]}")

    async def arrive(self, round_id: str) -> Board:
        """Let all takes have arrived, by their rows alone: for tests of what comes then."""
        board, now = await self.board(round_id), self.now
        async with self.workshop.database.write() as connection:
            for take in board.takes:
                if not take.is_finished:
                    values = {"state": JobState.DELIVERED, "due_at": None, "finished_at": now}
                    posted = {"message_channel_id": board.brainstorm.thread_id, "message_id": 100 + take.number}
                    of_take = update(tables.jobs).where(tables.jobs.c.id == take.job.id)
                    await connection.execute(of_take.values(values | posted))
            await touch(connection, [round_id], now=now)
        await self.later()
        return await self.board(round_id)

    async def vote(self, round_id: str, number: int, who: Requester | int = MEMBER_ID) -> Ballot:
        voter = self.member(who) if isinstance(who, int) else who
        return await self.services.voting.vote(round_id, number, voter, interaction_id=self.interaction_id())

    def presser(self, member_id: int = MEMBER_ID, *, is_moderator: bool = False) -> Presser:
        return Presser(self.member(member_id), is_moderator)

    def shown(self, round_id: str) -> Board:
        """Return what a round's board shows."""
        return self.threads.boards[round_id][-1]

    async def states(self, round_id: str) -> list[JobState]:
        return [take.job.state for take in (await self.board(round_id)).takes]
