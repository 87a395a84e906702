"""A part that brainstorms: one member in a channel, from an idea to the winner of its latest round, and how that ends.

``check`` asks what must be true whatever was killed in between: one start message, one thread, one board and one clip
for each take, each charged and made once, no vote lost, and one card of how each vote came out, here and there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.support.discord_server import RouteKind
from tests.support.stage import COST_SECONDS, PATIENCE_SECONDS, Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.faults import FaultKind
    from bot.sandbox.toapis_server import Fault as ServiceFault
    from bot.sandbox.toapis_server import SandboxGeneration
    from tests.support.bot_process import BotProcess
    from tests.support.discord_server import Channel, Interaction, Member, Message, Request, Session, Thread
    from tests.support.discord_server import Fault as DiscordFault

TAKES = 2
WINNER = 2
"""The take that is voted for unless a scenario has others voted for."""
START, BOARD, RESULT = "-# brainstorm ", "-# round ", "-# result of round "
"""How the small lines begin of start messages, of boards, and of cards of how a vote came out."""


@dataclass(eq=False, kw_only=True)
class Brainstormer(Part):
    """One member with one brainstorm.

    Attributes:
        votes: who has voted for which take of the latest round, as it has to be in the end.
        winner: the take that has to win the latest round.
        rounds: how many rounds there have to be in the end.
        heard_by: the one bot that hears of this part; None is every bot that is connected, as Discord has it.
    """

    votes: dict[int, int] = field(default_factory=dict[int, int])
    winner: int = WINNER
    rounds: int = 1
    heard_by: BotProcess | None = None

    # Acting --------------------------------------------------------------------------------------

    async def ask(self, *, heard_by: BotProcess | None = None) -> Interaction:
        """Type ``/brainstorm``, and wait for the preview; from then on only ``heard_by`` hears of this part."""
        self.heard_by = heard_by
        server = self.stage.server
        idea = f"{self.prompt} {{by night|by day|by dawn}}"
        asked = await server.slash(
            self.channel, self.member, "brainstorm", {"idea": idea, "takes": TAKES}, session=self._sessions[0]
        )
        self._tell_others(asked)
        self.asked = asked
        await self.until(lambda: self.offers(asked, "preview:start:"))
        return asked

    async def begin(self, *, heard_by: BotProcess | None = None) -> Interaction:
        """Ask for takes and start them."""
        asked = await self.ask(heard_by=heard_by)
        return await self.use(asked.response, "preview:start:")

    async def use(self, message: Message, act: str, member: Member | None = None) -> Interaction:
        """Press the button of a message whose custom id begins so."""
        (custom_id,) = [known for known in message.custom_ids if known.startswith(act)]
        server = self.stage.server
        pressed = await server.press(message, custom_id, member or self.member, session=self._sessions[0])
        self._tell_others(pressed)
        return pressed

    async def vote(self, number: int, member: Member | None = None) -> Interaction:
        """Vote for a take on the board, as somebody who has not voted unless a member is given."""
        voter = member or self.add_voter()
        self.votes[voter.id] = number
        return await self.use(self.board(), f"round:vote:{self.round['id']}:{number}", voter)

    def add_voter(self) -> Member:
        """Let somebody else in."""
        server = self.stage.server
        return server.world.add_member(server.guild, f"voter {len(self.votes)} of {self.prompt}")

    async def close(self) -> Interaction:
        """End the vote, as the one who started it."""
        managed = await self.use(self.board(), "round:manage:")
        await self.until(lambda: self.offers(managed, "round:close:"))
        return await self.use(managed.response, "round:close:")

    async def decide(self) -> None:
        """Bring the latest round from wherever it is to its winner."""
        await self.takes_arrive()
        if self.round["state"] == "open":
            if not self.votes:
                voted = await self.vote(self.winner)
                await self.until(lambda: f"You chose {self.winner}" in voted.text)
            await self.close()
        card = await self.result_says("")
        if any(custom_id.startswith("round:choose:") for custom_id in card.custom_ids):
            await self.use(card, f"round:choose:{self.round['id']}:{self.winner}")

    async def begin_next(self) -> Interaction:
        """Start a round that goes on from the winner of the latest."""
        card = await self.result_says(f"**Take {self.winner} ")
        self.votes.clear()
        self.rounds += 1
        more = await self.use(card, "round:more:")
        await self.until(lambda: self.offers(more, "preview:start:"))
        return await self.use(more.response, "preview:start:")

    @property
    def _sessions(self) -> list[Session]:
        """The connections of those who hear what is asked and pressed: of all bots unless one was named."""
        if self.heard_by is None:
            return self.stage.server.sessions_of(self.channel)
        assert self.heard_by.session is not None, "a bot on the stage is connected"
        return [self.heard_by.session]

    def _tell_others(self, interaction: Interaction) -> None:
        server = self.stage.server
        for session in self._sessions[1:]:
            session.dispatch("INTERACTION_CREATE", interaction.payload(server.world, server.upload_limit_bytes))

    # Faults --------------------------------------------------------------------------------------

    def hold_here(self, kind: RouteKind, *, stored: bool, words: str = "", clip: bool = False) -> DiscordFault:
        """Hold the next request of that kind about the channel itself, with those words in it."""
        return self._hold(
            kind, lambda request: request.channel_id == self.channel.id, stored=stored, words=words, clip=clip
        )

    def hold_in_thread(self, kind: RouteKind, *, stored: bool, words: str = "", clip: bool = False) -> DiscordFault:
        """Hold the next about the thread; one that posts a take's clip, or one that doesn't."""
        return self._hold(
            kind, lambda request: request.channel_id != self.channel.id, stored=stored, words=words, clip=clip
        )

    def _hold(
        self,
        kind: RouteKind,
        is_there: Callable[[Request], bool],
        *,
        stored: bool,
        words: str,
        clip: bool,
    ) -> DiscordFault:
        def is_it(request: Request) -> bool:
            is_about = self.concerns(request) and is_there(request) and words in str(request.body)
            return is_about and clip == any(file.filename.endswith(".mp4") for file in request.uploads.values())

        return self.faults.hold(kind, stored=stored, where=is_it)

    def spoil(self, kind: FaultKind, fault: ServiceFault) -> None:
        """Let the next request to the video service about the first take go wrong."""
        getattr(self.stage.service.faults, kind).append(replace(fault, prompt=self.jobs[0]["prompt"]))

    # Seeing --------------------------------------------------------------------------------------

    @property
    def thread(self) -> Thread:
        """The one thread there must be."""
        (thread,) = self.stage.server.world.threads_in(self.channel)
        return thread

    @property
    def round(self) -> dict[str, Any]:
        """The latest round's row."""
        return self.round_rows[-1]

    @property
    def round_rows(self) -> list[dict[str, Any]]:
        """The rounds' rows, oldest first."""
        return self.stage.rows("SELECT * FROM rounds WHERE member_id = ? ORDER BY number", self.member.id)

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All takes' rows, oldest first."""
        return self.stage.rows("SELECT * FROM jobs WHERE member_id = ? ORDER BY id", self.member.id)

    @property
    def paid(self) -> list[SandboxGeneration]:
        """What the video service bills for all takes."""
        return [it for it in self.stage.service.generations.values() if it.prompt.startswith(f"{self.prompt} by ")]

    def answers(self, interaction: Interaction) -> list[Request]:
        """Find the first answers that bots have given, of which only one counts."""
        return [it for it in self.requests(RouteKind.CALLBACK) if it.ids["interaction"] == str(interaction.id)]

    def votes_of(self, round_id: str) -> dict[int, int]:
        """Who votes for which take of a round, as it is stored."""
        query = "SELECT member_id, number FROM votes WHERE round_id = ? AND is_counted"
        return {row["member_id"]: row["number"] for row in self.stage.rows(query, round_id)}

    def starts_here(self) -> list[Message]:
        """Find the messages that threads are made from."""
        return [message for message in self.channel.messages.values() if START in message.text]

    def boards(self, round_id: str) -> list[Message]:
        """Find a round's boards."""
        return [message for message in self._posts() if f"{BOARD}{round_id}" in message.text.splitlines()]

    def board(self) -> Message:
        """Return the latest round's one board."""
        (board,) = self.boards(self.round["id"])
        return board

    def results(self, place: Channel, round_id: str) -> list[Message]:
        """Find the cards in a place of how a round's vote came out."""
        return [message for message in place.messages.values() if f"{RESULT}{round_id}" in message.text]

    def clips(self) -> list[Message]:
        """Find the messages that carry takes."""
        return [message for message in self._posts() if any(it.startswith("clip:vote:") for it in message.custom_ids)]

    def _posts(self) -> list[Message]:
        return [post for thread in self.stage.server.world.threads_in(self.channel) for post in thread.posts]

    async def takes_arrive(self) -> None:
        """Wait until all takes of the latest round are there, and can be voted for on its board."""

        number = TAKES + (self.rounds > 1)

        def can_be_voted_for() -> bool:
            rows = self.round_rows
            if len(rows) < self.rounds or rows[-1]["state"] == "starting":
                return False
            buttons = [it for board in self.boards(rows[-1]["id"]) for it in board.custom_ids]
            return rows[-1]["state"] != "open" or sum(it.startswith("round:vote:") for it in buttons) == number

        await self.until(can_be_voted_for)

    async def until_paid(self, number: int) -> None:
        """Wait until the video service has accepted so many takes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.stage.service.until(lambda: len(self.paid) >= number)

    async def result_says(self, words: str) -> Message:
        """Wait until the thread's card of the latest vote says something."""

        def card() -> Message | None:
            cards = self.results(self.thread, self.round["id"])
            return next((card for card in cards if words in card.text), None)

        return await self.until(card)

    @staticmethod
    def offers(interaction: Interaction, act: str) -> bool:
        """Tell whether an answer has a button whose custom id begins so."""
        response = interaction.response
        return response is not None and any(it.startswith(act) for it in response.custom_ids)

    # How it ends ---------------------------------------------------------------------------------

    async def ends(self) -> None:
        """Go on to the winner from wherever it is, and wait until Discord shows it everywhere."""
        await self.decide()
        words = f"**Take {self.winner} "
        await self.until(
            lambda: (
                all(
                    any(words in card.text for card in self.results(place, self.round["id"]))
                    for place in (self.thread, self.channel)
                )
                and words in self.board().text
            )
        )

    async def check(self) -> None:
        """Check that the team, the database and the video service are left with one and the same brainstorm."""
        rows, jobs = self.round_rows, self.jobs
        assert [(row["state"], row["outcome"]) for row in rows] == [("ended", "won")] * self.rounds
        assert rows[-1]["winner_number"] == self.winner
        assert {(row["leased_to"], row["shown_outcome"]) for row in rows} == {(None, "won")}
        assert self.votes_of(rows[-1]["id"]) == self.votes, "votes"
        counted = self.stage.rows("SELECT number, votes FROM takes WHERE round_id = ? AND votes > 0", rows[-1]["id"])
        assert {row["number"]: row["votes"] for row in counted} == Counter(self.votes.values())
        made = TAKES * self.rounds
        assert [job["state"] for job in jobs] == ["delivered"] * made
        assert self.ledger == [("charge", COST_SECONDS)] * made
        assert sorted(it.client_business_id for it in self.paid) == sorted(job["id"] for job in jobs), "paid for once"
        for job in jobs:
            self.check_books(job["id"], [it for it in self.paid if it.client_business_id == job["id"]])
        assert len(self.starts_here()) == 1, "start messages"
        assert self.thread.id == self.starts_here()[0].id
        assert not self.starts_here()[0].pings
        files = Counter(file.filename for clip in self.clips() for file in clip.attachments)
        assert files == Counter(f"reelay-{job['id']}.mp4" for job in jobs), "clips"
        for row in rows:
            assert [board.id for board in self.boards(row["id"])] == [row["board_message_id"]]
            assert [card.id for card in self.results(self.thread, row["id"])] == [row["result_message_id"]]
            (there,) = self.results(self.channel, row["id"])
            assert there.id == row["channel_result_message_id"]
            assert not there.pings
            assert self.results(self.thread, row["id"])[0].pings == {self.member.id}
        assert len(self.thread.posts) == made + 2 * self.rounds, "nothing else in the thread"
        assert len(self.channel.messages) == 1 + self.rounds, "nothing else in the channel"
