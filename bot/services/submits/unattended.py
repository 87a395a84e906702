"""Submits whose job has ended, cancelled or given up: asked about to their end, for the books and the render slot."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.models import (
    ContentPolicyError,
    GenerationNotFoundError,
    GenerationStatus,
    RequestRejectedError,
    SubmitOutcome,
    VideoServiceError,
)
from bot.services.jobs.leases import give_back_unbilled
from bot.services.jobs.rendering import ANSWERS_BEFORE_BELIEVED
from bot.store.jobs import submits

if TYPE_CHECKING:
    from bot.models import Generation, Submit
    from bot.services.jobs.context import WorkContext

_log = logging.getLogger(__name__)

LONGEST_INTERVAL_SECONDS = 600.0
"""Between two polls of a generation that nobody waits for."""
_SHARE_OF_AGE = 0.1
"""The interval as a part of the submit's age: a slot is found free soon, and an old one costs few requests."""


class UnattendedSubmits:
    """Asks once about a submit that nobody waits for.

    Raises ``StoreUnavailableError``; it is then done again later.
    """

    def __init__(self, context: WorkContext) -> None:
        self._work = context

    async def poll(self, submit: Submit) -> None:
        """Ask what became of a submit; close it if the service says that it is over."""
        if self._age_seconds(submit) >= self._work.policy.unattended_for_seconds:
            _log.warning("what became of a submit is not known", extra=_fields_of(submit))
            await self._put_off(submit, None)
            return
        changes: dict[str, Any] = {}
        if submit.outcome is None and submit.cut_at is None:
            # Whoever sent it may still wait for the answer: until then it counts as on its way.
            answered_by = submit.sent_at + timedelta(seconds=self._work.policy.answer_seconds)
            changes["cut_at"] = max(self._work.clock.now(), answered_by)
        asked_at = self._work.clock.now()
        try:
            generation = await self._work.service.fetch_generation(submit.generation_id or submit.job_id)
        except VideoServiceError as error:
            self._work.note_poll_refused(error)
            if isinstance(error, GenerationNotFoundError) and submit.outcome is None:
                wait = timedelta(seconds=self._work.policy.reconcile_seconds)
                is_settled = submit.cut_at is not None and asked_at >= submit.cut_at + wait
                await self._not_found(submit, changes, is_settled=is_settled)
            elif isinstance(error, GenerationNotFoundError | RequestRejectedError | ContentPolicyError):
                await self._doubt(submit, error)
            else:
                await self._later(submit, changes)
        else:
            self._work.note_poll_answered(generation)
            await self._seen(submit, generation)

    async def _seen(self, submit: Submit, generation: Generation) -> None:
        match generation.status:
            case GenerationStatus.COMPLETED:
                await self._close(submit, SubmitOutcome.COMPLETED)
            case GenerationStatus.FAILED:
                await self._close(submit, SubmitOutcome.FAILED)
            case _:
                accepted = {"outcome": SubmitOutcome.ACCEPTED, "generation_id": generation.id, "attempts": 0}
                await self._later(submit, accepted)

    async def _not_found(self, submit: Submit, changes: dict[str, Any], *, is_settled: bool) -> None:
        """Close a submit that the service does not have, once it can no longer arrive."""
        if not is_settled:
            await self._later(submit, changes)
        elif await self._work.recovery.finds_by_job_id(submit.model or self._work.service.model) is False:
            await self._put_off(submit, None, **changes)  # there is no way to find out: it stays spent
        else:
            await self._close(submit, SubmitOutcome.MISSING)

    async def _doubt(self, submit: Submit, error: VideoServiceError) -> None:
        """Believe what ends an accepted generation when it was said often enough."""
        if submit.attempts + 1 < ANSWERS_BEFORE_BELIEVED:
            await self._later(submit, {"attempts": submit.attempts + 1})
        else:
            is_refused = isinstance(error, ContentPolicyError)
            await self._close(submit, SubmitOutcome.FAILED if is_refused else SubmitOutcome.LOST)

    async def _later(self, submit: Submit, changes: dict[str, Any]) -> None:
        seconds = min(
            max(self._work.policy.unattended_seconds, self._age_seconds(submit) * _SHARE_OF_AGE),
            LONGEST_INTERVAL_SECONDS,
        )
        await self._put_off(submit, seconds, **changes)

    async def _put_off(self, submit: Submit, seconds: float | None, **changes: Any) -> None:  # noqa: ANN401 (values of Submit fields)
        due_at = None if seconds is None else self._work.clock.now() + timedelta(seconds=seconds)
        async with self._work.database.write() as connection:
            await submits.put_off(connection, submit, due_at=due_at, **changes)

    async def _close(self, submit: Submit, outcome: SubmitOutcome) -> None:
        """Write down that a submit is over; give back what its member has discarded if it is not billed."""
        now = self._work.clock.now()
        async with self._work.database.write() as connection:
            await submits.note(connection, submit.job_id, now=now, outcome=outcome, number=submit.number)
            await give_back_unbilled(connection, submit.job_id, now)
        _log.info("submit is over", extra=_fields_of(submit) | {"outcome": outcome.value})

    def _age_seconds(self, submit: Submit) -> float:
        return (self._work.clock.now() - submit.sent_at).total_seconds()


def _fields_of(submit: Submit) -> dict[str, object]:
    return {"job_id": submit.job_id, "generation_id": submit.generation_id, "submit": submit.number}
