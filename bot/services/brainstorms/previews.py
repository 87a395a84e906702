"""Previews: what would be made of an idea, drawn once and kept, so that what is seen is what is made."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.errors import InvalidSpecError, RefusedError
from bot.models import parse_aspect, parse_duration, parse_prompt
from bot.models.brainstorms import (
    TAKES_DEFAULT,
    TAKES_FEWEST,
    TAKES_MOST,
    PlannedTake,
    Preview,
    PreviewChangedError,
    PreviewGoneError,
    PreviewStatus,
    Take,
    Vary,
    VoteTerms,
    parse_typed_idea,
)
from bot.services.admission.accepting import new_job_id
from bot.services.admission.decision import Admitted, decide
from bot.services.admission.job_request import JobRequest
from bot.services.brainstorms.drawing.idea import parse_idea
from bot.services.brainstorms.drawing.takes import draw_takes
from bot.store import jobs
from bot.store.brainstorms import previews

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.models import Requester
    from bot.services.admission.decision import AdmissionDetails
    from bot.services.admission.service import Admission
    from bot.services.brainstorms.lists import PhraseLists
    from bot.services.ports import Clock
    from bot.store.database import Database

_SEED_BITS = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What somebody wants takes of, as it arrived, of whatever type it is.

    Attributes:
        aspect, duration_seconds: None leaves them to the channel's defaults.
        is_spoiler: what it is made of is hidden until it is clicked, and so are its takes.
        brainstorm_id, reigning_job_id: what it goes on from; None where it begins a brainstorm.
    """

    interaction_id: int
    channel_id: int
    idea: str
    takes: object = TAKES_DEFAULT
    vary: object = Vary.AUTO
    aspect: object = None
    duration_seconds: object = None
    vote: VoteTerms = field(default_factory=VoteTerms)
    is_spoiler: bool = False
    brainstorm_id: str | None = None
    reigning_job_id: str | None = None


class Previews:
    """Draws takes, and keeps what was drawn for whoever asked, for a day.

    Args:
        random_bits: ``random.getrandbits`` or the like, for ids and seeds.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        admission: Admission,
        lists: PhraseLists,
        random_bits: Callable[[int], int],
    ) -> None:
        self._database = database
        self._clock = clock
        self._admission = admission
        self._lists = lists
        self._random_bits = random_bits

    async def make(self, plan: Plan, requester: Requester) -> PreviewStatus:
        """Draw takes of an idea, and keep them; the same interaction again gives the same.

        Raises:
            BrokenIdeaError: when the idea can't be read.
            InvalidSpecError: when an option, or a take's prompt, is outside what is offered.
            RefusedError: when no clips may be made there by the requester, whatever of.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            earlier = await previews.find_by_interaction(connection, plan.interaction_id)
        if earlier is not None:
            return await self.status(earlier, requester)
        now = self._clock.now()
        preview = await self._drawn(
            Preview(
                id=new_job_id(now, self._random_bits),
                interaction_id=plan.interaction_id,
                guild_id=requester.guild_id,
                channel_id=plan.channel_id,
                member_id=requester.member_id,
                idea=parse_typed_idea(plan.idea),
                takes=_parse_takes(plan.takes, plan.reigning_job_id),
                vary=_parse_vary(plan.vary),
                seed=self._random_bits(_SEED_BITS),
                aspect=None if plan.aspect is None else parse_aspect(plan.aspect),
                duration_seconds=None if plan.duration_seconds is None else parse_duration(plan.duration_seconds),
                vote=plan.vote,
                planned=(),
                combinations=1,
                created_at=now,
                is_spoiler=plan.is_spoiler,
                brainstorm_id=plan.brainstorm_id,
                reigning_job_id=plan.reigning_job_id,
            ),
            requester,
        )
        status = await self.status(preview, requester)
        async with self._database.write() as connection:
            if (earlier := await previews.find_by_interaction(connection, plan.interaction_id)) is None:
                await previews.add(connection, preview)
        return status if earlier is None else await self.status(earlier, requester)

    async def find(self, preview_id: str, requester: Requester, *, revision: int | None = None) -> Preview:
        """Return a preview of the requester's.

        Args:
            revision: in which they were shown it; None is any.

        Raises:
            PreviewGoneError: when it is not there, or somebody else's.
            PreviewChangedError: when it has changed since.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            preview = await previews.find(
                connection,
                preview_id,
                guild_id=requester.guild_id,
                member_id=requester.member_id,
                now=self._clock.now(),
            )
        if preview is None:
            raise PreviewGoneError
        if revision not in {None, preview.revision}:
            raise PreviewChangedError
        return preview

    async def shuffle(
        self, preview_id: str, requester: Requester, *, revision: int, interaction_id: int
    ) -> PreviewStatus:
        """Draw anew, once for an interaction.

        Raises: as ``find`` and ``make``.
        """
        seed = random.Random(interaction_id).getrandbits(_SEED_BITS)
        preview = await self.find(preview_id, requester)
        if preview.seed == seed:  # by another process on this token
            return await self.status(preview, requester)
        if preview.revision != revision:
            raise PreviewChangedError
        return await self._change(preview, requester, seed=seed)

    async def edit(
        self,
        preview_id: str,
        requester: Requester,
        *,
        idea: str,
        takes: object,
        vary: object,
        aspect: object,
        duration_seconds: object,
    ) -> PreviewStatus:
        """Draw from another idea, or otherwise; what was drawn stays as it is where nothing changes.

        Raises: as ``find`` and ``make``; nothing has changed then.
        """
        preview = await self.find(preview_id, requester)
        return await self._change(
            preview,
            requester,
            idea=parse_typed_idea(idea),
            takes=_parse_takes(takes, preview.reigning_job_id),
            vary=_parse_vary(vary),
            aspect=None if aspect is None else parse_aspect(aspect),
            duration_seconds=None if duration_seconds is None else parse_duration(duration_seconds),
        )

    async def set_vote(self, preview_id: str, requester: Requester, vote: VoteTerms) -> PreviewStatus:
        """Choose how takes will be voted on.

        Raises: as ``find``.
        """
        preview = await self.find(preview_id, requester)
        if preview.vote == vote:
            return await self.status(preview, requester)
        return await self._keep(replace(preview, vote=vote), requester)

    async def cancel(self, preview_id: str, requester: Requester) -> None:
        """Forget a preview.

        Raises: as ``find``.
        """
        preview = await self.find(preview_id, requester)
        async with self._database.write() as connection:
            await previews.remove(connection, preview.id)

    async def refresh(self, preview: Preview, requester: Requester) -> PreviewStatus:
        """Ask the server's rules anew about the takes that were drawn, and where they stand.

        Raises: as ``find``.
        """
        screened = await self.screened(preview, requester)
        return await self.status(preview if screened is None else await self._kept(screened), requester)

    async def screened(self, preview: Preview, requester: Requester) -> Preview | None:
        """Return the preview as the server's rules have it now; None where that is as it is.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        planned = await self._screen([it.take for it in preview.planned], preview, requester)
        return None if planned == preview.planned else replace(preview, planned=planned)

    async def status(self, preview: Preview, requester: Requester) -> PreviewStatus:
        """Say how many of a preview's takes may be made where it would be, just now.

        Raises:
            RefusedError: when no clips may be made there by the requester.
            StoreUnavailableError: when the database cannot be asked.
        """
        details = await self._admission.explain(requester)
        if details.refusal is not None:
            raise details.refusal
        spec = details.place.spec_for(takes_request(preview, requester, preview.planned[0].take))
        fits, limit = _fitting(details, preview, requester)
        return PreviewStatus(
            preview=preview,
            aspect=spec.aspect,
            duration_seconds=spec.duration_seconds,
            fits=fits,
            limit=limit,
            quota=details.status,
        )

    async def _change(self, preview: Preview, requester: Requester, **changes: Any) -> PreviewStatus:  # noqa: ANN401 (of Preview fields)
        changed = replace(preview, **changes)
        if changed == preview:
            return await self.status(preview, requester)
        return await self._keep(await self._drawn(changed, requester), requester)

    async def _keep(self, preview: Preview, requester: Requester) -> PreviewStatus:
        return await self.status(await self._kept(preview), requester)

    async def _kept(self, preview: Preview) -> Preview:
        changed = replace(preview, revision=preview.revision + 1)
        async with self._database.write() as connection:
            if not await previews.update(connection, changed, out_of=preview.revision):
                raise PreviewChangedError
        return changed

    async def _drawn(self, preview: Preview, requester: Requester) -> Preview:
        """Return the preview with its takes drawn."""
        idea = parse_idea(preview.idea, await self._lists.lists_for(preview.guild_id))
        reigning = await self._reigning_prompt(preview)
        is_varied = bool(idea.slots) or preview.vary is not Vary.NOTHING
        number = preview.takes + (reigning is not None and is_varied)
        # To find takes that differ as much as they can takes some 30 ms.
        drawn = await asyncio.to_thread(draw_takes, idea, takes=number, vary=preview.vary, seed=preview.seed)
        takes = [Take(parse_prompt(take.prompt), take.difference) for take in drawn]
        if reigning is not None and is_varied:  # the winner stands beside them as take 1, and for the idea as it is
            others = [take for take in takes if take.prompt != reigning] if idea.slots else takes[1:]
            takes = others[: preview.takes]
        for take in takes:
            self._admission.profile.check(take.prompt, preview.aspect, preview.duration_seconds)
        planned = await self._screen(takes, preview, requester)
        drawn_preview = replace(preview, planned=planned, combinations=idea.combinations)
        return await self._with_defaults(drawn_preview, requester)

    async def _reigning_prompt(self, preview: Preview) -> str | None:
        """Return the prompt of the winner that a round goes on from; None where it begins a brainstorm."""
        if preview.reigning_job_id is None:
            return None
        async with self._database.read() as connection:
            job = await jobs.get(connection, preview.reigning_job_id)
        return "" if job is None else job.spec.prompt

    async def _with_defaults(self, preview: Preview, requester: Requester) -> Preview:
        """Fill in the place's defaults: what was shown is made, though they be changed meanwhile."""
        details = await self._admission.explain(requester)
        spec = details.place.spec_for(takes_request(preview, requester, preview.planned[0].take))
        return replace(preview, aspect=spec.aspect, duration_seconds=spec.duration_seconds)

    async def _screen(self, takes: Sequence[Take], preview: Preview, requester: Requester) -> tuple[PlannedTake, ...]:
        """Ask the server's rules about each take's prompt."""
        requests = {take.prompt: takes_request(preview, requester, take) for take in takes}
        results = await self._admission.screen_all(list(requests.values()))
        refused = {prompt for prompt, result in zip(requests, results, strict=True) if result.refusal is not None}
        return tuple(PlannedTake(take, take.prompt in refused) for take in takes)


def takes_request(preview: Preview, requester: Requester, take: Take, *, takes: int = 1) -> JobRequest:
    """Return the request for a take of a preview, and for so many in all, which cost the same."""
    return JobRequest(
        interaction_id=preview.interaction_id,
        channel_id=preview.channel_id,
        requester=requester,
        prompt=take.prompt,
        aspect=preview.aspect,
        duration_seconds=preview.duration_seconds,
        is_spoiler=preview.is_spoiler,
        takes=takes,
    )


def _fitting(details: AdmissionDetails, preview: Preview, requester: Requester) -> tuple[int, RefusedError | None]:
    """Return how many of the takes that the rules allow may be made, and what keeps the others from it."""
    limit: RefusedError | None = None
    for takes in range(len(preview.offered), 0, -1):
        decision = decide(details, takes_request(preview, requester, preview.planned[0].take, takes=takes), None)
        if isinstance(decision, Admitted):
            return takes, limit
        limit = limit or decision
    return 0, limit


def _parse_takes(takes: object, reigning_job_id: str | None) -> int:
    fewest, most = (each - (reigning_job_id is not None) for each in (TAKES_FEWEST, TAKES_MOST))
    if not isinstance(takes, int) or isinstance(takes, bool) or not fewest <= takes <= most:
        raise InvalidSpecError("takes", "not_offered", offered=(fewest, most))
    return takes


def _parse_vary(vary: object) -> Vary:
    try:
        return Vary(str(vary))
    except ValueError as error:
        raise InvalidSpecError("vary", "not_offered") from error
