"""The process that ``worker`` starts: it is told what to do with which file, and answers in JSON."""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bot.errors import CannotFitError, NotAVideoError
from bot.media.contact_sheets import make_contact_sheet
from bot.media.fitting import fit
from bot.media.probing import probe
from bot.media.stills import take_still

_PROBE_MEMORY_BYTES = 512 * 1024**2
"""A probe takes 0.2 GiB of address space; 4K with 17 pictures held back would take 0.4. Other pictures take no more."""
_FIT_MEMORY_BYTES = 2 * 1024**3
"""A fit of 720p takes 0.35 GiB of address space, of 4K 1.0; more with more processors."""


def _main(*arguments: str) -> None:
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    match arguments:
        case ("probe", path):
            work, memory_bytes = partial(_probe, Path(path)), _PROBE_MEMORY_BYTES
        case ("still", path):
            work, memory_bytes = partial(_take_still, Path(path)), _PROBE_MEMORY_BYTES
        case ("sheet", path):
            work, memory_bytes = partial(_make_contact_sheet, Path(path)), _PROBE_MEMORY_BYTES
        case ("fit", source, destination, max_bytes):
            work = partial(_fit, Path(source), Path(destination), int(max_bytes))
            memory_bytes = _FIT_MEMORY_BYTES
        case _:
            sys.exit(2)
    _limit_itself(memory_bytes)
    try:
        answer = work()
    except NotAVideoError as error:
        answer = {"not_a_video": str(error)}
    except CannotFitError as error:
        answer = {"cannot_fit": str(error)}
    sys.stdout.write(json.dumps(answer))


def _probe(path: Path) -> dict[str, Any]:
    return asdict(probe(path))


def _take_still(path: Path) -> dict[str, Any]:
    return {"still": base64.b64encode(take_still(path)).decode("ascii")}


def _make_contact_sheet(path: Path) -> dict[str, Any]:
    takes: list[tuple[int, str | None]] = json.loads(path.read_text("utf-8"))
    stills = [(number, None if still is None else base64.b64decode(still)) for number, still in takes]
    return {"sheet": base64.b64encode(make_contact_sheet(stills)).decode("ascii")}


def _fit(source: Path, destination: Path, max_bytes: int) -> dict[str, Any]:
    return asdict(fit(source, destination, max_bytes))


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
