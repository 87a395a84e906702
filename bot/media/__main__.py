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

_MEMORY_BYTES = 1024**3
"""What the process may claim of memory: the program itself takes 0.2 GiB of it, re-encoding 4K about 0.7."""


def _main(*arguments: str) -> None:
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    _limit_itself()
    match arguments:
        case ("probe", path):
            work = partial(probe, Path(path))
        case ("fit", source, destination, max_bytes):
            work = partial(fit, Path(source), Path(destination), int(max_bytes))
        case _:
            sys.exit(2)
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


def _limit_itself() -> None:
    """Take less than the bot: a bounded part of memory, and of the processor what it leaves."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(10)
    if sys.platform == "linux":  # elsewhere the limit is refused or not kept
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    _main(*sys.argv[1:])
