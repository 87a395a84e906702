"""What can be wrong with a finished file, or with getting it."""

from __future__ import annotations

from bot.errors.base import ReelayError


class ClipError(ReelayError):
    """The finished file cannot be used."""


class ClipGoneError(ClipError):
    """The result's address no longer works (404, 410)."""


class ClipUnsafeError(ClipError):
    """The result's address is not https, or leads into a private network."""


class ClipUnavailableError(ClipError):
    """The file could not be fetched just now; trying again may help."""


class ClipForbiddenError(ClipUnavailableError):
    """The file's host does not let us have it (403): a signed address has ended, or something before it objects."""


class ClipSlowError(ClipUnavailableError):
    """The file came too slowly; from a later try on it may."""


class ProbeDiedError(ClipUnavailableError):
    """The process that looked at the file died or took too long; another may do better, or none."""


class ClipOversizeError(ClipError):
    """The file is larger than the download limit."""


class NotAVideoError(ClipError):
    """What was fetched is not a playable video."""


class CannotFitError(ClipError):
    """No re-encoding makes the video small enough."""
