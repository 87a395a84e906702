"""Reading what decides whether a member may have a clip made here and now, and asking the server's rules.

The decision itself is ``decision.decide``. What it goes by is read in the transaction that charges, so that the answer
still holds when the clip is charged. The rules for prompts are asked before it, since that takes its time; in it is
found out whether they are still the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import RefusedError, RulesChangingError, RulesUnknownError
from bot.models import EVERYWHERE, Requester
from bot.services.admission.decision import (
    AdmissionDetails,
    Admitted,
    PlaceRules,
    ScreeningResult,
    all_refusals,
    decide,
)
from bot.services.admission.job_request import JobRequest
from bot.services.quotas.service import ask_rules
from bot.services.screening.rules import MOST_JUDGINGS
from bot.store import standing
from bot.store.moderation import prompt_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.models import ModelProfile, PromptRule, Server
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.ports import Clock
    from bot.services.quotas.service import QuotaService
    from bot.services.screening.automod import AutomodService
    from bot.services.screening.automod_rules import AutomodRule
    from bot.services.screening.rules import PromptService
    from bot.services.spend.watch import SpendWatch
    from bot.store import Connection
    from bot.store.database import Database


_REHEARSED_PROMPT = "a clip"


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

    @property
    def profile(self) -> ModelProfile:
        """Say which clips there are."""
        return self._quotas.profile

    async def screen_first(self, request: JobRequest) -> ScreeningResult | None:
        """Ask a server's rules about a request's prompt, if anything depends on them.

        Returns:
            None when the answer is no whatever they say, so that they were not asked.

        Raises:
            InvalidSpecError: when the model makes no such clip.
            StoreUnavailableError: when the database cannot be asked.
        """
        self.profile.check(request.prompt, request.aspect, request.duration_seconds)
        unasked = self._screen_at_once(request.requester)
        if unasked is not None:
            return unasked
        details = await self.explain(request.requester)
        if isinstance(decide(details, request, None), RefusedError):
            return None
        return await self.screen(request, version=details.server.rules_version)

    async def screen(self, request: JobRequest, *, version: int | None = None) -> ScreeningResult:
        """Ask a server's rules about a request's prompt: before any transaction, since it takes its time.

        Args:
            version: of the prompt rules, as just read; None lets it be read.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        requester, guild_id = request.requester, request.requester.guild_id
        book = await self._prompts.book(guild_id, version=version)
        rule = next(iter(await self._prompts.find(guild_id, book, request.prompt)), None)
        if requester.manages_server:  # exempt, as Discord itself has it
            return ScreeningResult(book.version, rule)
        rules = await self._automod.known_rules(guild_id)
        if rules is None:
            return ScreeningResult(book.version, rule, is_unsure=True)
        found = await self._automod.find(rules, request.prompt, requester)
        return ScreeningResult(book.version, rule, found, automod_asked=rules)

    async def test(self, prompt: str, requester: Requester) -> tuple[list[PromptRule], AutomodRule | None]:
        """Return all rules that refuse a prompt, AutoMod's whoever asks for it.

        Raises:
            RulesUnknownError: when AutoMod's have never been read and can't be now.
            StoreUnavailableError: when the database cannot be asked.
        """
        guild_id = requester.guild_id
        rules = await self._automod.rules(guild_id)
        book = await self._prompts.book(guild_id)
        member = Requester(guild_id=guild_id, member_id=0, places=requester.places)
        return await self._prompts.find(guild_id, book, prompt), await self._automod.find(rules, prompt, member)

    async def decide(
        self, connection: Connection, request: JobRequest, screening: ScreeningResult | None, now: datetime
    ) -> tuple[AdmissionDetails, Admitted | RefusedError | None]:
        """Decide in a transaction of the caller's; return what was gone by, and the decision.

        Args:
            screening: what the rules said of the prompt, if they were asked.

        Returns:
            No decision where it depends on rules that were not asked, or that have changed since.
        """
        details = await self._read(connection, request.requester, now)
        decision = await self._decide(connection, details, request, screening)
        added_seconds = request.clips * decision.spec.cost_seconds if isinstance(decision, Admitted) else 0
        self._spend_watch.notice(details.ceilings, added_seconds=added_seconds)
        return details, decision

    async def screen_all(self, requests: Sequence[JobRequest]) -> list[ScreeningResult]:
        """Ask a server's rules about the prompts of several requests of one member, by the same rules for all.

        Raises:
            RulesUnknownError: when AutoMod's have never been read and can't be now.
            RulesChangingError: when they change all the while.
            StoreUnavailableError: when the database cannot be asked.
        """
        for _ in range(MOST_JUDGINGS):
            results = [await self.screen(request) for request in requests]
            if any(result.is_unsure for result in results):
                raise RulesUnknownError
            if len({(it.version, id(it.automod_asked)) for it in results}) == 1:
                return results
        raise RulesChangingError

    async def _decide(
        self,
        connection: Connection,
        details: AdmissionDetails,
        request: JobRequest,
        screening: ScreeningResult | None,
    ) -> Admitted | RefusedError | None:
        without_rules = decide(details, request, None)
        if isinstance(without_rules, RefusedError):
            return without_rules
        if screening is None or await self._is_outdated(connection, request.requester, details.server, screening):
            return None
        return screening.refusal or without_rules

    async def explain(self, requester: Requester) -> AdmissionDetails:
        """Say what decides for a member in a place.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._database.read() as connection:
            return await self._read(connection, requester, now)

    async def rehearse(self, requester: Requester) -> tuple[AdmissionDetails, list[RefusedError]]:
        """Decide about a clip that leaves all to its place, and write nothing.

        Its prompt, which there is none of, is the one thing that is not asked about.

        Returns:
            What decides, and all that says no, in the order in which it is asked; none where the clip would be made.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        details = await self.explain(requester)
        request = JobRequest(
            interaction_id=0, channel_id=requester.places[0], requester=requester, prompt=_REHEARSED_PROMPT
        )
        is_bound = not requester.manages_server
        is_unsure = is_bound and await self._automod.known_rules(requester.guild_id) is None
        screening = ScreeningResult(details.server.rules_version, is_unsure=is_unsure)
        return details, list(all_refusals(details, request, screening))

    async def _read(self, connection: Connection, requester: Requester, now: datetime) -> AdmissionDetails:
        stored = await standing.read(connection, requester, now)
        status, cap = await self._quotas.read_use(connection, stored, requester, now)
        guild_id, member_id = requester.guild_id, requester.member_id
        return AdmissionDetails(
            requester=requester,
            server=stored.server,
            block=stored.block,
            place=PlaceRules.of(stored.channel_rules, (*requester.places, EVERYWHERE), self.profile),
            open_jobs=stored.open_jobs,
            open_jobs_anywhere=stored.open_jobs_anywhere,
            open_jobs_waiting=stored.open_jobs_waiting,
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

    def _screen_at_once(self, requester: Requester) -> ScreeningResult | None:
        """Return what the rules say where none binds the member, as far as is at hand; else None."""
        if self._prompts.has_book(requester.guild_id):
            return None
        if requester.manages_server:
            return ScreeningResult(None)
        rules = self._automod.rules_at_hand(requester.guild_id)
        return None if rules is None or rules.binding(requester) else ScreeningResult(None, automod_asked=rules)

    async def _is_outdated(
        self, connection: Connection, requester: Requester, server: Server, screening: ScreeningResult
    ) -> bool:
        """Tell whether the rules that bind a member are no longer those that were asked."""
        if not requester.manages_server and not self._automod.are_current(server.guild_id, screening.automod_asked):
            return True
        if screening.version == server.rules_version:
            return False
        if screening.rule is not None:
            return True
        return server.rules_version > 0 and await prompt_rules.has_any(connection, server.guild_id)
