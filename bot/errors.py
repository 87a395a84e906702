"""The errors that carry no models, and the tree of all that the project raises on purpose.

::

    ReelayError
    ├── SettingsError                 a setting is missing or wrong; the message names it
    ├── RefusedError                  asked for and not accepted; nothing has changed
    │   ├── InvalidSpecError          prompt or an option outside what is offered
    │   ├── InvalidQuotaError         a quota or grant that is not a sensible number
    │   ├── InvalidSettingError       what a moderator gave is not something that can be set
    │   ├── ServerNotServedError      the operator serves other servers only
    │   ├── PausedError               moderators have paused video making in the server
    │   ├── BlockedError              moderators have blocked the member
    │   ├── ChannelRefusedError       no clips in this channel
    │   ├── PrivateRefusedError       no private clips in this server
    │   ├── PromptRefusedError        a rule of the server's refuses the prompt
    │   ├── RulesUnknownError         the server's AutoMod rules could not be read yet
    │   ├── RulesChangingError        the server's rules for prompts changed too often meanwhile
    │   ├── PlaceUnknownError         the place's category can't be found out just now
    │   ├── PlaceGoneError            the channel that a clip was made in is gone, or closed to the bot
    │   ├── ThreadClosedError         the thread is archived or locked
    │   ├── NotMemberError            whoever asks has left the server
    │   ├── QuotaExceededError        the clip costs more than is left
    │   ├── CapReachedError           it costs more than the whole server has left
    │   ├── CeilingReachedError       it would pass a ceiling of the operator's
    │   ├── TooManyOpenJobsError      the member has enough jobs open
    │   ├── QueueFullError            as many jobs wait as may, in the server or in all
    │   ├── NotCancellableError       the job is past the point where it can be withdrawn
    │   ├── NotRemovableError         the clip is not there to be removed
    │   ├── NotRefundableError        what the clip cost is only known as part of a sum
    │   ├── ClipUnknownError          there is no such clip, or what it was made from was erased
    │   ├── ClipRemovedError          moderators have removed the clip
    │   ├── OthersClipError           only whoever asked for the clip may use its buttons
    │   ├── RepeatedPressError        the same button was pressed a moment ago
    │   ├── DraftGoneError            what was typed is no longer kept, or was typed by somebody else
    │   ├── ClipNotFoundError         the member has no such clip in the server
    │   └── NotSendableError          the clip can't be sent to its member once more
    ├── StoreUnavailableError         the database could not be asked
    ├── GatewayClosedError            Discord takes the bot only from a new start
    ├── LeaseLostError                a job is no longer this worker's to change
    ├── VideoServiceError             the video service said no, or nothing
    │   ├── RequestRejectedError      the request itself is wrong
    │   ├── ContentPolicyError        the prompt was refused
    │   ├── WrongEndpointError        "invalid apitype": base address or model is wrong
    │   ├── UnauthorizedError         no key, or a bad one
    │   ├── InsufficientFundsError    the key or the account is out of money
    │   ├── ModelAccessError          the key may not use the model
    │   ├── GenerationNotFoundError   the service knows no such generation
    │   ├── RateLimitedError          too many requests; this one was not taken
    │   ├── NotTakenError             the service could not take the submit just now
    │   ├── ServiceFaultError         the service says that something broke, or can't be read
    │   └── NoAnswerError             nothing of the service's came back: it may have arrived
    │       └── NotConnectedError     no connection was made: it has not arrived
    ├── ClipError                     the finished file cannot be used
    │   ├── ClipGoneError             the address no longer works
    │   ├── ClipUnsafeError           the address points where the bot must not go
    │   ├── ClipUnavailableError      could not be fetched just now
    │   ├── ClipOversizeError         larger than the download limit
    │   ├── NotAVideoError            what came is not a playable video
    │   └── CannotFitError            no re-encoding makes it small enough
    └── PublishError                  Discord did not take a message
        ├── DestinationClosedError    the channel is gone, or the bot may not post there
        │   └── MessagesClosedError   the member takes no direct messages from the bot
        ├── UploadTooLargeError       413, or code 40005
        └── PublishUnavailableError   could not be posted just now; it may have arrived

Errors carry values; the sentence people read is chosen in ``ui/text/refusals.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class ReelayError(Exception):
    """Base of every error in this tree."""


class SettingsError(ReelayError):
    """A setting is missing or wrong; the message is one sentence that names it."""


# What people asked for ---------------------------------------------------------------------------


class RefusedError(ReelayError):
    """Something was asked for and not accepted; nothing has changed."""


class InvalidSpecError(RefusedError):
    """A video spec is outside what is offered.

    Attributes:
        field: ``prompt``, ``aspect``, ``duration``, ``spoiler``, ``private``, or the ``message`` to make one of.
        reason: ``empty``, ``too_short``, ``too_long``, ``not_offered`` or ``longest``.
        offered: what there is instead: shapes, lengths in seconds, or how many characters a prompt may have.
    """

    def __init__(self, field: str, reason: str, *, offered: Sequence[int | str] = ()) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.offered = offered


class InvalidQuotaError(RefusedError):
    """A quota or a grant is not a whole number of seconds in range.

    Attributes:
        reason: ``not_a_number``, ``negative``, ``too_large``, ``not_positive``, ``contradictory``
            (seconds and unlimited together), ``missing`` (neither) or ``period``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidSettingError(RefusedError):
    """What a moderator gave is not something that can be set.

    Attributes:
        field: which setting; reason: what is wrong with it. ``ui/text/refusals.py`` has a sentence for each pair.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class ServerNotServedError(RefusedError):
    """The operator has named the servers that the bot serves, and this is none of them."""


class ChannelRefusedError(RefusedError):
    """Moderators allow no clips in the channel.

    Attributes:
        ruled_by: the id of the thread, channel or category whose rule says so; ``EVERYWHERE`` for the server's.
    """

    def __init__(self, ruled_by: int) -> None:
        super().__init__(f"refused by the rule of {ruled_by}")
        self.ruled_by = ruled_by


class PrivateRefusedError(RefusedError):
    """Moderators allow no clips that are sent to direct messages instead of posted."""


class PromptRefusedError(RefusedError):
    """A rule of the server's refuses the prompt.

    Attributes:
        rule: the rule as moderators know it; never shown to the member.
        is_automod: whether it is one of the server's own AutoMod rules.
    """

    def __init__(self, rule: str, *, is_automod: bool) -> None:
        super().__init__("prompt refused")
        self.rule = rule
        self.is_automod = is_automod


class RulesUnknownError(RefusedError):
    """The server's AutoMod rules have never been read and can't be just now; the answer is then no."""


class RulesChangingError(RefusedError):
    """The server's rules for prompts have changed again and again while they were gone by; the answer is then no."""


class PlaceUnknownError(RefusedError):
    """Which channel or category the place belongs to can't be found out just now; the answer is then no."""


class PlaceGoneError(RefusedError):
    """The channel or thread that a clip was made in is deleted, or closed to the bot."""


class ThreadClosedError(RefusedError):
    """Nothing is made in a thread that is archived or locked.

    Attributes:
        is_locked: whether moderators have locked it; else it is only archived.
    """

    def __init__(self, *, is_locked: bool) -> None:
        super().__init__("locked" if is_locked else "archived")
        self.is_locked = is_locked


class NotMemberError(RefusedError):
    """Whoever asks is no member of the server any more."""


class TooManyOpenJobsError(RefusedError):
    """The member has as many jobs open as one member may have.

    Attributes:
        limit: that number.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"limit {limit}")
        self.limit = limit


class QueueFullError(RefusedError):
    """As many jobs wait for their turn as may.

    Attributes:
        limit: that number; is_everywhere: whether it is that of all servers together.
    """

    def __init__(self, limit: int, *, is_everywhere: bool = False) -> None:
        super().__init__(f"limit {limit}")
        self.limit = limit
        self.is_everywhere = is_everywhere


class ClipUnknownError(RefusedError):
    """There is no such clip in the server, or its prompt is no longer stored."""


class ClipRemovedError(RefusedError):
    """Moderators have removed the clip, so nothing is made from it."""


class OthersClipError(RefusedError):
    """Only whoever asked for the clip may do that.

    Attributes:
        what: to ``delete`` it, which moderators may as well; to ``retry`` what failed; or to use its ``buttons``, which
            moderators have kept to its requester.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class RepeatedPressError(RefusedError):
    """The same member pressed the same button of the same clip a moment ago: that is one job."""


class DraftGoneError(RefusedError):
    """What was typed is no longer kept, or was typed by somebody else, who alone may see it."""


class ClipNotFoundError(RefusedError):
    """There is no such clip of the member's in the server, or it was taken away."""


class NotSendableError(RefusedError):
    """A delivered clip can't be sent to its member once more.

    Attributes:
        reason: ``busy`` with another, ``removed``, ``expired``, ``unavailable``, ``unusable`` or ``closed`` for posts.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotRemovableError(RefusedError):
    """The clip is not there to be removed.

    Attributes:
        removed_by: who was quicker, or None when there never was such a clip in the server.
        removed_at: when.
    """

    def __init__(self, removed_by_id: int | None = None, removed_at: datetime | None = None) -> None:
        super().__init__("not removable")
        self.removed_by_id = removed_by_id
        self.removed_at = removed_at


class NotRefundableError(RefusedError):
    """The clip is so old that what it cost is only known as part of a sum."""


class StoreUnavailableError(ReelayError):
    """The database could not be asked, or in time; nothing has changed. When it is opened, a sentence says why."""


class LeaseLostError(ReelayError):
    """A job is no longer this worker's to change: another took it over, or it has ended."""


# The finished file -------------------------------------------------------------------------------


class ClipError(ReelayError):
    """The finished file cannot be used."""


class ClipGoneError(ClipError):
    """The result's address no longer works (404, 410)."""


class ClipUnsafeError(ClipError):
    """The result's address is not https, or leads into a private network."""


class ClipUnavailableError(ClipError):
    """The file could not be fetched just now; trying again may help."""


class ClipOversizeError(ClipError):
    """The file is larger than the download limit."""


class NotAVideoError(ClipError):
    """What was fetched is not a playable video."""


class CannotFitError(ClipError):
    """No re-encoding makes the video small enough."""


# Discord -----------------------------------------------------------------------------------------


class PublishError(ReelayError):
    """Discord did not take a message."""


class DestinationClosedError(PublishError):
    """The channel is gone, or the bot (or the member's privacy) does not allow a post there."""


class MessagesClosedError(DestinationClosedError):
    """Discord says that the member takes no direct messages from the bot."""


class UploadTooLargeError(PublishError):
    """Discord refused the upload for its size."""


class PublishUnavailableError(PublishError):
    """The post failed for now, and may have arrived all the same."""
