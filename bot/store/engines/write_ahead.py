"""SQLite's log of what was written ahead (WAL): switched on, copied into the database, emptied of what was deleted.

SQLite would let the writer whose commit fills the log copy it, while whoever writes next waits some 10 to 200 ms. Here
a thread of its own does it, which holds up neither readers nor writers.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import SettingsError, StoreUnavailableError
from bot.store.files import NO_SHARED_FILES

if TYPE_CHECKING:
    from concurrent.futures import Future

_log = logging.getLogger(__name__)

LOG_BYTES = 4 * 1024 * 1024
"""How large the log may grow before it is copied, as SQLite has it by default: what is written often is copied once."""
PRAGMAS = (
    "wal_autocheckpoint = 0",  # see above
    f"journal_size_limit = {LOG_BYTES}",  # begun anew, the log gives back what is beyond
)
REWRITTEN_UP_TO_BYTES = 32 * 1024 * 1024
"""How large a file may be to be written anew when something was deleted: that holds writers up, 6 ms for each MiB."""
_RETRY_SECONDS = 0.02


def switch_on(path: str, busy_timeout_seconds: float) -> None:
    """Open the file once, and let it be written ahead, so that readers and a writer go side by side.

    That stays with the file. It is done here since SQLite itself does not wait for another process that is at it, and
    since aiosqlite's thread may complain after the loop's end when it is the first to fail.

    Raises:
        SettingsError: when its disk can't do that.
        StoreUnavailableError: when it cannot be opened, or is locked for too long.
    """
    ends = time.monotonic() + busy_timeout_seconds
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=0)) as connection:
                [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.Error as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= ends:
                raise StoreUnavailableError(type(error).__name__) from error
            time.sleep(_RETRY_SECONDS)
        else:
            if mode != "wal":
                raise SettingsError(NO_SHARED_FILES)
            return


def remove_traces(path: str) -> bool:
    """Overwrite what was deleted, unless somebody reads or writes; tell whether it is done.

    The log is emptied, and a file that is not large is written anew: SQLite overwrites what it deletes, but where it
    has moved a row to another page, a copy stays in space of the old one that is not used any more. That fills the log,
    so it is begun with an empty one: else the log would grow with each attempt for as long as somebody reads.

    Raises:
        StoreUnavailableError: when the database does not answer, or the file can't be written anew, as on a full disk;
            the log is empty all the same.
    """
    try:
        if not _empty_log(path):
            return False
        try:
            _write_anew(path)
        finally:
            is_empty = _empty_log(path)
    except sqlite3.Error as error:
        if error.sqlite_errorcode not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise StoreUnavailableError(type(error).__name__) from error
        return False
    return is_empty


class Checkpoints:
    """Copies the log into the database when it has grown, in a thread of its own."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._log_path = Path(f"{path}-wal")
        self._due_bytes = LOG_BYTES
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._running: Future[None] | None = None

    def note_write(self) -> None:
        """Begin to copy if what was just written has made the log large."""
        if self._running is not None and not self._running.done():
            return
        if self._size() > self._due_bytes:
            self._running = self._threads.submit(self._copy)

    async def close(self) -> None:
        """Wait for what runs."""
        await asyncio.to_thread(self._threads.shutdown)

    def _copy(self) -> None:
        try:
            _, pages, copied = _checkpoint(self._path, "PASSIVE")
        except sqlite3.Error as error:  # the log only grows meanwhile, and writers meet what is wrong themselves
            _log.warning("log of the database not copied", extra={"error": type(error).__name__})
            pages, copied = 1, 0
        # What somebody still reads from stays in the log, and it goes on growing: it is asked again later.
        self._due_bytes = LOG_BYTES if copied == pages else self._size() + LOG_BYTES

    def _size(self) -> int:
        try:
            return self._log_path.stat().st_size
        except FileNotFoundError:
            return 0


def _write_anew(path: str) -> None:
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        [file_bytes] = connection.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()
        if file_bytes > REWRITTEN_UP_TO_BYTES:
            return
        connection.execute("PRAGMA temp_store = MEMORY")  # no other file gets a copy of the texts
        connection.execute("VACUUM")


def _empty_log(path: str) -> bool:
    _checkpoint(path, "PASSIVE")  # holds nobody up, so that little is left to do for the next
    is_busy, _, _ = _checkpoint(path, "TRUNCATE")
    return not is_busy


def _checkpoint(path: str, kind: str) -> Any:  # noqa: ANN401 (a row: is it busy, pages in the log, pages copied)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        [row] = connection.execute(f"PRAGMA wal_checkpoint({kind})")
        return row
