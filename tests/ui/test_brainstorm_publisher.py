"""Brainstorms in threads over real HTTP: what is posted once, found, edited, and made of Discord's refusals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.errors import DestinationClosedError, PublishUnavailableError
from bot.models.brainstorms import Outcome, RoundState
from bot.ui.brainstorm_publisher import DiscordBrainstormPublisher
from tests.support.brainstorms import make_board, make_brainstorm, make_take
from tests.support.community import GivenClock
from tests.support.connected_bot import connected_bot
from tests.support.discord_server import BOT_PERMISSIONS, DiscordServer, RouteKind, Thread
from tests.support.openapi import OPENAPI, needs_openapi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.models.brainstorms import Board
    from tests.support.discord_server import Channel, Message

SHEET, OTHER_SHEET = b"RIFF0000WEBP", b"RIFF1111WEBP"
SILENT = 1 << 12
LOCKED, ARCHIVED_AND_LOCKED, DELETED, CLOSED = "locked", "archived and locked", "deleted", "closed to the bot"


@dataclass(frozen=True, kw_only=True)
class Team:
    """A channel in which ada brainstorms, and what the bot puts there."""

    server: DiscordServer
    publisher: DiscordBrainstormPublisher

    def board(self, *, start_id: int | None = None, thread_id: int | None = None, **fields: Any) -> Board:  # noqa: ANN401 (of a round)
        """Return her round as it stands, with two takes that are there."""
        place = {"guild_id": self.server.guild.id, "member_id": self.server.ada.id}
        moment = discord.utils.snowflake_time(self.server.guild.id)
        made = make_board([make_take(1, votes=1), make_take(2)], **({"created_at": moment} | place | fields))
        brainstorm = make_brainstorm(
            **place,
            channel_id=self.server.clips.id,
            created_at=moment,
            start_message_id=start_id,
            thread_id=thread_id,
        )
        return replace(made, brainstorm=brainstorm)

    async def opened(self, **fields: Any) -> Board:  # noqa: ANN401 (of a round)
        """Return the same with a start message and a thread."""
        start_id = await self.publisher.post_start(self.board())
        return self.board(
            start_id=start_id, thread_id=await self.publisher.open_thread(self.board(), start_id), **fields
        )

    async def shown(self, **fields: Any) -> Board:  # noqa: ANN401 (of a round)
        """Return the same with a board."""
        board = await self.opened()
        return self.changed(board, board_message_id=await self.publisher.post_board(board, SHEET), **fields)

    @staticmethod
    def changed(board: Board, **fields: Any) -> Board:  # noqa: ANN401 (of a round)
        return replace(board, round=replace(board.round, **fields))

    def thread(self) -> Thread:
        """Return the one thread there is."""
        [thread] = self.server.world.threads_in(self.server.clips)
        return thread

    def message(self, channel: Channel, message_id: int | None) -> Message:
        return channel.messages[message_id or 0]

    def close(self, how: str) -> None:
        """Do to the thread what a moderator may."""
        world, thread = self.server.world, self.thread()
        if how == DELETED:
            world.delete_channel(thread)
        elif how == CLOSED:
            world.set_app_permissions(self.server.clips, discord.Permissions.none())
        else:
            world.update_thread(thread, by=self.server.mia.user, is_locked=True, is_archived=how == ARCHIVED_AND_LOCKED)

    def bodies(self, kind: RouteKind) -> list[Any]:
        """Return what was sent, oldest first."""
        return [request.body for request in self.server.world.requests_of(kind)]


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    async with DiscordServer(keep_uploads=True) as server, connected_bot(server, tmp_path) as bot:
        yield Team(server=server, publisher=DiscordBrainstormPublisher(client=bot, clock=GivenClock()))


# The start message and its thread ------------------------------------------------------------------


async def test_the_start_message_is_posted_once_however_often_it_is_asked_for(team: Team) -> None:
    board = team.board()
    assert await team.publisher.find_start(board) is None

    posted = await team.publisher.post_start(board)

    assert await team.publisher.post_start(board) == posted == await team.publisher.find_start(board)
    assert list(team.server.clips.messages) == [posted]
    for body in team.bodies(RouteKind.CREATE_MESSAGE):
        assert (body["nonce"], body["enforce_nonce"]) == (f"start{board.brainstorm.id}", True)
        assert body["flags"] & SILENT


async def test_the_start_message_names_the_starter_and_notifies_nobody(team: Team) -> None:
    board = team.board(idea="@everyone look, <@&1>")

    message = team.message(team.server.clips, await team.publisher.post_start(board))

    assert team.server.ada.mention in message.text
    assert message.pings == set()


async def test_the_start_message_of_another_brainstorm_is_not_taken_for_it(team: Team) -> None:
    board = team.board()
    await team.publisher.post_start(board)
    other = replace(board, brainstorm=replace(board.brainstorm, id="01another0000000"))

    assert await team.publisher.find_start(other) is None


async def test_the_thread_is_made_once_from_the_start_message_and_has_its_id(team: Team) -> None:
    board = team.board()
    start_id = await team.publisher.post_start(board)

    opened = [await team.publisher.open_thread(board, start_id) for _ in range(2)]

    thread = team.thread()
    assert opened == [start_id, start_id] == [thread.id, thread.id]
    assert (thread.name, thread.auto_archive_minutes) == ("A fox", 7 * 24 * 60)


async def test_a_thread_whose_answer_was_lost_is_there_at_the_next_try(team: Team) -> None:
    board = team.board()
    start_id = await team.publisher.post_start(board)
    team.server.faults.reset(RouteKind.CREATE_THREAD, stored=True)

    with pytest.raises(PublishUnavailableError):
        await team.publisher.open_thread(board, start_id)

    assert await team.publisher.open_thread(board, start_id) == team.thread().id


async def test_where_no_thread_may_be_made_the_place_is_closed(team: Team) -> None:
    start_id = await team.publisher.post_start(team.board())
    allowed = discord.Permissions(BOT_PERMISSIONS.value)
    allowed.update(create_public_threads=False)
    team.server.world.set_app_permissions(team.server.clips, allowed)

    with pytest.raises(DestinationClosedError):
        await team.publisher.open_thread(team.board(), start_id)


async def test_a_start_message_that_was_deleted_closes_the_place(team: Team) -> None:
    start_id = await team.publisher.post_start(team.board())
    team.server.world.delete(team.message(team.server.clips, start_id))

    with pytest.raises(DestinationClosedError):
        await team.publisher.open_thread(team.board(), start_id)


async def test_a_server_that_has_not_come_yet_is_waited_for(team: Team) -> None:
    board = team.board()
    start_id = await team.publisher.post_start(board)
    elsewhere = replace(board, brainstorm=replace(board.brainstorm, guild_id=4711))

    with pytest.raises(PublishUnavailableError):
        await team.publisher.open_thread(elsewhere, start_id)


# The board -----------------------------------------------------------------------------------------


async def test_the_board_is_posted_once_silently_and_found_again(team: Team) -> None:
    board = await team.opened()
    assert await team.publisher.find_board(board) is None

    posted = [await team.publisher.post_board(board, SHEET) for _ in range(2)]

    [message] = team.thread().posts
    assert [*posted, await team.publisher.find_board(board)] == [message.id] * 3
    assert [file.content for file in message.attachments] == [SHEET]
    assert message.flags & SILENT
    assert message.pings == set()


async def test_an_edit_of_the_board_replaces_its_contact_sheet(team: Team) -> None:
    board = await team.shown(state=RoundState.OPEN)

    assert await team.publisher.show_board(board, OTHER_SHEET)
    [message] = team.thread().posts
    assert [file.content for file in message.attachments] == [OTHER_SHEET]

    assert await team.publisher.show_board(board, None)
    assert message.attachments == []
    assert message.edits == 2


async def test_a_board_that_was_deleted_is_said_to_be_gone_and_can_be_posted_anew(team: Team) -> None:
    board = await team.shown()
    team.server.world.delete(team.message(team.thread(), board.round.board_message_id))

    assert not await team.publisher.show_board(board, SHEET)
    assert await team.publisher.find_board(board) is None
    posted = [await team.publisher.post_board(board, SHEET) for _ in range(2)]

    [message] = team.thread().posts
    assert posted == [message.id] * 2


async def test_an_archived_thread_is_opened_again_before_its_board_is_edited(team: Team) -> None:
    board = await team.shown()
    team.server.world.update_thread(team.thread(), by=team.server.mia.user, is_archived=True)

    assert await team.publisher.show_board(board, OTHER_SHEET)

    assert not team.thread().is_archived
    assert team.bodies(RouteKind.EDIT_CHANNEL) == [{"archived": False}]
    [message] = team.thread().posts
    assert [file.content for file in message.attachments] == [OTHER_SHEET]


@pytest.mark.slow
@pytest.mark.parametrize("how", [LOCKED, ARCHIVED_AND_LOCKED, DELETED, CLOSED])
async def test_in_a_thread_that_is_closed_nothing_is_posted_or_edited(team: Team, how: str) -> None:
    board = await team.shown()
    board = team.changed(
        board, result_message_id=await team.publisher.post_result(board, team.thread().id, is_mentioned=False)
    )
    thread_id = team.thread().id
    team.close(how)

    for asking in (
        team.publisher.show_board(board, SHEET),
        team.publisher.post_board(team.changed(board, board_message_id=1), SHEET),
        team.publisher.show_result(board, thread_id, board.round.result_message_id or 0),
        team.publisher.post_result(team.changed(board, result_message_id=1), thread_id, is_mentioned=True),
    ):
        with pytest.raises(DestinationClosedError):
            await asking


@pytest.mark.parametrize(("status", "code"), [(400, 30046), (503, 0)])
async def test_an_edit_that_discord_does_not_take_just_now_is_put_off(team: Team, status: int, code: int) -> None:
    board = await team.shown()
    team.server.faults.fail(RouteKind.EDIT_MESSAGE, status, code=code, times=2)

    with pytest.raises(PublishUnavailableError):
        await team.publisher.show_board(board, SHEET)
    with pytest.raises(PublishUnavailableError):
        await team.publisher.show_result(board, team.thread().id, board.round.board_message_id or 0)


# How the vote came out -----------------------------------------------------------------------------


async def test_a_result_notifies_the_starter_alone_and_an_edit_of_it_nobody(team: Team) -> None:
    board = await team.shown(state=RoundState.UNDECIDED, outcome=Outcome.TIED, idea="<@1> @everyone")
    thread = team.thread()

    posted = [await team.publisher.post_result(board, thread.id, is_mentioned=True) for _ in range(2)]

    card = team.message(thread, posted[0])
    assert [*posted, await team.publisher.find_result(board, thread.id)] == [card.id] * 3
    assert card.pings == {team.server.ada.id}
    assert not card.flags & SILENT
    won = team.changed(board, state=RoundState.ENDED, outcome=Outcome.WON, winner_number=1)
    assert await team.publisher.show_result(won, thread.id, card.id)
    assert "Take 1" in card.text
    assert team.bodies(RouteKind.EDIT_MESSAGE)[-1]["allowed_mentions"] == {"parse": []}


async def test_where_the_brainstorm_was_started_the_result_leads_to_the_thread_and_notifies_nobody(team: Team) -> None:
    board = await team.shown(state=RoundState.ENDED, outcome=Outcome.WON, winner_number=1)
    channel = team.server.clips

    posted = await team.publisher.post_result(board, channel.id, is_mentioned=False)

    card = team.message(channel, posted)
    assert card.pings == set()
    assert str(team.thread().id) in str(card.components)
    assert await team.publisher.find_result(board, channel.id) == posted
    assert await team.publisher.find_result(board, team.thread().id) is None


async def test_the_results_in_the_thread_and_in_the_channel_are_two_messages(team: Team) -> None:
    board = await team.shown(state=RoundState.ENDED, outcome=Outcome.WON, winner_number=1)

    here = await team.publisher.post_result(board, team.thread().id, is_mentioned=True)
    there = await team.publisher.post_result(board, team.server.clips.id, is_mentioned=False)

    assert here in team.thread().messages
    assert there in team.server.clips.messages
    nonces = [body["nonce"] for body in team.bodies(RouteKind.CREATE_MESSAGE)]
    assert len(set(nonces)) == len(nonces)
    assert max(map(len, nonces)) <= 25


async def test_a_result_has_its_winners_still(team: Team) -> None:
    board = await team.shown(state=RoundState.ENDED, outcome=Outcome.WON, winner_number=1)
    board = replace(board, takes=[replace(board.takes[0], still=SHEET), board.takes[1]])

    card = team.message(team.thread(), await team.publisher.post_result(board, team.thread().id, is_mentioned=True))

    assert [file.content for file in card.attachments] == [SHEET]


async def test_a_result_that_was_deleted_is_said_to_be_gone_and_can_be_posted_anew(team: Team) -> None:
    board = await team.shown(state=RoundState.UNDECIDED, outcome=Outcome.TIED)
    thread = team.thread()
    gone = await team.publisher.post_result(board, thread.id, is_mentioned=True)
    team.server.world.delete(team.message(thread, gone))
    board = team.changed(board, result_message_id=gone)

    assert not await team.publisher.show_result(board, thread.id, gone)
    posted = [await team.publisher.post_result(board, thread.id, is_mentioned=False) for _ in range(2)]

    assert posted == [team.message(thread, posted[0]).id] * 2
    assert team.message(thread, posted[0]).pings == set()


async def test_what_others_write_is_taken_for_none_of_these(team: Team) -> None:
    board = await team.opened()
    for line in (f"-# brainstorm {board.brainstorm.id}", f"-# round {board.round.id}"):
        team.server.reply(team.thread(), team.server.ben, line)
    team.server.reply(team.thread(), team.server.ben, f"-# result of round {board.round.id}")

    assert await team.publisher.find_board(board) is None
    assert await team.publisher.find_result(board, team.thread().id) is None


# Discord's own description ------------------------------------------------------------------------


@needs_openapi
async def test_all_that_is_sent_fits_discords_own_description(tmp_path: Path) -> None:
    async with DiscordServer(openapi=OPENAPI) as server, connected_bot(server, tmp_path) as bot:
        team = Team(server=server, publisher=DiscordBrainstormPublisher(client=bot, clock=GivenClock()))
        board = await team.shown(state=RoundState.UNDECIDED, outcome=Outcome.TIED)
        assert await team.publisher.show_board(board, SHEET)
        server.world.update_thread(team.thread(), by=server.mia.user, is_archived=True)
        assert await team.publisher.show_board(board, None)
        card = await team.publisher.post_result(board, team.thread().id, is_mentioned=True)
        won = team.changed(board, state=RoundState.ENDED, outcome=Outcome.WON, winner_number=1)
        assert await team.publisher.show_result(won, team.thread().id, card)
        assert await team.publisher.post_result(won, server.clips.id, is_mentioned=False)
