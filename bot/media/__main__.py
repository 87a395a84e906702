"""The process that ``worker`` starts: ``probe PATH`` or ``fit SOURCE DESTINATION MAX_BYTES``, answered in JSON."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bot.errors import CannotFitError, NotAVideoError
from bot.media.fitting import fit
from bot.media.probing import probe

_PROBE_MEMORY_BYTES = 512 * 1024**2
"""A probe takes 0.2 GiB of address space; 4K with 17 pictures held back would take 0.4."""
_FIT_MEMORY_BYTES = 2 * 1024**3
"""A fit of 720p takes 0.35 GiB of address space, of 4K 1.0; more with more processors."""


def _main(*arguments: str) -> None:
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    match arguments:
        case ("probe", path):
            work, memory_bytes = partial(probe, Path(path)), _PROBE_MEMORY_BYTES
        case ("fit", source, destination, max_bytes):
            work = partial(fit, Path(source), Path(destination), int(max_bytes))
            memory_bytes = _FIT_MEMORY_BYTES
        case _:
            sys.exit(2)
    _limit_itself(memory_bytes)
    try:
        answer = asdict(work())
    except NotAVideoError as error:
        answer = {"not_a_video": str(error)}
    except CannotFitError as error:
        answer = {"cannot_fit": str(error)}
    sys.stdout.write(json.dumps(answer))


def _exit_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _limit_itself(memory_bytes: int) -> None:
    """Take no more memory than this, and of the processor what the bot leaves."""
    if sys.platform == "win32":
        return
    import resource  # not there on Windows

    os.nice(10)
    if sys.platform == "linux":  # elsewhere the limit is refused or not kept
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


if __name__ == "__main__":
    _main(*sys.argv[1:])
