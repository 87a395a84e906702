from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidQuotaError, InvalidSpecError
from bot.models import (
    FINAL_STATES,
    OPEN_STATES,
    PROMPT_MAX_CHARACTERS,
    Aspect,
    Balance,
    EffectiveQuota,
    GrantUse,
    JobState,
    Quota,
    QuotaSource,
    QuotaStatus,
    Requester,
    StatusCard,
    VideoSpec,
)
from tests.support.jobs import RESETS_AT, make_grant, make_job

FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"


@pytest.mark.parametrize(
    "prompt",
    [
        "fox",
        "???",
        "🦊" * PROMPT_MAX_CHARACTERS,
        "a" * PROMPT_MAX_CHARACTERS,
        "ثعلب في الثلج",
        f"a {FAMILY} at the sea",
        "@everyone <@&1> **bold** [link](http://example.com) `code`",
        "one\ntwo\r\nthree",
    ],
)
def test_a_prompt_of_any_script_and_sign_is_taken_as_it_is(prompt: str) -> None:
    assert VideoSpec.parse(prompt, "16:9", 6).prompt == prompt


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("", "empty"),
        ("   \t\n", "empty"),
        ("\N{ZERO WIDTH SPACE}" * 5, "empty"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}\N{NO-BREAK SPACE} \N{WORD JOINER}", "empty"),
        ("\N{COMBINING ACUTE ACCENT}\N{COMBINING ENCLOSING CIRCLE}" * 3, "empty"),
        ("\u115f\u1160\u3164\uffa0\u2800", "empty"),
        ("\0\0\0\0", "empty"),
        ("\ud800" * 4, "empty"),
        (None, "empty"),
        (12345, "empty"),
        ("ab", "too_short"),
        ("  ab  ", "too_short"),
        ("a" * (PROMPT_MAX_CHARACTERS + 1), "too_long"),
    ],
)
def test_a_prompt_that_says_nothing_or_too_much_is_refused(prompt: object, reason: str) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        VideoSpec.parse(prompt, "16:9", 6)

    assert (refusal.value.field, refusal.value.reason) == ("prompt", reason)


def test_a_prompt_is_trimmed_and_freed_of_what_no_database_can_keep() -> None:
    assert VideoSpec.parse("  a\0 fox\udc80 in the snow \n", "16:9", 6).prompt == "a fox in the snow"


@pytest.mark.parametrize(
    ("aspect", "duration", "field"),
    [
        ("4:3", 6, "aspect"),
        (None, 6, "aspect"),
        (16, 6, "aspect"),
        ("16:9", 0, "duration"),
        ("16:9", -6, "duration"),
        ("16:9", 6.5, "duration"),
        ("16:9", "6", "duration"),
        ("16:9", True, "duration"),
        ("16:9", None, "duration"),
        ("16:9", 10**30, "duration"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(aspect: object, duration: object, field: str) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        VideoSpec.parse("a fox", aspect, duration)

    assert (refusal.value.field, refusal.value.reason) == (field, "not_offered")


@given(st.text())
def test_whatever_is_typed_is_either_refused_or_can_be_stored(text: str) -> None:
    try:
        spec = VideoSpec.parse(text, Aspect.PORTRAIT.value, 10)
    except InvalidSpecError:
        return

    assert 3 <= len(spec.prompt) <= PROMPT_MAX_CHARACTERS
    assert "\0" not in spec.prompt
    spec.prompt.encode()
    assert spec.cost_seconds == 10


@pytest.mark.parametrize(
    ("seconds", "reason"), [(-1, "negative"), (1_000_001, "too_large"), (1.5, "not_a_number"), (True, "not_a_number")]
)
def test_a_quota_that_is_no_sensible_number_is_refused(seconds: int, reason: str) -> None:
    with pytest.raises(InvalidQuotaError) as refusal:
        Quota(seconds)

    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("seconds", "used", "from_grants", "grant", "limit", "left"),
    [
        (60, 0, 0, 0, 60, 60),
        (60, 24, 0, 6, 66, 42),
        (60, 24, 6, 0, 66, 42),
        (60, 90, 0, 0, 60, 0),
        (60, 90, 0, 6, 66, 6),  # over a limit that was lowered: the grant is still there
        (0, 0, 0, 0, 0, 0),
        (None, 90, 0, 6, None, None),
    ],
)
def test_what_is_left_is_the_limit_with_grants_less_what_is_used_and_never_negative(
    seconds: int | None, used: int, from_grants: int, grant: int, limit: int | None, left: int | None
) -> None:
    status = QuotaStatus(
        effective=EffectiveQuota(Quota(seconds), QuotaSource.OPERATOR),
        used_seconds=used,
        from_grants_seconds=from_grants,
        grants=(make_grant(1, grant, RESETS_AT),) if grant else (),
        resets_at=RESETS_AT,
    )

    assert (status.limit_seconds, status.left_seconds) == (limit, left)


@pytest.mark.parametrize(
    ("cost", "grant_uses"),
    [
        (6, [(1, 6)]),  # of what ends with the period first
        (10, [(1, 8)]),  # then of the quota
        (20, [(1, 8)]),
        (24, [(1, 8), (2, 4)]),  # then of what outlasts it
    ],
)
def test_what_ends_first_is_used_first(cost: int, grant_uses: list[tuple[int, int]]) -> None:
    status = QuotaStatus(
        effective=EffectiveQuota(Quota(20), QuotaSource.OPERATOR),
        used_seconds=10,
        from_grants_seconds=2,
        grants=(make_grant(1, 8, RESETS_AT), make_grant(2, 9, RESETS_AT + timedelta(days=3))),
        resets_at=RESETS_AT,
    )

    assert status.use_grants(cost) == tuple(GrantUse(*use_grants) for use_grants in grant_uses)


def test_every_state_is_either_open_or_final() -> None:
    assert set(JobState) == OPEN_STATES | FINAL_STATES
    assert not OPEN_STATES & FINAL_STATES
    assert [state for state in JobState if state.is_final] == ["delivered", "failed", "cancelled"]


@pytest.mark.parametrize(
    ("key", "account", "credits_left", "is_empty"),
    [
        (100.0, 1820.0, 100.0, False),
        (1820.0, 100.0, 100.0, False),
        (math.inf, 100.0, 100.0, False),
        (math.inf, 0.0, 0.0, True),
        (0.0, 1820.0, 0.0, True),
        (0.0, None, 0.0, True),
        (None, -2.0, -2.0, True),
        (100.0, None, None, False),
        (None, 100.0, None, False),
        (None, None, None, False),
    ],
)
def test_what_can_be_spent_is_the_smaller_of_key_and_account_and_unknown_is_not_empty(
    key: float | None, account: float | None, credits_left: float | None, *, is_empty: bool
) -> None:
    balance = Balance(key_credits=key, account_credits=account)

    assert (balance.credits, balance.is_empty) == (credits_left, is_empty)


def test_a_card_looks_the_same_until_something_visible_changes() -> None:
    card = StatusCard(make_job(progress=41.2))

    assert card.appearance == StatusCard(make_job(progress=41.9, attempts=3, request_id="req-1")).appearance
    assert card.appearance != StatusCard(make_job(progress=42.0)).appearance
    assert card.appearance != StatusCard(make_job(progress=41.2), queue_place=1).appearance
    assert card.appearance != StatusCard(make_job(progress=41.2), waiting_for_operator=True).appearance


def test_models_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        VideoSpec("a fox").prompt = "another"  # type: ignore[misc] (that is the point)


def test_a_members_name_is_without_what_no_database_can_store() -> None:
    assert Requester(guild_id=1, member_id=2, name="Mi\0a \ud83d").name == "Mia "


def test_a_text_that_can_be_stored_as_it_is_is_in_memory_once() -> None:
    name = "-".join(["Mia", "Ö"])

    assert Requester(guild_id=1, member_id=2, name=name).name is name
