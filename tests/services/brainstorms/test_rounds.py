"""A round on real parts: its thread, its takes, its clock, its end; and what goes wrong on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import DestinationClosedError, MessageRefusedError, PublishUnavailableError
from bot.models import JobError, JobState, LogKind
from bot.models.brainstorms import Outcome, RoundRefusal, RoundRefusedError, RoundState, VoteTerms
from bot.sandbox.faults import Fault
from bot.services.brainstorms import rules
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from bot.models.brainstorms import Board
    from tests.support.brainstorming import Brainstorms

HOUR = timedelta(hours=1)
LOG_CHANNEL_ID = 900
FAILING = "A fox in the {snow|rain fail:content_policy|fog|sun}"
"""Its take in the rain is refused by the video service."""


async def entries(team: Brainstorms, board: Board) -> list[list[tuple[str, int]]]:
    """Return what each take was charged and refunded."""
    return [await team.workshop.entries(take.job.id) for take in board.takes]


def failed(board: Board) -> int:
    """Return the number of the take that failed."""
    [number] = [take.number for take in board.takes if take.has_failed]
    return number


# As it should be ---------------------------------------------------------------------------------


async def test_takes_are_made_posted_in_their_thread_and_voted_on(team: Brainstorms) -> None:
    board = await team.start()

    assert (board.round.state, board.brainstorm.thread_id) == (RoundState.OPEN, team.threads.threads[0])
    board = await team.land(board.round.id)
    assert [take.job.state for take in board.takes] == [JobState.DELIVERED] * 4
    assert {take.job.channel_id for take in board.takes} == {board.brainstorm.thread_id}
    assert board.round.closes_at == team.now + HOUR
    assert team.threads.sheets[board.round.id][-1] is not None

    await team.vote(board.round.id, 2)
    await team.later(HOUR)

    board = await team.board(board.round.id)
    assert (board.round.outcome, board.round.winner_number) == (Outcome.WON, 2)
    assert board.brainstorm.thread_id is not None
    assert set(team.threads.results) == {(board.round.id, board.brainstorm.thread_id), (board.round.id, CHANNEL_ID)}
    assert team.threads.mentions == [board.round.member_id]
    assert await entries(team, board) == [[("charge", 6)]] * 4


async def test_in_a_thread_it_goes_on_there_and_is_said_there_alone(team: Brainstorms) -> None:
    status = await team.plan(team.member(channel_id=777))
    started = await team.services.starter.start(
        status.preview.id,
        team.member(channel_id=777),
        revision=1,
        count=4,
        interaction_id=team.interaction_id(),
        in_thread=True,
    )
    board = await team.land(started.round.id)
    await team.vote(board.round.id, 1)
    await team.later(HOUR)

    assert (team.threads.starts, team.threads.threads) == ({}, [])
    assert {take.job.channel_id for take in board.takes} == {777}
    assert set(team.threads.results) == {(board.round.id, 777)}


async def test_takes_have_no_cards_of_their_own(team: Brainstorms) -> None:
    board = await team.start()
    await team.land(board.round.id)

    assert team.workshop.discord.cards == {}


async def test_the_log_hears_of_each_start_and_end(team: Brainstorms) -> None:
    await team.process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    board = await team.start()
    await team.arrive(board.round.id)
    await team.later(HOUR)
    await team.services.voting.choose(board.round.id, 3, team.member())
    while await team.process.log.tick() == 0:
        pass

    told = {entry.kind: entry.details for entry in team.workshop.log.cards[LOG_CHANNEL_ID]}
    assert told[LogKind.BRAINSTORM_STARTED] == {
        "member_id": MEMBER_ID,
        "channel_id": CHANNEL_ID,
        "round": 1,
        "takes": 4,
        "seconds": 24,
    }
    assert told[LogKind.BRAINSTORM_ENDED]["outcome"] == "won"
    assert told[LogKind.BRAINSTORM_ENDED]["winner"] == 3


async def test_a_board_is_edited_once_in_5_s_and_an_hour_later_once_in_15(team: Brainstorms) -> None:
    board = await team.start(vote=VoteTerms(clock_seconds=86_400))
    await team.arrive(board.round.id)
    for age, every in ((timedelta(), rules.EDIT_EVERY), (2 * HOUR, rules.EDIT_OLD_EVERY)):
        await team.later(max(age, every))
        before = len(team.threads.boards[board.round.id])
        for voter in range(20):
            await team.vote(board.round.id, 1, 1000 + voter + age.seconds)
            await team.keep()
        edits = len(team.threads.boards[board.round.id]) - before
        assert edits == 1
        await team.later(every - timedelta(seconds=1))
        assert len(team.threads.boards[board.round.id]) - before == 1
        await team.later(timedelta(seconds=1.1))
        assert len(team.threads.boards[board.round.id]) - before == 2
    assert team.shown(board.round.id).voters == 40


# The clock ---------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_clock_starts_30_minutes_after_the_second_take_at_the_latest(team: Brainstorms) -> None:
    team.process = team.workshop.start(max_concurrent_renders=2, job_deadline_seconds=7200)
    board = await team.start(idea="A fox in the {snow|rain|fog fail:stuck|sun fail:stuck}")
    for _ in range(100):
        await team.later(timedelta(seconds=30))
        board = await team.board(board.round.id)
        if board.round.closes_at is not None:
            break

    assert len(board.landed) == 2
    second_at = max(take.job.finished_at for take in board.landed if take.job.finished_at is not None)
    waited = board.round.closes_at - HOUR - second_at if board.round.closes_at else None
    assert waited is not None
    assert timedelta(minutes=30) <= waited <= timedelta(minutes=31, seconds=30)


@pytest.mark.slow
async def test_while_the_service_is_down_the_clock_does_not_start_and_the_board_says_so(team: Brainstorms) -> None:
    team.process = team.workshop.start(max_concurrent_renders=2)
    board = await team.start()
    await team.keep()
    team.workshop.server.faults.submit.append(Fault.error("unauthorized", times=None))
    team.workshop.server.faults.balance.append(Fault.error("unauthorized", times=None))
    for _ in range(100):
        await team.later(timedelta(seconds=30))

    board = await team.board(board.round.id)
    assert (len(board.landed), board.round.closes_at) == (2, None)
    assert team.shown(board.round.id).is_held_up
    team.workshop.server.faults.clear()
    board = await team.land(board.round.id)
    assert board.round.closes_at is not None
    assert not team.shown(board.round.id).is_held_up


async def test_a_vote_that_is_closed_by_hand_goes_on_for_30_days(team: Brainstorms) -> None:
    board = await team.start(vote=VoteTerms(clock_seconds=None))
    await team.arrive(board.round.id)
    await team.vote(board.round.id, 1)

    await team.later(timedelta(days=29))
    assert (await team.board(board.round.id)).round.state is RoundState.OPEN
    await team.later(timedelta(days=1))
    assert (await team.board(board.round.id)).round.outcome is Outcome.WON


# The end -----------------------------------------------------------------------------------------


async def test_a_tie_is_the_starters_for_24_hours_and_then_the_earlier_takes(team: Brainstorms) -> None:
    board = await team.start()
    await team.arrive(board.round.id)
    for voter, number in ((1, 4), (2, 3), (3, 3), (4, 4)):
        await team.vote(board.round.id, number, voter)
    await team.later(HOUR)

    board = await team.board(board.round.id)
    assert (board.round.state, board.round.outcome) == (RoundState.UNDECIDED, Outcome.TIED)
    assert [take.number for take in board.candidates] == [3, 4]
    assert board.round.choose_by == team.now + timedelta(hours=24)
    await team.later(timedelta(hours=24))
    board = await team.board(board.round.id)
    assert (board.round.outcome, board.round.winner_number) == (Outcome.WON, 3)
    assert [len(shown) for shown in team.threads.results.values()] == [2, 2]
    assert team.threads.mentions == [MEMBER_ID]


async def test_a_tie_is_decided_by_its_starter_among_the_takes_that_tie(team: Brainstorms) -> None:
    board = await team.start()
    await team.arrive(board.round.id)
    await team.vote(board.round.id, 2, 1)
    await team.vote(board.round.id, 4, 2)
    await team.later(HOUR)

    for member_id, number, reason in ((9, 4, RoundRefusal.NOT_STARTER), (MEMBER_ID, 1, RoundRefusal.NOT_TO_CHOOSE)):
        with pytest.raises(RoundRefusedError) as caught:
            await team.services.voting.choose(board.round.id, number, team.member(member_id))
        assert caught.value.reason is reason
    await team.services.voting.choose(board.round.id, 4, team.member())
    await team.keep()

    assert (await team.board(board.round.id)).round.winner_number == 4
    assert all(shown[-1].round.winner_number == 4 for shown in team.threads.results.values())
    with pytest.raises(RoundRefusedError):
        await team.services.voting.choose(board.round.id, 2, team.member())


async def test_without_votes_the_starter_may_choose_and_else_nothing_wins(team: Brainstorms) -> None:
    board = await team.start()
    await team.arrive(board.round.id)
    await team.later(HOUR)

    board = await team.board(board.round.id)
    assert board.round.outcome is Outcome.NO_VOTES
    assert len(board.candidates) == 4
    await team.later(timedelta(hours=24))
    board = await team.board(board.round.id)
    assert (board.round.state, board.round.outcome) == (RoundState.ENDED, Outcome.NO_VOTES)
    assert board.winner is None


async def test_counts_are_kept_as_they_were_at_the_end(team: Brainstorms) -> None:
    board = await team.start()
    await team.arrive(board.round.id)
    for voter in range(5):
        await team.vote(board.round.id, 1 + (voter == 4), voter)
    await team.later(HOUR)

    assert {take.number: take.votes for take in (await team.board(board.round.id)).takes} == {1: 4, 2: 1, 3: 0, 4: 0}


# What goes wrong -----------------------------------------------------------------------------------


async def test_a_take_that_fails_is_refunded_and_the_vote_goes_on(team: Brainstorms) -> None:
    board = await team.start(idea=FAILING)
    board = await team.land(board.round.id)

    assert len(board.landed) == 3
    assert board.round.closes_at is not None
    lost = next(take for take in board.takes if take.has_failed)
    assert lost.job.error_code is JobError.CONTENT_POLICY
    assert await team.workshop.entries(lost.job.id) == [("charge", 6), ("refund", 6)]
    assert team.shown(board.round.id).takes[lost.number - 1].job.error_code is JobError.CONTENT_POLICY


@pytest.mark.slow
async def test_its_starter_tries_a_failed_take_again_in_other_words(team: Brainstorms) -> None:
    board = await team.start(idea=FAILING)
    board = await team.land(board.round.id)
    by = {"interaction_id": team.interaction_id(), "prompt": "A fox in the mist"}

    for _ in range(2):  # as two processes hear of it
        await team.services.retaker.try_again(board.round.id, failed(board), team.member(), **by)
    number = failed(board)
    board = await team.land(board.round.id)

    again = board.takes[number - 1]
    assert (again.job.spec.prompt, again.job.state, again.job.number) == (
        "A fox in the mist",
        JobState.DELIVERED,
        number,
    )
    assert again.job.channel_id == board.brainstorm.thread_id
    assert await team.workshop.entries(again.job.id) == [("charge", 6)]
    await team.vote(board.round.id, number)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("member_id", "guild_id", "number", "reason"),
    [
        (9, GUILD_ID, None, RoundRefusal.NOT_STARTER),
        (MEMBER_ID, 77, None, RoundRefusal.UNKNOWN),
        (MEMBER_ID, GUILD_ID, 8, RoundRefusal.NOT_FAILED),
    ],
)
async def test_nobody_else_tries_a_take_again(
    team: Brainstorms, member_id: int, guild_id: int, number: int | None, reason: RoundRefusal
) -> None:
    board = await team.land((await team.start(idea=FAILING)).round.id)

    with pytest.raises(RoundRefusedError) as caught:
        await team.services.retaker.try_again(
            board.round.id,
            number or failed(board),
            team.member(member_id, guild_id=guild_id),
            interaction_id=team.interaction_id(),
        )

    assert caught.value.reason is reason


@pytest.mark.slow
async def test_fewer_than_two_takes_are_no_vote_and_what_came_is_kept(team: Brainstorms) -> None:
    board = await team.start(idea="A fox in the {snow|rain fail:rejected}")
    board = await team.land(board.round.id)

    assert (board.round.state, board.round.outcome) == (RoundState.ENDED, Outcome.TOO_FEW)
    [kept] = board.landed
    assert kept.job.state is JobState.DELIVERED
    with pytest.raises(RoundRefusedError):
        await team.vote(board.round.id, kept.number)
    await team.services.retaker.try_again(
        board.round.id, failed(board), team.member(), interaction_id=team.interaction_id(), prompt="A fox in the fog"
    )
    board = await team.land(board.round.id)
    assert (board.round.state, len(board.landed)) == (RoundState.OPEN, 2)
    await team.vote(board.round.id, 1)
    await team.later(HOUR)
    assert all(shown[-1].round.winner_number == 1 for shown in team.threads.results.values())


async def test_a_board_that_somebody_deletes_is_posted_again_at_the_next_change(team: Brainstorms) -> None:
    board = await team.start()
    board = await team.arrive(board.round.id)
    team.threads.deleted_boards.add(board.round.id)

    await team.vote(board.round.id, 1)
    await team.later()

    again = await team.board(board.round.id)
    assert again.round.board_message_id not in {None, board.round.board_message_id}
    assert team.shown(board.round.id).voters == 1


async def test_when_its_thread_is_deleted_waiting_takes_come_back_and_others_find_their_own_way(
    team: Brainstorms,
) -> None:
    team.process = team.workshop.start(max_concurrent_renders=2)
    board = await team.start()
    await team.keep()
    assert (await team.states(board.round.id)).count(JobState.QUEUED) == 2
    for method in ("show_board", "post_board", "find_board", "post_result", "find_result"):
        team.threads.fail_always(method, DestinationClosedError("10003"))
    team.workshop.discord.fail("post_clip", *[DestinationClosedError("10003")] * 8)
    assert board.brainstorm.thread_id is not None

    await team.services.voting.note_thread_changed(board.brainstorm.thread_id)
    board = await team.land(board.round.id)

    assert (board.round.state, board.round.outcome) == (RoundState.ENDED, Outcome.THREAD_GONE)
    sent = [take for take in board.takes if take.job.state is JobState.DELIVERED]
    back = [take for take in board.takes if take.job.error_code is JobError.THREAD_GONE]
    assert (len(sent), len(back)) == (2, 2)
    assert {message.place for message in team.workshop.discord.messages} == {"dm"}
    for take in back:
        assert await team.workshop.entries(take.job.id) == [("charge", 6), ("refund", 6)]


async def test_when_its_thread_is_deleted_a_round_is_over_though_its_board_shows_all_already(team: Brainstorms) -> None:
    board = await team.start(vote=VoteTerms(clock_seconds=86_400))
    board = await team.land(board.round.id)
    await team.later()
    for method in ("show_board", "post_board", "find_board", "post_result", "find_result"):
        team.threads.fail_always(method, DestinationClosedError("10003"))
    assert board.brainstorm.thread_id is not None

    await team.services.voting.note_thread_changed(board.brainstorm.thread_id)
    await team.later(timedelta(minutes=1))

    board = await team.board(board.round.id)
    assert (board.round.state, board.round.outcome) == (RoundState.ENDED, Outcome.THREAD_GONE)


async def test_where_no_thread_can_be_made_everything_comes_back(team: Brainstorms) -> None:
    team.threads.fail_always("open_thread", DestinationClosedError("50013"))
    board = await team.start()

    assert (board.round.state, board.round.outcome) == (RoundState.ENDED, Outcome.THREAD_GONE)
    assert await entries(team, board) == [[("charge", 6), ("refund", 6)]] * 4
    assert (board.round.id, CHANNEL_ID) in team.threads.results


@pytest.mark.parametrize("method", ["post_start", "open_thread", "post_board"])
@pytest.mark.parametrize("after", [False, True])
async def test_what_discord_does_not_take_now_is_tried_again_and_done_once(
    team: Brainstorms, method: str, *, after: bool
) -> None:
    team.threads.fail(method, PublishUnavailableError("503"), TimeoutError(), after=after)
    started = await team.press_start(await team.plan())
    await team.keep()
    assert await team.states(started.round.id) == [JobState.HELD] * 4

    for _ in range(3):
        await team.later(timedelta(seconds=30))

    assert (await team.board(started.round.id)).round.state is RoundState.OPEN
    assert (len(team.threads.starts), len(team.threads.threads), len(team.threads.board_ids)) == (1, 1, 1)


REFUSED = MessageRefusedError("Discord answered 400, code 50035")


@pytest.mark.parametrize("method", ["post_start", "open_thread", "post_board"])
async def test_a_round_without_which_discord_refuses_thrice_is_over_and_everything_comes_back(
    team: Brainstorms, method: str
) -> None:
    team.threads.fail(method, *[REFUSED] * 3)
    started = await team.press_start(await team.plan())
    await team.keep()
    await team.later(timedelta(seconds=30))
    assert await team.states(started.round.id) == [JobState.HELD] * 4
    await team.later(timedelta(seconds=30))

    board = await team.board(started.round.id)
    assert (board.round.state, board.round.outcome) == (RoundState.ENDED, Outcome.THREAD_GONE)
    assert await entries(team, board) == [[("charge", 6), ("refund", 6)]] * 4
    assert (board.round.id, CHANNEL_ID) in team.threads.results


async def test_refusals_of_one_message_are_forgotten_with_its_success(team: Brainstorms) -> None:
    for method in ("post_start", "open_thread", "post_board"):
        team.threads.fail(method, REFUSED, REFUSED)
    started = await team.press_start(await team.plan())
    for _ in range(12):
        await team.later(timedelta(minutes=6))

    assert (await team.board(started.round.id)).round.state is RoundState.OPEN


async def test_an_edit_of_the_board_that_is_refused_thrice_is_left_out_until_the_next_change(team: Brainstorms) -> None:
    board = await team.arrive((await team.start()).round.id)
    shown = len(team.threads.boards[board.round.id])
    for voter, refusals in ((7, 2), (8, 3), (9, 2)):
        team.threads.fail("show_board", *[REFUSED] * refusals)
        await team.vote(board.round.id, 1, voter)
        for _ in range(9):
            await team.later(timedelta(seconds=30))
        assert (await team.board(board.round.id)).round.state is RoundState.OPEN
        assert not team.threads.troubles["show_board"]

    assert len(team.threads.boards[board.round.id]) == shown + 2


@pytest.mark.parametrize("is_in_thread", [False, True], ids=["where it was started", "in the thread"])
async def test_a_result_that_is_refused_thrice_is_left_out_and_all_else_is_shown(
    team: Brainstorms, monkeypatch: pytest.MonkeyPatch, *, is_in_thread: bool
) -> None:
    board = await team.arrive((await team.start()).round.id)
    places = {board.brainstorm.thread_id: True, CHANNEL_ID: False}
    post, refused = team.threads.post_result, []

    async def post_result(board: Board, channel_id: int, *, is_mentioned: bool) -> int:
        if places[channel_id] == is_in_thread:
            refused.append(channel_id)
            raise REFUSED
        return await post(board, channel_id, is_mentioned=is_mentioned)

    monkeypatch.setattr(team.threads, "post_result", post_result)
    await team.vote(board.round.id, 2)
    await team.later(HOUR)
    for _ in range(9):
        await team.later(timedelta(seconds=30))

    board = await team.board(board.round.id)
    assert (board.round.outcome, board.round.shown_outcome) == (Outcome.WON, Outcome.WON)
    assert team.shown(board.round.id).round.outcome is Outcome.WON
    assert len(refused) == 3
    assert [channel_id for _, channel_id in team.threads.results] == [
        channel_id for channel_id, in_thread in places.items() if in_thread != is_in_thread
    ]


async def test_after_six_hours_without_a_thread_everything_comes_back(team: Brainstorms) -> None:
    team.threads.fail_always("post_start", PublishUnavailableError("503"))
    started = await team.press_start(await team.plan())
    for _ in range(20):
        await team.later(timedelta(minutes=30))

    board = await team.board(started.round.id)
    assert board.round.outcome is Outcome.THREAD_GONE
    assert await entries(team, board) == [[("charge", 6), ("refund", 6)]] * 4


async def test_a_round_survives_what_nobody_expected(team: Brainstorms) -> None:
    team.threads.fail("post_start", ZeroDivisionError())
    started = await team.press_start(await team.plan())
    await team.keep()

    await team.later(timedelta(seconds=30))

    assert (await team.board(started.round.id)).round.state is RoundState.OPEN


@pytest.mark.slow
async def test_a_starter_who_is_blocked_loses_what_waits_and_votes_stay(team: Brainstorms) -> None:
    team.process = team.workshop.start(max_concurrent_renders=2)
    board = await team.start()
    for _ in range(100):
        if len((await team.board(board.round.id)).landed) == 2:
            break
        await team.later(timedelta(seconds=2))
    first = (await team.board(board.round.id)).landed[0]
    await team.vote(board.round.id, first.number, 9)
    await team.process.services.servers.block(GUILD_ID, 9, reason="spam", days=None, set_by_id=MODERATOR_ID)

    assert next(take for take in (await team.board(board.round.id)).takes if take.votes).number == first.number
    await team.process.services.servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=None, set_by_id=MODERATOR_ID)
    board = await team.land(board.round.id)
    assert board.takes[first.number - 1].votes == 1
    await team.later(HOUR)
    assert (await team.board(board.round.id)).round.winner_number == first.number


async def test_a_starter_who_is_blocked_before_the_thread_is_there_starts_nothing(team: Brainstorms) -> None:
    started = await team.press_start(await team.plan())
    await team.process.services.servers.block(GUILD_ID, MEMBER_ID, reason="spam", days=None, set_by_id=MODERATOR_ID)
    await team.keep()

    board = await team.board(started.round.id)
    assert (board.round.state, team.threads.starts) == (RoundState.ENDED, {})
    assert await entries(team, board) == [[("charge", 6), ("refund", 6)]] * 4


@pytest.mark.slow
async def test_what_still_waits_when_the_vote_is_over_comes_back(team: Brainstorms) -> None:
    team.process = team.workshop.start(max_concurrent_renders=2)
    board = await team.start(idea="A {red|blue|green|grey|pink} fox", takes=5)
    for _ in range(100):
        board = await team.board(board.round.id)
        if len(board.landed) >= 2 and any(take.job.state is JobState.QUEUED for take in board.takes):
            break
        await team.later(timedelta(seconds=2))
    waiting = [take.number for take in board.takes if take.job.state is JobState.QUEUED]
    await team.services.voting.close(board.round.id, team.presser())

    board = await team.land(board.round.id)
    assert [take.number for take in board.takes if take.job.error_code is JobError.VOTE_OVER] == waiting
    for number in waiting:
        assert await team.workshop.entries(board.takes[number - 1].job.id) == [("charge", 6), ("refund", 6)]


@pytest.mark.slow
async def test_a_restart_at_any_step_goes_on(team: Brainstorms) -> None:
    board = await team.start()
    for _ in range(200):
        team.process = team.workshop.start()
        await team.process.worker.reclaim_leases()
        await team.later(timedelta(seconds=1))
        board = await team.board(board.round.id)
        if all(take.is_finished for take in board.takes):
            break
    await team.later()
    await team.vote(board.round.id, 1)
    team.process = team.workshop.start()
    await team.later(HOUR)

    assert (await team.board(board.round.id)).round.winner_number == 1
    assert await entries(team, board) == [[("charge", 6)]] * 4
    assert len(team.workshop.discord.messages) == 4
