from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bot import instance
from bot.errors import SettingsError, StoreUnavailableError
from bot.instance import claim_instance_name, use_database, use_database_alone

ROOT = Path(__file__).parents[1]


def test_processes_beside_one_another_have_names_of_their_own_and_a_freed_one_is_taken_again(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}"
    with claim_instance_name(url) as first, claim_instance_name(url) as second:
        assert first != second
    with claim_instance_name(url) as again:
        assert again == first


def test_a_killed_process_frees_its_name(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}"
    program = dedent(
        """
        import sys
        from bot.instance import claim_instance_name
        with claim_instance_name(sys.argv[1]) as name:
            print(name, flush=True)
            sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, url], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        with claim_instance_name(url) as mine:
            assert mine != name
        other.kill()
    with claim_instance_name(url) as mine:
        assert mine == name


def test_databases_do_not_share_names(tmp_path: Path) -> None:
    with (
        claim_instance_name(f"sqlite+aiosqlite:///{tmp_path / 'one.db'}") as one,
        claim_instance_name(f"sqlite+aiosqlite:///{tmp_path / 'two.db'}") as two,
    ):
        assert one == two == "local/1"


def test_a_database_on_another_machine_is_shared_under_this_machines_name() -> None:
    with claim_instance_name("postgresql+asyncpg://user:secret@host/reelay") as name:
        assert not name.startswith("local/")
        assert "secret" not in name


def test_a_restore_and_what_uses_the_database_keep_one_another_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_LONGEST_START_SECONDS", 0.0)
    url = f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}"
    with use_database(url), use_database(url), pytest.raises(StoreUnavailableError, match="runs on this database"):
        use_database_alone(url).__enter__()
    with use_database_alone(url):
        for use in (use_database, use_database_alone):
            with pytest.raises(StoreUnavailableError):
                use(url).__enter__()
    with use_database(url):
        pass


def test_a_killed_process_keeps_no_restore_out(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}"
    program = "import sys; from bot.instance import use_database as u\nwith u(sys.argv[1]): print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, url], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
    with use_database_alone(url):
        pass


@pytest.mark.parametrize("use", [use_database, use_database_alone])
def test_folder_of_the_database_that_is_not_there_is_said(use: Any) -> None:  # noqa: ANN401 (either of them)
    with pytest.raises(SettingsError, match=r"^the folder of the database is not there: check DATABASE_URL.$"):
        use("sqlite+aiosqlite:////no/such/folder/reelay.db").__enter__()


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
def test_lock_that_cannot_be_had_is_said_in_a_sentence_and_none_is_left(
    number: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: int, _operation: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with (
        pytest.raises(SettingsError, match=words),
        claim_instance_name(f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}"),
    ):
        pass
