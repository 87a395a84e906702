"""Whether a member may have a clip made here and now, and why or why not.

Asked in this order, and the first that says no is the answer:

1. Is video making paused in the server?
2. Is the member blocked?
3. May clips be made in this place? (The thread's rule, else the channel's, the category's, the server's.)
4. Do the server's prompt rules, or its AutoMod rules, refuse the prompt?
5. Has the member too many jobs open?
6. Does the quota that holds reach? (The place's pool, else the member's own, their roles', the server's, the
   operator's; and gifts.)
7. Does the server's cap reach?

All of it is asked in the transaction that charges, so that the answer still holds when the clip is charged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import ChannelRefusedError, PromptRefusedError, RefusedError, RulesUnknownError, TooManyOpenJobsError
from bot.models import (
    EVERYWHERE,
    Access,
    BlockedError,
    CapReachedError,
    CapStatus,
    PausedError,
    QuotaExceededError,
    Requester,
)
from bot.services.quotas.caps import cap_status
from bot.services.quotas.service import RuleAsked, ask_rules
from bot.store import jobs
from bot.store.moderation import prompt_rules, servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.models import Aspect, Block, ChannelRule, PromptRule, PromptRuleKind, QuotaStatus, Server, VideoSpec
    from bot.services.ports import Clock
    from bot.services.quotas.service import QuotaService
    from bot.services.screening.automod import AutomodService
    from bot.services.screening.automod_rules import AutomodRule
    from bot.services.screening.rules import PromptService
    from bot.store import Connection
    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Wish:
    """A clip as asked for; what the member left open is filled in by the channel's defaults."""

    spec: VideoSpec
    leaves_aspect: bool = False
    leaves_duration: bool = False

    def filled_by(self, place: PlaceRules) -> VideoSpec:
        """Return what is to be made in a place."""
        spec = self.spec
        if self.leaves_aspect and place.aspect is not None:
            spec = replace(spec, aspect=place.aspect)
        if self.leaves_duration and place.duration_seconds is not None:
            spec = replace(spec, duration_seconds=place.duration_seconds)
        return spec


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """What holds in a place, each from the most particular rule that says it.

    Attributes:
        ruled_by: whose rule says whether clips are allowed; None where none does, and so they are.
    """

    access: Access = Access.ALLOWED
    ruled_by: int | None = None
    aspect: Aspect | None = None
    duration_seconds: int | None = None

    @classmethod
    def of(cls, rules: Iterable[ChannelRule], places: Sequence[int]) -> PlaceRules:
        """Work out what holds from the rules of a place's thread, channel, category and server."""
        by_channel = {rule.channel_id: rule for rule in rules}
        ordered = [by_channel[place] for place in places if place in by_channel]
        ruling = next((rule for rule in ordered if rule.access is not None), None)
        return cls(
            Access.ALLOWED if ruling is None or ruling.access is None else ruling.access,
            None if ruling is None else ruling.channel_id,
            next((rule.aspect for rule in ordered if rule.aspect is not None), None),
            next((rule.duration_seconds for rule in ordered if rule.duration_seconds is not None), None),
        )


@dataclass(frozen=True, slots=True)
class ScreeningResult:
    """What a server's rules say about a prompt.

    Attributes:
        version: of the prompt rules that were asked.
        rule, automod: the prompt rule and the AutoMod rule that refuse it, if one does.
        is_unsure: AutoMod's rules have never been read and can't be now.
    """

    version: int
    rule: PromptRule | None = None
    automod: AutomodRule | None = None
    is_unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A clip that may be made: what exactly, and at whose expense."""

    spec: VideoSpec
    status: QuotaStatus
    cap: CapStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that decides for a member in a place, as it stands.

    Attributes:
        sources: of the quota, in the order in which they are asked.
        rule_counts: how many prompt rules there are.
        open_jobs: the member's in this server; the limit is for all servers together.
    """

    requester: Requester
    server: Server
    block: Block | None
    place: PlaceRules
    rule_counts: dict[PromptRuleKind, int]
    open_jobs: int
    max_open_jobs: int
    sources: list[RuleAsked]
    status: QuotaStatus
    cap: CapStatus | None

    @property
    def refusal(self) -> RefusedError | None:
        """Return what keeps the member from making any clip there, whatever the prompt and the quota."""
        return _first_refusal(self.server, self.block, self.place)


class Admission:
    """Decides whether a clip may be made."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        quotas: QuotaService,
        prompts: PromptService,
        automod: AutomodService,
        max_open_jobs: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._quotas = quotas
        self._prompts = prompts
        self._automod = automod
        self._max_open_jobs = max_open_jobs

    async def judge(self, prompt: str, requester: Requester) -> ScreeningResult:
        """Ask a server's rules about a prompt: before any transaction, since it takes its time.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        book = await self._prompts.book(requester.guild_id, may_be_old=True)
        rule = next(iter(await book.find(prompt)), None)
        if requester.manages_server:  # exempt, as Discord itself has it
            return ScreeningResult(book.version, rule)
        automod = await self._automod.known_rules(requester.guild_id)
        if automod is None:
            return ScreeningResult(book.version, rule, is_unsure=True)
        return ScreeningResult(book.version, rule, await automod.find(prompt, requester))

    async def test(self, prompt: str, requester: Requester) -> tuple[list[PromptRule], AutomodRule | None]:
        """Return all rules that refuse a prompt, AutoMod's whoever asks for it.

        Raises:
            RulesUnknownError: when AutoMod's have never been read and can't be now.
            StoreUnavailableError: when the database cannot be asked.
        """
        rules = await self._automod.rules(requester.guild_id)
        book = await self._prompts.book(requester.guild_id)
        member = Requester(guild_id=requester.guild_id, member_id=0, places=requester.places)
        return await book.find(prompt), await rules.find(prompt, member)

    async def admit(
        self,
        connection: Connection,
        server: Server,
        requester: Requester,
        wish: Wish,
        screening: ScreeningResult,
        now: datetime,
    ) -> Admitted:
        """Say yes in a transaction of the caller's, or raise why not.

        Raises:
            PausedError, BlockedError, ChannelRefusedError, PromptRefusedError, RulesUnknownError,
            TooManyOpenJobsError, QuotaExceededError, CapReachedError: the first that says no.
        """
        block = await servers.get_block(connection, guild_id=requester.guild_id, member_id=requester.member_id, now=now)
        place = await self._place(connection, requester)
        refusal = _first_refusal(server, block, place)
        if refusal is not None:
            raise refusal
        await self._check_prompt(connection, server, wish.spec.prompt, screening)
        if await jobs.count_open(connection, requester.member_id) >= self._max_open_jobs:
            raise TooManyOpenJobsError(self._max_open_jobs)
        spec = wish.filled_by(place)
        status = await self._quotas.status_within(connection, server, requester, now)
        if status.left_seconds is not None and spec.cost_seconds > status.left_seconds:
            raise QuotaExceededError(status, spec.cost_seconds)
        cap = await cap_status(connection, server, now)
        if cap is not None and spec.cost_seconds > cap.left_seconds:
            raise CapReachedError(cap, spec.cost_seconds)
        return Admitted(spec=spec, status=status, cap=cap)

    async def explain(self, requester: Requester) -> Explanation:
        """Say what decides for a member in a place.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._database.read() as connection:
            server = await servers.get(connection, requester.guild_id)
            rules = await self._quotas.rules_for(connection, requester, now)
            return Explanation(
                requester=requester,
                server=server,
                block=await servers.get_block(
                    connection, guild_id=requester.guild_id, member_id=requester.member_id, now=now
                ),
                place=await self._place(connection, requester),
                rule_counts=await prompt_rules.count(connection, requester.guild_id),
                open_jobs=await jobs.count_open(connection, requester.member_id, guild_id=requester.guild_id),
                max_open_jobs=self._max_open_jobs,
                sources=ask_rules(rules, requester, self._quotas.operator_quota),
                status=await self._quotas.status_within(connection, server, requester, now),
                cap=await cap_status(connection, server, now),
            )

    async def _check_prompt(
        self, connection: Connection, server: Server, prompt: str, screening: ScreeningResult
    ) -> None:
        rule = screening.rule
        if screening.version != server.rules_version:  # they have changed since it was judged
            book = await self._prompts.book_within(connection, server)
            rule = next(iter(await book.find(prompt)), None)
        if rule is not None:
            raise PromptRefusedError(rule.text, is_automod=False)
        if screening.automod is not None:
            raise PromptRefusedError(screening.automod.name, is_automod=True)
        if screening.is_unsure:
            raise RulesUnknownError

    async def _place(self, connection: Connection, requester: Requester) -> PlaceRules:
        places = (*requester.places, EVERYWHERE)
        return PlaceRules.of(await servers.list_channel_rules(connection, requester.guild_id, places), places)


def _first_refusal(server: Server, block: Block | None, place: PlaceRules) -> RefusedError | None:
    if server.pause is not None:
        return PausedError(server.pause)
    if block is not None:
        return BlockedError(block)
    return ChannelRefusedError(place.ruled_by or EVERYWHERE) if place.access is Access.REFUSED else None
