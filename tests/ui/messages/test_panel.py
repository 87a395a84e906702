"""The settings panel and the log's cards: whatever is in them, Discord takes them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from discord import app_commands

from bot.errors import ChannelRefusedError, QueueFullError, RulesUnknownError, ThreadClosedError, TooManyOpenJobsError
from bot.models import (
    GEMINI_OMNI,
    Access,
    Aspect,
    BlockedError,
    CapReachedError,
    CapStatus,
    CeilingKind,
    CeilingReachedError,
    CeilingStatus,
    Change,
    ChangeKind,
    ChannelRule,
    EffectiveQuota,
    Grant,
    JobError,
    JobState,
    LogEntry,
    LogKind,
    Pause,
    PausedError,
    Period,
    PromptRule,
    PromptRuleKind,
    Quota,
    QuotaExceededError,
    QuotaRule,
    QuotaSource,
    Server,
)
from bot.models.brainstorms import PHRASE_MAX_CHARACTERS, PHRASES_MOST, PhraseList
from bot.services.admission.decision import AdmissionDetails, PlaceRules
from bot.services.moderation.servers import ServerView
from bot.services.quotas.service import RuleAsked
from bot.services.quotas.usage import MemberUsage, UsageReport
from bot.services.screening.automod_rules import AutomodRule, AutomodRules
from bot.ui import forms
from bot.ui.messages.diagnosis import Diagnosis, diagnosis_view
from bot.ui.messages.modlog_card import modlog_view, recent_clips_view
from bot.ui.messages.panel.audit import audit_view
from bot.ui.messages.panel.blocks import blocks_view
from bot.ui.messages.panel.brainstorms import brainstorms_view
from bot.ui.messages.panel.cap import cap_view
from bot.ui.messages.panel.channels import channel_view, channels_view
from bot.ui.messages.panel.clips import clips_view, jobs_view
from bot.ui.messages.panel.grants import grants_view
from bot.ui.messages.panel.home import home_view
from bot.ui.messages.panel.modlog import modlog_settings_view
from bot.ui.messages.panel.parts import JOBS_PAGE_LENGTH, closed_view, page_of, with_note
from bot.ui.messages.panel.pools import pools_view
from bot.ui.messages.panel.quotas import quotas_view
from bot.ui.messages.panel.rules import prompt_rules_view
from bot.ui.text import moderators as moderator_text
from bot.ui.text import panel as panel_text
from bot.ui.text import rules as rule_text
from bot.ui.text.moderation import brainstorms as brainstorm_text
from bot.ui.text.moderation import modlog as modlog_text
from bot.ui.text.moderation import usage as usage_text
from bot.ui.text.panel import PanelDetails
from cogs.moderation.modlog_card import RECENT_JOBS
from tests.support.discord_server.requests import RouteKind
from tests.support.discord_server.schema import OpenApiCheck
from tests.support.jobs import CREATED_AT, RESETS_AT, make_block, make_daily, make_job, make_quota_status
from tests.support.openapi import OPENAPI, needs_openapi
from tests.support.workshop import requester

if TYPE_CHECKING:
    from collections.abc import Callable

    from discord import ui

COMPONENTS_MAX, CHARACTERS_MAX, BYTES_MAX, OPTIONS_MAX = 40, 4000, 10_000, 25
HIDEOUS = "*\U0001f9cc@[_~`|<>"
"""Every character is escaped, or has four bytes."""
WIDE = 2**63 - 1


def hideous(length: int) -> str:
    return (HIDEOUS * (length // len(HIDEOUS) + 1))[:length]


def rules(source: QuotaSource, count: int) -> list[QuotaRule]:
    quota = Quota(1_000_000, Period.MONTH)
    return [QuotaRule(1, source, WIDE - place, quota, WIDE, CREATED_AT, RESETS_AT) for place in range(count)]


PROMPT_RULES = [
    PromptRule(
        id=WIDE - place,
        guild_id=1,
        kind=PromptRuleKind.PATTERN,
        text=hideous(200),
        set_by_id=WIDE,
        set_at=CREATED_AT,
    )
    for place in range(30)
]
PHRASE_LISTS = [
    PhraseList(
        guild_id=1,
        name=f"{place:030}",
        phrases=tuple(hideous(PHRASE_MAX_CHARACTERS) for _ in range(PHRASES_MOST)),
        set_by_id=WIDE,
        set_at=CREATED_AT,
    )
    for place in range(30)
]
CEILINGS = tuple(
    CeilingStatus(kind=kind, limit_seconds=10**9, used_seconds=10**9, resets_at=RESETS_AT) for kind in CeilingKind
)
DETAILS = PanelDetails(
    view=ServerView(
        server=Server(
            guild_id=1,
            timezone="America/Argentina/ComodRivadavia",
            log_channel_id=WIDE,
            log_closed=True,
            pause=Pause(hideous(300), WIDE, CREATED_AT),
            voter_role_id=WIDE,
        ),
        cap=CapStatus(cap=Quota(1_000_000, Period.MONTH), used_seconds=999_999, resets_at=RESETS_AT),
        rules=[*rules(QuotaSource.CHANNEL, 30), *rules(QuotaSource.ROLE, 30), *rules(QuotaSource.MEMBER, 30)],
        channels=[
            ChannelRule(
                guild_id=1,
                channel_id=WIDE - place,
                access=Access.REFUSED,
                aspect=Aspect.LANDSCAPE,
                duration_seconds=10,
            )
            for place in range(30)
        ],
        grants=[Grant(WIDE - place, 1_000_000, RESETS_AT, WIDE - place, WIDE) for place in range(30)],
        blocks=[make_block(member_id=WIDE - place, reason=hideous(300), set_by_id=WIDE) for place in range(30)],
        rule_counts={PromptRuleKind.WORDS: 1000, PromptRuleKind.PATTERN: 50},
        ceilings=CEILINGS,
    ),
    automod=AutomodRules(tuple(AutomodRule("r", patterns=("(",)) for _ in range(6))),
    operator_quota=Quota(60),
    profile=GEMINI_OMNI,
    deleted={WIDE - place for place in range(0, 30, 2)},
    names={WIDE - place: hideous(100) for place in range(30)},
)
JOBS = [
    make_job(
        hideous(2000), id=f"job{place:013}", guild_id=WIDE, channel_id=WIDE, member_id=WIDE, status_message_id=WIDE
    )
    for place in range(30)
]
DETAILS_OF_CHANGES: dict[ChangeKind, tuple[dict[str, Any] | None, dict[str, Any] | None]] = {
    ChangeKind.QUOTA: (rules(QuotaSource.ROLE, 1)[0].details, rules(QuotaSource.ROLE, 1)[0].details),
    ChangeKind.POOL: (rules(QuotaSource.CHANNEL, 1)[0].details, None),
    ChangeKind.GRANT: (None, {"seconds": 1_000_000, "until": RESETS_AT.isoformat()}),
    ChangeKind.CAP: (None, Quota(1_000_000, Period.MONTH).details),
    ChangeKind.TIMEZONE: ({"timezone": "UTC"}, {"timezone": "America/Argentina/ComodRivadavia"}),
    ChangeKind.LOG_CHANNEL: ({"channel_id": WIDE}, {"channel_id": WIDE}),
    ChangeKind.CHANNEL: (DETAILS.view.channels[0].details, DETAILS.view.channels[0].details),
    ChangeKind.CLIP_BUTTONS: ({"for": "everyone"}, {"for": "requester"}),
    ChangeKind.PRIVATE_CLIPS: ({"allowed": True}, {"allowed": False}),
    ChangeKind.PAUSE: ({"reason": hideous(300)}, {"reason": hideous(300)}),
    ChangeKind.BLOCK: (DETAILS.view.blocks[0].details, make_block(reason=hideous(300), expires_at=RESETS_AT).details),
    ChangeKind.PROMPT_RULE: (None, PROMPT_RULES[0].details),
    ChangeKind.PHRASE_LIST: (PHRASE_LISTS[0].details, PHRASE_LISTS[1].details),
    ChangeKind.BRAINSTORMS: (
        Server(guild_id=1).brainstorm_details,
        Server(guild_id=1, brainstorms_per_channel=20, voter_role_id=WIDE, allows_own_votes=False).brainstorm_details,
    ),
    ChangeKind.JOB_CANCELLED: (
        {"state": "queued", "prompt": hideous(2000)},
        {"state": "cancelled", "prompt": hideous(2000)},
    ),
    ChangeKind.CLIP_REMOVED: (None, {"seconds": 6, "prompt": hideous(2000)}),
}


def change(kind: ChangeKind) -> Change:
    before, after = DETAILS_OF_CHANGES[kind]
    return Change(
        id=1,
        guild_id=WIDE,
        made_by_id=WIDE,
        made_at=CREATED_AT,
        kind=kind,
        subject_id=WIDE,
        before=before,
        after=after,
    )


SECTIONS: dict[str, Callable[[], ui.LayoutView]] = {
    "home": lambda: home_view(DETAILS),
    "quotas": lambda: quotas_view(DETAILS, 2),
    "pools": lambda: pools_view(DETAILS, 2),
    "cap": lambda: cap_view(DETAILS),
    "channels": lambda: channels_view(DETAILS, 2),
    "channel": lambda: channel_view(DETAILS, WIDE),
    "rules": lambda: prompt_rules_view(DETAILS, PROMPT_RULES, 2),
    "brainstorms": lambda: with_note(
        brainstorms_view(DETAILS, PHRASE_LISTS, 2), brainstorm_text.list_added(PHRASE_LISTS[0])
    ),
    "gifts": lambda: grants_view(DETAILS, 2),
    "blocks": lambda: blocks_view(DETAILS, 2),
    "clips": lambda: clips_view(JOBS[:JOBS_PAGE_LENGTH], 2, has_more=True),
    "asleep": lambda: with_note(jobs_view(JOBS, 2), panel_text.ASLEEP),
    "noted": lambda: with_note(blocks_view(DETAILS, 2), moderator_text.blocked(DETAILS.view.blocks[0], 1)),
    "recent": lambda: recent_clips_view(WIDE, JOBS[:RECENT_JOBS]),
    "diagnosis": lambda: diagnosis_view(make_diagnosis()),
    "closed": closed_view,
    "log": lambda: modlog_settings_view(DETAILS),
    "jobs": lambda: jobs_view(JOBS, 2),
    **{f"audit of {kind}": lambda kind=kind: audit_view([change(kind)] * 10, (), 2, 3) for kind in ChangeKind},
}
FORMS: dict[str, Callable[[], ui.Modal]] = {
    "quota": lambda: forms.quota_form(
        QuotaSource.MEMBER, WIDE, "somebody with quite a long name, yes, very long", 9, GEMINI_OMNI
    ),
    "pool": lambda: forms.quota_form(QuotaSource.CHANNEL, WIDE, hideous(100), 9, GEMINI_OMNI),
    "cap": lambda: forms.cap_form(GEMINI_OMNI),
    "grant": lambda: forms.grant_form(WIDE, hideous(100), 9, GEMINI_OMNI),
    "block": lambda: forms.block_form(f"form:block:{WIDE}:999999", hideous(100), is_oneself=True),
    "set up": lambda: forms.set_up_form(
        quota=Quota(1_000_000, Period.MONTH),
        cap=Quota(1_000_000, Period.MONTH),
        timezone="America/Argentina/ComodRivadavia",
        log_channel_id=WIDE,
    ),
    **{
        f"removal, {refunds}": lambda refunds=refunds: forms.removal_form(
            f"form:clip_remove:{JOBS[0].id}:999999", modlog_text.job_line(JOBS[0]), refunds=refunds
        )
        for refunds in (None, True, False)
    },
    "pause": forms.pause_form,
    "time zone": forms.timezone_form,
    "rule": lambda: forms.rule_form(PromptRuleKind.PATTERN, 9),
    "test": forms.test_form,
    "brainstorms": lambda: forms.brainstorms_form(Server(guild_id=1, voter_role_id=WIDE), 9, voters_deleted=False),
    "brainstorms without a role": lambda: forms.brainstorms_form(DETAILS.view.server, 9, voters_deleted=True),
    "list": lambda: forms.list_form(9),
    "phrases": lambda: forms.phrases_form(replace(PHRASE_LISTS[0], phrases=("a" * 1999, "b" * 2000)), 999_999),
}
REFUSED = {"member_id": WIDE, "channel_id": WIDE, "prompt": hideous(2000), "aspect": "16:9", "duration": 10}
QUOTA_DETAILS = Quota(1_000_000, Period.MONTH).details
ROUND = {"member_id": WIDE, "channel_id": WIDE, "round": 99}
ENTRIES = {
    "posted": LogEntry(
        id=1,
        guild_id=WIDE,
        kind=LogKind.POSTED,
        created_at=CREATED_AT,
        job=replace(
            JOBS[0],
            state=JobState.DELIVERED,
            message_id=WIDE,
            message_channel_id=JOBS[0].channel_id,
            removed_by_id=WIDE,
            removed_at=CREATED_AT,
        ),
        refunded=True,
        block=make_block(reason=hideous(300), expires_at=RESETS_AT),
    ),
    "deleted": LogEntry(
        id=1,
        guild_id=WIDE,
        kind=LogKind.DELETED,
        created_at=CREATED_AT,
        job=replace(JOBS[0], state=JobState.DELIVERED, message_id=WIDE, removed_by_id=WIDE, removed_at=CREATED_AT),
    ),
    **{
        f"failed: {error}": LogEntry(
            id=1,
            guild_id=WIDE,
            kind=LogKind.FAILED,
            created_at=CREATED_AT,
            job=replace(JOBS[0], state=JobState.FAILED, error_code=error),
        )
        for error in JobError
    },
    **{
        f"refused: {reason}": LogEntry(
            id=1,
            guild_id=WIDE,
            kind=LogKind.REFUSED,
            created_at=CREATED_AT,
            details=REFUSED | {"reason": reason} | details,
        )
        for reason, details in {
            "paused": {"rule": hideous(300)},
            "blocked": {"rule": hideous(300)},
            "channel": {"ruled_by": WIDE},
            "prompt_rule": {"rule": hideous(200)},
            "automod": {"rule": hideous(100)},
            "others_clip": {},
            "open_jobs": {},
            "quota": QUOTA_DETAILS | {"source": "channel", "subject_id": WIDE},
            "cap": QUOTA_DETAILS,
        }.items()
    },
    **{
        f"changed: {kind}": LogEntry(
            id=1, guild_id=WIDE, kind=LogKind.CHANGED, created_at=CREATED_AT, change=change(kind)
        )
        for kind in ChangeKind
    },
    **{
        kind: LogEntry(
            id=1,
            guild_id=WIDE,
            kind=kind,
            created_at=CREATED_AT,
            details=QUOTA_DETAILS | {"used": 999_999, "resets_at": RESETS_AT.isoformat()},
        )
        for kind in (LogKind.CAP_NEAR, LogKind.CAP_REACHED)
    },
    LogKind.BRAINSTORM_STARTED: LogEntry(
        id=1,
        guild_id=WIDE,
        kind=LogKind.BRAINSTORM_STARTED,
        created_at=CREATED_AT,
        details=ROUND | {"takes": 8, "seconds": 80},
    ),
    **{
        f"brainstorm ended: {outcome}": LogEntry(
            id=1,
            guild_id=WIDE,
            kind=LogKind.BRAINSTORM_ENDED,
            created_at=CREATED_AT,
            details=ROUND | {"outcome": outcome, "winner": winner, "voters": voters},
        )
        for outcome, winner, voters in (
            ("won", 8, 10**6),
            ("no_votes", None, 0),
            ("too_few", None, 0),
            ("cancelled", None, 1),
            ("thread_gone", None, 1),
        )
    },
}


def parts(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all components, nested ones too."""
    found: list[dict[str, Any]] = []
    for component in components:
        found.append(component)
        found += parts(component.get("components", []))
        if "accessory" in component:
            found += parts([component["accessory"]])
    return found


@pytest.mark.parametrize("section", SECTIONS)
async def test_every_section_fits_a_message(section: str) -> None:
    expect_fitting(SECTIONS[section]())


@pytest.mark.parametrize("name", ENTRIES)
async def test_every_card_fits_a_message(name: str) -> None:
    expect_fitting(modlog_view(ENTRIES[name]))


def expect_fitting(view: ui.LayoutView) -> None:
    found = parts(view.to_components())
    texts = "".join(part["content"] for part in found if "content" in part)
    assert len(found) <= COMPONENTS_MAX
    assert len(texts) <= CHARACTERS_MAX
    assert len(texts.encode()) <= BYTES_MAX
    custom_ids = [part["custom_id"] for part in found if "custom_id" in part]
    assert len(custom_ids) == len(set(custom_ids))
    assert all(len(custom_id) <= 100 for custom_id in custom_ids)
    for options in (part["options"] for part in found if part.get("options")):
        assert len(options) <= OPTIONS_MAX
        assert len({option["value"] for option in options}) == len(options)


@needs_openapi
async def test_panels_and_cards_are_as_discord_describes_them() -> None:
    check = await asyncio.to_thread(OpenApiCheck, OPENAPI)
    for view in (*(make() for make in SECTIONS.values()), *map(modlog_view, ENTRIES.values())):
        body = {"components": view.to_components(), "flags": 1 << 15, "nonce": "log1", "enforce_nonce": True}
        check.check_body(RouteKind.CREATE_MESSAGE, body)


@needs_openapi
async def test_forms_are_as_discord_describes_them() -> None:
    check = await asyncio.to_thread(OpenApiCheck, OPENAPI)

    for form in FORMS.values():
        check.check_body(RouteKind.CALLBACK, {"type": 9, "data": form().to_dict()})


@pytest.mark.parametrize("name", FORMS)
async def test_no_form_is_kept_by_the_library(name: str) -> None:
    assert FORMS[name]().is_finished()


def test_a_page_past_the_end_is_the_last_one() -> None:
    assert page_of(range(21), 9) == (range(20, 21), 3, 3)
    assert page_of(range(0), 9) == (range(0), 1, 1)
    assert page_of(range(21), -1) == (range(10), 1, 3)


def make_details() -> AdmissionDetails:
    roles = tuple(WIDE - place for place in range(100))
    return AdmissionDetails(
        requester=requester(role_ids=roles, places=(WIDE, WIDE - 1, WIDE - 2)),
        server=DETAILS.view.server,
        block=make_block(reason=hideous(300)),
        place=PlaceRules(),
        open_jobs=2,
        open_jobs_anywhere=2,
        open_jobs_waiting=0,
        max_open_jobs=2,
        waiting=10**4,
        waiting_anywhere=10**6,
        max_waiting=10**4,
        max_waiting_anywhere=10**6,
        sources=[
            *(RuleAsked(QuotaSource.CHANNEL, WIDE - place, None) for place in range(3)),
            *(RuleAsked(QuotaSource.ROLE, role_id, Quota(1_000_000, Period.MONTH)) for role_id in roles),
            RuleAsked(QuotaSource.OPERATOR, None, Quota(60), holds=True),
        ],
        status=make_quota_status(granted=100_000),
        cap=DETAILS.view.cap,
        ceilings=CEILINGS,
    )


def make_diagnosis() -> Diagnosis:
    details = make_details()
    pool = make_quota_status(effective=EffectiveQuota(Quota(5), QuotaSource.CHANNEL, WIDE))
    permissions = ["create_public_threads", "send_messages_in_threads"]
    return Diagnosis(
        channel_id=WIDE,
        member_id=WIDE,
        timed_out_until=None,
        lacking={"post": ["send_messages"], "attach": [], "history": ["read_message_history"], "threads": permissions},
        automod=DETAILS.automod,
        log_arrives=False,
        details=details,
        refusals=[
            *(ThreadClosedError(is_locked=False), app_commands.MissingPermissions(["use_application_commands"])),
            *(app_commands.BotMissingPermissions(permissions), PausedError(Pause(hideous(300), WIDE, CREATED_AT))),
            *(BlockedError(make_block(reason=hideous(300))), ChannelRefusedError(WIDE), TooManyOpenJobsError(2)),
            *(
                QuotaExceededError(pool, 6),
                CapReachedError(CapStatus(cap=Quota(5), used_seconds=0, resets_at=RESETS_AT), 6),
            ),
            *(CeilingReachedError(CeilingKind.MEMBER_DAY, RESETS_AT), QueueFullError(50), RulesUnknownError()),
        ],
    )


def plain_answers() -> dict[str, str]:
    explanation = make_details()
    members = [
        MemberUsage(
            member_id=WIDE - place, used_seconds=10**6, delivered=10**5, failed=9, cancelled=9, open=9, removed=9
        )
        for place in range(100)
    ]
    daily = make_daily(*([10**5] * 7 for _ in range(20)), ids=[WIDE - place for place in range(20)])
    report = UsageReport(
        period=Period.MONTH,
        start=CREATED_AT,
        end=RESETS_AT,
        members=members,
        refused=10**6,
        jobs=(),
        daily=daily,
    )
    return {
        "why": moderator_text.why(explanation, DETAILS.view.rule_counts, DETAILS.automod, DETAILS.deleted),
        "test": rule_text.tested(hideous(2000), PROMPT_RULES, AutomodRule(hideous(100))),
        "block": moderator_text.blocked(make_block(reason=hideous(300), expires_at=RESETS_AT), 99),
        "pause": moderator_text.paused(hideous(300)),
        "rule": rule_text.added(PROMPT_RULES[0]),
        "usage": f"{usage_text.usage_summary(report, 9)}\n{usage_text.usage_legend(daily)}",
    }


@pytest.mark.parametrize("name", plain_answers())
def test_every_answer_fits_a_message(name: str) -> None:
    assert len(plain_answers()[name]) <= 2000
