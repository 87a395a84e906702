"""The errors that carry no models, and the tree of all that the project raises on purpose.

::

    ReelayError
    ├── SettingsError                 a setting is missing or wrong; the message names it
    ├── RefusedError                  asked for and not accepted; nothing has changed
    │   ├── InvalidSpecError          prompt or an option outside what is offered
    │   ├── InvalidQuotaError         a quota or grant that is not a sensible number
    │   ├── InvalidSettingError       what a moderator gave is not something that can be set
    │   ├── MistakesError             several of these at once
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
    │   ├── NotSendableError          the clip can't be sent to its member once more
    │   ├── NotOperatorError          the command is the operator's
    │   └── OperatorRefusedError      what the operator wanted to do by hand can't be done
    ├── StoreUnavailableError         the database could not be asked
    │   └── NewerSchemaError          a newer version has migrated it
    ├── StoreRefusedError             the database takes a value by no means
    ├── PortTakenError                another program listens at HTTP_LISTEN
    ├── BackupError                   a backup could not be made, or can't be restored
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
    │   │   ├── ClipForbiddenError    the file's host does not let us have it (403)
    │   │   ├── ClipSlowError         it came too slowly
    │   │   └── ProbeDiedError        whoever looked at it died or took too long
    │   ├── ClipOversizeError         larger than the download limit
    │   ├── NotAVideoError            what came is not a playable video
    │   └── CannotFitError            no re-encoding makes it small enough
    └── PublishError                  Discord did not take a message
        ├── DestinationClosedError    the channel is gone, or the bot may not post there
        │   └── MessagesClosedError   the member takes no direct messages from the bot
        ├── MessageRefusedError       Discord refuses this one message
        ├── UploadTooLargeError       413, or code 40005
        └── PublishUnavailableError   could not be posted just now; it may have arrived

Errors carry values; the sentence people read is chosen in ``ui/text/refusals.py``.
"""

from __future__ import annotations

from bot.errors.base import (
    BackupError,
    LeaseLostError,
    NewerSchemaError,
    PortTakenError,
    ReelayError,
    SettingsError,
    StoreRefusedError,
    StoreUnavailableError,
)
from bot.errors.clips import (
    CannotFitError,
    ClipError,
    ClipForbiddenError,
    ClipGoneError,
    ClipOversizeError,
    ClipSlowError,
    ClipUnavailableError,
    ClipUnsafeError,
    NotAVideoError,
    ProbeDiedError,
)
from bot.errors.publishing import (
    DestinationClosedError,
    MessageRefusedError,
    MessagesClosedError,
    PublishError,
    PublishUnavailableError,
    UploadTooLargeError,
)
from bot.errors.refused import (
    ChannelRefusedError,
    ClipNotFoundError,
    ClipRemovedError,
    ClipUnknownError,
    DraftGoneError,
    InvalidQuotaError,
    InvalidSettingError,
    InvalidSpecError,
    MistakesError,
    NotMemberError,
    NotOperatorError,
    NotRefundableError,
    NotRemovableError,
    NotSendableError,
    OperatorRefusedError,
    OthersClipError,
    PlaceGoneError,
    PlaceUnknownError,
    PrivateRefusedError,
    PromptRefusedError,
    QueueFullError,
    RefusedError,
    RepeatedPressError,
    RulesChangingError,
    RulesUnknownError,
    ServerNotServedError,
    ThreadClosedError,
    TooManyOpenJobsError,
    read_all,
)

__all__ = [
    "BackupError",
    "CannotFitError",
    "ChannelRefusedError",
    "ClipError",
    "ClipForbiddenError",
    "ClipGoneError",
    "ClipNotFoundError",
    "ClipOversizeError",
    "ClipRemovedError",
    "ClipSlowError",
    "ClipUnavailableError",
    "ClipUnknownError",
    "ClipUnsafeError",
    "DestinationClosedError",
    "DraftGoneError",
    "InvalidQuotaError",
    "InvalidSettingError",
    "InvalidSpecError",
    "LeaseLostError",
    "MessageRefusedError",
    "MessagesClosedError",
    "MistakesError",
    "NewerSchemaError",
    "NotAVideoError",
    "NotMemberError",
    "NotOperatorError",
    "NotRefundableError",
    "NotRemovableError",
    "NotSendableError",
    "OperatorRefusedError",
    "OthersClipError",
    "PlaceGoneError",
    "PlaceUnknownError",
    "PortTakenError",
    "PrivateRefusedError",
    "ProbeDiedError",
    "PromptRefusedError",
    "PublishError",
    "PublishUnavailableError",
    "QueueFullError",
    "ReelayError",
    "RefusedError",
    "RepeatedPressError",
    "RulesChangingError",
    "RulesUnknownError",
    "ServerNotServedError",
    "SettingsError",
    "StoreRefusedError",
    "StoreUnavailableError",
    "ThreadClosedError",
    "TooManyOpenJobsError",
    "UploadTooLargeError",
    "read_all",
]
