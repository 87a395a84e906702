"""Python in which event loops have no signal handlers, as on Windows; for processes with this folder in PYTHONPATH."""

import asyncio


def _add_signal_handler(*_arguments: object) -> None:
    raise NotImplementedError


asyncio.SelectorEventLoop.add_signal_handler = _add_signal_handler
