from __future__ import annotations

import asyncio
import errno
import fcntl
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bot import instance
from bot.errors import SettingsError, StoreUnavailableError
from bot.instance import hold_instance_name, use_database, use_database_alone

ROOT = Path(__file__).parents[1]


def sqlite(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'reelay.db'}"


async def test_processes_beside_one_another_have_names_of_their_own_and_a_freed_one_is_taken_again(
    tmp_path: Path,
) -> None:
    url = sqlite(tmp_path)
    async with hold_instance_name(url, nonce="a") as first, hold_instance_name(url, nonce="b") as second:
        assert (first.instance.name, second.instance.name) == ("local/1", "local/2")
    async with hold_instance_name(url, nonce="c") as again:
        assert again.instance.name == first.instance.name
        assert again.instance.owner != first.instance.owner


async def test_a_killed_process_frees_its_name(tmp_path: Path) -> None:
    url = sqlite(tmp_path)
    program = dedent(
        """
        import asyncio, sys
        from bot.instance import hold_instance_name
        async def hold():
            async with hold_instance_name(sys.argv[1], nonce="a") as held:
                print(held.instance.name, flush=True)
                sys.stdin.read()
        asyncio.run(hold())
        """
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, url, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    name = (await other.stdout.readline()).decode().strip()
    async with hold_instance_name(url, nonce="b") as mine:
        assert mine.instance.name != name
    other.kill()
    await other.communicate()  # its pipes are closed with it
    async with hold_instance_name(url, nonce="b") as mine:
        assert mine.instance.name == name


async def test_databases_do_not_share_names(tmp_path: Path) -> None:
    async with (
        hold_instance_name(f"sqlite+aiosqlite:///{tmp_path / 'one.db'}", nonce="a") as one,
        hold_instance_name(f"sqlite+aiosqlite:///{tmp_path / 'two.db'}", nonce="b") as two,
    ):
        assert one.instance.name == two.instance.name == "local/1"


async def test_a_process_whose_lock_file_was_removed_shares_its_name_and_no_lease(tmp_path: Path) -> None:
    async with hold_instance_name(sqlite(tmp_path), nonce="a") as one:
        (tmp_path / "reelay.db.1.lock").unlink()
        async with hold_instance_name(sqlite(tmp_path), nonce="b") as other:
            assert other.instance.name == one.instance.name
            assert other.instance.owner != one.instance.owner


async def test_a_restore_and_what_uses_the_database_keep_one_another_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_LONGEST_START_SECONDS", 0.0)
    url = f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}"
    with use_database(url), use_database(url), pytest.raises(StoreUnavailableError, match="runs on this database"):
        await use_database_alone(url).__aenter__()
    async with use_database_alone(url):
        with pytest.raises(StoreUnavailableError, match="a restore of the database goes on"):
            use_database(url).__enter__()
        with pytest.raises(StoreUnavailableError):
            await use_database_alone(url).__aenter__()
    with use_database(url):
        pass


async def test_a_killed_process_keeps_no_restore_out(tmp_path: Path) -> None:
    url = sqlite(tmp_path)
    program = "import sys; from bot.instance import use_database as u\nwith u(sys.argv[1]): print(flush=True); input()"
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, url, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    await other.stdout.readline()
    other.kill()
    await other.communicate()  # its pipes are closed with it
    async with use_database_alone(url):
        pass


async def test_folder_of_the_database_that_is_not_there_is_said() -> None:
    url, sentence = "sqlite+aiosqlite:////no/such/folder/reelay.db", "^the folder of the database is not there: check D"
    with pytest.raises(SettingsError, match=sentence):
        use_database(url).__enter__()
    with pytest.raises(SettingsError, match=sentence):
        await use_database_alone(url).__aenter__()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOLCK, "as on many network drives"),
        (errno.EOPNOTSUPP, "as on many network drives"),
        (errno.ENOSYS, "as on many network drives"),
        (errno.EIO, "as on many network drives"),
        (errno.EROFS, "check DATABASE_URL and its permissions"),
        (errno.EPERM, "check DATABASE_URL and its permissions"),
    ],
)
async def test_lock_that_cannot_be_had_is_said_in_a_sentence_and_none_is_left(
    number: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: int, _operation: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(SettingsError, match=words):
        async with hold_instance_name(sqlite(tmp_path), nonce="a"):
            pass
