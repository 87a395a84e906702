"""What moderators decide about a server, what is kept of it, and who asks for something in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import InvalidSettingError, read_all
from bot.models._values import AuditDetails, moment

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models.profiles import ModelProfile
    from bot.models.quotas import Quota
    from bot.models.video import Aspect

REASON_MAX_CHARACTERS = 300
DAYS_MAX = 90
"""The longest a rule, a grant or a block with an end may last."""
BRAINSTORMS_PER_CHANNEL_MOST = 20
BRAINSTORMS_PER_MEMBER_MOST = 5


@dataclass(frozen=True, slots=True)
class Pause:
    """No new clips in a server, and why."""

    reason: str
    paused_by_id: int
    paused_at: datetime

    @property
    def details(self) -> AuditDetails:
        """Say what it is, for the audit."""
        return {"reason": self.reason}


class ClipButtons(StrEnum):
    """Whose the buttons under a clip are; its requester may always use them."""

    EVERYONE = "everyone"
    REQUESTER = "requester"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server's settings; a server where nobody has set anything has these.

    Attributes:
        timezone: an IANA name; decides when days, weeks and months begin.
        cap: seconds per period for everybody together; None is no cap.
        log_channel_id: where moderators follow what happens; None is nowhere.
        log_closed: the log channel is gone or closed to the bot; nothing is posted until it is chosen anew.
        pause: no new clips for now.
        rules_version: grows with every change of the prompt rules, so that compiled ones can be kept.
        clip_buttons: who may use the buttons under clips.
        allows_private: members may have clips sent to their direct messages instead of posted.
        brainstorms_per_channel: how many may be open at once in one channel.
        brainstorms_per_member: how many of one member's may be open at once.
        voter_role_id: only members with this role vote for takes; None is everybody who sees the thread.
        allows_own_votes: members may vote for takes that they asked for themselves.
        cap_told_percent, cap_told_at: how far up its cap the log was last told that the server is, and when.
    """

    guild_id: int
    timezone: str = "UTC"
    cap: Quota | None = None
    log_channel_id: int | None = None
    log_closed: bool = False
    pause: Pause | None = None
    rules_version: int = 0
    clip_buttons: ClipButtons = ClipButtons.EVERYONE
    cap_told_percent: int = 0
    cap_told_at: datetime | None = None
    allows_private: bool = True
    brainstorms_per_channel: int = 3
    brainstorms_per_member: int = 1
    voter_role_id: int | None = None
    allows_own_votes: bool = True

    @property
    def is_logging(self) -> bool:
        """Tell whether there is a log channel that takes cards, as far as is known."""
        return self.log_channel_id is not None and not self.log_closed

    @property
    def brainstorm_details(self) -> AuditDetails:
        """Say how brainstorms are held, for the audit."""
        return {
            "per_channel": self.brainstorms_per_channel,
            "per_member": self.brainstorms_per_member,
            "voter_role_id": self.voter_role_id,
            "own_votes": self.allows_own_votes,
        }


EVERYWHERE = 0
"""Stands in a channel's place for all that nothing more particular is said of; Discord gives no channel this id."""


class Access(StrEnum):
    """Whether ``/video`` works somewhere."""

    ALLOWED = "allowed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRule:
    """What holds in a channel, for all channels of a category, in a thread, or ``EVERYWHERE``.

    Attributes:
        access, aspect, duration_seconds: None leaves it to what is more general.
    """

    guild_id: int
    channel_id: int
    access: Access | None = None
    aspect: Aspect | None = None
    duration_seconds: int | None = None

    @property
    def is_everywhere(self) -> bool:
        """Tell whether it is not about one place."""
        return self.channel_id == EVERYWHERE

    @property
    def is_empty(self) -> bool:
        """Tell whether it says nothing at all."""
        return (self.access, self.aspect, self.duration_seconds) == (None, None, None)

    def fitted(self, profile: ModelProfile) -> ChannelRule:
        """Return what holds of it with a model that may lack its defaults: the nearest length that is not longer."""
        seconds = self.duration_seconds
        return replace(
            self,
            aspect=None if self.aspect is None else profile.nearest_aspect(self.aspect),
            duration_seconds=None if seconds is None else profile.nearest_duration(seconds),
        )

    @property
    def details(self) -> AuditDetails | None:
        """Say what it is, for the audit; None where it says nothing."""
        if self.is_empty:
            return None
        return {"access": self.access, "aspect": self.aspect, "duration": self.duration_seconds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A member who may not make clips in a server.

    Attributes:
        expires_at: until when; None is until a moderator ends it.
    """

    guild_id: int
    member_id: int
    reason: str
    set_by_id: int
    set_at: datetime
    expires_at: datetime | None = None

    @property
    def details(self) -> AuditDetails:
        """Say what it is, for the audit."""
        return {"reason": self.reason, "until": moment(self.expires_at)}


class PromptRuleKind(StrEnum):
    """How a prompt rule's text is read."""

    WORDS = "words"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRule:
    """What no prompt in a server may hold: a word, a phrase or a pattern."""

    id: int
    guild_id: int
    kind: PromptRuleKind
    text: str
    set_by_id: int
    set_at: datetime

    @property
    def details(self) -> AuditDetails:
        """Say what it is, for the audit."""
        return {"kind": self.kind.value, "text": self.text}


def check_brainstorms(per_channel: object, per_member: object) -> tuple[int, int]:
    """Check how many brainstorms may be open at once, and return both numbers.

    Raises:
        InvalidSettingError: when one of them is no whole number, or out of its range; ``MistakesError`` when both are.
    """
    return read_all(
        lambda: _check_most("brainstorms_per_channel", per_channel, BRAINSTORMS_PER_CHANNEL_MOST),
        lambda: _check_most("brainstorms_per_member", per_member, BRAINSTORMS_PER_MEMBER_MOST),
    )


def _check_most(field: str, number: object, most: int) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise InvalidSettingError(field, "out_of_range")
    return number


def check_days(days: object) -> None:
    """Check how long something is to last; None is without end.

    Raises:
        InvalidSettingError: when it is not 1 to 90 whole days.
    """
    if days is not None and (not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= DAYS_MAX):
        raise InvalidSettingError("days", "out_of_range")


def parse_reason(reason: object) -> str:
    """Trim and check what a moderator gives as a reason; it is shown to members.

    Raises:
        InvalidSettingError: when there is none, or it is too long.
    """
    trimmed = " ".join(reason.split()) if isinstance(reason, str) else ""
    if not trimmed:
        raise InvalidSettingError("reason", "missing")
    if len(trimmed) > REASON_MAX_CHARACTERS:
        raise InvalidSettingError("reason", "too_long")
    return trimmed
