"""What Discord does not take."""

from __future__ import annotations

from bot.errors.base import ReelayError


class PublishError(ReelayError):
    """Discord did not take a message."""


class DestinationClosedError(PublishError):
    """The channel is gone, or the bot (or the member's privacy) does not allow a post there."""


class MessagesClosedError(DestinationClosedError):
    """Discord says that the member takes no direct messages from the bot."""


class MessageRefusedError(PublishError):
    """Discord refuses this one message, for a reason that says nothing about the place; it may think better of it."""


class UploadTooLargeError(PublishError):
    """Discord refused the upload for its size."""


class PublishUnavailableError(PublishError):
    """The post failed for now, and may have arrived all the same."""
