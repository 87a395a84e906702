"""What people asked for and did not get; the sentence they read is chosen in ``ui/text/refusals.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from bot.errors.base import ReelayError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

_First = TypeVar("_First")
_Second = TypeVar("_Second")
_Third = TypeVar("_Third")
_Fourth = TypeVar("_Fourth")


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
        typed: what was typed, where that is known; meant: what may have been meant by it, or nothing.
    """

    def __init__(self, reason: str, *, typed: str = "", meant: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.typed = typed
        self.meant = meant


class InvalidSettingError(RefusedError):
    """What a moderator gave is not something that can be set.

    Attributes:
        field: which setting; reason: what is wrong with it. ``ui/text/moderation/mistakes.py`` has a sentence for each
            pair.
        typed: what was typed, where that is known; meant: what may have been meant by it, or nothing.
    """

    def __init__(self, field: str, reason: str, *, typed: str = "", meant: Sequence[str] = ()) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.typed = typed
        self.meant = meant


class NotOperatorError(RefusedError):
    """A command is the operator's, and whoever used it is not."""


class OperatorRefusedError(RefusedError):
    """What the operator wanted to do by hand can't be done.

    Attributes:
        reason: why not; ``ui/text/operating/refusals.py`` has a sentence for each.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MistakesError(RefusedError):
    """Several things that were asked for together are wrong.

    Attributes:
        errors: what is wrong with each, two at least.
    """

    def __init__(self, errors: Sequence[RefusedError]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


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
        waiting: how many of them wait for their turn, and can be cancelled.
    """

    def __init__(self, limit: int, *, waiting: int = 0) -> None:
        super().__init__(f"limit {limit}")
        self.limit = limit
        self.waiting = waiting


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


@overload
def read_all(first: Callable[[], _First], second: Callable[[], _Second], /) -> tuple[_First, _Second]: ...
@overload
def read_all(
    first: Callable[[], _First], second: Callable[[], _Second], third: Callable[[], _Third], /
) -> tuple[_First, _Second, _Third]: ...
@overload
def read_all(
    first: Callable[[], _First],
    second: Callable[[], _Second],
    third: Callable[[], _Third],
    fourth: Callable[[], _Fourth],
    /,
) -> tuple[_First, _Second, _Third, _Fourth]: ...
def read_all(*reads: Callable[[], Any]) -> tuple[Any, ...]:
    """Read everything that was asked for at once, so that all that is wrong is named together.

    Returns:
        What each of them returns.

    Raises:
        RefusedError: what one of them raises, or ``MistakesError`` where several do.
    """
    read: list[Any] = []
    errors: list[RefusedError] = []
    for each in reads:
        try:
            read.append(each())
        except MistakesError as error:
            errors.extend(error.errors)
        except RefusedError as error:
            errors.append(error)
    if errors:
        raise MistakesError(errors) if len(errors) > 1 else errors[0]
    return tuple(read)
