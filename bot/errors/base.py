"""What all errors share, and those that are about neither people nor clips."""

from __future__ import annotations


class ReelayError(Exception):
    """Base of every error in this tree."""


class SettingsError(ReelayError):
    """A setting is missing or wrong; the message is one sentence that names it."""


class StoreUnavailableError(ReelayError):
    """The database could not be asked, or in time; a sentence says why.

    Nothing has changed, unless a connection to PostgreSQL was lost between a commit and its answer.
    """


class StoreRefusedError(ReelayError):
    """The database takes a value by no means, however often it is asked; nothing has changed."""


class PortTakenError(ReelayError):
    """Another program listens where the bot is to; the message is a sentence."""


class NewerSchemaError(StoreUnavailableError):
    """A newer version of the bot has migrated the database, which this one must not write any more; a sentence."""


class BackupError(ReelayError):
    """A backup was not made, or is none that can be restored; the message is a sentence, and nothing has changed."""


class LeaseLostError(ReelayError):
    """A job is no longer this worker's to change: another took it over, or it has ended."""
