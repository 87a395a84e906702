"""Reading what decides whether a member may have a clip made here and now, and asking the server's rules.

The decision itself is ``decision.decide``. What it goes by is read in the transaction that charges, so that the answer
still holds when the clip is charged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.models import EVERYWHERE, Requester
from bot.services.admission.decision import AdmissionDetails, Admitted, PlaceRules, ScreeningResult, decide
from bot.services.quotas.service import ask_rules
from bot.store import standing

if TYPE_CHECKING:
    from datetime import datetime

    from bot.errors import RefusedError
    from bot.models import PromptRule, Server
    from bot.services.admission.job_request import JobRequest
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.ports import Clock
    from bot.services.quotas.service import QuotaService
    from bot.services.screening.automod import AutomodService
    from bot.services.screening.automod_rules import AutomodRule
    from bot.services.screening.rules import PromptService
    from bot.services.spend.watch import SpendWatch
    from bot.store import Connection
    from bot.store.database import Database


class Admission:
    """Says whether a clip may be made, and what decides that.

    Args:
        max_open_jobs: how many one member may have open, in all servers together.
        spend_watch: knows what the operator lets be spent, and is told how far that is used.
        policy: has how many jobs may wait.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        quotas: QuotaService,
        prompts: PromptService,
        automod: AutomodService,
        max_open_jobs: int,
        spend_watch: SpendWatch,
        policy: WorkerPolicy,
    ) -> None:
        self._database = database
        self._clock = clock
        self._quotas = quotas
        self._prompts = prompts
        self._automod = automod
        self._max_open_jobs = max_open_jobs
        self._spend_watch = spend_watch
        self._policy = policy

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

    async def decide(
        self, connection: Connection, request: JobRequest, screening: ScreeningResult, now: datetime
    ) -> tuple[AdmissionDetails, Admitted | RefusedError]:
        """Decide in a transaction of the caller's; return what was gone by, and the decision.

        Args:
            screening: what ``judge`` said of the prompt; it is asked anew where the rules have changed since.
        """
        details = await self._read(connection, request.requester, now)
        if screening.version != details.server.rules_version:
            screening = await self._judge_again(connection, details.server, request.prompt, screening)
        decision = decide(details, request, screening)
        added_seconds = decision.spec.cost_seconds if isinstance(decision, Admitted) else 0
        self._spend_watch.notice(details.ceilings, added_seconds=added_seconds)
        return details, decision

    async def explain(self, requester: Requester) -> AdmissionDetails:
        """Say what decides for a member in a place.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._database.read() as connection:
            return await self._read(connection, requester, now)

    async def _read(self, connection: Connection, requester: Requester, now: datetime) -> AdmissionDetails:
        stored = await standing.read(connection, requester, now)
        status, cap = await self._quotas.read_use(connection, stored, requester, now)
        guild_id, member_id = requester.guild_id, requester.member_id
        return AdmissionDetails(
            requester=requester,
            server=stored.server,
            block=stored.block,
            place=PlaceRules.of(stored.channel_rules, (*requester.places, EVERYWHERE)),
            open_jobs=stored.open_jobs,
            open_jobs_anywhere=stored.open_jobs_anywhere,
            max_open_jobs=self._max_open_jobs,
            waiting=stored.waiting,
            waiting_anywhere=stored.waiting_anywhere,
            max_waiting=self._policy.waiting_per_server,
            max_waiting_anywhere=self._policy.waiting_in_all,
            sources=ask_rules(stored.quota_rules, requester, self._quotas.operator_quota),
            status=status,
            cap=cap,
            ceilings=await self._spend_watch.read(connection, now, guild_id=guild_id, member_id=member_id),
        )

    async def _judge_again(
        self, connection: Connection, server: Server, prompt: str, screening: ScreeningResult
    ) -> ScreeningResult:
        book = await self._prompts.book_within(connection, server)
        return replace(screening, version=book.version, rule=next(iter(await book.find(prompt)), None))
