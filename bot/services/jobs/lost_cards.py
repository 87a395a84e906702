"""Cards that no job's row names: Discord did not say what became of them, or nobody could write it down.

A row without a ``status_message_id`` says that nobody knows which messages there are. So they are looked for, once
none can come of the command any more: one is the card then, and the others go. Only where none is found may a message
of its own be posted, with a nonce, so that it is one whichever process posts it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import PublishUnavailableError
from bot.models import JobState
from bot.store import jobs

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.models import Job, StatusCard
    from bot.services.ports import Clock, Publisher
    from bot.store.database import Database

LONGEST_CARD_SECONDS = 15.0
"""How long Discord may take for one message; it may hold one back for minutes."""
ANSWERED_SECONDS = 5.0
"""From a job's acceptance until no first answer can come any more: Discord takes one for 3 s."""
THINKING_SECONDS = 30.0
"""From a job's acceptance until an acknowledgement is left for good: its command writes that down, and edits it."""
LOOK_AGAIN_SECONDS = 30.0
"""Until a card is looked for again that could not be found or posted: it costs Discord more than an edit."""
POSTED_SECONDS = LONGEST_CARD_SECONDS + 5.0
"""From a job's end until no card can come any more that was under way then."""


class LostCards:
    """Finds the card of a job whose row names none, and writes it down.

    Args:
        answering: jobs whose cards this process is about to show; none of them is lost, however long that takes.
    """

    def __init__(
        self, *, database: Database, publisher: Publisher, clock: Clock, answering: Collection[str] = ()
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._answering = answering

    def seconds_to_look(self, job: Job) -> float:
        """Return how long messages may still come that a look would miss; 0 when it may be looked for them."""
        if job.id in self._answering:
            return ANSWERED_SECONDS
        now = self._clock.now()
        times = [job.created_at + timedelta(seconds=ANSWERED_SECONDS)]
        if job.finished_at is not None:
            times.append(job.finished_at + timedelta(seconds=POSTED_SECONDS))
        if job.state is JobState.QUEUED and job.lease_until is not None:
            times.append(min(job.lease_until, now + timedelta(seconds=ANSWERED_SECONDS)))  # held for its answer
        return max(0.0, (max(times) - now).total_seconds())

    async def find(self, job: Job) -> int | None:
        """Return the message that is a job's card, and take away all others; None where there is none.

        Raises:
            PublishError: when Discord did not take it, or an acknowledgement may yet become the card; try again later.
        """
        found = await self._publisher.find_status(job)
        thinking = [message.message_id for message in found if message.is_thinking]
        if thinking and self._clock.now() < job.created_at + timedelta(seconds=THINKING_SECONDS):
            raise PublishUnavailableError("the acknowledgement may yet be edited")
        cards = [message.message_id for message in found if not message.is_thinking]
        for message_id in (*thinking, *cards[1:]):
            await self._publisher.remove_status(replace(job, status_message_id=message_id))
        return cards[0] if cards else None

    async def show(self, card: StatusCard) -> None:
        """Let an open job's card be seen: the one that is found, else one that is posted.

        Raises: as ``find``, and ``StoreUnavailableError``: when the database cannot be asked.
        """
        found = await self.find(card.job)
        message_id = await self._publisher.post_status(card) if found is None else found
        async with self._database.write() as connection:
            await jobs.attach_status(connection, card.job.id, message_id, now=self._clock.now())
        if found is not None:
            await self._publisher.show_status(replace(card, job=replace(card.job, status_message_id=found)))
