"""What is left in the channel when Discord's answers about a card are lost: over real sockets, with one bot or two."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.errors import RulesChangingError
from bot.models import ClipLink, JobError, JobState
from bot.services.instance_name import InstanceName
from bot.services.jobs.leases import LeasedJobs
from bot.services.jobs.lost_cards import ANSWERED_SECONDS, LOOK_AGAIN_SECONDS
from bot.store import jobs as job_store
from bot.store import tables
from bot.ui import replies
from bot.ui.answering import attempts
from bot.ui.publisher import DiscordPublisher
from tests.support.community import NAME, NONCE, OWNER
from tests.support.connected_bot import all_handled, connected_bots
from tests.support.discord_server import DiscordServer, RouteKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from bot.models import Job
    from bot.services.admission.job_request import JobRequest
    from tests.support.connected_bot import ConnectedBot
    from tests.support.discord_server import Faults, Interaction, Message, Request, Session
    from tests.support.discord_server.model import Json

pytestmark = pytest.mark.slow

LONG = 99
"""More often than anything is tried."""


@dataclass(kw_only=True)
class Channel:
    """A channel in which one member asks, heard by some bots whose loops are driven by hand.

    Attributes:
        payloads: what the first bot heard of an interaction, by its id.
    """

    server: DiscordServer
    bots: list[ConnectedBot]
    payloads: dict[int, Json] = field(default_factory=dict[int, "Json"])

    @property
    def messages(self) -> list[Message]:
        """All that members see there, oldest first."""
        return list(self.server.clips.messages.values())

    @property
    def first(self) -> ConnectedBot:
        return self.bots[0]

    async def job(self) -> Job:
        async with self.first.database.read() as connection:
            [job_id] = (await connection.execute(select(tables.jobs.c.id))).scalars().all()
            job = await job_store.get(connection, job_id)
        assert job is not None
        return job

    async def ask(self, *, heard_by: int | None = None) -> Interaction:
        """Type ``/video``; every bot hears it, or so many, and has done with it when this returns."""
        session, *others = self.server.sessions[:heard_by]
        asked = await self.server.slash(
            self.server.clips, self.server.ada, "video", {"prompt": "A cat"}, session=session
        )
        await self.hears(asked, *others)
        return asked

    async def press(self, action: str, *, heard_by: int | None = None) -> Interaction:
        """Press a button of the one card, likewise."""
        [card] = self.messages
        [custom_id] = [known for known in card.custom_ids if known.startswith(f"job:{action}:")]
        session, *others = self.server.sessions[:heard_by]
        pressed = await self.server.press(card, custom_id, self.server.ada, session=session)
        await self.hears(pressed, *others)
        return pressed

    async def hears(self, interaction: Interaction, *sessions: Session) -> None:
        """Let further bots hear of an interaction, and wait until whoever has heard of it has done with it."""
        world = self.server.world
        payload = self.payloads.setdefault(interaction.id, interaction.payload(world, self.server.upload_limit_bytes))
        before = len(self._callbacks(interaction))
        for session in sessions:
            session.dispatch("INTERACTION_CREATE", payload)
        await world.wait_for(lambda _: len(self._callbacks(interaction)) >= max(1, before + len(sessions)))
        await all_handled()

    def _callbacks(self, interaction: Interaction) -> list[Request]:
        callbacks = self.server.world.requests_of(RouteKind.CALLBACK)
        return [request for request in callbacks if request.ids["token"] == interaction.token]

    async def after(self, seconds: float) -> None:
        """Let some time pass, and every bot look after its cards."""
        self.first.clock.time += timedelta(seconds=seconds)
        for each in self.bots:
            await each.reelay.card_updater.tick()

    async def deliver(self) -> None:
        """Let the clip arrive, and what is to be done after that be done."""
        job = await self.start()
        posted = await self._publisher.post_clip(job, ClipLink("https://files.example/x.mp4", None))
        await self._leased_jobs.deliver(job, channel_id=posted.channel_id, message_id=posted.message_id)
        await self.settle()

    async def fail(self) -> None:
        """Let the job fail, likewise."""
        await self._leased_jobs.fail(await self.start(), JobError.CONTENT_POLICY)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(12):
            for each in self.bots:
                await each.reelay.worker.tick()
            if (await self.job()).due_at is None:
                return
            await self.after(LOOK_AGAIN_SECONDS)
        raise AssertionError("the job's card was never settled")

    async def start(self) -> Job:
        now = self.first.clock.now()
        async with self.first.database.write() as connection:
            [job] = await job_store.start_next(
                connection, now=now, limit=1, owner=OWNER, lease_until=now, slots_since=now, in_flight=()
            )
        return job

    @property
    def _publisher(self) -> DiscordPublisher:
        return DiscordPublisher(client=self.first.bot, clock=self.first.clock, operator_channel_id=None)

    @property
    def _leased_jobs(self) -> LeasedJobs:
        audit_trail = self.first.bot.services.audit_trail
        return LeasedJobs(
            database=self.first.database,
            clock=self.first.clock,
            audit_trail=audit_trail,
            card_changes=self.first.reelay.card_changes,
            instance=InstanceName(NAME, nonce=NONCE),
        )

    def expect_one_card(self, words: str = "Waiting, next in line") -> Message:
        """Check that members see one card and nothing else."""
        [card] = self.messages
        assert (words in card.text, card.is_loading) == (True, False)
        return card

    def expect_clip_alone(self, job: Job) -> None:
        assert [message.id for message in self.messages] == [job.message_id]


@asynccontextmanager
async def channel_of(folder: Path, count: int) -> AsyncGenerator[Channel]:
    async with DiscordServer() as server, connected_bots(server, folder, count=count) as bots:
        yield Channel(server=server, bots=bots)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every answer be acknowledged first."""
    monkeypatch.setattr(replies, "ANSWER_WITHIN_SECONDS", 0)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSES_SECONDS", (0.0, 0.0))


def first_answer_is_lost(faults: Faults) -> None:
    faults.reset(RouteKind.CALLBACK, stored=True)
    faults.reset(RouteKind.CALLBACK, stored=False)
    faults.limit(RouteKind.EDIT_ANSWER, 1, via=False, times=LONG)


def first_answer_never_arrives(faults: Faults) -> None:
    faults.reset(RouteKind.CALLBACK, stored=False, times=LONG)


def edge_limits_all_answers(faults: Faults) -> None:
    faults.limit(RouteKind.CALLBACK, 1, via=False, times=LONG)
    faults.limit(RouteKind.EDIT_ANSWER, 1, via=False, times=LONG)


def every_edit_of_the_answer_is_reset(faults: Faults) -> None:
    faults.reset(RouteKind.EDIT_ANSWER, stored=False, times=LONG)


def edge_limits_every_edit_of_the_answer(faults: Faults) -> None:
    faults.limit(RouteKind.EDIT_ANSWER, 1, via=False, times=LONG)


def edits_of_the_answer_arrive_unheard(faults: Faults) -> None:
    faults.reset(RouteKind.EDIT_ANSWER, stored=True, times=LONG)


def card_of_its_own_arrives_unheard(faults: Faults) -> None:
    edge_limits_all_answers(faults)
    faults.reset(RouteKind.CREATE_MESSAGE, stored=True)


def thinking_cannot_be_deleted_at_once(faults: Faults) -> None:
    edge_limits_every_edit_of_the_answer(faults)
    faults.fail(RouteKind.DELETE_MESSAGE, 503, times=2)
    faults.limit(RouteKind.LIST_MESSAGES, 1, via=False)


LOST = [
    first_answer_is_lost,
    first_answer_never_arrives,
    edge_limits_all_answers,
    every_edit_of_the_answer_is_reset,
    edge_limits_every_edit_of_the_answer,
    edits_of_the_answer_arrive_unheard,
    card_of_its_own_arrives_unheard,
    thinking_cannot_be_deleted_at_once,
]


@pytest.mark.parametrize("count", [1, 2], ids=["one bot", "two bots"])
@pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "acknowledged first"])
@pytest.mark.parametrize("lost", LOST)
async def test_one_card_is_seen_and_then_the_clip_alone_when(
    tmp_path: Path, request: pytest.FixtureRequest, lost: Callable[[Faults], None], *, is_slow: bool, count: int
) -> None:
    if is_slow:
        request.getfixturevalue("slow")
    async with channel_of(tmp_path, count) as channel:
        lost(channel.server.faults)
        await channel.ask()
        for _ in range(4):
            await channel.after(LOOK_AGAIN_SECONDS)
        channel.expect_one_card()

        await channel.deliver()

        job = await channel.job()
        assert job.state is JobState.DELIVERED
        channel.expect_clip_alone(job)


@pytest.mark.parametrize("lost", [first_answer_is_lost, edge_limits_all_answers, edits_of_the_answer_arrive_unheard])
async def test_a_job_that_ends_before_its_card_was_looked_for_leaves_the_clip_alone(
    tmp_path: Path, lost: Callable[[Faults], None]
) -> None:
    async with channel_of(tmp_path, 2) as channel:
        lost(channel.server.faults)
        await channel.ask()

        await channel.deliver()

        channel.expect_clip_alone(await channel.job())


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("lost", LOST)
async def test_a_failure_is_said_on_one_card_whatever_was_lost(tmp_path: Path, lost: Callable[[Faults], None]) -> None:
    async with channel_of(tmp_path, 1) as channel:
        lost(channel.server.faults)
        await channel.ask()

        await channel.fail()

        [card, told] = channel.messages
        assert ("No clip this time" in card.text, card.is_loading) == (True, False)
        assert (told.pings, card.pings) == ({channel.server.ada.id}, set())
        job = await channel.job()
        assert (job.status_message_id, job.failure_message_id) == (card.id, told.id)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("lost", LOST)
async def test_the_next_process_finds_what_a_killed_one_left(tmp_path: Path, lost: Callable[[Faults], None]) -> None:
    async with channel_of(tmp_path, 2) as channel:
        lost(channel.server.faults)
        await channel.ask(heard_by=1)
        channel.bots = channel.bots[1:]
        channel.first.reelay.card_changes.touch_queue()  # as at each start

        for _ in range(4):
            await channel.after(LOOK_AGAIN_SECONDS)
        channel.expect_one_card()
        await channel.deliver()

        channel.expect_clip_alone(await channel.job())


async def test_a_first_answer_that_may_still_come_is_waited_for(tmp_path: Path) -> None:
    async with channel_of(tmp_path, 1) as channel:
        edge_limits_all_answers(channel.server.faults)
        await channel.ask()

        await channel.after(ANSWERED_SECONDS - 1)
        assert channel.messages == []
        await channel.after(1)

        channel.expect_one_card()


def answer_is_there_though_it_is_refused(faults: Faults) -> None:
    faults.fail(RouteKind.CALLBACK, 400, code=40060, stored=True)  # as after a 500 that the library tries again


def first_try_of_the_answer_never_arrives(faults: Faults) -> None:
    faults.reset(RouteKind.CALLBACK, stored=False)


def first_edit_of_the_answer_is_limited(faults: Faults) -> None:
    faults.reset(RouteKind.CALLBACK, stored=True)
    faults.limit(RouteKind.EDIT_ANSWER, 1, via=False)


@pytest.mark.parametrize(
    "lost",
    [answer_is_there_though_it_is_refused, first_try_of_the_answer_never_arrives, first_edit_of_the_answer_is_limited],
)
async def test_the_answer_itself_is_known_at_once_where_one_more_try_will_do(
    tmp_path: Path, lost: Callable[[Faults], None]
) -> None:
    async with channel_of(tmp_path, 1) as channel:
        lost(channel.server.faults)
        asked = await channel.ask()

        card = channel.expect_one_card()
        assert asked.response is card
        assert (await channel.job()).status_message_id == card.id


async def test_a_job_whose_answer_is_too_late_only_at_a_second_try_goes_on(tmp_path: Path) -> None:
    async with channel_of(tmp_path, 1) as channel:
        channel.server.faults.reset(RouteKind.CALLBACK, stored=False)
        channel.server.faults.fail(RouteKind.CALLBACK, 404, code=10062)
        await channel.ask()
        await channel.after(ANSWERED_SECONDS)

        channel.expect_one_card()
        assert (await channel.job()).state is JobState.QUEUED


@pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "acknowledged first"])
async def test_a_process_that_is_too_late_leaves_a_job_alone_that_another_has_answered(
    tmp_path: Path, request: pytest.FixtureRequest, *, is_slow: bool
) -> None:
    if is_slow:
        request.getfixturevalue("slow")
    async with channel_of(tmp_path, 2) as channel:
        channel.server.faults.fail(RouteKind.CALLBACK, 404, code=10062)
        asked = await channel.ask(heard_by=1)
        await channel.hears(asked, channel.server.sessions[1])
        await channel.first.reelay.worker._claim(channel.first.clock.now())

        assert (await channel.job()).state is not JobState.CANCELLED
        channel.expect_one_card()


async def test_a_job_of_which_both_processes_heard_too_late_is_withdrawn(tmp_path: Path) -> None:
    async with channel_of(tmp_path, 2) as channel:
        channel.server.faults.fail(RouteKind.CALLBACK, 404, code=10062, times=2)
        await channel.ask()
        for each in channel.bots:
            await each.reelay.worker.tick()

        job = await channel.job()
        assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.UNHEARD)


@pytest.mark.usefixtures("slow")
async def test_thinking_of_a_refusal_goes_though_discord_does_not_take_that_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with channel_of(tmp_path, 1) as channel:

        async def refuse(_: JobRequest) -> None:
            await channel.server.wait_for(lambda world: world.requests_of(RouteKind.CALLBACK))
            raise RulesChangingError

        monkeypatch.setattr(channel.first.bot.services.jobs, "accept_held", refuse)
        faults = channel.server.faults
        faults.limit(RouteKind.EDIT_ANSWER, 1, via=False)
        faults.reset(RouteKind.EDIT_ANSWER, stored=False)
        faults.limit(RouteKind.DELETE_ANSWER, 1, via=False)
        faults.reset(RouteKind.DELETE_ANSWER, stored=False)
        asked = await channel.ask()

        assert channel.messages == []
        [refusal] = asked.follow_ups
        assert refusal.is_ephemeral


@pytest.mark.usefixtures("slow")
async def test_thinking_of_a_refusal_goes_though_discord_takes_nothing_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "LAST_PAUSE_SECONDS", 0.0)
    async with channel_of(tmp_path, 1) as channel:

        async def refuse(_: JobRequest) -> None:
            await channel.server.wait_for(lambda world: world.requests_of(RouteKind.CALLBACK))
            raise RulesChangingError

        monkeypatch.setattr(channel.first.bot.services.jobs, "accept_held", refuse)
        channel.server.faults.limit(RouteKind.EDIT_ANSWER, 1, via=False, times=LONG)
        asked = await channel.ask()

        assert channel.messages == []
        [refusal] = asked.follow_ups
        assert refusal.is_ephemeral


@pytest.mark.parametrize("is_stored", [False, True], ids=["it did not arrive", "it did"])
async def test_a_refusal_is_said_once_though_its_answer_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_stored: bool
) -> None:
    async with channel_of(tmp_path, 1) as channel:

        async def refuse(_: JobRequest) -> None:
            raise RulesChangingError

        monkeypatch.setattr(channel.first.bot.services.jobs, "accept_held", refuse)
        channel.server.faults.reset(RouteKind.CALLBACK, stored=is_stored)
        asked = await channel.ask()

        assert asked.response is not None
        assert (asked.response.is_ephemeral, asked.follow_ups) == (True, [])


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("is_stored", [False, True], ids=["it did not arrive", "it did"])
async def test_an_answer_to_the_member_alone_takes_the_place_of_thinking_though_it_is_lost_at_first(
    tmp_path: Path, *, is_stored: bool
) -> None:
    async with channel_of(tmp_path, 1) as channel:
        channel.server.faults.reset(RouteKind.EDIT_ANSWER, stored=is_stored)
        channel.server.faults.limit(RouteKind.EDIT_ANSWER, 1, via=False)
        channel.server.faults.limit(RouteKind.FOLLOW_UP, 1, via=False)
        asked = await channel.server.slash(channel.server.clips, channel.server.mia, "moderate quota clear")
        await channel.hears(asked)

        assert asked.response is not None
        assert (asked.response.is_loading, asked.response.is_ephemeral, asked.follow_ups) == (False, True, [])


async def log_card_of_clip(channel: Channel) -> Message:
    """Have a clip posted, and its card in the moderators' log."""
    server, services = channel.server, channel.first.bot.services
    await services.servers.set_log_channel(server.guild.id, server.brainstorm.id, set_by_id=server.mia.id)
    await channel.ask()
    await channel.deliver()
    while await channel.first.reelay.modlog.tick() is not None:
        pass
    return next(reversed(server.brainstorm.messages.values()))


def button(card: Message, action: str) -> str:
    return next(custom_id for custom_id in card.custom_ids if custom_id.startswith(f"log:{action}:"))


def first_answer_to_the_press_never_arrives(faults: Faults) -> None:
    faults.reset(RouteKind.CALLBACK, stored=False)


def answer_to_the_press_is_lost(faults: Faults) -> None:
    faults.reset(RouteKind.CALLBACK, stored=True)


def press_is_never_answered(faults: Faults) -> None:
    faults.limit(RouteKind.CALLBACK, 1, via=False, times=LONG)


def card_is_not_redrawn(faults: Faults) -> None:
    faults.reset(RouteKind.CALLBACK, stored=True)
    faults.limit(RouteKind.EDIT_ANSWER, 1, via=False, times=LONG)


def nothing(_: Faults) -> None:
    """Go wrong in no way."""


@pytest.mark.parametrize("count", [1, 2], ids=["one bot", "two bots"])
@pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "acknowledged first"])
@pytest.mark.parametrize("lost", [nothing, answer_to_the_press_is_lost, press_is_never_answered, card_is_not_redrawn])
async def test_cancel_says_nothing_but_that_it_is_cancelled_when(
    tmp_path: Path, request: pytest.FixtureRequest, lost: Callable[[Faults], None], *, is_slow: bool, count: int
) -> None:
    async with channel_of(tmp_path, count) as channel:
        await channel.ask()
        if is_slow:
            request.getfixturevalue("slow")
        lost(channel.server.faults)
        pressed = await channel.press("cancel")
        channel.server.faults.clear()
        await channel.after(LOOK_AGAIN_SECONDS)
        await channel.settle()

        assert (await channel.job()).state is JobState.CANCELLED
        assert not pressed.follow_ups
        assert not pressed.is_ephemeral
        channel.expect_one_card("Cancelled")


@pytest.mark.usefixtures("slow")
async def test_the_question_whether_to_discard_is_never_put_in_the_place_of_the_card(tmp_path: Path) -> None:
    async with channel_of(tmp_path, 1) as channel:
        await channel.ask()
        await channel.start()
        channel.server.faults.reset(RouteKind.CALLBACK, stored=True)
        pressed = await channel.press("cancel")

        channel.expect_one_card()
        [question] = pressed.follow_ups
        assert question.is_ephemeral


@pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "acknowledged first"])
async def test_the_second_process_logs_nothing_of_what_the_first_has_answered(
    tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, *, is_slow: bool
) -> None:
    if is_slow:
        request.getfixturevalue("slow")
    caplog.set_level("INFO")
    async with channel_of(tmp_path, 2) as channel:
        [_, second] = channel.server.sessions
        asked = await channel.ask(heard_by=1)
        caplog.clear()
        await channel.hears(asked, second)
        await channel.after(LOOK_AGAIN_SECONDS)
        channel.expect_one_card()
        assert caplog.messages == []

        pressed = await channel.press("cancel", heard_by=1)
        caplog.clear()
        await channel.hears(pressed, second)
        assert caplog.messages == []


@pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "acknowledged first"])
@pytest.mark.parametrize("lost", [first_answer_to_the_press_never_arrives, answer_to_the_press_is_lost])
async def test_what_a_button_of_a_log_card_does_is_shown_on_it_when(
    tmp_path: Path, request: pytest.FixtureRequest, lost: Callable[[Faults], None], *, is_slow: bool
) -> None:
    async with channel_of(tmp_path, 1) as channel:
        card = await log_card_of_clip(channel)
        if is_slow:
            request.getfixturevalue("slow")
        asked = await channel.server.press(card, button(card, "remove"), channel.server.mia)
        await channel.hears(asked)
        lost(channel.server.faults)
        pressed = await channel.server.submit(asked)
        await channel.hears(pressed)

        assert f"**Removed** by {channel.server.mia.mention}" in card.text
        assert (channel.messages, pressed.follow_ups) == ([], [])


@pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "acknowledged first"])
async def test_a_log_card_stays_where_somebody_was_quicker_and_the_answer_is_lost(
    tmp_path: Path, request: pytest.FixtureRequest, *, is_slow: bool
) -> None:
    async with channel_of(tmp_path, 1) as channel:
        card, server = await log_card_of_clip(channel), channel.server
        job = await channel.job()
        remove = channel.first.bot.services.jobs.remove_clip
        await remove(job.id, guild_id=server.guild.id, removed_by_id=server.ben.id, refunds=False)
        if is_slow:
            request.getfixturevalue("slow")
        server.faults.reset(RouteKind.CALLBACK, stored=True)
        pressed = await server.press(card, button(card, "remove"), server.mia)
        await channel.hears(pressed)

        assert not card.is_deleted
        assert f"**Removed** by {server.ben.mention}" in card.text
        [refusal] = pressed.follow_ups
        assert refusal.is_ephemeral
