"""The command line: ``python -m bot`` (run), ``migrate``, ``doctor``, ``demo``; a module for each command or group."""

from bot.command_line.entry import main

__all__ = ["main"]
