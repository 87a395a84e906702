"""What members typed and had refused, so that they can go on from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import DraftGoneError
from bot.store import drafts

if TYPE_CHECKING:
    from bot.models import Draft, Requester
    from bot.services.ports import Clock
    from bot.store.database import Database


class Drafts:
    """Keeps what was typed for an hour, for whoever typed it."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, draft: Draft, *, draft_id: int, requester: Requester) -> None:
        """Keep what was typed.

        Args:
            draft_id: the id of the interaction by which it was sent.

        Raises:
            StoreUnavailableError: when the database cannot be asked; it is not kept then.
        """
        async with self._database.write() as connection:
            await drafts.keep(
                connection,
                draft,
                draft_id=draft_id,
                guild_id=requester.guild_id,
                member_id=requester.member_id,
                now=self._clock.now(),
            )

    async def find(self, draft_id: int, *, requester: Requester) -> Draft:
        """Return what the requester typed.

        Raises:
            DraftGoneError: when it is no longer kept, or somebody else typed it.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            found = await drafts.find(
                connection,
                draft_id,
                guild_id=requester.guild_id,
                member_id=requester.member_id,
                now=self._clock.now(),
            )
        if found is None:
            raise DraftGoneError
        return found
