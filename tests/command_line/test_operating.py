"""What the operator does on the command line: the words, the JSON, the exit codes, on a database that is in use."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.command_line import exits, main
from bot.errors import DestinationClosedError
from bot.models import JobState
from bot.store import database as database_module
from tests.support.another_program import AnotherProgram
from tests.support.bot_process import REPOSITORY
from tests.support.clocks import ServiceClock
from tests.support.databases import HASTY_SECONDS
from tests.support.workshop import GUILD_ID, MEMBER_ID, open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.support.workshop import Process, Workshop

OK, FAILED, WRONG = 0, 1, 2
END_BY_SIGNALS = exits.end_by_signals
SECRET = "not-for-anyones-eyes"


@pytest_asyncio.fixture
async def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Workshop]:
    async with open_workshop(tmp_path, queue_seconds=2.0, render_seconds=20.0) as opened:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DISCORD_TOKEN", SECRET)
        monkeypatch.setenv("TOAPIS_API_KEY", SECRET)
        monkeypatch.setenv("DATABASE_URL", opened.database_url)
        monkeypatch.setattr("bot.services.ports.SystemClock", lambda: ServiceClock(opened.time))
        put_ahead(monkeypatch, seconds=0.0)
        yield opened


def put_ahead(monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> None:
    """Have the database's clock go so far ahead of the machine's."""

    async def measure(*_: object) -> float:
        return seconds

    monkeypatch.setattr(database_module.Database, "measure_clock", measure)


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    output: str
    errors: str


class CommandLine:
    """Runs commands in this process, beside the bots of a workshop, and sees that none tells a secret or an address."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    async def __call__(self, *arguments: str) -> Ended:
        code = await asyncio.to_thread(main, arguments)
        output, errors = self._capsys.readouterr()
        assert SECRET not in output + errors
        assert "http://" not in output + errors
        assert "Traceback" not in errors
        return Ended(code, output, errors)

    async def json(self, *arguments: str) -> Any:  # noqa: ANN401 (whatever JSON has)
        """Return what a command prints for programs."""
        ended = await self(*arguments, "--json")
        assert (ended.code, ended.errors) == (OK, "")
        return json.loads(ended.output)

    async def refused(self, *arguments: str) -> str:
        """Return the one sentence that says why something can't be done."""
        ended = await self(*arguments)
        assert (ended.code, ended.output) == (FAILED, "")
        [sentence] = ended.errors.splitlines()
        return sentence


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setattr("bot.command_line.exits.end_by_signals", lambda: None)  # the process is pytest's
    return CommandLine(capsys)


async def deliver(workshop: Workshop, process: Process, prompt: str = "a fox") -> str:
    job_id = await workshop.accept(process, prompt)
    await workshop.run_until_idle(process)
    return job_id


async def fail(workshop: Workshop, process: Process) -> str:
    workshop.discord.fail("post_clip", DestinationClosedError("10003"))
    workshop.discord.fail("post_clip_in_dm", DestinationClosedError("10003"))
    return await deliver(workshop, process)


# Looking -----------------------------------------------------------------------------------------


async def test_status_says_how_the_bot_stands(workshop: Workshop, run: CommandLine) -> None:
    process = workshop.start(max_concurrent_renders=1)
    await fail(workshop, process)
    await deliver(workshop, process)
    rendering = await workshop.accept(process)
    await workshop.run_until(process, rendering, JobState.RENDERING)
    await workshop.accept(process)
    await workshop.accept(process)
    await process.services.operating.pause(by="member 7", reason="moving\x1b[2J house")

    found = await run.json("status")

    assert found["version"] == "0.1.0"
    assert found["open_jobs"] == {"queued": 2, "rendering": 1}
    assert (found["renders"], found["max_renders"]) == (1, 4)
    assert found["failures"] == {"undeliverable": 1}
    assert found["spent_today"] == {"used_seconds": 30, "limit_seconds": None}
    assert found["oldest_waiting_at"].endswith("Z")
    [pause] = found["pauses"]
    assert (pause["owner"], pause["reason"]) == ("operator", "operator")
    ended = await run("status")
    assert ended.code == OK
    said = dict(line.split("  ", 1) for line in ended.output.splitlines())
    assert said["jobs"].strip() == "2 queued, 1 rendering"
    assert said["paused"].strip().startswith("by hand, since ")
    assert said["paused"].endswith("0 s ago: moving[2J house")
    assert said["failed, last hour"].strip() == "1 undeliverable"


async def test_spend_is_by_day_and_by_server_and_has_its_price_where_that_is_known(
    workshop: Workshop, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = workshop.start()
    await deliver(workshop, process)
    workshop.time.advance(86_400.0)
    await deliver(workshop, process)
    await deliver(workshop, process)

    found = await run.json("spend", "--days", "2")

    assert [day["seconds"] for day in found["days"]] == [6, 12]
    assert found["servers"] == [{"guild_id": str(GUILD_ID), "seconds": 18}]
    assert (await run.json("spend", "--days", "1"))["total_seconds"] == 12
    assert (await run.json("spend", "--month"))["first"].endswith("-01")
    monkeypatch.setenv("CREDITS_PER_SECOND", "20")
    assert "18 s (360 credits, $1.80)" in (await run("spend")).output


async def test_a_list_of_jobs_is_narrowed_and_goes_on_after_its_last(workshop: Workshop, run: CommandLine) -> None:
    process = workshop.start()
    first = await deliver(workshop, process, "a secret zebra")
    failed = await fail(workshop, process)
    workshop.time.advance(3600.0)
    last = await workshop.accept(process, member_id=MEMBER_ID + 1)

    async def ids(*options: str) -> list[str]:
        return [job["id"] for job in await run.json("jobs", "list", *options)]

    assert await ids() == [last, failed, first]
    assert await ids("--limit", "2") == [last, failed]
    assert await ids("--limit", "2", "--before", failed) == [first]
    assert await ids("--failed") == await ids("--state", "failed") == [failed]
    assert await ids("--state", "queued", "--state", "delivered") == [last, first]
    assert await ids("--member", str(MEMBER_ID)) == [failed, first]
    assert await ids("--server", str(GUILD_ID + 1)) == []
    assert await ids("--since", workshop_time(workshop)) == [last]
    text = (await run("jobs", "list", "--limit", "2")).output
    assert f"--before {failed}" in text
    assert "zebra" not in (await run("jobs", "list")).output


def workshop_time(workshop: Workshop) -> str:
    return ServiceClock(workshop.time).now().replace(microsecond=0).isoformat()


async def test_commands_go_by_the_databases_clock_as_the_bot_does(
    workshop: Workshop, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = workshop.start()
    process.services.presence.watch(lambda: [GUILD_ID])
    await process.end_data()
    job_id = await workshop.accept(process)
    put_ahead(monkeypatch, seconds=600.0)

    assert await run.json("jobs", "list", "--since", "9m") == []
    assert [job["id"] for job in await run.json("jobs", "list", "--since", "11m")] == [job_id]
    await run.json("pause", "moving house")
    [entry] = await run.json("audit")
    now = ServiceClock(workshop.time).now() + timedelta(seconds=600)
    assert datetime.fromisoformat(entry["made_at"]) == now
    assert "10 min" in (await run("servers")).output


async def test_whoever_has_a_name_that_is_no_text_is_named_all_the_same(
    workshop: Workshop, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "m\udcfcller")

    await run.json("pause", "moving house")

    [entry] = await run.json("audit")
    assert entry["made_by"] == "command line, m\\udcfcller"


async def test_a_job_is_shown_with_all_that_became_of_it_but_no_address_of_its_file(
    workshop: Workshop, run: CommandLine
) -> None:
    process = workshop.start()
    job_id = await fail(workshop, process)
    await run("jobs", "retry", job_id, "--reason", "the channel is back")

    found = await run.json("jobs", "show", job_id)

    assert (found["state"], found["error_code"], found["prompt"]) == ("failed", "undeliverable", "a fox")
    assert [(it["outcome"], it["seconds"]) for it in found["submits"]] == [("completed", 6)]
    assert [it["kind"] for it in found["ledger"]] == ["charge", "refund"]
    assert [(it["action"], it["reason"]) for it in found["audit"]] == [("retry", "the channel is back")]
    assert len(found["retried_by"]) == 1
    assert "result_url" not in found
    text = (await run("jobs", "show", job_id)).output
    assert "could be posted neither in its channel nor to you" in text
    assert found["generation_id"] in text


async def test_what_programs_are_given_keeps_its_names(workshop: Workshop, run: CommandLine) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    await run("pause", "moving house")
    process.services.presence.watch(lambda: [GUILD_ID])
    await process.end_data()

    status, [job], shown = (
        await run.json("status"),
        await run.json("jobs", "list"),
        await run.json("jobs", "show", job_id),
    )
    [server], [entry], spend = await run.json("servers"), await run.json("audit"), await run.json("spend")

    assert set(status) == {
        *("now", "version", "schema", "processes", "pauses", "submits", "polls", "open_jobs", "oldest_waiting_at"),
        *("renders", "max_renders", "last_clip_at", "failures", "spent_today", "spent_this_month"),
    }
    listed = {
        *("id", "state", "error_code", "guild_id", "channel_id", "member_id", "created_at", "finished_at"),
        "duration_seconds",
    }
    assert set(job) == listed
    assert set(shown) == listed | {
        *("due_at", "attempts", "lease_owner", "lease_until", "started_at", "submitted_at", "rendered_at"),
        *("result_expires_at", "generation_id", "request_id", "model", "status_message_id", "message_channel_id"),
        *("message_id", "removed_at", "removed_by_id", "archived_at", "is_spoiler", "is_private", "round_id"),
        *("adopted_id", "prompt", "aspect", "parent_id", "origin", "card", "message", "submits", "ledger", "audit"),
        "retried_by",
    }
    assert set(server) == {
        *("guild_id", "left_at", "is_to_be_left", "is_served", "jobs", "open_jobs", "last_asked_at", "spent_seconds")
    }
    assert set(entry) == {"id", "made_at", "made_by", "action", "target", "reason"}
    assert set(spend) == {"first", "last", "total_seconds", "credits_per_second", "days", "servers"}
    assert isinstance(job["guild_id"], str)


async def test_servers_are_listed_with_what_they_asked_for(
    workshop: Workshop, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = workshop.start()
    await deliver(workshop, process)
    process.services.presence.watch(lambda: [GUILD_ID, 101])
    await process.end_data()
    monkeypatch.setenv("ALLOWED_SERVERS", str(GUILD_ID))

    first, second = await run.json("servers")

    assert (first["guild_id"], first["jobs"], first["spent_seconds"], first["is_served"]) == (str(GUILD_ID), 1, 6, True)
    assert (second["guild_id"], second["jobs"], second["last_asked_at"], second["is_served"]) == ("101", 0, None, False)
    assert "not in ALLOWED_SERVERS" in (await run("servers")).output


# Changing ----------------------------------------------------------------------------------------


async def test_what_is_changed_by_hand_is_done_by_the_running_bot_and_in_the_audit(
    workshop: Workshop, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    process = workshop.start()
    failed = await fail(workshop, process)
    process.services.presence.watch(lambda: [GUILD_ID])
    await process.end_data()
    retried = await run.json("jobs", "retry", failed)
    await workshop.run_until_idle(process)
    assert (await workshop.job(retried["id"])).state is JobState.DELIVERED
    assert (await run("pause", "moving house")).code == OK
    waiting = await workshop.accept(process)
    await process.worker.tick()
    assert (await workshop.job(waiting)).state is JobState.QUEUED
    assert (await run("jobs", "cancel", waiting, "--reason", "spam")).code == OK
    assert await workshop.entries(waiting) == [("charge", 6), ("refund", 6)]
    assert (await run("resume")).code == OK
    assert (await run("leave", str(GUILD_ID))).code == OK
    await process.worker.tick()
    assert workshop.discord.left == [GUILD_ID]

    entries = await run.json("audit")

    assert [(it["action"], it["target"], it["reason"]) for it in reversed(entries)] == [
        ("retry", failed, None),
        ("pause", None, "moving house"),
        ("cancel", waiting, "spam"),
        ("resume", None, None),
        ("leave", str(GUILD_ID), None),
    ]
    assert {it["made_by"] for it in entries} == {"command line, ada"}
    assert [it["action"] for it in await run.json("audit", "--limit", "1")] == ["leave"]
    assert "moving house" in (await run("audit")).output


async def test_what_can_not_be_done_is_said_in_one_sentence_and_changes_nothing(
    workshop: Workshop, run: CommandLine
) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)

    assert await run.refused("jobs", "show", "nowhere") == "There is no job with that id."
    assert "only a failed one" in await run.refused("jobs", "retry", job_id)
    assert "nothing to cancel" in await run.refused("jobs", "cancel", job_id)
    assert "not paused" in await run.refused("resume")
    assert "not in that server" in await run.refused("leave", "999")
    assert await run.json("audit") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "list", "--state", "lost"),
        ("jobs", "list", "--since", "yesterday"),
        ("jobs", "list", "--since", "0001-01-01T00:00+10:00"),
        ("spend", "--days", "3", "--month"),
        ("leave", "the-film-club"),
        ("pause",),
        ("pause", " "),
        ("jobs", "show", "\udcff"),
        ("no-such-command",),
    ],
)
async def test_what_is_misspelled_is_told_with_the_commands_usage(
    arguments: tuple[str, ...], workshop: Workshop, run: CommandLine
) -> None:
    ended = await run(*arguments)

    assert (ended.code, ended.output) == (WRONG, "")
    assert ended.errors.startswith("Usage: ")


@pytest.mark.parametrize("command", ["status", "spend", "jobs", "pause", "resume", "servers", "leave", "audit"])
async def test_every_command_explains_itself_without_settings(command: str, run: CommandLine) -> None:
    ended = await run(command, "--help")

    assert (ended.code, ended.errors) == (OK, "")
    assert ended.output.startswith(f"Usage: python -m bot {command}")


# What stands in the way --------------------------------------------------------------------------


async def test_a_database_of_another_version_is_refused_and_left_as_it_is(workshop: Workshop, run: CommandLine) -> None:
    for revision, advice in (("0001", "python -m bot migrate"), ("9999", "update the bot")):
        with AnotherProgram(workshop.database_url) as other:
            other.rows("UPDATE alembic_version SET version_num = ?", revision)

        ended = await run("status")

        assert (ended.code, ended.output) == (WRONG, "")
        assert advice in ended.errors
        assert len(ended.errors.splitlines()) == 1


async def test_a_database_that_is_not_there_is_not_made(
    workshop: Workshop, run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")

    ended = await run("status")

    assert (ended.code, ended.output) == (WRONG, "")
    assert "DATABASE_URL" in ended.errors
    assert not (tmp_path / "other.db").exists()


async def test_a_database_that_another_program_holds_locked_is_told_in_one_sentence(
    workshop: Workshop, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = database_module.Database.open.__func__.__wrapped__.__kwdefaults__
    monkeypatch.setitem(options, "busy_timeout_seconds", HASTY_SECONDS)
    with AnotherProgram(workshop.database_url) as other, other.writing():
        assert "locked" in await run.refused("pause", "moving house")


@pytest.mark.parametrize("arguments", [("status",), ("jobs", "--help")])
def test_a_full_disk_that_the_output_goes_to_is_told_in_one_sentence(
    arguments: tuple[str, ...], workshop: Workshop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)

        code = main(arguments)

    assert (code, capsys.readouterr().err) == (FAILED, "there is no room for what is to be written.\n")


@pytest.mark.slow
async def test_whoever_reads_no_further_sees_no_traceback(workshop: Workshop) -> None:
    await workshop.accept(workshop.start())
    read_end, write_end = os.pipe()
    os.close(read_end)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "jobs", "list"),
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=write_end,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(write_end)
    _, errors = await process.communicate()

    assert (process.returncode, errors) == (FAILED, b"")


async def test_a_signal_ends_a_command_as_it_ends_any_program(
    workshop: Workshop, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: dict[int, object] = {}
    monkeypatch.setattr("bot.command_line.exits.end_by_signals", END_BY_SIGNALS)
    monkeypatch.setattr("signal.signal", chosen.__setitem__)

    assert (await run("status")).code == OK

    assert chosen == {signal.SIGINT: signal.SIG_DFL, signal.SIGTERM: signal.SIG_DFL}


async def test_a_missing_setting_is_named(run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)

    ended = await run("status")

    assert (ended.code, ended.output) == (WRONG, "")
    assert "DISCORD_TOKEN" in ended.errors
