"""What members typed and had refused, so that they can go on from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import DraftGoneError
from bot.models import Draft, FilledForm
from bot.store import drafts

if TYPE_CHECKING:
    from bot.models import Requester
    from bot.services.ports import Clock
    from bot.store.database import Database


class Drafts:
    """Keeps what was typed for an hour, for whoever typed it."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, draft: Draft | FilledForm, *, draft_id: int, requester: Requester) -> None:
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
        """Return the request for a clip that the requester typed.

        Raises:
            DraftGoneError: when it is no longer kept, or somebody else typed it.
            StoreUnavailableError: when the database cannot be asked.
        """
        found = await self._find(draft_id, requester)
        if not isinstance(found, Draft):
            raise DraftGoneError
        return found

    async def find_form(self, draft_id: int, *, requester: Requester) -> FilledForm:
        """Return the form that the requester filled in.

        Raises: as ``find``.
        """
        found = await self._find(draft_id, requester)
        if not isinstance(found, FilledForm):
            raise DraftGoneError
        return found

    async def _find(self, draft_id: int, requester: Requester) -> Draft | FilledForm | None:
        async with self._database.read() as connection:
            return await drafts.find(
                connection,
                draft_id,
                guild_id=requester.guild_id,
                member_id=requester.member_id,
                now=self._clock.now(),
            )
