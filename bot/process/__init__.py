"""The bot as a process of the operating system: what signals mean to it."""

from bot.process.signals import Deadline, heed_signals

__all__ = ["Deadline", "heed_signals"]
