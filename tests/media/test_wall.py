"""A file that takes over the process that looks at it has won nothing: seen from within that process.

The bot runs as a user without privileges, since root may read everything.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.errors import NotAVideoError, ProbeDiedError
from bot.media import process
from bot.media.landlock import landlock_version
from bot.media.worker import MediaWorker
from bot.models.usage import BarChart
from tests.support import taken_over
from tests.support.videos import video_file

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("wall"),  # one bot for all that was seen
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such wall"),
]

NOBODY = 65534
SIGNALS_SINCE = 6
"""The version of Landlock that keeps signals from other processes."""
PROJECT = Path(__file__).parents[2]
SECRET = "a-secret-of-the-bots"


def unprivileged() -> list[str]:
    """Return what a command line begins with so that the rest runs as a user without privileges."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("tests run as root, and there is no setpriv to run the bot as somebody else")
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if all(folder.stat().st_mode & 0o001 for folder in Path(sys.executable).resolve().parents):
        return [*become, "--inh-caps=-all", "--bounding-set=-all"]
    # Python lies in root's home: let it be read, which lets nobody look into another process.
    only = "-all,+dac_read_search"
    return [*become, f"--inh-caps={only}", "--ambient-caps=+dac_read_search", f"--bounding-set={only}"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("walled")
    clip = folder / "clip.mp4"
    shutil.copyfile(video_file(), clip)
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.getuid() and path.is_relative_to(tmp_path_factory.getbasetemp().parent):
            path.chmod(0o755)
    (folder / "temporary").mkdir()
    (folder / "temporary").chmod(0o777)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder / "temporary"),
        "DISCORD_TOKEN": SECRET,
        "TOAPIS_API_KEY": SECRET,
        "DATABASE_URL": f"sqlite+aiosqlite:////dev/null/{SECRET}.db",
    }
    ran = subprocess.run(
        [*unprivileged(), sys.executable, "-m", "tests.support.walled_bot", str(clip)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert list((folder / "temporary").iterdir()) == []
    return json.loads(ran.stdout)


def test_the_bot_of_these_tests_is_not_root(seen: dict[str, Any]) -> None:
    assert seen["user"] != 0


def test_what_others_of_its_user_could_read_of_the_bot_they_no_longer_can(seen: dict[str, Any]) -> None:
    assert (seen["could_look"], seen["can_look"]) == (True, False)


def test_the_process_has_an_environment_of_its_own_without_secrets(seen: dict[str, Any]) -> None:
    allowed = {"PYTHONPATH", "PYTHONUTF8", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "LC_CTYPE"}

    assert seen["environment"].keys() <= allowed
    assert SECRET not in json.dumps(seen["environment"])


def test_the_process_has_a_folder_of_its_own(seen: dict[str, Any]) -> None:
    assert Path(seen["folder"]).name.startswith("reelay-")
    assert seen["environment"]["TMPDIR"] == seen["environment"]["HOME"] == seen["folder"]


def test_the_process_inherits_no_open_file(seen: dict[str, Any]) -> None:
    assert seen["open_files"] == [0, 1, 2]


def test_the_process_can_gain_no_privileges(seen: dict[str, Any]) -> None:
    assert seen["no_new_privileges"] == 1


def test_memory_processor_files_and_cores_are_limited(seen: dict[str, Any]) -> None:
    assert seen["limits"] == {"AS": 512 * 1024**2, "CPU": 30, "FSIZE": 0, "NOFILE": 32, "CORE": 0}


def test_the_process_reaches_nothing_of_the_bots(seen: dict[str, Any]) -> None:
    names = ("the bot's environment", "the bot's memory", "the bot's open files")

    assert [seen["refused"][name] for name in names] == [True, True, True]


def test_where_the_kernel_has_landlock_the_process_reaches_nothing_else(seen: dict[str, Any]) -> None:
    if landlock_version() < SIGNALS_SINCE:
        pytest.skip("this kernel has no Landlock, or an old one")
    assert [what for what, is_refused in seen["refused"].items() if not is_refused] == []


@pytest.mark.parametrize(
    ("act", "limit_seconds", "reason"),
    [
        ("crash", 30, "exit code -11"),
        ("compute for ever", 30, "exit code -9"),
        ("take memory", 30, "exit code 1"),
        ("wait for ever", 0.5, "more than 0.5 s"),
        ("talk for ever", 30, "said too much"),
    ],
)
async def test_whatever_it_does_only_the_process_ends(
    act: str, limit_seconds: float, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_command", partial(taken_over.command, act))

    async with MediaWorker(probe_seconds=limit_seconds) as media:
        with pytest.raises(ProbeDiedError, match=reason):
            await media.probe(video_file())
        assert media.process_ids == []


async def test_the_wall_is_in_nobodys_way(tmp_path: Path) -> None:
    page = tmp_path / "clip.mp4"
    page.write_text("<html>")

    async with MediaWorker() as media:
        assert (await media.probe(video_file(audio=True))).plays
        assert await media.take_still(video_file())
        assert await media.make_contact_sheet([(1, None), (2, None)])
        assert await media.draw_chart(BarChart(title="", subtitle="", columns=["4"], series=[("Mia", [6])]))
        fitted = await media.fit(video_file(codec="libvpx", suffix=".webm", audio=True), tmp_path / "fit.mp4", 10**6)
        with pytest.raises(NotAVideoError):
            await media.probe(page)
    assert fitted.plays
