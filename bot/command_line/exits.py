"""How a command ends: its exit code, and signals that end it by exceptions."""

from __future__ import annotations

import io
import os
import signal
import sys

from bot.process import Deadline

OK, FAILED, SETTINGS = 0, 1, 2
"""Done; failed, but may work the next time; something has to be set right first, or the command was misspelled."""


def end_by_exceptions(code: int = OK) -> None:
    """Let SIGTERM and Ctrl-C unwind what is open from now on, and end the process.

    Args:
        code: that it ends with; ``FAILED`` where it was to do something that is not done then.
    """
    deadline = Deadline()

    def end(_signal: int, _frame: object) -> None:
        deadline.begin()
        sys.exit(code)

    signal.signal(signal.SIGINT, signal.default_int_handler if code == OK else end)
    signal.signal(signal.SIGTERM, end)


def end_by_signals() -> None:
    """Let SIGTERM and Ctrl-C end the process at once, as one that has not done what it was asked for.

    What was not committed by then has not happened.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def leave_unwritten() -> None:
    """Let what is still to be printed go nowhere: it must not fail once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_whatever_it_holds() -> None:
    """Let prompts, names and paths be printed, though the terminal may not be able to show all that is in them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
