"""A small bot as a process: it has secrets, hides, and has a file probed by a process that was taken over.

``python -m tests.support.walled_bot FILE`` writes JSON: what that process saw, and whether another of its user's could
read its environment before it hid and after. Its own environment has a secret, and so has a file that it leaves open.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bot.errors import NotAVideoError
from bot.media import process
from bot.media.wall import hide_from_other_processes
from bot.media.worker import MediaWorker
from tests.support import taken_over

_LOOK = "import os; open(f'/proc/{os.getppid()}/environ').read()"


def _others_can_look() -> bool:
    return subprocess.run([sys.executable, "-c", _LOOK], stderr=subprocess.DEVNULL, check=False).returncode == 0


async def _probe(path: Path) -> dict[str, object]:
    process._command = partial(taken_over.command, "look around")  # pyright: ignore[reportPrivateUsage]
    async with MediaWorker() as media:
        try:
            await media.probe(path)
        except NotAVideoError as error:
            return json.loads(str(error))
    raise AssertionError("it was a video")


def _main(path: Path) -> None:
    with tempfile.TemporaryFile() as secret:
        os.set_inheritable(secret.fileno(), True)
        could_look = _others_can_look()
        hide_from_other_processes()
        seen = asyncio.run(_probe(path))
        sys.stdout.write(json.dumps(seen | {"could_look": could_look, "can_look": _others_can_look()}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
