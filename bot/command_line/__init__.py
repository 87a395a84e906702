"""The command line: ``python -m bot`` (run), ``demo``, ``doctor``; a module for each command or group of them."""

from bot.command_line.entry import main

__all__ = ["main"]
