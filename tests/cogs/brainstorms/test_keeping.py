"""What is kept of a brainstorm, and for how long; what *Erase my data* takes; what moderators are told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Table, func, select, update

from bot.models import JobError, JobState, Period
from bot.models.brainstorms import Outcome, RoundState
from bot.services.retention.policy import RetentionPolicy
from bot.store import tables
from bot.store.tables import brainstorms, jobs, log_entries, previews, rounds, takes, votes
from tests.support.community import words
from tests.support.panel import remove
from tests.support.rounds import (
    IDEA,
    board_words,
    button_of,
    clip_of,
    keep_rounds,
    land,
    later,
    latest,
    preview,
    start,
    thread_of,
)

if TYPE_CHECKING:
    from simcord.actors import MemberActor

    from bot.models.brainstorms import Board
    from tests.support.community import Community

pytestmark = pytest.mark.slow

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OF_BRAINSTORMS = (previews, brainstorms, rounds, takes, votes)
NOTHING = dict.fromkeys([table.name for table in OF_BRAINSTORMS], 0)


async def end_data(community: Community, after: timedelta = timedelta()) -> None:
    """Let time go by, and end whatever is to end then; all jobs that have ended have their cards settled."""
    community.clock.time += after
    async with community.database.write() as connection:
        await connection.execute(update(jobs).where(jobs.c.finished_at.is_not(None)).values(due_at=None))
    while await community.reelay.retention.tick() < 1:
        pass


async def erase(community: Community, actor: MemberActor) -> None:
    await community.bot.services.privacy.erase(actor.id)
    await end_data(community)


async def leave(community: Community) -> None:
    community.bot.services.presence.watch(lambda: [community.guild.id])
    await end_data(community)
    community.bot.services.presence.watch(list)
    community.bot.services.presence.note_left(community.guild.id)
    await end_data(community)


async def counted(community: Community) -> dict[str, int]:
    """Count the rows of each table of brainstorms."""

    async with community.database.read() as connection:

        async def count(table: Table) -> int:
            return (await connection.execute(select(func.count()).select_from(table))).scalar_one()

        return {table.name: await count(table) for table in OF_BRAINSTORMS}


async def everything(community: Community) -> str:
    """Return all rows of all tables as text."""
    async with community.database.read() as connection:
        found = [(await connection.execute(select(table))).all() for table in tables.metadata.sorted_tables]
    return "\n".join(str(row) for rows in found for row in rows)


async def vote(community: Community, board: Board, actor: MemberActor, number: int) -> None:
    custom_id = f"clip:vote:{board.round.id}:{number}"
    assert "You chose" in words((await actor.click(clip_of(community, board, number), custom_id=custom_id)).response)


async def landed(community: Community, **options: Any) -> Board:  # noqa: ANN401 (of ``preview``)
    """Start a brainstorm of Mia's, and let its takes land."""
    board = await start(community, community.mia, **options)
    await land(community, len(board.takes))
    return await latest(community)


async def won(community: Community) -> Board:
    """Let take 3 of a brainstorm of Mia's win by Ben's vote."""
    await vote(community, await landed(community), community.ben, 3)
    await later(community, HOUR)
    board = await latest(community)
    assert (board.round.outcome, board.round.winner_number) == (Outcome.WON, 3)
    return board


async def go_on(community: Community, board: Board, actor: MemberActor) -> None:
    """Start a next round of more like the winner."""
    history = thread_of(community, board).history()
    card = next(message for message in history if message.id == board.round.result_message_id)
    shown = await actor.click(card, custom_id=f"round:more:{board.round.id}")
    await actor.click(shown.response, custom_id=button_of(shown, "start"))
    await keep_rounds(community)


# With age ----------------------------------------------------------------------------------------


async def test_a_preview_is_kept_for_a_day_whatever_else_is_kept(community: Community) -> None:
    shown = await preview(community, community.mia)
    await end_data(community, DAY - HOUR)
    assert await counted(community) == NOTHING | {"previews": 1}

    await end_data(community, HOUR)

    assert await counted(community) == NOTHING
    clicked = await community.mia.click(shown.response, custom_id=button_of(shown, "start"))
    assert "That preview is gone" in words(clicked.response)
    assert await community.jobs() == []


async def test_an_old_brainstorm_ends_as_a_whole_and_its_clips_stay(community: Community) -> None:
    board = await won(community)
    clip = clip_of(community, board, 3)
    await community.restart(retention=RetentionPolicy(days=40))
    await end_data(community, 40 * DAY - HOUR)
    assert await counted(community) == {"previews": 0, "brainstorms": 1, "rounds": 1, "takes": 4, "votes": 1}

    await end_data(community, 2 * HOUR)

    assert await counted(community) == NOTHING
    assert [job.state for job in await community.jobs()] == [JobState.DELIVERED] * 4
    pressed = await community.ben.click(clip, custom_id=f"clip:vote:{board.round.id}:3")
    assert "I don't know that brainstorm any more" in words(pressed.response)
    listed = await community.ben.slash(community.channel, "brainstorms")
    assert board.brainstorm.title not in words(listed.response)


async def test_a_brainstorm_stays_while_a_round_of_it_goes_on_or_ended_lately(community: Community) -> None:
    await landed(community)
    await community.restart(retention=RetentionPolicy(days=40))
    before = await counted(community)

    await end_data(community, 90 * DAY)
    assert await counted(community) == before

    await keep_rounds(community)
    assert (await latest(community)).round.state is RoundState.UNDECIDED
    await later(community, DAY)
    assert (await latest(community)).round.state is RoundState.ENDED
    await end_data(community, 39 * DAY)
    assert await counted(community) == before
    await end_data(community, 2 * DAY)
    assert await counted(community) == NOTHING


# A server that removes the bot ---------------------------------------------------------------------


async def test_held_takes_of_a_server_that_was_left_are_cancelled_and_refunded(community: Community) -> None:
    shown = await preview(community, community.mia)
    await community.mia.click(shown.response, custom_id=button_of(shown, "start"))
    await leave(community)
    await end_data(community, HOUR - timedelta(minutes=1))
    assert {job.state for job in await community.jobs()} == {JobState.HELD}

    await end_data(community, timedelta(minutes=1))

    found = {(job.state, job.error_code) for job in await community.jobs()}
    assert found == {(JobState.CANCELLED, JobError.SERVER_LEFT)}
    assert sorted(await community.ledger()) == [("charge", 6)] * 4 + [("refund", 6)] * 4


@pytest.mark.slow
async def test_all_of_a_server_that_was_left_goes_after_30_days_although_a_round_goes_on(community: Community) -> None:
    await vote(community, await landed(community), community.ben, 2)
    await leave(community)
    await end_data(community, 30 * DAY - HOUR)
    assert await counted(community) == {"previews": 0, "brainstorms": 1, "rounds": 1, "takes": 4, "votes": 1}

    await end_data(community, 2 * HOUR)

    assert await counted(community) == NOTHING
    assert len(await community.jobs()) == 4


# Erase my data -------------------------------------------------------------------------------------


async def test_erased_votes_are_gone_and_what_was_counted_at_the_end_stays(community: Community) -> None:
    await won(community)

    await erase(community, community.ben)

    assert (await counted(community))["votes"] == 0
    board = await latest(community)
    assert [take.votes for take in board.takes] == [0, 0, 1, 0]
    assert board.round.winner_number == 3


async def test_the_board_of_a_vote_that_goes_on_shows_that_a_vote_is_gone(community: Community) -> None:
    board = await landed(community)
    await vote(community, board, community.ben, 2)
    await vote(community, board, community.moderator, 3)
    await later(community)
    assert "2 have voted" in board_words(community, board)

    await erase(community, community.ben)
    await later(community)

    assert "1 has voted" in board_words(community, board)


async def test_nothing_of_an_erased_brainstorm_is_left_but_its_votes_outcome(community: Community) -> None:
    await community.keep_log()
    await won(community)
    await preview(community, community.mia, idea="Zebras in {Paris|Oslo}")
    await preview(community, community.ben, idea="Bens own {night|day}")

    await erase(community, community.mia)

    left = await everything(community)
    assert not [word for word in ("fox", "snow", "fog", "Zebras", "Paris") if word in left]
    assert "Bens own" in left
    board = await latest(community)
    assert (board.round.member_id, board.brainstorm.member_id, board.brainstorm.title) == (0, 0, "")
    assert (board.round.outcome, board.round.winner_number) == (Outcome.WON, 3)
    async with community.database.read() as connection:
        details = (await connection.execute(select(log_entries.c.details))).scalars().all()
    assert [each for each in details if each.get("member_id") == community.mia.id] == []
    told = words((await community.moderator.slash(community.channel, "brainstorms")).response)
    assert "fox" not in told


@pytest.mark.slow
async def test_takes_on_their_way_arrive_first_and_the_vote_goes_on_without_its_starter(community: Community) -> None:
    await start(community, community.mia)
    await land(community, 3)

    await erase(community, community.mia)

    board = await latest(community)
    assert (board.round.member_id, board.round.idea) == (community.mia.id, IDEA)
    assert (await about(community)).erasing_since is not None
    await land(community, 1)
    await end_data(community)
    board = await latest(community)
    assert (board.round.member_id, board.round.idea, board.brainstorm.title) == (0, "", "")
    await vote(community, board, community.ben, 4)
    await vote(community, board, community.moderator, 2)
    await later(community, HOUR)
    board = await latest(community)
    assert (board.round.state, board.round.outcome) == (RoundState.UNDECIDED, Outcome.TIED)
    assert "Who could choose has erased their data" in board_words(community, board)

    await later(community, DAY)

    assert (await latest(community)).round.winner_number == 2
    assert "fox" not in await everything(community)


async def about(community: Community) -> Any:  # noqa: ANN401
    return await community.bot.services.privacy.describe(community.mia.id)


async def test_the_words_of_a_winner_go_from_others_next_rounds_with_its_member(community: Community) -> None:
    board = await won(community)
    await go_on(community, board, community.ben)
    assert (await latest(community)).takes[0].difference != ""

    await erase(community, community.mia)

    second = await latest(community)
    assert second.takes[0].difference == ""
    assert second.round.member_id == community.ben.id
    assert second.round.idea == IDEA, "Ben has gone on with it: it is his now"
    assert second.takes[1].difference != ""


async def test_privacy_counts_brainstorms_votes_previews_and_the_logs_notes(community: Community) -> None:
    await community.keep_log()
    board = await landed(community)
    await vote(community, board, community.mia, 1)
    await preview(community, community.mia)

    told = words((await community.mia.slash(community.channel, "privacy")).response)

    assert "1 brainstorm that you started, or a next round of" in told
    assert "1 note of these in moderators' logs" in told
    assert "1 vote of yours for takes" in told
    assert "1 preview of brainstorms, kept for a day" in told
    assert "refused" not in told


# What moderators see -------------------------------------------------------------------------------


async def test_the_log_says_who_started_a_round_where_and_how_it_came_out_without_a_word_of_it(
    community: Community,
) -> None:
    await community.keep_log()
    board = await won(community)

    cards = [card for card in await community.log_cards() if "Brainstorm" in words(card)]

    started, ended = [words(card) for card in cards]
    assert f"round 1 started** by <@{community.mia.id}> in {community.channel.mention}" in started
    assert "4 takes · cost 24 s" in started
    assert f"round 1 ended**, started by <@{community.mia.id}> in <#{board.brainstorm.thread_id}>" in ended
    assert "Take 3 won · 1 voted" in ended
    assert not [word for word in ("fox", "snow", "fog") if word in started + ended]
    assert [community.pinged(card) for card in cards] == [set(), set()]


async def test_a_takes_card_in_the_log_takes_its_clip_away_as_any_clips_does(community: Community) -> None:
    await community.keep_log()
    board = await landed(community)
    card = next(card for card in await community.log_cards() if "Clip posted" in words(card))
    job = next(take.job for take in board.takes if take.number == 1)
    assert f"for <@{community.mia.id}> in <#{board.brainstorm.thread_id}>" in words(card)

    await remove(community.moderator, card, "Remove")
    await later(community)

    assert job.message_id not in {message.id for message in thread_of(community, board).history()}
    [line] = [line for line in board_words(community, board).splitlines() if line.startswith("**1**")]
    assert line.endswith("· deleted")


async def test_the_log_says_of_an_erased_member_that_they_are(community: Community) -> None:
    await community.keep_log()
    await won(community)
    await erase(community, community.mia)

    cards = [words(card) for card in await community.log_cards() if "Brainstorm" in words(card)]

    assert [card.count("somebody who erased their data") for card in cards] == [1, 1]


async def test_use_counts_brainstorms_and_their_takes_in_the_period(community: Community) -> None:
    await landed(community)
    await community.post_clip(community.ben)

    told = await community.moderate("usage", period="day")
    assert "1 brainstorm started; 4 takes among the clips" in told
    assert [job.member_name for job in await community.jobs()] == [*["mia"] * 4, "ben"]

    community.clock.time += DAY
    assert "brainstorm" not in await community.moderate("usage", period="day")


async def test_a_winner_that_others_go_on_from_counts_once_and_for_whoever_asked_for_it(community: Community) -> None:
    await go_on(community, await won(community), community.ben)

    report = await community.bot.services.usage.report(community.guild.id, Period.MONTH)

    found = {member.member_id: (member.brainstorms, member.takes) for member in report.members}
    assert found == {community.mia.id: (1, 4), community.ben.id: (0, 3)}
    assert (report.brainstorms, report.takes) == (1, 7)


async def test_brainstorms_of_another_server_are_not_counted(community: Community) -> None:
    await landed(community)

    report = await community.bot.services.usage.report(community.guild.id + 1, Period.MONTH)

    assert (report.brainstorms, report.takes, list(report.members)) == (0, 0, [])


async def test_an_erased_round_of_somebody_elses_brainstorm_that_nobody_voted_in_goes_from_board_and_card(
    community: Community,
) -> None:
    await go_on(community, await won(community), community.ben)
    await land(community, 3)
    await later(community, HOUR)
    board = await latest(community)
    assert (board.round.state, board.round.outcome) == (RoundState.UNDECIDED, Outcome.NO_VOTES)

    await erase(community, community.ben)
    await later(community, timedelta(minutes=1))

    history = thread_of(community, board).history()
    card = next(message for message in history if message.id == board.round.result_message_id)
    for shown in (words(card), board_words(community, board)):
        assert "A fox in the" not in shown
        assert f"<@{community.ben.id}>" not in shown


async def test_an_erased_idea_goes_from_a_board_whose_takes_differ_in_no_words(community: Community) -> None:
    first = await landed(community, idea="A fox", vary="nothing")
    await vote(community, first, community.ben, 2)
    await later(community, HOUR)
    await go_on(community, await latest(community), community.ben)
    await land(community, 4)
    board = await latest(community)
    assert "A fox" in board_words(community, board)

    await erase(community, community.ben)
    await later(community, timedelta(minutes=1))

    assert "A fox" not in board_words(community, board)
