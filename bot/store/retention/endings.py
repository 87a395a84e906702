"""What becomes of each table's rows in the end: one decision for each, and the steps that carry it out.

``ENDINGS`` has every table of the schema; a test fails while one lacks. Its order is that of the steps: what refers to
other rows ends before them. A step is asked again and again until it finds nothing (``steps.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from bot.models import Server
from bot.store.brainstorms.previews import PREVIEWS_ARE_KEPT_FOR
from bot.store.drafts import DRAFTS_ARE_KEPT_FOR
from bot.store.moderation import servers as server_settings
from bot.store.retention.archive import ArchiveJobs, DropGrants, SumUpUsage
from bot.store.retention.brainstorming import (
    BrainstormTexts,
    EndBrainstorms,
    EraseVotes,
    ReigningTexts,
    RoundTexts,
    is_of_server,
    is_old,
    votes_of,
)
from bot.store.retention.erasing import (
    ChangeIds,
    ChangeTexts,
    EntryTexts,
    JobIds,
    JobTexts,
    LedgerIds,
    SubmitIds,
    SumIds,
    UsageIds,
)
from bot.store.retention.steps import Deletes
from bot.store.tables import (
    automod_rules,
    blocks,
    brainstorms,
    changes,
    channel_rules,
    clip_prompts,
    command_digests,
    drafts,
    erasures,
    favourites,
    grant_uses,
    guilds,
    jobs,
    ledger,
    ledger_sums,
    log_entries,
    members,
    models,
    operator_alerts,
    operator_audit,
    pauses,
    phrase_lists,
    polls_sent,
    previews,
    prompt_rules,
    quota_rules,
    refusals,
    rounds,
    schema_epoch,
    servers,
    spend,
    stills,
    submits,
    takes,
    usage,
    votes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.store.retention.steps import Asked, Step


@dataclass(frozen=True, slots=True)
class Stays:
    """Rows stay as they are, or end otherwise.

    Attributes:
        why: says so to whoever reads the table of decisions.
    """

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erases:
    """What *Erase my data* does.

    Attributes:
        texts: takes what the member wrote, at once.
        ids: takes the member's id, when no running period and no unspent grant counts on it.
    """

    texts: Step | None = None
    ids: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is decided about a table.

    Attributes:
        aged: what becomes of rows that are older than the operator keeps.
        expired: what becomes of rows that are kept for a while of their own, whatever the operator keeps.
        erased: what *Erase my data* does.
        left: what becomes of a server's rows, some time after the bot has been removed from it.
    """

    aged: Step | Stays
    erased: Erases | Stays
    left: Step | Stays
    expired: Step | None = None


class _ResetSettings:
    """Gives a server the settings of one where nobody has set anything; its row stays, for its rules' version."""

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return its settings, where they are others."""
        server = await server_settings.get(connection, asked.subject_id or 0)
        return [] if server == _reset(server) else [server]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Reset them."""
        server = await server_settings.get(connection, asked.subject_id or 0)
        await server_settings.put(connection, _reset(server))


class _DropRules(Deletes):
    """Deletes a server's prompt rules, and counts that as a new version: a process may keep compiled ones by it."""

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Do so."""
        await super().change(connection, found, asked)
        server = await server_settings.get(connection, asked.subject_id or 0)
        await server_settings.put(connection, replace(server, rules_version=server.rules_version + 1))


def _reset(server: Server) -> Server:
    return Server(guild_id=server.guild_id, rules_version=server.rules_version)


def _of_server(table: Table) -> Deletes:
    return Deletes(table, lambda asked: table.c.guild_id == asked.subject_id)


def _is_rule_of(asked: Asked) -> ColumnElement[bool]:
    return prompt_rules.c.guild_id == asked.subject_id


def _old_entries(asked: Asked) -> ColumnElement[bool]:
    return and_(log_entries.c.created_at < asked.before, log_entries.c.due_at.is_(None))


def _old_changes(asked: Asked) -> ColumnElement[bool]:
    is_told = select(log_entries.c.id).where(log_entries.c.change_id == changes.c.id).exists()
    return and_(changes.c.made_at < asked.before, ~is_told)


def _expired_drafts(asked: Asked) -> ColumnElement[bool]:
    return drafts.c.kept_at <= asked.now - DRAFTS_ARE_KEPT_FOR


def _drafts_of_member(asked: Asked) -> ColumnElement[bool]:
    return and_(drafts.c.member_id == asked.subject_id, drafts.c.kept_at <= asked.before)


def _expired_previews(asked: Asked) -> ColumnElement[bool]:
    return previews.c.created_at <= asked.now - PREVIEWS_ARE_KEPT_FOR


def _previews_of_member(asked: Asked) -> ColumnElement[bool]:
    return and_(previews.c.member_id == asked.subject_id, previews.c.created_at <= asked.before)


def _old_spend(asked: Asked) -> ColumnElement[bool]:
    return and_(spend.c.scope == "member", spend.c.day < asked.before.date())


def _spend_of_member(asked: Asked) -> ColumnElement[bool]:
    mine = and_(spend.c.scope == "member", spend.c.subject_id == asked.subject_id)
    return and_(mine, spend.c.day <= asked.before.date())


_SETTINGS = Stays("a setting holds until moderators change it")
_MODERATORS = Stays("moderators have decided it: it is the server's")
_SPENT = Stays("what was spent stays spent, and ends with age")
_NOBODYS = Stays("it is about nobody")
_NO_SERVERS = Stays("it is about no server")
_WITH_JOB = Stays("ends with its job")
_WITH_PROMPT = Stays("ends with the prompt of its job")
_SOONER = Stays("they expire long before that")
_WITH_BRAINSTORM = Stays("ends with its brainstorm")

ENDINGS: dict[Table, Ending] = {
    log_entries: Ending(
        aged=Deletes(log_entries, _old_entries), erased=Erases(texts=EntryTexts()), left=_of_server(log_entries)
    ),
    changes: Ending(
        aged=Deletes(changes, _old_changes),
        erased=Erases(texts=ChangeTexts(), ids=ChangeIds()),
        left=_of_server(changes),
    ),
    jobs: Ending(
        aged=ArchiveJobs(),
        erased=Erases(texts=JobTexts(), ids=JobIds()),
        left=_SPENT,
    ),
    stills: Ending(aged=_WITH_PROMPT, erased=_WITH_PROMPT, left=_WITH_PROMPT),
    clip_prompts: Ending(aged=_WITH_PROMPT, erased=_WITH_PROMPT, left=_WITH_PROMPT),
    favourites: Ending(aged=_WITH_PROMPT, erased=_WITH_PROMPT, left=_WITH_PROMPT),
    submits: Ending(aged=_WITH_JOB, erased=Erases(texts=SubmitIds()), left=_SPENT),
    grant_uses: Ending(aged=_WITH_JOB, erased=_NOBODYS, left=_SPENT),
    ledger: Ending(aged=DropGrants(), erased=Erases(ids=LedgerIds()), left=_SPENT),
    ledger_sums: Ending(aged=Stays("it is what old entries come to"), erased=Erases(ids=SumIds()), left=_SPENT),
    usage: Ending(aged=SumUpUsage(), erased=Erases(ids=UsageIds()), left=_SPENT),
    spend: Ending(aged=Deletes(spend, _old_spend), erased=Erases(ids=Deletes(spend, _spend_of_member)), left=_SPENT),
    operator_audit: Ending(
        aged=Deletes(operator_audit, lambda asked: operator_audit.c.made_at < asked.before),
        erased=Stays("the operator has decided it"),
        left=_NO_SERVERS,
    ),
    operator_alerts: Ending(aged=Stays("forgotten soon after its period"), erased=_NOBODYS, left=_NO_SERVERS),
    quota_rules: Ending(aged=_SETTINGS, erased=_MODERATORS, left=_of_server(quota_rules)),
    channel_rules: Ending(aged=_SETTINGS, erased=_NOBODYS, left=_of_server(channel_rules)),
    blocks: Ending(aged=_SETTINGS, erased=_MODERATORS, left=_of_server(blocks)),
    prompt_rules: Ending(aged=_SETTINGS, erased=_MODERATORS, left=_DropRules(prompt_rules, _is_rule_of)),
    phrase_lists: Ending(aged=_SETTINGS, erased=_MODERATORS, left=_of_server(phrase_lists)),
    automod_rules: Ending(aged=_SETTINGS, erased=_NOBODYS, left=_of_server(automod_rules)),
    servers: Ending(aged=_SETTINGS, erased=_MODERATORS, left=_ResetSettings()),
    guilds: Ending(aged=Stays("ends with the server's settings"), erased=_NOBODYS, left=Stays("ends as the last")),
    erasures: Ending(
        aged=Stays("ends when the erasure is done"), erased=Stays("it is what is being done"), left=_NO_SERVERS
    ),
    members: Ending(
        aged=Stays("a setting holds until its member changes it"),
        erased=Erases(texts=Deletes(members, lambda asked: members.c.member_id == asked.subject_id)),
        left=Stays("it is for all servers"),
    ),
    refusals: Ending(
        aged=Stays("a number for each day, which past sums want"), erased=_NOBODYS, left=_of_server(refusals)
    ),
    pauses: Ending(aged=Stays("forgotten when no waiting job counts on it"), erased=_NOBODYS, left=_NO_SERVERS),
    polls_sent: Ending(aged=Stays("dropped after a minute"), erased=_NOBODYS, left=_NO_SERVERS),
    models: Ending(aged=Stays("a row for each model"), erased=_NOBODYS, left=_NO_SERVERS),
    votes: Ending(aged=votes_of(is_old), erased=Erases(texts=EraseVotes()), left=votes_of(is_of_server)),
    takes: Ending(aged=_WITH_BRAINSTORM, erased=Erases(texts=ReigningTexts()), left=_WITH_BRAINSTORM),
    rounds: Ending(aged=_WITH_BRAINSTORM, erased=Erases(texts=RoundTexts()), left=_WITH_BRAINSTORM),
    brainstorms: Ending(
        aged=EndBrainstorms(is_old), erased=Erases(texts=BrainstormTexts()), left=EndBrainstorms(is_of_server)
    ),
    previews: Ending(
        aged=_SOONER,
        erased=Erases(texts=Deletes(previews, _previews_of_member)),
        left=_of_server(previews),
        expired=Deletes(previews, _expired_previews),
    ),
    drafts: Ending(
        aged=_SOONER,
        erased=Erases(texts=Deletes(drafts, _drafts_of_member)),
        left=_of_server(drafts),
        expired=Deletes(drafts, _expired_drafts),
    ),
    schema_epoch: Ending(aged=Stays("one row, which migrations change"), erased=_NOBODYS, left=_NO_SERVERS),
    command_digests: Ending(aged=Stays("a row for each application"), erased=_NOBODYS, left=_NO_SERVERS),
}

AGED: list[Step] = [each.aged for each in ENDINGS.values() if not isinstance(each.aged, Stays)]
EXPIRED: list[Step] = [each.expired for each in ENDINGS.values() if each.expired is not None]
_ERASED = [each.erased for each in ENDINGS.values() if isinstance(each.erased, Erases)]
TEXTS_ERASED: list[Step] = [each.texts for each in _ERASED if each.texts is not None]
IDS_ERASED: list[Step] = [each.ids for each in _ERASED if each.ids is not None]
LEFT: list[Step] = [each.left for each in ENDINGS.values() if not isinstance(each.left, Stays)]
