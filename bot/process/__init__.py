"""The bot as a process of the operating system: what signals mean to it, what it does with memory."""

from bot.process.memory import share_one_heap, spare_what_stays
from bot.process.signals import Deadline, heed_signals

__all__ = ["Deadline", "heed_signals", "share_one_heap", "spare_what_stays"]
