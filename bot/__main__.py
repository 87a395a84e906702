"""The command line: ``python -m bot`` (run), ``demo``, ``doctor``."""

from __future__ import annotations

import gc
import os
import signal

if __name__ == "__main__":
    gc.disable()  # until all is imported, none of which is garbage: to look for some takes a fifth of the time
    # Before all that takes time to import: nothing has begun, so nothing is lost.
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, lambda _signal, _frame: os._exit(0))

import argparse
import asyncio
import io
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ReelayError, SettingsError
from bot.models import GEMINI_OMNI
from bot.process import Deadline

if TYPE_CHECKING:
    from bot.services.jobs.policy import WorkerPolicy

EXIT_OK, EXIT_FAILED, EXIT_SETTINGS = 0, 1, 2


def main(arguments: list[str] | None = None, *, policy: WorkerPolicy | None = None) -> int:
    """Run one command; return the process's exit code.

    Args:
        arguments: of the command line; by default the process's own.
        policy: the worker's figures while serving, where they are not the usual ones.
    """
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "demo":
                _end_by_exceptions()
                return _demo(options)
            case "doctor":
                _end_by_exceptions()
                return _doctor()
            case _:
                return _run(policy)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except KeyboardInterrupt:
        return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Reelay turns a line of chat into a video.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="serve (the default)")
    commands.add_parser("doctor", help="check settings, database, video service and Discord")
    demo = commands.add_parser("demo", help="show it all working, with no account anywhere")
    ending = demo.add_mutually_exclusive_group()
    ending.add_argument("--once", metavar="PROMPT", help="make one clip of this prompt, then end")
    ending.add_argument("--serve", action="store_true", help="keep the page, even with no terminal to stop it from")
    demo.add_argument("--aspect", choices=["16:9", "9:16"], default="16:9")
    demo.add_argument(
        "--duration", type=int, choices=GEMINI_OMNI.durations_seconds, default=6, metavar="SECONDS", help="6 or 10"
    )
    demo.add_argument("--out", type=Path, metavar="FILE", help="where to save the clip")
    return parser


def _end_by_exceptions() -> None:
    """Let SIGTERM and Ctrl-C unwind what is open from now on, and end the process well."""
    deadline = Deadline()

    def end(_signal: int, _frame: object) -> None:
        deadline.begin()
        sys.exit(EXIT_OK)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end)


def _run(policy: WorkerPolicy | None) -> int:
    from bot.config import load_settings
    from bot.logs import log_what_nobody_catches, set_up_logging

    settings = load_settings()
    from bot.serving import run  # half of the start, which nobody should wait for to hear of a wrong setting

    gc.enable()
    set_up_logging(level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets)
    log_what_nobody_catches()
    try:
        asyncio.run(run(settings, policy=policy))
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped before serving")
    except SettingsError:
        raise
    except ReelayError as error:
        logging.getLogger(__name__).error("stopped: %s", error)
        return EXIT_FAILED
    except ExceptionGroup:
        logging.getLogger(__name__).exception("stopped by an unexpected error")
        return EXIT_FAILED
    return EXIT_OK


def _doctor() -> int:
    from bot.config import load_settings
    from bot.logs import set_up_logging

    _print_whatever_it_holds()
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"FAIL  settings: {error}")
        return EXIT_FAILED
    from bot.doctor import examine

    gc.enable()
    set_up_logging(level="CRITICAL", log_format="text", secrets=settings.secrets)
    return EXIT_OK if asyncio.run(examine(settings)) else EXIT_FAILED


def _demo(options: argparse.Namespace) -> int:
    from bot.logs import set_up_logging

    try:
        from bot.sandbox.demo import show
    except ModuleNotFoundError as error:
        raise SettingsError(f"The demo needs the development dependencies ({error.name} is missing).") from None
    gc.enable()
    _print_whatever_it_holds()
    set_up_logging(level="ERROR", log_format="text", secrets=())
    code = EXIT_FAILED
    try:
        code = asyncio.run(
            show(
                prompt=options.once,
                aspect=options.aspect,
                duration_seconds=options.duration,
                out=options.out,
                serve=options.serve,
            )
        )
    except* BrokenPipeError:
        # Nobody reads on; what is still buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _print_whatever_it_holds() -> None:
    """Let prompts, names and paths be printed, though the terminal may not be able to show all that is in them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
