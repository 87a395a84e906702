"""The bot as a process of the operating system: what signals mean to it."""

from bot.process.signals import end_at_once, heed_signals

__all__ = ["end_at_once", "heed_signals"]
