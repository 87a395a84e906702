"""``restore --mark`` on PostgreSQL, which has tools of its own for the rest."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from bot.command_line import exits, main
from bot.config import Settings
from bot.instance import hold_instance_name
from bot.store.engines.name_lock import RUNNING
from tests.support.another_program import AnotherProgram
from tests.support.databases import empty_database
from tests.support.postgresql_server import PROGRAMS
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.postgresql


class SlowClock:
    """A machine's clock that has stopped long ago."""

    def now(self) -> datetime:
        return datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Workshop]:
    """Be in a folder with the settings of a workshop's database, on a machine whose clock is wrong."""
    monkeypatch.setattr(exits, "end_by_exceptions", lambda _code: None)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setattr("bot.services.ports.SystemClock", SlowClock)
    monkeypatch.chdir(tmp_path)
    async with open_workshop(tmp_path) as opened:
        for name, value in {"DISCORD_TOKEN": "a", "TOAPIS_API_KEY": "b", "DATABASE_URL": opened.database_url}.items():
            monkeypatch.setenv(name, value)
        yield opened


async def mark() -> int:
    return await asyncio.to_thread(main, ["restore", "--mark"])


async def test_it_is_refused_while_a_bot_has_a_name_and_changes_nothing(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    await workshop.accept(workshop.start())
    async with hold_instance_name(workshop.database_url, nonce="a"):
        assert await mark() == exits.FAILED

    assert capsys.readouterr().err == f"{RUNNING}\n"
    with AnotherProgram(workshop.database_url) as other:
        assert other.rows("SELECT state, restored_at FROM jobs") == [("queued", None)]


async def test_it_marks_what_is_open_by_the_databases_clock_and_leaves_out_numbers_of_lost_cards(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    await workshop.accept(workshop.start())

    assert [await mark(), await mark()] == [exits.OK] * 2

    assert capsys.readouterr().out.count("anything is done for them: 1.") == 2
    with AnotherProgram(workshop.database_url) as other:
        [(state, restored_at, due_at)] = other.rows("SELECT state, restored_at, due_at FROM jobs")
        assert state == "submitting"
        assert restored_at == due_at
        assert abs(datetime.now(UTC) - restored_at) < timedelta(minutes=1)
        assert other.rows("SELECT count(*) FROM submits WHERE cut_at IS NOT NULL") == [(1,)]
        [(last,)] = other.rows("SELECT max(id) FROM log_entries")
        assert last >= 2_000_000  # a million each time
        assert other.rows("SELECT nextval(pg_get_serial_sequence('log_entries', 'id'))") == [(last + 1,)]


async def test_a_server_that_is_not_there_is_said_in_a_sentence(
    workshop: Workshop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:9/nowhere")

    assert await mark() == exits.FAILED

    assert capsys.readouterr().err.startswith("the database does not answer just now (")


@pytest.mark.slow
async def test_a_dump_is_put_into_an_empty_database_as_the_docs_say_and_marked(
    workshop: Workshop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await workshop.accept(workshop.start())
    restored = await empty_database(tmp_path)
    await run_tool(
        "pg_dump", "--format=custom", f"--file={tmp_path / 'reelay.dump'}", address_of(workshop.database_url)
    )
    await run_tool("pg_restore", "--exit-on-error", f"--dbname={address_of(restored)}", str(tmp_path / "reelay.dump"))

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DATABASE_URL", restored)
        assert await mark() == exits.OK

    assert "anything is done for them: 1." in capsys.readouterr().out


def address_of(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def run_tool(name: str, *arguments: str) -> None:
    [folder, *_] = sorted(PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    process = await asyncio.create_subprocess_exec(str(folder / name), *arguments)
    assert await process.wait() == 0
