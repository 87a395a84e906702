"""The command line: ``python -m bot`` (run), ``doctor``, ``backup``, ``restore``, ``demo``; each has a module."""

from bot.command_line.entry import main

__all__ = ["main"]
