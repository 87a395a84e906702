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
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.errors import CannotFitError, NotAVideoError
from bot.media.fitting import fit
from bot.media.probing import probe
from bot.media.stills import take_still
from bot.media.wall import Limits, enclose
from bot.models.usage import BarChart

if TYPE_CHECKING:
    from collections.abc import Callable

_Take: TypeAlias = tuple[int, bytes | None]

_LOOK = Limits(memory_bytes=512 * 1024**2, processor_seconds=30)
"""A probe takes 0.2 GiB of address space; 4K with 17 pictures held back would take 0.4. Other pictures take no more."""
_FIT_MEMORY_BYTES = 2 * 1024**3
"""A fit of 720p takes 0.35 GiB of address space, of 4K 1.0; more with more processors."""
_FIT_PROCESSOR_SECONDS = 720
"""What four threads can use in the 180 seconds that there are."""
_SPARE_FILE_BYTES = 16 * 1024**2
"""A first attempt may become larger than it should."""
_WHILE_DRAWING = {"OPENBLAS_NUM_THREADS": "1", "MPL_IGNORE_SYSTEM_FONTS": "1"}
"""No thread is started before the wall, no other program asked for fonts, and charts look the same everywhere."""


def main(*arguments: str) -> None:
    """Do one piece of work behind the wall, and write its answer."""
    writable = None
    match arguments:
        case ("probe", path):
            work, limits = partial(_probe, Path(path)), _LOOK
        case ("still", path):
            work, limits = partial(_take_still, Path(path)), _LOOK
        case ("sheet", path):
            from bot.media.contact_sheets import make_contact_sheet  # with Pillow, which nothing else here needs

            work, limits = partial(_make_contact_sheet, make_contact_sheet, Path(path)), _LOOK
        case ("chart", path):
            os.environ |= _WHILE_DRAWING
            from bot.media.charts import draw_chart  # with Matplotlib, which takes a second or two to load

            work, limits = partial(_draw_chart, draw_chart, Path(path)), _LOOK
        case ("fit", path, destination, max_bytes):
            work = partial(_fit, Path(path), Path(destination), int(max_bytes))
            limits = Limits(
                memory_bytes=_FIT_MEMORY_BYTES,
                processor_seconds=_FIT_PROCESSOR_SECONDS,
                file_bytes=2 * int(max_bytes) + _SPARE_FILE_BYTES,
            )
            writable = Path(destination).parent
        case _:
            sys.exit(2)
    enclose(limits, readable=Path(path), writable=writable)
    threading.Thread(target=_exit_with_parent, daemon=True).start()  # within the wall, like any later thread
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


def _make_contact_sheet(make: Callable[[list[_Take]], bytes], path: Path) -> dict[str, Any]:
    takes: list[tuple[int, str | None]] = json.loads(path.read_text("utf-8"))
    stills = [(number, None if still is None else base64.b64decode(still)) for number, still in takes]
    return {"sheet": base64.b64encode(make(stills)).decode("ascii")}


def _draw_chart(draw: Callable[[BarChart], bytes], path: Path) -> dict[str, Any]:
    return {"chart": base64.b64encode(draw(BarChart(**json.loads(path.read_text("utf-8"))))).decode("ascii")}


def _fit(source: Path, destination: Path, max_bytes: int) -> dict[str, Any]:
    return asdict(fit(source, destination, max_bytes))


def _exit_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
