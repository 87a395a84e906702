"""Where clips lie while they are worked at: folders of this process, within a bound, and none left by a dead one.

Each process has a folder with a lock that it holds while it lives. A process that starts removes the folders whose
locks nobody holds, and what versions without such locks have left behind.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from bot.errors import ClipUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

_log = logging.getLogger(__name__)

PREFIX = "reelay-clips-"
LOCK_NAME = ".lock"
FOREIGN_AFTER_SECONDS = 3600.0
"""A folder of a version before has no lock; it is removed when nothing was written to it for so long."""
_FOREIGN = re.compile(r"reelay-[a-z0-9_]{8}", re.ASCII)
_FOREIGN_FILES = re.compile(r"clip\.mp4|fit-\d+\.mp4|takes\.json", re.ASCII)
"""What such versions have left behind; other folders with a name like that are none of ours."""
MEGABYTE = 1_000_000
DEFAULT_MAX_BYTES = 1000 * MEGABYTE


class WorkFolder:
    """A folder for one clip, and how much may be written into it."""

    def __init__(self, path: Path, workspace: Workspace) -> None:
        self.path = path
        self.reserved_bytes = 0
        self._workspace = workspace

    async def reserve(self, size_bytes: int) -> None:
        """Wait until so much may be written in all, as far as it is more than before."""
        await self._workspace.take(self, size_bytes - self.reserved_bytes)

    def grow(self, size_bytes: int) -> None:
        """See to it at once that so much may be written in all.

        Raises:
            ClipUnavailableError: there is no room just now.
        """
        more = size_bytes - self.reserved_bytes
        if more > 0 and not self._workspace.try_take(self, more):
            raise ClipUnavailableError("no room on disk just now")


class Workspace:
    """The folders of this process.

    Args:
        root: that they are made in.
        max_bytes: how much may lie in all of them together.
    """

    def __init__(self, root: Path, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._reserved_bytes = 0
        self._turns = asyncio.Lock()  # who came first has room first, or small clips would keep a large one out
        self._freed = asyncio.Condition()
        self._waiting = 0
        self._lock: FileLock | None = None

    @classmethod
    @contextmanager
    def open(cls, *, max_bytes: int = DEFAULT_MAX_BYTES, parent: Path | None = None) -> Generator[Workspace]:
        """Make this process's folder, remove those of dead ones, and remove it in the end.

        Args:
            parent: where all processes have theirs; by default the system's folder for temporary files.
        """
        parent = parent or Path(tempfile.gettempdir())
        root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        workspace = cls(root, max_bytes=max_bytes)
        workspace._lock = lock = FileLock(root / LOCK_NAME, thread_local=False)
        workspace._claim()
        sweep(parent, own=root)
        try:
            yield workspace
        finally:
            shutil.rmtree(root, ignore_errors=True)
            lock.release(force=True)

    @property
    def root(self) -> Path:
        """Say where this process's folders are."""
        return self._root

    @property
    def max_bytes(self) -> int:
        """Say how much may lie in all of the folders together."""
        return self._max_bytes

    @property
    def reserved_bytes(self) -> int:
        """Say how much may be written at most into the folders there are."""
        return self._reserved_bytes

    @property
    def waiting(self) -> int:
        """Say how many wait for room."""
        return self._waiting

    @asynccontextmanager
    async def folder(self) -> AsyncGenerator[WorkFolder]:
        """Make a folder; in the end it is removed with all that is in it.

        Raises:
            ClipUnavailableError: none can be made just now.
        """
        try:
            path = await asyncio.to_thread(self._make_folder)
        except OSError as error:
            raise ClipUnavailableError(f"no folder: {type(error).__name__}") from error
        folder = WorkFolder(path, self)
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, path, ignore_errors=True))
            await asyncio.shield(self._give_back(folder))

    def _make_folder(self) -> Path:
        self._claim()
        return Path(tempfile.mkdtemp(dir=self._root))

    def _claim(self) -> None:
        """Hold the lock of a folder that is there.

        It may be gone: a process that starts takes one without a lock for a dead one's, and some systems remove what
        nobody has used for days.
        """
        while self._lock is not None and not (self._lock.is_locked and (self._root / LOCK_NAME).exists()):
            self._lock.release(force=True)
            self._root.mkdir(exist_ok=True)
            self._lock.acquire()

    async def take(self, folder: WorkFolder, more_bytes: int) -> None:
        """Reserve so much more for a folder, once there is room; more than there is in all is taken when nothing is."""
        if more_bytes <= 0:
            return
        self._waiting += 1
        try:
            async with self._turns, self._freed:
                await self._freed.wait_for(lambda: self._takes(folder, more_bytes))
        finally:
            self._waiting -= 1

    def try_take(self, folder: WorkFolder, more_bytes: int, *, is_alone: bool = False) -> bool:
        """Reserve so much more for a folder if there is room, or it has all of it; tell whether that was so."""
        if self._reserved_bytes + more_bytes > self._max_bytes and not is_alone:
            return False
        self._reserved_bytes += more_bytes
        folder.reserved_bytes += more_bytes
        return True

    def _takes(self, folder: WorkFolder, more_bytes: int) -> bool:
        is_alone = self._reserved_bytes == folder.reserved_bytes
        return self.try_take(folder, more_bytes, is_alone=is_alone)

    async def _give_back(self, folder: WorkFolder) -> None:
        self._reserved_bytes -= folder.reserved_bytes
        async with self._freed:
            self._freed.notify_all()


def sweep(parent: Path, *, own: Path | None = None, now: float | None = None) -> int:
    """Remove the folders of processes that are dead; return how many.

    Args:
        own: that is left alone.
        now: Unix time.
    """
    removed = 0
    for folder in parent.glob("reelay-*"):
        if folder == own or folder.is_symlink() or not folder.is_dir():
            continue
        is_dead = _is_dead(folder) if folder.name.startswith(PREFIX) else _was_left(folder, now or time.time())
        if is_dead:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    if removed:
        _log.debug("folders of dead processes removed", extra={"folders": removed})
    return removed


def _is_dead(folder: Path) -> bool:
    """Tell whether the process whose folder it is has ended."""
    try:
        with FileLock(folder / LOCK_NAME, timeout=0):
            return True
    except (Timeout, OSError):  # alive, another user's, or just being removed by another process
        return False


def _was_left(folder: Path, now: float) -> bool:
    """Tell whether a version without locks has left a folder behind."""
    try:
        files = list(folder.iterdir())
        latest = max(path.stat().st_mtime for path in [folder, *files])
    except OSError:  # another user's, or just being removed
        return False
    is_ours = _FOREIGN.fullmatch(folder.name) and all(_FOREIGN_FILES.fullmatch(path.name) for path in files)
    return bool(is_ours) and now - latest > FOREIGN_AFTER_SECONDS
