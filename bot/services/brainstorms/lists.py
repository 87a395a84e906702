"""The lists of phrases that ideas may name: those that come with the bot, and those of a server's moderators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import InvalidSettingError
from bot.models import ChangeKind
from bot.models.brainstorms import PhraseList
from bot.services.brainstorms.drawing.phrases import LISTS
from bot.store.moderation import phrase_lists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

LISTS_MOST = 20
"""How many a server may have."""


class PhraseLists:
    """Keeps servers' own lists; every change is written down with who made it.

    Every method raises ``StoreUnavailableError`` when the database cannot be asked; nothing has changed then.
    """

    def __init__(self, *, database: Database, clock: Clock, audit_trail: AuditTrail) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail

    async def list_own(self, guild_id: int) -> list[PhraseList]:
        """Return a server's own lists, by name."""
        async with self._database.read() as connection:
            return await phrase_lists.list_for(connection, guild_id)

    async def lists_for(self, guild_id: int) -> Mapping[str, Sequence[str]]:
        """Return the phrases of all lists that an idea of this server may name, by the list's name.

        A server's own goes before one that came with a later version of the bot.
        """
        own = await self.list_own(guild_id)
        return {**LISTS, **{each.name: each.phrases for each in own}}

    async def find(self, guild_id: int, name: str) -> PhraseList:
        """Return a server's own list.

        Raises:
            InvalidSettingError: when the server has no such list (any more).
        """
        return _named(await self.list_own(guild_id), name)

    async def add(self, guild_id: int, name: object, typed: object, *, set_by_id: int) -> PhraseList:
        """Add a list.

        Args:
            typed: a phrase in each line.

        Raises:
            InvalidSettingError: when the name or the phrases can't be used, the server has a list of that name with
                other phrases, or has as many as it may.
        """
        added = self._parse(guild_id, name, typed, set_by_id)
        async with self._audit_trail.write(guild_id) as connection:
            own = await phrase_lists.list_for(connection, guild_id)
            for other in own:
                if other.name == added.name and other.phrases != added.phrases:
                    raise InvalidSettingError("list_name", "exists")
                if other.name == added.name:  # another process on this token was quicker
                    return other
            if len(own) >= LISTS_MOST:
                raise InvalidSettingError("phrase_list", "too_many")
            await phrase_lists.put(connection, added)
            await self._record(connection, set_by_id, before=None, after=added)
        return added

    async def replace(self, guild_id: int, name: object, typed: object, *, set_by_id: int) -> PhraseList:
        """Give a list other phrases.

        Args:
            typed: a phrase in each line.

        Raises:
            InvalidSettingError: when the phrases can't be used, or the server has no such list (any more).
        """
        replaced = self._parse(guild_id, name, typed, set_by_id)
        async with self._audit_trail.write(guild_id) as connection:
            earlier = _named(await phrase_lists.list_for(connection, guild_id), replaced.name)
            if earlier.phrases == replaced.phrases:
                return earlier
            await phrase_lists.put(connection, replaced)
            await self._record(connection, set_by_id, before=earlier, after=replaced)
        return replaced

    async def remove(self, guild_id: int, name: str, *, removed_by_id: int) -> PhraseList:
        """Remove a list; return it. What was made of it stays.

        Raises:
            InvalidSettingError: when the server has no such list (any more).
        """
        async with self._audit_trail.write(guild_id) as connection:
            removed = await phrase_lists.remove(connection, guild_id=guild_id, name=name)
            if removed is None:
                raise InvalidSettingError("phrase_list", "unknown")
            await self._record(connection, removed_by_id, before=removed, after=None)
        return removed

    def _parse(self, guild_id: int, name: object, typed: object, set_by_id: int) -> PhraseList:
        return PhraseList.parse(
            name, typed, guild_id=guild_id, set_by_id=set_by_id, set_at=self._clock.now(), reserved=LISTS
        )

    async def _record(
        self, connection: Connection, made_by_id: int, *, before: PhraseList | None, after: PhraseList | None
    ) -> None:
        [guild_id] = {each.guild_id for each in (before, after) if each is not None}
        await self._audit_trail.record(
            connection,
            guild_id=guild_id,
            made_by_id=made_by_id,
            kind=ChangeKind.PHRASE_LIST,
            before=None if before is None else before.details,
            after=None if after is None else after.details,
        )


def _named(own: Sequence[PhraseList], name: str) -> PhraseList:
    found = next((each for each in own if each.name == name), None)
    if found is None:
        raise InvalidSettingError("phrase_list", "unknown")
    return found
