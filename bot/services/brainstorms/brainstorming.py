"""All that commands and buttons may ask of brainstorms, in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.services.brainstorms.next_rounds import NextRounds
from bot.services.brainstorms.previews import Previews
from bot.services.brainstorms.records import BrainstormRecords
from bot.services.brainstorms.retaking import Retaker
from bot.services.brainstorms.starting import RoundStarter
from bot.services.brainstorms.voting import Voting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.services.admission.service import Admission
    from bot.services.brainstorms.lists import PhraseLists
    from bot.services.clips.fitting import Media
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Brainstorming:
    """The services of brainstorms; the worker looks after rounds (``keeper.py``).

    Attributes:
        now: tells the time.
    """

    previews: Previews
    next_rounds: NextRounds
    starter: RoundStarter
    retaker: Retaker
    voting: Voting
    records: BrainstormRecords
    now: Callable[[], datetime]

    @classmethod
    def wire(
        cls,
        *,
        database: Database,
        clock: Clock,
        admission: Admission,
        audit_trail: AuditTrail,
        jobs: JobService,
        lists: PhraseLists,
        media: Media,
        random_bits: Callable[[int], int],
    ) -> Brainstorming:
        """Put them together."""
        previews = Previews(database=database, clock=clock, admission=admission, lists=lists, random_bits=random_bits)
        return cls(
            previews=previews,
            next_rounds=NextRounds(database=database),
            starter=RoundStarter(
                database=database,
                clock=clock,
                admission=admission,
                previews=previews,
                audit_trail=audit_trail,
                jobs=jobs,
                random_bits=random_bits,
            ),
            retaker=Retaker(
                database=database,
                clock=clock,
                admission=admission,
                audit_trail=audit_trail,
                jobs=jobs,
                random_bits=random_bits,
            ),
            voting=Voting(database=database, clock=clock, audit_trail=audit_trail, jobs=jobs),
            records=BrainstormRecords(database=database, media=media),
            now=clock.now,
        )
