"""The bot as a process: it has secrets, starts, and has a file probed by a process that was taken over.

``python -m tests.support.walled_bot FILE`` writes JSON: what that process saw, and whether another of its user's could
read its environment before it hid and after. Its own environment has a secret, and so has a file that it leaves open.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bot.config import load_settings
from bot.errors import NotAVideoError, SettingsError
from bot.media import process
from bot.media.worker import MediaWorker
from bot.serving import run
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
        with contextlib.suppress(SettingsError):
            asyncio.run(run(load_settings()))  # which goes no further than to its database
        seen = asyncio.run(_probe(path))
        sys.stdout.write(json.dumps(seen | {"could_look": could_look, "can_look": _others_can_look()}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
