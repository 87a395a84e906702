"""The command line: ``python -m bot`` (run), ``demo``, ``doctor`` and others; a module for each or for a group."""

from bot.command_line.entry import main

__all__ = ["main"]
