"""Brainstorms in a community: starting one, letting its takes arrive, and the worker's steps by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from bot.models import JobState
from bot.services.brainstorms.rules import EDIT_EVERY
from bot.store import tables
from bot.store.brainstorms import boards, rounds
from tests.support.community import OWNER, words

if TYPE_CHECKING:
    import discord
    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle
    from simcord.results import InteractionResult

    from bot.models import Job
    from bot.models.brainstorms import Board
    from tests.support.community import Community

IDEA = "A fox in the {snow|rain|fog|sun}"


async def preview(
    community: Community,
    actor: MemberActor,
    channel: ChannelHandle | None = None,
    *,
    idea: str = IDEA,
    **options: Any,  # noqa: ANN401 (of the command)
) -> InteractionResult:
    """Ask for takes; return what the member alone is shown."""
    community.clock.time += timedelta(milliseconds=10)  # ids that sort by time are of different moments
    result = await actor.slash(channel or community.channel, "brainstorm", idea=idea, **options)
    assert result.ephemeral
    return result


def button_of(result: InteractionResult, act: str) -> str:
    """Return the custom id of a preview's button."""
    found = [each for each in custom_ids(result.response.components) if each.startswith(f"preview:{act}:")]
    assert found, (act, custom_ids(result.response.components))
    return found[0]


def custom_ids(components: Any) -> list[str]:  # noqa: ANN401 (as Discord has them)
    """Return the custom ids of all buttons and selects, in order."""
    found: list[str] = []
    for component in components:
        if "custom_id" in component:
            found.append(component["custom_id"])
        found += custom_ids(component.get("components", []))
    return found


async def keep_rounds(community: Community) -> None:
    """Do the worker's step of each round that is due, until none is."""
    keeper = community.reelay.worker._keeper
    for _ in range(20):
        now = community.clock.now()
        async with community.database.write() as connection:
            claimed = await rounds.claim_due(
                connection, now=now, limit=8, owner=OWNER, lease_until=now + timedelta(minutes=1), in_flight=()
            )
        if not claimed:
            return
        for round_ in claimed:
            await keeper.step(round_)
    raise AssertionError("rounds are due for ever")


async def later(community: Community, by: timedelta = EDIT_EVERY) -> None:
    """Let time go by, until boards may be edited again, and do what is due."""
    community.clock.time += by
    await keep_rounds(community)


async def start(community: Community, actor: MemberActor, **options: Any) -> Board:  # noqa: ANN401 (of ``preview``)
    """Start a brainstorm; return its first round with thread and board."""
    shown = await preview(community, actor, **options)
    await actor.click(shown.response, custom_id=button_of(shown, "start"))
    await keep_rounds(community)
    return await latest(community)


async def latest(community: Community) -> Board:
    """Return the round that was started last."""
    async with community.database.read() as connection:
        statement = select(tables.rounds.c.id).order_by(tables.rounds.c.id.desc()).limit(1)
        board = await boards.read(connection, (await connection.execute(statement)).scalar_one())
    assert board is not None
    return board


async def land(community: Community, takes: int) -> list[Job]:
    """Let so many takes that wait arrive, those that wait longest first; the boards follow."""
    landed = [await community.deliver() for _ in range(takes)]
    assert all(job.state is JobState.DELIVERED for job in landed)
    await later(community)
    return landed


def thread_of(community: Community, board: Board) -> ChannelHandle:
    """Return a brainstorm's thread."""
    return next(each for each in community.places if each.id == board.brainstorm.thread_id)


def board_message(community: Community, board: Board) -> discord.Message:
    """Return a round's board as it is shown."""
    history = thread_of(community, board).history()
    return next(message for message in history if message.id == board.round.board_message_id)


def board_words(community: Community, board: Board) -> str:
    """Return what a round's board says."""
    return words(board_message(community, board))


def clip_of(community: Community, board: Board, number: int) -> discord.Message:
    """Return the message of a take's clip."""
    return community.message(next(take.job for take in board.takes if take.number == number))
