"""Figures of the benches: spreads, memory from ``/proc`` (so: Linux), the machine, the printed report."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import platform
import signal
import statistics
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bot.process import spare_what_stays

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

MIB = 1024 * 1024
SAMPLE_SECONDS = 0.02


def freeze() -> None:
    """Take what there is by now out of the garbage collector's sight, as the bot does once it is ready."""
    gc.collect()
    spare_what_stays()


def spread(values: Iterable[float], *, digits: int = 3) -> dict[str, float | None]:
    """Return least, median and most."""
    ordered = sorted(values)
    if not ordered:
        return {"min": None, "median": None, "max": None}
    figures = {"min": ordered[0], "median": statistics.median(ordered), "max": ordered[-1]}
    return {name: round(value, digits) for name, value in figures.items()}


def tail(values: Sequence[float], *, digits: int = 1) -> dict[str, float | None]:
    """Return the values below which half and 99 % of all are, and the largest."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": None, "p99": None, "max": None}
    picks = {"p50": ordered[len(ordered) // 2], "p99": ordered[int(len(ordered) * 0.99)], "max": ordered[-1]}
    return {name: round(value, digits) for name, value in picks.items()}


def machine() -> dict[str, Any]:
    """Return what the figures depend on beside the code; the load is of the minute before."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def print_report(measuring: Coroutine[Any, Any, dict[str, Any]]) -> None:
    """Measure, and print one JSON object; SIGTERM ends it as Ctrl-C does, with nothing left behind."""
    report = asyncio.run(_until_terminated(measuring))
    json.dump(report, sys.stdout, indent=2)
    sys.stdout.write("\n")


async def _until_terminated(measuring: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    task = asyncio.ensure_future(measuring)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


# A process's memory and time ---------------------------------------------------------------------


def memory_mib(process_id: int) -> dict[str, float]:
    """Return resident memory (RSS), and the same with shared pages divided among their sharers (PSS)."""
    lines = (Path("/proc") / str(process_id) / "smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return {"rss": kib["Rss"] / 1024, "pss": kib["Pss"] / 1024}


def peak_rss_mib(process_id: int) -> float:
    """Return the most resident memory since the start, or since ``forget_peak``."""
    for line in (Path("/proc") / str(process_id) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process_id)


def forget_peak(process_id: int) -> None:
    """Let ``peak_rss_mib`` count from now."""
    (Path("/proc") / str(process_id) / "clear_refs").write_text("5")


def processor_seconds(process_id: int) -> float:
    """Return the processor time used so far, by the program and by the system for it."""
    fields = (Path("/proc") / str(process_id) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(process_id: int) -> list[int]:
    """Return the processes that its main thread has started and that still run."""
    listed = Path("/proc") / str(process_id) / "task" / str(process_id) / "children"
    return [int(word) for word in listed.read_text().split()]


class MemoryWatch:
    """Watches a process and its children, 50 times a second, while the context is open.

    Attributes:
        peak_rss_mib, peak_pss_mib: the most that it and its children took together; RSS counts shared pages twice.
        peak_child_rss_mib: the most that one child took, by child.
    """

    def __init__(self, process_id: int) -> None:
        self._process_id = process_id
        self.peak_rss_mib = self.peak_pss_mib = 0.0
        self.peak_child_rss_mib: dict[int, float] = {}

    async def __aenter__(self) -> Self:
        forget_peak(self._process_id)
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching

    async def _watch(self) -> None:
        while True:
            taken = [memory_mib(self._process_id)]
            for child in children(self._process_id):
                with suppress(FileNotFoundError, ProcessLookupError, KeyError):  # it has just ended
                    taken.append(memory_mib(child))
                    self.peak_child_rss_mib[child] = peak_rss_mib(child)
            self.peak_rss_mib = max(self.peak_rss_mib, sum(memory["rss"] for memory in taken))
            self.peak_pss_mib = max(self.peak_pss_mib, sum(memory["pss"] for memory in taken))
            await asyncio.sleep(SAMPLE_SECONDS)
