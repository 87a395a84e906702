"""The decision whether a member may have a clip made here and now: pure, from what was read and what is asked for.

Asked in this order, and the first that says no is the answer:

1. Is video making paused in the server?
2. Is the member blocked?
3. May clips be made in this place? (The thread's rule, else the channel's, the category's, the server's.)
4. Is it made from somebody else's clip, in a server where a clip's buttons are its requester's alone? Is it to go to
   direct messages, in a server where none do?
5. Has the member too many jobs open? (Takes of a brainstorm don't count, and are not asked for.)
6. Does the quota that holds reach? (The place's pool, else the member's own, their roles', the server's, the
   operator's; and grants.)
7. Does the server's cap reach?
8. Do the operator's ceilings reach? (The bot's for the month and the day, the server's and the member's for the day.)
9. Is there room in the queue, for this server and for all?
10. Do the server's prompt rules, or its AutoMod rules, refuse the prompt? They come last, since they take their time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import (
    ChannelRefusedError,
    OthersClipError,
    PrivateRefusedError,
    PromptRefusedError,
    QueueFullError,
    RefusedError,
    RulesUnknownError,
    TooManyOpenJobsError,
)
from bot.models import (
    EVERYWHERE,
    GEMINI_OMNI,
    Access,
    Aspect,
    BlockedError,
    CapReachedError,
    CeilingReachedError,
    ClipButtons,
    PausedError,
    QuotaExceededError,
    VideoSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.models import (
        Block,
        CapStatus,
        CeilingStatus,
        ChannelRule,
        ModelProfile,
        PromptRule,
        QuotaStatus,
        Requester,
        Server,
    )
    from bot.services.admission.job_request import JobRequest
    from bot.services.quotas.service import RuleAsked
    from bot.services.screening.automod_rules import AutomodRule, AutomodRules


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """What holds in a place, each from the most particular rule that says it.

    Attributes:
        ruled_by: whose rule says whether clips are allowed; None where none does, and so they are.
        profile: says which clips there are.
    """

    access: Access = Access.ALLOWED
    ruled_by: int | None = None
    aspect: Aspect | None = None
    duration_seconds: int | None = None
    profile: ModelProfile = GEMINI_OMNI

    @classmethod
    def of(cls, rules: Iterable[ChannelRule], places: Sequence[int], profile: ModelProfile = GEMINI_OMNI) -> PlaceRules:
        """Work out what holds from the rules of a place's thread, channel, category and server."""
        by_channel = {rule.channel_id: rule.fitted(profile) for rule in rules}
        ordered = [by_channel[place] for place in places if place in by_channel]
        ruling = next((rule for rule in ordered if rule.access is not None), None)
        return cls(
            Access.ALLOWED if ruling is None or ruling.access is None else ruling.access,
            None if ruling is None else ruling.channel_id,
            next((rule.aspect for rule in ordered if rule.aspect is not None), None),
            next((rule.duration_seconds for rule in ordered if rule.duration_seconds is not None), None),
            profile,
        )

    @property
    def usual_aspect(self) -> Aspect:
        """Return the shape that is made where the member leaves it open."""
        return self.aspect or self.profile.aspects[0]

    @property
    def usual_seconds(self) -> int:
        """Return the length that is made where the member leaves it open."""
        return self.duration_seconds or self.profile.shortest_seconds

    def spec_for(self, request: JobRequest) -> VideoSpec:
        """Return what is to be made in this place; what the member left open is filled in."""
        return VideoSpec(
            request.prompt, request.aspect or self.usual_aspect, request.duration_seconds or self.usual_seconds
        )


@dataclass(frozen=True, slots=True)
class ScreeningResult:
    """What a server's rules say about a prompt.

    Attributes:
        version: of the prompt rules that were asked; None where none were, since none are known of.
        rule, automod: the prompt rule and the AutoMod rule that refuse it, if one does.
        automod_asked: AutoMod's rules as they were then.
        is_unsure: AutoMod's rules have never been read and can't be now.
    """

    version: int | None
    rule: PromptRule | None = None
    automod: AutomodRule | None = None
    automod_asked: AutomodRules | None = None
    is_unsure: bool = False

    @property
    def refusal(self) -> RefusedError | None:
        """Return what the prompt is refused with, or None."""
        if self.rule is not None:
            return PromptRefusedError(self.rule.text, is_automod=False)
        if self.automod is not None:
            return PromptRefusedError(self.automod.name, is_automod=True)
        return RulesUnknownError() if self.is_unsure else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionDetails:
    """All that decides for a member in a place, as it stood at one moment.

    Attributes:
        block: that held then; None is none.
        open_jobs, open_jobs_anywhere: the member's, in this server and in all of them together.
        open_jobs_waiting: how many of the latter wait for their turn.
        max_open_jobs: how many one member may have open anywhere.
        waiting, waiting_anywhere: jobs of all members that wait for their turn, in this server and in all of them.
        max_waiting, max_waiting_anywhere: how many may.
        sources: of the quota, in the order in which they are asked.
        status: under the quota that held then, in the period of that moment; cap: likewise, None where there is none.
        ceilings: the operator's that are set, in the order in which they are asked.
    """

    requester: Requester
    server: Server
    block: Block | None
    place: PlaceRules
    open_jobs: int
    open_jobs_anywhere: int
    open_jobs_waiting: int
    max_open_jobs: int
    waiting: int
    waiting_anywhere: int
    max_waiting: int
    max_waiting_anywhere: int
    sources: Sequence[RuleAsked]
    status: QuotaStatus
    cap: CapStatus | None
    ceilings: Sequence[CeilingStatus] = ()

    @property
    def refusal(self) -> RefusedError | None:
        """Return what keeps the member from making any clip there, whatever the prompt and the quota."""
        return next(self.refusals_of_all(), None)

    def refusals_of_all(self) -> Iterator[RefusedError]:
        """Yield all that does so, in order."""
        if self.server.pause is not None:
            yield PausedError(self.server.pause)
        if self.block is not None:
            yield BlockedError(self.block)
        if self.place.access is Access.REFUSED:
            yield ChannelRefusedError(self.place.ruled_by or EVERYWHERE)

    @property
    def ceiling_refusal(self) -> CeilingReachedError | None:
        """Return the ceiling of the operator's that leaves room for no clip, or None."""
        return self.check_ceilings(self.place.profile.shortest_seconds)

    def check_ceilings(self, cost_seconds: int) -> CeilingReachedError | None:
        """Return the first ceiling of the operator's that a clip would pass, or None."""
        first = next((ceiling for ceiling in self.ceilings if cost_seconds > ceiling.left_seconds), None)
        if first is None:
            return None
        never_fits = cost_seconds > first.limit_seconds
        return CeilingReachedError(first.kind, first.resets_at, allows_none=first.allows_none, never_fits=never_fits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A clip that may be made, or as many as were asked for: what exactly, and at whose expense."""

    spec: VideoSpec
    status: QuotaStatus
    cap: CapStatus | None


def decide(
    details: AdmissionDetails, request: JobRequest, screening: ScreeningResult | None
) -> Admitted | RefusedError:
    """Decide whether a clip may be made, as of the moment at which the details were read.

    Args:
        screening: of the request's prompt by the rules that held then; None decides without the rules.

    Returns:
        What may be made, or what it is refused with: a PausedError, BlockedError, ChannelRefusedError,
        OthersClipError, PrivateRefusedError, PromptRefusedError, RulesUnknownError, TooManyOpenJobsError,
        QuotaExceededError,
        CapReachedError, CeilingReachedError or QueueFullError.
    """
    refusal = next(all_refusals(details, request, screening), None)
    return refusal or Admitted(spec=details.place.spec_for(request), status=details.status, cap=details.cap)


def all_refusals(
    details: AdmissionDetails, request: JobRequest, screening: ScreeningResult | None
) -> Iterator[RefusedError]:
    """Yield all that says no, in order; ``decide`` goes by the first."""
    spec = details.place.spec_for(request)
    yield from details.refusals_of_all()
    is_others = request.parent_member_id not in {None, details.requester.member_id}
    if is_others and details.server.clip_buttons is ClipButtons.REQUESTER:
        yield OthersClipError("buttons")
    if request.is_private and not details.server.allows_private:
        yield PrivateRefusedError()
    if request.takes is None and details.open_jobs_anywhere >= details.max_open_jobs:
        yield TooManyOpenJobsError(details.max_open_jobs, waiting=details.open_jobs_waiting)
    left_seconds, cost_seconds = details.status.left_seconds, request.clips * spec.cost_seconds
    if left_seconds is not None and cost_seconds > left_seconds:
        yield QuotaExceededError(details.status, cost_seconds)
    if details.cap is not None and cost_seconds > details.cap.left_seconds:
        yield CapReachedError(details.cap, cost_seconds)
    if (passed := details.check_ceilings(cost_seconds)) is not None:
        yield passed
    if details.waiting + request.clips > details.max_waiting:
        yield QueueFullError(details.max_waiting)
    if details.waiting_anywhere + request.clips > details.max_waiting_anywhere:
        yield QueueFullError(details.max_waiting_anywhere, is_everywhere=True)
    if screening is not None and screening.refusal is not None:
        yield screening.refusal
