"""A job: one member's request for one clip, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models.quotas import EffectiveQuota
    from bot.models.video import Aspect, VideoSpec


class JobState(StrEnum):
    """Where a job stands; ``docs/architecture.md`` has the diagram."""

    HELD = "held"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    RENDERING = "rendering"
    READY = "ready"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more can happen to the job."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({JobState.DELIVERED, JobState.FAILED, JobState.CANCELLED})
OPEN_STATES = frozenset(JobState) - FINAL_STATES
CLIPLESS_STATES = FINAL_STATES - {JobState.DELIVERED}
RENDER_STATES = frozenset({JobState.SUBMITTING, JobState.RENDERING})
"""States in which the video service may be at work for a job."""
DISCARDABLE_STATES = RENDER_STATES | {JobState.READY}
"""States in which the service can't be stopped any more, and the clip is not on its way to the channel yet."""
WAITING_STATES = frozenset({JobState.HELD, JobState.QUEUED})
"""States in which nothing was sent to the service."""


class Origin(StrEnum):
    """How a clip came of another one."""

    AGAIN = "again"
    REMIX = "remix"
    FLIP = "flip"
    LONGER = "longer"
    RETRY = "retry"
    ROUND = "round"


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a clip was made from.

    Attributes:
        parent_id: the job of the clip that a member went on from.
        root_id: the job of the first clip of all that came of one another.
    """

    parent_id: str
    root_id: str
    origin: Origin


class JobError(StrEnum):
    """Why a job ended without a clip; ``ui/text/failures.py`` has a sentence for each.

    A cancelled job without one was cancelled by its member while it waited.

    Attributes:
        DISCARDED: by its member, after it was sent to the service: the charge stays.
        DISCARDED_UNBILLED: likewise, and then the service did not bill it: the charge was given back.
        THREAD_GONE: the brainstorm's thread is deleted, locked or can't be opened.
        VOTE_OVER: it still waited when the vote on its round was over.
    """

    REJECTED = "rejected"
    WRONG_ENDPOINT = "wrong_endpoint"
    CONTENT_POLICY = "content_policy"
    GENERATION_FAILED = "generation_failed"
    GENERATION_LOST = "generation_lost"
    SERVICE_FAULT = "service_fault"
    TIMED_OUT = "timed_out"
    WAITED_TOO_LONG = "waited_too_long"
    NOT_OFFERED = "not_offered"
    NO_RESULT = "no_result"
    CLIP_GONE = "clip_gone"
    CLIP_UNUSABLE = "clip_unusable"
    UNDELIVERABLE = "undeliverable"
    MESSAGES_CLOSED = "messages_closed"
    INTERNAL = "internal"
    UNHEARD = "unheard"
    DISCARDED = "discarded"
    DISCARDED_UNBILLED = "discarded_unbilled"
    CANCELLED_BY_MODERATOR = "cancelled_by_moderator"
    CANCELLED_BY_OPERATOR = "cancelled_by_operator"
    MEMBER_BLOCKED = "member_blocked"
    SERVER_LEFT = "server_left"
    THREAD_GONE = "thread_gone"
    VOTE_OVER = "vote_over"


PROMPT_ERRORS = frozenset({JobError.CONTENT_POLICY, JobError.REJECTED})
"""The prompt was refused: the same once more helps little, other words may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One member's request for one clip: a durable row.

    Attributes:
        id: short, sortable by creation, and the job's nonce and ``client_business_id``.
        interaction_id: Discord's id of what made it; one interaction makes one job, or one for each ``number``.
        due_at: when the worker should look next; None when it never has to again.
        attempts: failures in a row in the present state; back to 0 on every success.
        started_at: when the first submit went out; a render's deadline counts from here.
        submitted_at: when the latest submit went out.
        request_id: the service's id of the latest exchange, for the operator.
        progress: the service's own figure, 0 to 100, or None while it has said nothing.
        rendered_at: when the service finished the clip, by its own clock where it says so.
        effective_quota: the rule the job was accepted under.
        status_message_id: the status card, or None when there is none (any more).
        message_id: the clip's message; message_channel_id: where it went (the channel, or a DM).
        removed_at: when the delivered clip was taken away again, by a moderator or by its own member (``removed_by``).
        archived_at: since when only the row itself is kept: no texts, and what it cost only as part of a sum.
        lineage: what it was made from; None for what began with a command.
        is_spoiler: the clip is hidden until it is clicked.
        is_private: card and clip go to the member's direct messages, and never to the channel.
        model: the video service's, to which it was last sent; None where it was not, or that was not written down.
        asked_aspect, asked_duration_seconds: what was asked for, where the model that makes it now has no such clips;
            None where it is made as it was asked for.
        upload_dying_since: when its first upload died; one that arrives leaves it as it is.
        member_name: what the member was called in the server when they asked; None where it is not kept (any more).
        round_id: of the brainstorm's round that it is a take of; its board is then the job's card.
        number: of that take, 1 to 8; 0 for a clip of its own.
        failure_mentions: whether the message in the channel that tells of the job's failure mentions its member; None
            where there is to be none.
        failure_message_id: that message, once it is posted.
        adopted_id: the failed job whose paid generation this one posts, by the operator's wish; None for all others.
        restored_at: when its row was put back from a backup; what happened to it between the backup and then is not in
            it: it may have been sent, and its clip posted.
    """

    id: str
    interaction_id: int
    guild_id: int
    channel_id: int
    member_id: int
    spec: VideoSpec
    state: JobState
    created_at: datetime
    effective_quota: EffectiveQuota
    due_at: datetime | None = None
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = None
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    generation_id: str | None = None
    request_id: str | None = None
    progress: float | None = None
    rendered_at: datetime | None = None
    result_url: str | None = None
    result_expires_at: datetime | None = None
    status_message_id: int | None = None
    message_channel_id: int | None = None
    message_id: int | None = None
    error_code: JobError | None = None
    finished_at: datetime | None = None
    removed_by_id: int | None = None
    removed_at: datetime | None = None
    archived_at: datetime | None = None
    lineage: Lineage | None = None
    is_spoiler: bool = False
    is_private: bool = False
    model: str | None = None
    asked_aspect: Aspect | None = None
    asked_duration_seconds: int | None = None
    upload_dying_since: datetime | None = None
    member_name: str | None = None
    round_id: str | None = None
    number: int = 0
    failure_mentions: bool | None = None
    failure_message_id: int | None = None
    adopted_id: str | None = None
    restored_at: datetime | None = None

    @property
    def hides_prompt(self) -> bool:
        """Tell whether prompt and reason are its member's alone, since it was refused for its prompt in public."""
        return self.state is JobState.FAILED and self.error_code in PROMPT_ERRORS and not self.is_private

    @property
    def charged_seconds(self) -> int:
        """Return what it cost its member: nothing where it posts the clip of an earlier job."""
        return self.spec.cost_seconds if self.adopted_id is None else 0

    def descent(self, origin: Origin) -> Lineage:
        """Return the lineage of a clip that is made from this one."""
        return Lineage(self.id, self.id if self.lineage is None else self.lineage.root_id, origin)


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message on Discord: where it is and its id."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class CardMessage:
    """A message that is a job's status card, or was to become it.

    Attributes:
        is_thinking: it is an acknowledgement without a card.
        end: how the job has ended without a clip, where the card says so.
    """

    message_id: int
    is_thinking: bool = False
    end: JobState | None = None


class OperatorAlert(StrEnum):
    """What an operator must act upon."""

    UNAUTHORIZED = "unauthorized"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    NO_ACCESS = "no_access"
    WRONG_ENDPOINT = "wrong_endpoint"
    FOREIGN_ANSWERS = "foreign_answers"
    RECOVERY_INEXACT = "recovery_inexact"
    SERVICE_TROUBLE = "service_trouble"
    BACKUP_FAILED = "backup_failed"


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a clip is expected.

    Attributes:
        expected_at: when four of five such clips are there; None where too little is known, or it is late.
        is_late: it takes longer than such clips do.
    """

    expected_at: datetime | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class StatusCard:
    """What the status card shows besides the job itself.

    Attributes:
        queue_place: 1 for the next to start, or None when the job is not waiting.
        paused_by_operator: the operator has paused submitting by hand.
        waiting_for_operator: submitting is paused until the operator acts.
        service_in_trouble: the video service fails, and is tried with one job at a time.
        arrival: when the clip is expected; None where nothing is said of it.
    """

    job: Job
    queue_place: int | None = None
    paused_by_operator: bool = False
    waiting_for_operator: bool = False
    service_in_trouble: bool = False
    arrival: Arrival | None = None

    @property
    def appearance(self) -> tuple[object, ...]:
        """Return all that can be seen of the card; two cards with the same look need no edit between them."""
        progress = None if self.job.progress is None else int(self.job.progress)
        return (
            self.job.state,
            progress,
            self.queue_place,
            self.paused_by_operator,
            self.waiting_for_operator,
            self.service_in_trouble,
            self.job.spec.aspect,
            self.job.spec.duration_seconds,
            self.arrival,
        )
