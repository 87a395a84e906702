from __future__ import annotations

import asyncio
import errno
import fcntl
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bot.errors import SettingsError
from bot.instance import hold_instance_name

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
    await other.wait()
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
