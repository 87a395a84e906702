"""Where clips lie while they are worked at: within a bound, and nothing is left of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from bot.errors import ClipUnavailableError
from bot.services.clips.workspace import FOREIGN_AFTER_SECONDS, LOCK_NAME, PREFIX, Workspace, sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELD_UNTIL_KILLED = (
    "import sys; from pathlib import Path; from bot.services.clips.workspace import Workspace\n"
    "with Workspace.open(parent=Path(sys.argv[1])):\n"
    "    print('open', flush=True); sys.stdin.read()"
)


def folders(parent: Path) -> list[str]:
    return sorted(path.name for path in parent.iterdir())


async def until(condition: Callable[[], bool]) -> None:
    """Let others go on until a condition holds."""
    async with asyncio.timeout(5):
        for _ in iter(condition, True):
            await asyncio.to_thread(int)


async def test_a_folder_is_there_while_it_is_used_and_then_nothing_is(tmp_path: Path) -> None:
    with Workspace.open(parent=tmp_path) as workspace:
        async with workspace.folder() as folder:
            (folder.path / "clip.mp4").write_bytes(b"x")
            assert folder.path.is_relative_to(tmp_path)
        assert not folder.path.exists()
    assert folders(tmp_path) == []


async def test_a_disk_that_takes_no_folder_is_no_more_than_a_reason_to_try_again(tmp_path: Path) -> None:
    with pytest.raises(ClipUnavailableError):
        async with Workspace(tmp_path / "missing" / "folder").folder():
            pass


async def test_beyond_the_bound_whoever_comes_waits_for_room(tmp_path: Path) -> None:
    workspace, order = Workspace(tmp_path, max_bytes=100), list[str]()

    async def work(name: str, size_bytes: int, until: asyncio.Event) -> None:
        async with workspace.folder() as folder:
            await folder.reserve(size_bytes)
            order.append(name)
            await until.wait()

    first_done, others_done = asyncio.Event(), asyncio.Event()
    others_done.set()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(work("first", 80, first_done))
        await until(lambda: bool(order))
        group.create_task(work("large", 60, others_done))
        await until(lambda: workspace.waiting == 1)
        group.create_task(work("small", 10, others_done))
        await until(lambda: workspace.waiting == 2)
        assert order == ["first"]  # the small one does not keep the large one out
        first_done.set()
        await first
    assert order == ["first", "large", "small"]
    assert workspace.reserved_bytes == 0


async def test_what_is_larger_than_announced_needs_room_at_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, max_bytes=100)
    async with workspace.folder() as one, workspace.folder() as other:
        await one.reserve(40)
        await other.reserve(40)
        one.grow(60)
        with pytest.raises(ClipUnavailableError):
            one.grow(61)
        one.grow(10)  # it has that
        assert workspace.reserved_bytes == 100


async def test_what_is_larger_than_all_room_is_worked_at_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, max_bytes=100)
    async with workspace.folder() as folder:
        await folder.reserve(400)
        assert workspace.reserved_bytes == 400
    assert workspace.reserved_bytes == 0


async def test_a_wait_that_is_cancelled_holds_nobody_up(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, max_bytes=100)
    async with workspace.folder() as one:
        await one.reserve(100)
        async with workspace.folder() as other:
            waiting = asyncio.create_task(other.reserve(50))
            await until(lambda: workspace.waiting == 1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    async with workspace.folder() as third:
        await third.reserve(100)
    assert workspace.reserved_bytes == 0


@pytest.mark.slow
def test_a_start_removes_what_a_killed_process_has_left_and_nothing_of_a_living_one(tmp_path: Path) -> None:
    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HELD_UNTIL_KILLED, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    with begin() as killed, begin() as living:
        before = folders(tmp_path)
        killed.kill()
        killed.wait()
        with Workspace.open(parent=tmp_path):
            assert len(before) == 2
            assert len(folders(tmp_path)) == 2  # the living one's and ours
        assert len(folders(tmp_path)) == 1
        living.communicate()
    assert folders(tmp_path) == []


async def test_a_folder_that_was_removed_for_its_age_is_made_anew_and_still_a_living_ones(tmp_path: Path) -> None:
    with Workspace.open(parent=tmp_path) as workspace:
        shutil.rmtree(workspace.root)

        async with workspace.folder() as folder:
            assert sweep(tmp_path) == 0
            assert await asyncio.to_thread(folder.path.is_dir)
    assert folders(tmp_path) == []


def test_folders_of_versions_without_locks_go_when_they_are_old(tmp_path: Path) -> None:
    names = {"reelay-abcd_12x": "clip.mp4", "reelay-zyxw9876": "fit-100.mp4", "reelay-mine4567": "notes.txt"}
    for folder, file in names.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_bytes(b"x")
    (tmp_path / "reelay-0123456789abcdef").mkdir()  # the locks by which processes have names
    (tmp_path / "other-abcd_12x").mkdir()
    old = time.time() - FOREIGN_AFTER_SECONDS - 1
    for path in [*tmp_path.glob("*/*"), *tmp_path.iterdir()]:
        if "zyxw" not in str(path):
            os.utime(path, (old, old))

    assert sweep(tmp_path) == 1
    assert "reelay-abcd_12x" not in folders(tmp_path)
    assert len(folders(tmp_path)) == 4


def test_a_folder_that_is_no_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path)
    (tmp_path / f"{PREFIX}file").write_bytes(b"x")
    (tmp_path / f"{PREFIX}dead").mkdir()
    (tmp_path / f"{PREFIX}dead" / LOCK_NAME).touch()

    assert sweep(tmp_path) == 1
    assert folders(tmp_path) == [f"{PREFIX}file", f"{PREFIX}link"]
