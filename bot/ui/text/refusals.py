"""The words for what was asked and is not done: nothing has changed, and the member or moderator is told why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import (
    ChannelRefusedError,
    ClipNotFoundError,
    ClipRemovedError,
    ClipUnknownError,
    DestinationClosedError,
    DraftGoneError,
    InvalidQuotaError,
    InvalidSettingError,
    InvalidSpecError,
    MessagesClosedError,
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
    PublishError,
    QueueFullError,
    ReelayError,
    RepeatedPressError,
    RulesChangingError,
    RulesUnknownError,
    ServerNotServedError,
    StoreRefusedError,
    StoreUnavailableError,
    ThreadClosedError,
    TooManyOpenJobsError,
)
from bot.models import (
    PROMPT_MIN_CHARACTERS,
    Aspect,
    BlockedError,
    CapReachedError,
    CeilingReachedError,
    JobState,
    NotCancellableError,
    PausedError,
    QuotaExceededError,
)
from bot.services.throttling.floods import Asked
from bot.ui.text import ceilings, formatting, limits
from bot.ui.text.brainstorms import refusals as brainstorm_refusals
from bot.ui.text.moderation import mistakes
from bot.ui.text.operating.refusals import REFUSALS, STRANGER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.models import Block
    from bot.services.jobs.policy import FloodLimits

SERVER_ONLY = "This works in servers only."
UNKNOWN_COMPONENT = (
    "I don't know that button, list or form any more: it is of an earlier version. Use the command again."
)
UNREADABLE_COMMAND = "I could not read that command; choose it and its options from Discord's list and try again."
STORE_REFUSED = "I can't keep what you gave me as it is, so nothing was changed. Write it in a simpler or shorter way."
STORE_UNAVAILABLE = "I can't look that up or change anything just now. Nothing was charged; try again in a minute."

_INVALID_SPEC = {
    ("prompt", "empty"): "Tell me in words what the video should show; I can't see anything in that prompt.",
    ("prompt", "too_short"): f"That prompt is too short; use at least {PROMPT_MIN_CHARACTERS} characters.",
    ("prompt", "too_long"): "That prompt is too long; use at most {} characters.",
    ("message", "empty"): "There are no words in that message to make a video of.",
    ("aspect", "not_offered"): "That shape is not on offer; choose {}.",
    ("duration", "not_offered"): "That length is not on offer; choose {} seconds.",
    ("duration", "longest"): "There is nothing longer any more: clips are of {} seconds now.",
    ("spoiler", "not_offered"): "Choose True or False for `spoiler`.",
    ("private", "not_offered"): "Choose True or False for `private`.",
    **brainstorm_refusals.INVALID_SPECS,
}
NOT_SENDABLE = {
    "busy": "I am sending you a clip already; wait for it, then try again.",
    "removed": "Moderators have removed this clip, so I don't send it again.",
    "expired": "The video service no longer has this clip's file. It can be made again, which costs as a new clip.",
    "unavailable": "I can't fetch this clip from the video service just now; try again in a minute.",
    "unusable": "This clip's file can't be posted any more. It can be made again, which costs as a new clip.",
    "closed": "I can't write to you: allow direct messages in this server's privacy settings, then try again.",
}


def asks_too_much(asked: Asked, limits: FloodLimits) -> str:
    """Say to a member how much they may ask of the bot in a minute."""
    if asked is Asked.VIDEO:
        clips = formatting.counted(limits.videos, "clip")
        return f"That is too fast: ask for at most {clips} a minute. Nothing was charged."
    return f"That is too fast: at most {limits.presses} buttons, lists, forms and commands a minute. Wait a little."


def explain(error: ReelayError) -> str | None:
    """Return the sentence for an error that people may meet, or None where there is none."""
    match error:
        case InvalidSpecError():
            return _invalid_spec(error)
        case InvalidQuotaError() | InvalidSettingError():
            return mistakes.explain(error)
        case MistakesError():
            return mistakes.together(filter(None, map(explain, error.errors)))
        case NotOperatorError():
            return STRANGER
        case OperatorRefusedError():
            return REFUSALS[error.reason]
        case ServerNotServedError():
            return "My operator has me serve other servers only; ask them if this one may be added."
        case PausedError():
            reason = formatting.sentence(error.pause.reason)
            return f"Moderators have paused video making in this server: {reason} Try again later."
        case BlockedError():
            return _blocked(error.block)
        case ChannelRefusedError(ruled_by=0):  # EVERYWHERE
            return "Moderators allow clips only in certain channels of this server. Try another one."
        case ChannelRefusedError():
            return "Moderators allow no clips in this channel. Try another one."
        case PrivateRefusedError():
            return "Moderators allow no private clips in this server. Nothing was charged; leave `private` out."
        case PromptRefusedError():
            return "This server's rules refuse that prompt. Nothing was charged; try other words."
        case RulesUnknownError():
            return "I can't read this server's rules for prompts just now. Nothing was charged; try again in a minute."
        case RulesChangingError():
            return "This server's rules for prompts are changing just now. Nothing was done; try again in a minute."
        case PlaceUnknownError():
            return "I can't find out which category this channel is in just now. Nothing was done; try again soon."
        case QuotaExceededError():
            return limits.quota_exceeded(error.status, error.cost_seconds)
        case CapReachedError():
            return limits.cap_exceeded(error.status, error.cost_seconds)
        case CeilingReachedError():
            return ceilings.refused(error)
        case TooManyOpenJobsError():
            one, waiting_one = ("it", "it") if error.limit == 1 else ("one", "one that is still waiting")
            choice = f", or cancel {waiting_one}" if error.waiting else ""
            clips = formatting.counted(error.limit, "clip")
            return f"You already have {clips} on the way. Wait for {one} to arrive{choice}."
        case QueueFullError(is_everywhere=True):
            return (
                "Too many clips are waiting just now, in all servers. Nothing was charged; try again in a few minutes."
            )
        case QueueFullError():
            return (
                f"This server has {formatting.counted(error.limit, 'clip')} waiting, and may have no more. "
                "Nothing was charged; try again when one of them has started."
            )
        case NotCancellableError():
            return _not_cancellable(error)
        case ClipUnknownError():
            return "There is nothing to be done with that clip: it is no longer stored here."
        case ClipRemovedError():
            return "Moderators have removed that clip, so nothing is made from it."
        case OthersClipError(what="delete"):
            return "Only the member who asked for this clip and moderators can delete it."
        case OthersClipError(what="retry"):
            return "Only the member who asked for this clip can do that."
        case OthersClipError():
            return "Moderators let only those who asked for a clip use its buttons. Use `/video` for one of your own."
        case RepeatedPressError():
            return "You have just pressed that: one clip of it is on its way. Press again in a moment for another."
        case NotMemberError():
            return "You are no longer in the server of that clip, so nothing is made from it. Nothing was charged."
        case PlaceGoneError():
            return (
                "The channel of that clip is gone or closed to me, so nothing is made from it here. Nothing was "
                "charged; use `/video` in the server."
            )
        case ThreadClosedError(is_locked=True):
            return "This thread is locked, so no clips are made in it. Nothing was charged."
        case ThreadClosedError():
            return "This thread is archived. Nothing was charged; write something in it to open it, then try again."
        case DraftGoneError():
            return "That text is not kept any more: it stays for an hour, for whoever typed it."
        case ClipNotFoundError():
            return "There is no such clip of yours in this server any more."
        case NotSendableError():
            return NOT_SENDABLE.get(error.reason)
        case NotRemovableError(removed_by_id=None):
            return "There is no such clip here to be removed."
        case NotRemovableError():
            when = "" if error.removed_at is None else f" {formatting.relative(error.removed_at)}"
            return f"<@{error.removed_by_id}> already removed this clip{when}."
        case NotRefundableError():
            return (
                "That clip is too old to be refunded: its cost is only kept as part of a sum. You can still remove it."
            )
        case MessagesClosedError():
            return (
                "I can't send you direct messages, so your clip is not made and its seconds come back. Allow direct "
                "messages from this server's members, or leave `private` out."
            )
        case DestinationClosedError():
            return "I can't get at that channel any more, so nothing was changed; somebody has to do it by hand."
        case PublishError():
            return "Discord did not do that just now. Nothing was changed; try again in a minute."
        case StoreRefusedError():
            return STORE_REFUSED
        case StoreUnavailableError():
            return STORE_UNAVAILABLE
        case _:
            return brainstorm_refusals.explain(error)


def unknown_failure(reference: str) -> str:
    """Admit an error nobody foresaw; the reference finds its traceback in the log."""
    return f"Something went wrong on my side (reference {reference}). Try again; if it stays so, tell the operator."


def bot_lacks(permissions: Iterable[str]) -> str:
    """Name the permissions that the bot lacks in a channel."""
    names = formatting.permission_names(permissions)
    return f"I can't post videos here: ask a moderator to give me {names} in this channel."


def member_lacks(permissions: Iterable[str]) -> str:
    """Name the permissions that the member lacks."""
    return f"Only members with {formatting.permission_names(permissions)} can do that."


def _invalid_spec(error: InvalidSpecError) -> str | None:
    sentence = _INVALID_SPEC.get((error.field, error.reason))
    if sentence is None:
        return None
    if not error.offered:  # what was sent was not of this world
        return sentence.partition("; choose")[0].rstrip(".") + "."
    if error.field == "takes":
        return sentence.format(*error.offered)
    if error.field == "aspect":
        return sentence.format(formatting.either(formatting.ASPECTS[Aspect(each)] for each in error.offered))
    return sentence.format(formatting.either(f"{each:,}" for each in error.offered))


def _blocked(block: Block) -> str:
    ends = formatting.until(block.expires_at, otherwise="until a moderator ends it")
    return f"Moderators have blocked you from making clips here {ends}: {formatting.sentence(block.reason)}"


def _not_cancellable(error: NotCancellableError) -> str:
    match error:
        case NotCancellableError(state=None, by_moderator=True):
            return "There is no such clip in this server."
        case NotCancellableError(state=None):
            return "Only the member who asked for this clip or a moderator can cancel it."
        case NotCancellableError(state=JobState.CANCELLED):
            return "This clip is already cancelled."
        case _:
            return "It is too late to cancel this clip: it is on its way to the channel, or has ended."
