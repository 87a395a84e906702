"""Backups of SQLite's file: made while it is used, checked, put back; and what a database that was put back is told."""

from bot.store.backups.copying import back_up, copy_checked, remove_partials
from bot.store.backups.folder import BackupFolder
from bot.store.backups.marking import mark_open_jobs
from bot.store.backups.replacing import put_in_place

__all__ = ["BackupFolder", "back_up", "copy_checked", "mark_open_jobs", "put_in_place", "remove_partials"]
