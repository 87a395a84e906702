"""The decision whether a clip may be made: tables of what is known and what is asked for, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import (
    ChannelRefusedError,
    InvalidSpecError,
    OthersClipError,
    PromptRefusedError,
    QueueFullError,
    RefusedError,
    RulesUnknownError,
    TooManyOpenJobsError,
)
from bot.models import (
    EVERYWHERE,
    Access,
    Aspect,
    Block,
    BlockedError,
    CapReachedError,
    CapStatus,
    CeilingKind,
    CeilingReachedError,
    CeilingStatus,
    ClipButtons,
    EffectiveQuota,
    Pause,
    PausedError,
    PromptRule,
    PromptRuleKind,
    Quota,
    QuotaExceededError,
    QuotaSource,
    QuotaStatus,
    Requester,
    Server,
    VideoSpec,
)
from bot.services.admission.decision import AdmissionDetails, Admitted, PlaceRules, ScreeningResult, decide
from bot.services.admission.job_request import JobRequest
from bot.services.screening.automod_rules import AutomodRule
from tests.support.jobs import make_grant

GUILD_ID, MEMBER_ID, CHANNEL_ID, MODERATOR_ID = 100, 300, 200, 900
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 16, tzinfo=UTC)
REQUESTER = Requester(guild_id=GUILD_ID, member_id=MEMBER_ID, places=(CHANNEL_ID,))
PAUSE = Pause("a flood", MODERATOR_ID, NOW)
BLOCK = Block(guild_id=GUILD_ID, member_id=MEMBER_ID, reason="spam", set_by_id=MODERATOR_ID, set_at=NOW)
RULE = PromptRule(id=1, guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text="fox", set_by_id=MODERATOR_ID, set_at=NOW)
CLEAN = ScreeningResult(1)


def request(**asked: Any) -> JobRequest:  # noqa: ANN401
    fields = {"interaction_id": 1, "channel_id": CHANNEL_ID, "requester": REQUESTER, "prompt": "a fox"}
    return JobRequest.parse(**fields | asked)


def quota(seconds: int | None, *, used: int = 0, grant: int = 0) -> QuotaStatus:
    return QuotaStatus(
        effective=EffectiveQuota(Quota(seconds), QuotaSource.SERVER),
        used_seconds=used,
        grants=(make_grant(1, grant, MIDNIGHT + timedelta(days=1)),) if grant else (),
        resets_at=MIDNIGHT,
    )


def cap(seconds: int, used: int) -> CapStatus:
    return CapStatus(cap=Quota(seconds), used_seconds=used, resets_at=MIDNIGHT)


def ceiling(kind: CeilingKind, limit: int, used: int) -> CeilingStatus:
    return CeilingStatus(kind=kind, limit_seconds=limit, used_seconds=used, resets_at=MIDNIGHT)


def details(**changes: Any) -> AdmissionDetails:  # noqa: ANN401
    """Give a member of whom nothing stands in the way."""
    free = AdmissionDetails(
        requester=REQUESTER,
        server=Server(guild_id=GUILD_ID),
        block=None,
        place=PlaceRules(),
        open_jobs=0,
        open_jobs_anywhere=0,
        open_jobs_waiting=0,
        max_open_jobs=2,
        waiting=0,
        waiting_anywhere=0,
        max_waiting=50,
        max_waiting_anywhere=200,
        sources=(),
        status=quota(60),
        cap=None,
    )
    return replace(free, **changes)


OBSTACLES: list[tuple[dict[str, Any], dict[str, Any], type[RefusedError]]] = [
    ({"server": Server(guild_id=GUILD_ID, pause=PAUSE)}, {}, PausedError),
    ({"block": BLOCK}, {}, BlockedError),
    ({"place": PlaceRules(Access.REFUSED, CHANNEL_ID)}, {}, ChannelRefusedError),
    ({"open_jobs_anywhere": 2}, {}, TooManyOpenJobsError),
    ({"status": quota(5)}, {}, QuotaExceededError),
    ({"cap": cap(60, used=55)}, {}, CapReachedError),
    ({"ceilings": [ceiling(CeilingKind.DAY, 60, used=55)]}, {}, CeilingReachedError),
    ({"waiting": 50}, {}, QueueFullError),
    ({"waiting_anywhere": 200}, {}, QueueFullError),
    ({}, {"rule": RULE}, PromptRefusedError),
    ({}, {"automod": AutomodRule("no foxes")}, PromptRefusedError),
    ({}, {"is_unsure": True}, RulesUnknownError),
]


@pytest.mark.parametrize("first", range(len(OBSTACLES)))
def test_the_first_that_says_no_is_the_answer_whatever_comes_after(first: int) -> None:
    changes: dict[str, Any] = {}
    screened: dict[str, Any] = {}
    for known, said, _ in OBSTACLES[first:]:
        changes |= known
        screened |= said

    answer = decide(details(**changes), request(), ScreeningResult(1, **screened))

    assert type(answer) is OBSTACLES[first][2]


@pytest.mark.parametrize(("changes", "screened", "error"), OBSTACLES)
def test_each_says_no_by_itself(changes: dict[str, Any], screened: dict[str, Any], error: type[RefusedError]) -> None:
    assert type(decide(details(**changes), request(), ScreeningResult(1, **screened))) is error


def test_where_nothing_stands_in_the_way_the_clip_is_made_at_the_expense_of_what_was_read() -> None:
    known = details(cap=cap(60, used=0))

    assert decide(known, request(), CLEAN) == Admitted(
        spec=VideoSpec("a fox", Aspect.LANDSCAPE, 6), status=known.status, cap=known.cap
    )


@pytest.mark.parametrize(
    ("status", "duration", "is_admitted"),
    [
        (quota(16), 10, True),
        (quota(16, used=6), 10, True),
        (quota(16, used=7), 10, False),
        (quota(16, used=7), 6, True),
        (quota(16, used=16, grant=10), 10, True),
        (quota(16, used=16, grant=9), 10, False),
        (quota(0), 6, False),
        (quota(None, used=10**6), 10, True),
    ],
)
def test_the_last_seconds_of_a_quota_can_be_used_and_no_more(
    status: QuotaStatus, duration: int, *, is_admitted: bool
) -> None:
    answer = decide(details(status=status), request(duration_seconds=duration), CLEAN)

    assert isinstance(answer, Admitted) is is_admitted
    if isinstance(answer, QuotaExceededError):
        assert (answer.status, answer.cost_seconds) == (status, duration)


@pytest.mark.parametrize(
    ("used", "duration", "is_admitted"), [(50, 10, True), (51, 10, False), (51, 6, True), (70, 6, False)]
)
def test_the_last_seconds_of_a_cap_can_be_used_and_no_more(used: int, duration: int, *, is_admitted: bool) -> None:
    answer = decide(details(cap=cap(60, used)), request(duration_seconds=duration), CLEAN)

    assert isinstance(answer, Admitted) is is_admitted
    if isinstance(answer, CapReachedError):
        assert answer.cost_seconds == duration


@pytest.mark.parametrize(
    ("limit", "used", "duration", "is_admitted"),
    [
        *((1200, 1190, 10, True), (1200, 1191, 10, False), (1200, 1191, 6, True), (1200, 1195, 6, False)),
        *((0, 0, 6, False), (12, 600, 6, False)),  # the last was lowered under what is used
    ],
)
@pytest.mark.parametrize("kind", CeilingKind)
def test_the_last_seconds_of_a_ceiling_can_be_used_and_no_more(
    kind: CeilingKind, limit: int, used: int, duration: int, *, is_admitted: bool
) -> None:
    answer = decide(details(ceilings=[ceiling(kind, limit, used)]), request(duration_seconds=duration), CLEAN)

    assert isinstance(answer, Admitted) is is_admitted
    if isinstance(answer, CeilingReachedError):
        assert (answer.kind, answer.resets_at) == (kind, MIDNIGHT)


def test_what_leaves_room_for_no_clip_is_known_without_a_request() -> None:
    room_for_short_ones, full = ceiling(CeilingKind.DAY, 60, 54), ceiling(CeilingKind.MEMBER_DAY, 60, 55)

    assert details(ceilings=[room_for_short_ones]).ceiling_refusal is None
    refusal = details(ceilings=[room_for_short_ones, full]).ceiling_refusal
    assert refusal is not None
    assert refusal.kind is CeilingKind.MEMBER_DAY


@pytest.mark.parametrize(("anywhere", "is_admitted"), [(0, True), (1, True), (2, False), (3, False)])
def test_open_jobs_count_in_all_servers_together(anywhere: int, *, is_admitted: bool) -> None:
    answer = decide(details(open_jobs=0, open_jobs_anywhere=anywhere), request(), CLEAN)

    assert isinstance(answer, Admitted) is is_admitted


@pytest.mark.parametrize(
    ("place", "asked", "spec"),
    [
        (PlaceRules(), {}, (Aspect.LANDSCAPE, 6)),
        (PlaceRules(aspect=Aspect.PORTRAIT), {}, (Aspect.PORTRAIT, 6)),
        (PlaceRules(duration_seconds=10), {}, (Aspect.LANDSCAPE, 10)),
        (PlaceRules(aspect=Aspect.PORTRAIT, duration_seconds=10), {"aspect": "16:9"}, (Aspect.LANDSCAPE, 10)),
        (PlaceRules(aspect=Aspect.PORTRAIT, duration_seconds=10), {"duration_seconds": 6}, (Aspect.PORTRAIT, 6)),
    ],
)
def test_what_is_left_open_is_what_the_place_says_else_the_usual(
    place: PlaceRules, asked: dict[str, Any], spec: tuple[Aspect, int]
) -> None:
    answer = decide(details(place=place), request(**asked), CLEAN)

    assert isinstance(answer, Admitted)
    assert (answer.spec.aspect, answer.spec.duration_seconds) == spec


def test_a_places_default_length_is_what_the_quota_has_to_reach_for() -> None:
    answer = decide(details(place=PlaceRules(duration_seconds=10), status=quota(9)), request(), CLEAN)

    assert isinstance(answer, QuotaExceededError)
    assert answer.cost_seconds == 10


def test_the_reasons_name_what_stands_in_the_way() -> None:
    paused = decide(details(server=Server(guild_id=GUILD_ID, pause=PAUSE)), request(), CLEAN)
    blocked = decide(details(block=BLOCK), request(), CLEAN)
    here = decide(details(place=PlaceRules(Access.REFUSED, CHANNEL_ID)), request(), CLEAN)
    anywhere = decide(details(place=PlaceRules(Access.REFUSED, EVERYWHERE)), request(), CLEAN)
    by_rule = decide(details(), request(), ScreeningResult(1, RULE, AutomodRule("no foxes")))
    by_automod = decide(details(), request(), ScreeningResult(1, automod=AutomodRule("no foxes")))

    assert isinstance(paused, PausedError)
    assert isinstance(blocked, BlockedError)
    assert (paused.pause, blocked.block) == (PAUSE, BLOCK)
    assert isinstance(here, ChannelRefusedError)
    assert isinstance(anywhere, ChannelRefusedError)
    assert (here.ruled_by, anywhere.ruled_by) == (CHANNEL_ID, EVERYWHERE)
    assert isinstance(by_rule, PromptRefusedError)
    assert isinstance(by_automod, PromptRefusedError)
    assert (by_rule.rule, by_rule.is_automod) == ("fox", False)
    assert (by_automod.rule, by_automod.is_automod) == ("no foxes", True)


@pytest.mark.parametrize(
    ("changes", "error"),
    [(known, error) for known, said, error in OBSTACLES[:3] if not said]
    + [({"status": quota(0), "cap": cap(0, 0), "open_jobs_anywhere": 2}, type(None))],
)
def test_what_keeps_a_member_from_any_clip_is_known_without_a_request(
    changes: dict[str, Any], error: type[object]
) -> None:
    assert type(details(**changes).refusal) is error


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"prompt": "  "}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"aspect": "4:3"}, "aspect"),
        ({"duration_seconds": 601}, "duration"),
        ({"duration_seconds": True}, "duration"),
        ({"duration_seconds": "6"}, "duration"),
    ],
)
def test_a_request_for_what_is_not_offered_is_refused_before_anything_is_decided(
    asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        request(**asked)

    assert refusal.value.field == field


def test_a_request_is_trimmed_and_keeps_open_what_was_left_open() -> None:
    asked = request(prompt="  a fox \n", duration_seconds=10)

    assert (asked.prompt, asked.aspect, asked.duration_seconds) == ("a fox", None, 10)


@pytest.mark.parametrize(
    ("clip_buttons", "parent_member_id", "is_refused"),
    [
        (ClipButtons.EVERYONE, None, False),
        (ClipButtons.EVERYONE, MEMBER_ID, False),
        (ClipButtons.EVERYONE, MODERATOR_ID, False),
        (ClipButtons.REQUESTER, None, False),
        (ClipButtons.REQUESTER, MEMBER_ID, False),
        (ClipButtons.REQUESTER, MODERATOR_ID, True),
    ],
)
def test_whose_clips_a_member_may_go_on_from(
    clip_buttons: ClipButtons, parent_member_id: int | None, is_refused: bool
) -> None:
    known = details(server=Server(guild_id=GUILD_ID, clip_buttons=clip_buttons))

    answer = decide(known, request(parent_member_id=parent_member_id), CLEAN)

    assert isinstance(answer, OthersClipError) is is_refused
