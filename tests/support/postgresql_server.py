"""A PostgreSQL of the tests' own: Debian's programs, a folder that is thrown away, loopback only."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAMS = Path("/usr/lib/postgresql")
ANOTHER_USER = "postgres"
"""PostgreSQL does not run as root: then it runs as the user whom Debian's package makes."""
ROLE = "reelay"
"""Whom tests connect as: no superuser, so that limits hold, and allowed to make databases."""
FOLDERS = (Path("/dev/shm"), Path("/tmp"))
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "off",  # nothing is to outlive the machine; a killed server loses nothing
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "64MB",
    "timezone": "Asia/Tokyo",  # so that a time which leans on the server's zone is wrong
}


class PostgreSqlServer:
    """A server; use it as a context.

    Attributes:
        url: of the database that is always there, for whoever may make others.
    """

    def __init__(self) -> None:
        [*_, self._programs] = sorted(PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self.url = f"postgresql+asyncpg://{ROLE}@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="postgresql-", dir=next(filter(Path.is_dir, FOLDERS)))
        above = Path(self._folder.name)
        self._data = above / "data"
        if os.geteuid() == 0:
            self._run(["chown", ANOTHER_USER, str(above)], as_root=True)
        self._run([
            self._program("initdb"), "--pgdata", str(self._data), "--username", "tests", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        ])  # fmt: skip
        settings = "".join(f"{name} = '{value}'\n" for name, value in {**SETTINGS, "port": self._port}.items())
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings)
        self.start()
        psql = [self._program("psql"), "-h", "127.0.0.1", "-p", str(self._port), "-U", "tests", "-d", "postgres"]
        self._run([*psql, "-qc", f"CREATE ROLE {ROLE} LOGIN CREATEDB"])
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start it; return when it takes connections."""
        self._control("start", "--log", str(self._data / "log"))

    def stop(self) -> None:
        """End all connections, and it."""
        self._control("stop", "--mode", "fast")

    def _control(self, *arguments: str) -> None:
        self._run([self._program("pg_ctl"), *arguments, "--wait", "--silent", "--pgdata", str(self._data)])

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _run(self, command: Sequence[str], *, as_root: bool = False) -> None:
        if os.geteuid() == 0 and not as_root:
            command = ["setpriv", f"--reuid={ANOTHER_USER}", f"--regid={ANOTHER_USER}", "--init-groups", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
