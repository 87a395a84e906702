"""Memory: all threads share one heap, and garbage is looked for where it may be."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import ctypes, sys, threading
from bot.process import share_one_heap

if sys.argv[1] == "shares":
    share_one_heap()
kept = []
met = threading.Barrier(4)

def take():
    met.wait()
    kept.append([bytes(2000) for _ in range(100)])

threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(library.fopen(sys.argv[2].encode(), b"w"))
library.malloc_info(0, file)
library.fclose(file)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heaps")
@pytest.mark.parametrize("how", ["shares", "does not"])
def test_threads_that_take_memory_at_the_same_time_make_no_heaps_of_their_own(tmp_path: Path, how: str) -> None:
    report = tmp_path / "heaps.xml"

    subprocess.run([sys.executable, "-c", PROGRAM, how, str(report)], check=True)

    heaps = len(re.findall(r"<heap nr=", report.read_text()))
    assert heaps == 1 if how == "shares" else heaps > 1


def test_what_is_loaded_once_the_program_is_ready_is_looked_through_no_more() -> None:
    program = "import gc; from bot.process import spare_what_stays; spare_what_stays()"
    said = subprocess.run(
        [sys.executable, "-c", f"{program}; print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 1_000)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout == "True True\n"
