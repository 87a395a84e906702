"""The tests of what is stored, on a PostgreSQL that is started for them.

``python -m tests.postgresql [what pytest takes]``: without anything, all that are chosen here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.support.databases import ADDRESS_VARIABLE
from tests.support.postgresql_server import PostgreSqlServer

CHOSEN = (
    "-m=not slow or xdist_group or postgresql",  # the group is that of whole processes
    "tests/store",
    "tests/services",
    "tests/command_line",
    "tests/web",
    "tests/e2e/test_two_processes.py",
    "tests/e2e/test_sigkill.py",
    "tests/e2e/test_brainstorms_killed.py",
    "tests/e2e/test_brainstorms_two_processes.py",
    "tests/e2e/test_names.py",
)
"""Where an engine can differ, but for what takes long and is no whole process."""


def main() -> int:
    """Run them; return pytest's exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server is stopped even then
    with PostgreSqlServer() as server:
        command = [sys.executable, "-m", "pytest", *(sys.argv[1:] or CHOSEN)]
        pytest = subprocess.Popen(command, env=os.environ | {ADDRESS_VARIABLE: server.url})
        try:
            return pytest.wait()
        finally:
            pytest.send_signal(signal.SIGINT)  # so that it ends its own processes; nothing once it has ended
            pytest.wait()


if __name__ == "__main__":
    sys.exit(main())
