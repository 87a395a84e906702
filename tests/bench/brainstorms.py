"""What a brainstorm costs the bot: taking in eight takes, two hundred votes, and an edit of a board of eight.

``uv run python -m tests.bench.brainstorms [--rounds NUMBER]`` prints JSON. Taking in is all of ``RoundStarter.start``:
rules, quota, cap, ceilings, and a transaction; beside it, in turn, one that only writes the same rows. Votes are all
asked for at once, as two hundred members would within five seconds at worst. An edit is the worker's step and the
message that it makes; the request to Discord is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import statistics
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PIL import Image

from bot.models import JobState, Quota
from bot.models.brainstorms import RoundState
from bot.services.admission.accepting import new_job_id
from bot.store import jobs
from bot.store.brainstorms import rounds as round_rows
from bot.store.clips import stills
from bot.store.quotas import ledger
from bot.ui.messages.brainstorms.board import board_view
from tests.bench.figures import machine, print_report, tail
from tests.support.brainstorming import Brainstorms
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from bot.models import Job
    from bot.models.brainstorms import Board

ROUNDS, TAKES, VOTERS = 60, 8, 200
IDEA = "A paper boat drifts across a calm lake at {dawn|noon|dusk|night}, {slow camera|wide shot}, reeds in front"
TARGET_WITHOUT_THE_WRITE_MS, TARGET_VOTES_SECONDS, TARGET_EDITS = 25, 5, 2


async def measure(*, rounds: int = ROUNDS, voters: int = VOTERS) -> dict[str, Any]:
    """Measure all three, on a database of its own."""
    with TemporaryDirectory(prefix="reelay-bench-") as folder:
        async with open_workshop(Path(folder)) as workshop:
            workshop.quota = Quota(None)
            team = Brainstorms(workshop, workshop.start(waiting_per_server=10**6, waiting_per_slot=10**6))
            accepted, written = [], []
            for number in range(rounds):
                accepted.append(await _time_start(team, 1000 + number))
                written.append(await _time_write(team))
            board = await _landed(team)
            votes = await _time_votes(team, board, voters)
            edits = [await _time_edit(team, board, 10_000 + number) for number in range(rounds)]
    accept_ms, write_ms = (1000 * statistics.median(times) for times in (accepted, written))
    return {
        "machine": machine(),
        "takes": TAKES,
        "rounds": rounds,
        "start_ms": round(accept_ms, 2),
        "write_ms": round(write_ms, 2),
        "without_the_write_ms": round(accept_ms - write_ms, 2),
        "without_the_write_ms_target": TARGET_WITHOUT_THE_WRITE_MS,
        **votes,
        **{f"edit_{name}_ms": value for name, value in tail([1000 * each for each in edits]).items()},
    }


async def _time_start(team: Brainstorms, member_id: int) -> float:
    """Time one start; the round is cancelled then, so that none but the last is open."""
    who = team.member(member_id)
    status = await team.plan(who, idea=IDEA, takes=TAKES)
    started = time.perf_counter()
    made = await team.press_start(status, who)
    seconds = time.perf_counter() - started
    await team.services.voting.cancel(made.round.id, replace(team.presser(member_id), is_moderator=True))
    await team.later()
    return seconds


async def _time_write(team: Brainstorms) -> float:
    """Time what the database itself takes to store the same rows."""
    who = team.member()
    board = await team.board((await team.press_start(await team.plan(who, idea=IDEA, takes=TAKES), who)).round.id)
    await team.services.voting.cancel(board.round.id, team.presser())
    await team.later()
    now = team.now
    made = [_copy(team, take.job) for take in board.takes]
    round_id = new_job_id(now, team.workshop.rng.getrandbits)
    brainstorm = replace(board.brainstorm, id=round_id)
    over = {"state": RoundState.ENDED, "ended_at": now, "landed_at": now, "due_at": None}
    round_ = replace(board.round, id=round_id, brainstorm_id=round_id, **over)
    takes = [replace(take, job=job) for take, job in zip(board.takes, made, strict=True)]
    started = time.perf_counter()
    async with team.workshop.database.write() as connection:
        await jobs.insert(connection, *made)
        for job in made:
            await ledger.charge(connection, job, now=now)
        await round_rows.add_brainstorm(connection, brainstorm)
        await round_rows.add(connection, round_, takes)
    seconds = time.perf_counter() - started
    async with team.workshop.database.write() as connection:
        for job in made:
            await jobs.withdraw(connection, job, now=now)
    return seconds


def _copy(team: Brainstorms, job: Job) -> Job:
    job_id = new_job_id(team.now, team.workshop.rng.getrandbits)
    return replace(job, id=job_id, interaction_id=team.interaction_id(), state=JobState.QUEUED, error_code=None)


async def _landed(team: Brainstorms) -> Board:
    """Return a round of eight takes that are all there, with stills."""
    board = await team.land((await team.start(idea=IDEA, takes=TAKES)).round.id)
    picture = io.BytesIO()
    Image.effect_noise((320, 180), 40).convert("RGB").save(picture, "WEBP", quality=60)
    async with team.workshop.database.write() as connection:
        known = await stills.get_many(connection, [take.job.id for take in board.takes])
        for take in board.takes:
            if take.job.id not in known:
                await stills.add(connection, take.job.id, picture.getvalue())
    return board


async def _time_votes(team: Brainstorms, board: Board, voters: int) -> dict[str, Any]:
    """Let all vote at once while the worker does what is due."""
    shown = team.threads.boards[board.round.id]
    before, times = len(shown), list[float]()

    async def vote(voter: int) -> None:
        started = time.perf_counter()
        await team.vote(board.round.id, 1 + voter % TAKES, 5000 + voter)
        times.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(vote(voter) for voter in range(voters)))
    seconds = time.perf_counter() - started
    await team.keep()
    await team.later()
    counted = sum(take.votes for take in (await team.board(board.round.id)).takes)
    return {
        "votes": voters,
        "votes_counted": counted,
        "votes_seconds": round(seconds, 2),
        "votes_seconds_target": TARGET_VOTES_SECONDS,
        "votes_board_edits": len(shown) - before,
        "votes_board_edits_target": TARGET_EDITS,
        **{f"vote_{name}_ms": value for name, value in tail([1000 * each for each in times]).items()},
    }


async def _time_edit(team: Brainstorms, board: Board, voter: int) -> float:
    """Time the worker's step that edits a board, and the making of its message."""
    await team.vote(board.round.id, 1 + voter % TAKES, voter)
    team.workshop.time.advance(20)
    started = time.perf_counter()
    await team.keep()
    board_view(team.shown(board.round.id), team.now, has_sheet=True).to_components()
    return time.perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_report(measure(rounds=parser.parse_args().rounds))
