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
    PublishUnavailableError,
    QueueFullError,
    RefusedError,
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
from bot.models.brainstorms import (
    NoThreadsError,
    PreviewChangedError,
    PreviewGoneError,
    RoundRefusal,
    RoundRefusedError,
    TooFewTakesError,
    TooManyBrainstormsError,
)
from bot.services.brainstorms.drawing.idea import BrokenIdeaError, IdeaFault, parse_idea
from bot.services.brainstorms.drawing.phrases import LISTS
from bot.ui.text import refusals
from bot.ui.text.moderation import mistakes
from bot.ui.text.operating.refusals import REFUSALS
from tests.support.bot_process import REPOSITORY
from tests.support.jobs import CREATED_AT, RESETS_AT, make_block, make_quota_status

if TYPE_CHECKING:
    from bot.errors import ReelayError


KNOWN_REFUSALS: list[ReelayError] = [
    NotOperatorError(),
    *map(OperatorRefusedError, REFUSALS),
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
    TooManyOpenJobsError(2, waiting=1),
    *(NotCancellableError(state) for state in (None, *JobState)),
    *(NotCancellableError(state, by_moderator=True) for state in (None, *JobState)),
    *(InvalidSettingError(*key) for key in mistakes.INVALID_SETTINGS),
    MistakesError([InvalidQuotaError("not_a_number"), InvalidSettingError("days", "out_of_range")]),
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
    StoreRefusedError(),
    StoreUnavailableError(),
    InvalidSpecError("takes", "not_offered"),
    InvalidSpecError("takes", "not_offered", offered=(2, 8)),
    InvalidSpecError("vary", "not_offered"),
    *(BrokenIdeaError(fault, 3, "{night|day") for fault in IdeaFault),
    PreviewGoneError(),
    PreviewChangedError(),
    TooFewTakesError(),
    NoThreadsError(),
    *(
        TooManyBrainstormsError(most, in_channel=in_channel, thread_id=thread_id)
        for most in (1, 3)
        for in_channel in (True, False)
        for thread_id in (None, 5)
    ),
    *(RoundRefusedError(reason, number=2, role_id=9, votes_each=3) for reason in RoundRefusal),
    *(RoundRefusedError(reason) for reason in RoundRefusal),
]


@pytest.mark.parametrize("error", KNOWN_REFUSALS, ids=repr)
def test_every_refusal_has_words(error: ReelayError) -> None:
    assert refusals.explain(error)


def test_every_kind_of_refusal_is_among_those_with_words() -> None:
    assert {type(error) for error in KNOWN_REFUSALS} >= set(RefusedError.__subclasses__())


def test_every_setting_that_can_be_refused_anywhere_has_words() -> None:
    sources = [path.read_text() for folder in ("bot", "cogs") for path in (REPOSITORY / folder).rglob("*.py")]
    raised = {key for source in sources for key in re.findall(r'InvalidSettingError\("(\w+)", "(\w+)"[,)]', source)}

    assert raised
    assert raised <= set(mistakes.INVALID_SETTINGS)


def test_what_was_typed_is_quoted_with_what_it_may_have_meant() -> None:
    error = InvalidSettingError("timezone", "unknown", typed="Berlim", meant=["Europe/Berlin"])

    assert refusals.explain(error) == (
        "“\u2068Berlim\u2069”: I don't know that time zone; write it as Europe/Berlin or America/New_York. "
        "Did you mean Europe/Berlin?"
    )


def test_several_mistakes_are_named_together() -> None:
    errors = [InvalidQuotaError("not_a_number", typed="lots"), InvalidSettingError("days", "out_of_range", typed="999")]

    assert refusals.explain(MistakesError(errors)) == (
        "Two things can't be set like that:\n"
        "- “\u2068lots\u2069”: The seconds have to be a whole number.\n"
        "- “\u2068999\u2069”: Choose 1 to 90 whole days, written as a number such as 7, or leave it out."
    )


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
    words = "You already have 1 clip on the way. Wait for it to arrive"

    assert refusals.explain(TooManyOpenJobsError(1)) == f"{words}."
    assert refusals.explain(TooManyOpenJobsError(1, waiting=1)) == f"{words}, or cancel it."


def test_permissions_are_named_as_discord_names_them() -> None:
    assert "**Attach Files** in" in refusals.bot_lacks(["attach_files"])
    assert "**View Channel** and **Attach Files**" in refusals.bot_lacks(["view_channel", "attach_files"])
    of_threads = refusals.bot_lacks(["create_public_threads", "send_messages_in_threads"])
    assert "**Create Public Threads** and **Send Messages in Threads**" in of_threads


@pytest.mark.parametrize(
    ("idea", "sentence"),
    [
        ("A {night|day fox", "The brace at character 3 is never closed: `{night|day fox`"),
        ("A fox} runs", "The brace at character 6 closes nothing. If it is meant as a sign, write `\\}`."),
        (
            "A {night|{day}}",
            "The brace at character 10 stands inside of a slot, which can't hold another one: `{night|{`",
        ),
        ("A {}", "The slot at character 3 is empty; write choices such as `{night|day}`, or the name of a list."),
        ("A {night|}", "The slot at character 3 has an empty choice: `{night|}`"),
        ("A {day|Day}", "The slot at character 3 has the same choice twice: `{day|Day}`"),
        (
            "A {lens} fox",
            "I don't know the list at character 3: `{lens}`. There are camera, style, light, place, mood and this "
            "server's own; choices are written `{night|day}`.",
        ),
        ("A " + "fox " * 400, "That idea is too long; use at most 1,500 characters."),
        ("{a|b}" * 7, "That idea has too many slots; use at most 6."),
        ("{light}" * 4, "That idea stands for too many combinations; 10,000 are the most."),
    ],
)
def test_a_broken_idea_is_answered_with_where_it_breaks(idea: str, sentence: str) -> None:
    with pytest.raises(BrokenIdeaError) as caught:
        parse_idea(idea, LISTS)

    assert refusals.explain(caught.value) == sentence


def test_an_excerpt_of_an_idea_stays_in_its_code_and_short() -> None:
    sentence = refusals.explain(BrokenIdeaError(IdeaFault.NOT_CLOSED, 0, "{`@everyone` " + "x" * 1000)) or ""

    assert sentence.count("`") == 2
    assert len(sentence) < 120


def test_too_many_brainstorms_lead_to_one_of_them() -> None:
    own = refusals.explain(TooManyBrainstormsError(1, in_channel=False, thread_id=5)) or ""
    others = refusals.explain(TooManyBrainstormsError(3, in_channel=True, thread_id=None)) or ""

    assert own.startswith("You already have 1 brainstorm on the way, in <#5>.")
    assert others.startswith("3 brainstorms are being made in this channel, and no more may be.")
