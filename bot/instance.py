"""What a running process calls itself: the same name after a restart, never the name of another that runs."""

from __future__ import annotations

import errno
import hashlib
import platform
import tempfile
import uuid
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url

from bot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator

_NOT_WRITABLE = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.ENOTDIR})


@contextmanager
def claim_instance_name(database_url: str) -> Generator[str]:
    """Hold the first free name among the processes on one database, for as long as the process lives.

    The name is a file lock's, which the operating system frees however the process ends. So a restarted process
    finds its own name again and with it its leases, while a second one beside it gets another.

    Raises:
        SettingsError: when no such lock can be had beside the database.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        path, prefix = Path(url.database).absolute(), "local"
    else:
        digest = hashlib.sha256(url.render_as_string(hide_password=True).encode()).hexdigest()[:16]
        path, prefix = Path(tempfile.gettempdir()) / f"reelay-{digest}", f"{platform.node()}-{uuid.getnode():x}"
    for number in count(1):
        lock = FileLock(path.with_name(f"{path.name}.{number}.lock"), fallback_to_soft=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        except (OSError, NotImplementedError) as error:
            raise _explain(error, path.parent) from error
        try:
            yield f"{prefix}/{number}"
        finally:
            lock.release()
        return


def _explain(error: Exception, folder: Path) -> SettingsError:
    if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno in _NOT_WRITABLE):
        return SettingsError(f"no lock can be written in the folder {folder}: check DATABASE_URL and its permissions.")
    return SettingsError(
        f"no file can be locked in the folder {folder}, as on many network drives: check DATABASE_URL, and name a file "
        "on a disk of this machine."
    )
