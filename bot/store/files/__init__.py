"""SQLite's file: what stands in the way of opening it, and whether it is still the one that was opened."""

from bot.store.files.database_file import DatabaseFile
from bot.store.files.opening import NO_SHARED_FILES, explain_opening, is_busy, is_damaged, unavailable

__all__ = ["NO_SHARED_FILES", "DatabaseFile", "explain_opening", "is_busy", "is_damaged", "unavailable"]
