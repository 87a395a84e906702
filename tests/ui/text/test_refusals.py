"""The words for what was asked and is not done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

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
    LeaseLostError,
    MessagesClosedError,
    NotMemberError,
    NotRefundableError,
    NotRemovableError,
    NotSendableError,
    OthersClipError,
    PlaceGoneError,
    PlaceUnknownError,
    PrivateRefusedError,
    PromptRefusedError,
    PublishUnavailableError,
    QueueFullError,
    RefusedError,
    RepeatedPressError,
    RulesChangingError,
    RulesUnknownError,
    ServerNotServedError,
    StoreUnavailableError,
    ThreadClosedError,
    TooManyOpenJobsError,
)
from bot.models import (
    BlockedError,
    CapReachedError,
    CapStatus,
    CeilingKind,
    CeilingReachedError,
    EffectiveQuota,
    JobState,
    NotCancellableError,
    Pause,
    PausedError,
    Quota,
    QuotaExceededError,
    QuotaSource,
    VideoServiceError,
)
from bot.ui.text import refusals
from tests.support.bot_process import REPOSITORY
from tests.support.jobs import CREATED_AT, RESETS_AT, make_block, make_quota_status

if TYPE_CHECKING:
    from bot.errors import ReelayError


KNOWN_REFUSALS: list[ReelayError] = [
    *(InvalidSpecError("prompt", reason) for reason in ("empty", "too_short", "too_long")),
    *(InvalidSpecError(field, "not_offered") for field in ("aspect", "duration")),
    *(
        InvalidQuotaError(reason)
        for reason in (
            *("not_a_number", "negative", "too_large", "not_positive"),
            *("contradictory", "period"),
        )
    ),
    QuotaExceededError(make_quota_status(58), 6),
    QuotaExceededError(make_quota_status(effective=EffectiveQuota(Quota(0), QuotaSource.SERVER)), 6),
    QueueFullError(1),
    QueueFullError(200, is_everywhere=True),
    TooManyOpenJobsError(1),
    TooManyOpenJobsError(2),
    *(NotCancellableError(state) for state in (None, *JobState)),
    *(NotCancellableError(state, by_moderator=True) for state in (None, *JobState)),
    *(InvalidSettingError(*key) for key in refusals.INVALID_SETTINGS),
    PausedError(Pause("a flood", 1, CREATED_AT)),
    BlockedError(make_block()),
    BlockedError(make_block(expires_at=RESETS_AT)),
    ChannelRefusedError(3),
    PrivateRefusedError(),
    MessagesClosedError(),
    InvalidSpecError("spoiler", "not_offered"),
    InvalidSpecError("private", "not_offered"),
    PromptRefusedError("bad word", is_automod=False),
    RulesUnknownError(),
    RulesChangingError(),
    PlaceUnknownError(),
    CapReachedError(CapStatus(cap=Quota(60), used_seconds=58, resets_at=RESETS_AT), 6),
    QuotaExceededError(make_quota_status(58, effective=EffectiveQuota(Quota(60), QuotaSource.CHANNEL, 3)), 6),
    NotRefundableError(),
    ClipUnknownError(),
    ClipRemovedError(),
    *map(OthersClipError, ("buttons", "delete", "retry")),
    RepeatedPressError(),
    NotMemberError(),
    PlaceGoneError(),
    ThreadClosedError(is_locked=True),
    ThreadClosedError(is_locked=False),
    DraftGoneError(),
    InvalidSpecError("message", "empty"),
    ClipNotFoundError(),
    *(NotSendableError(reason) for reason in ("busy", "removed", "expired", "unavailable", "unusable", "closed")),
    *(CeilingReachedError(kind, RESETS_AT) for kind in CeilingKind),
    ServerNotServedError(),
    NotRemovableError(),
    NotRemovableError(1, CREATED_AT),
    DestinationClosedError(),
    PublishUnavailableError(),
    StoreUnavailableError(),
]


@pytest.mark.parametrize("error", KNOWN_REFUSALS, ids=repr)
def test_every_refusal_has_words(error: ReelayError) -> None:
    assert refusals.explain(error)


def test_every_kind_of_refusal_is_among_those_with_words() -> None:
    assert {type(error) for error in KNOWN_REFUSALS} >= set(RefusedError.__subclasses__())


def test_every_setting_that_can_be_refused_anywhere_has_words() -> None:
    sources = [path.read_text() for folder in ("bot", "cogs") for path in (REPOSITORY / folder).rglob("*.py")]
    raised = {key for source in sources for key in re.findall(r'InvalidSettingError\("(\w+)", "(\w+)"\)', source)}

    assert raised
    assert raised <= set(refusals.INVALID_SETTINGS)


def test_a_refused_prompt_is_not_told_which_word() -> None:
    assert "bad word" not in (refusals.explain(PromptRefusedError("bad word", is_automod=False)) or "")


@pytest.mark.parametrize(
    ("cap", "used", "sentence"),
    [
        (0, 0, "Moderators allow no clips in this server: its cap is 0 s."),
        (60, 58, "This server as a whole has only 2 s left"),
        (60, 53, "This clip costs 10 s, and this server as a whole has only 7 s left"),
    ],
)
def test_a_cap_says_what_is_left_and_what_the_clip_costs_if_a_shorter_one_would_do(
    cap: int, used: int, sentence: str
) -> None:
    error = CapReachedError(CapStatus(cap=Quota(cap), used_seconds=used, resets_at=RESETS_AT), 10)

    assert (refusals.explain(error) or "").startswith(sentence)


@pytest.mark.parametrize("error", [LeaseLostError("a job"), VideoServiceError("no")], ids=repr)
def test_what_nobody_is_meant_to_meet_has_no_words(error: ReelayError) -> None:
    assert refusals.explain(error) is None


def test_one_open_job_is_not_called_clips() -> None:
    assert "1 clip on the way" in (refusals.explain(TooManyOpenJobsError(1)) or "")


def test_permissions_are_named_as_discord_names_them() -> None:
    assert "**Attach Files** in" in refusals.bot_lacks(["attach_files"])
    assert "**View Channel** and **Attach Files**" in refusals.bot_lacks(["view_channel", "attach_files"])
