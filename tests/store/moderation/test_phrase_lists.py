"""Servers' lists of phrases, stored and read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.models.brainstorms import PhraseList
from bot.store.database import Database
from bot.store.moderation import phrase_lists
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ANIMALS = PhraseList(guild_id=7, name="animals", phrases=("un chat", "ein Bär", "🦊"), set_by_id=3, set_at=NOW)


async def test_lists_are_read_as_they_were_stored_by_name(tmp_path: Path) -> None:
    trees = replace(ANIMALS, name="a-trees", phrases=("oak", "elm"))
    theirs = replace(ANIMALS, guild_id=8)
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            for each in (ANIMALS, theirs, trees):
                await phrase_lists.put(connection, each)
        async with database.read() as connection:
            assert await phrase_lists.list_for(connection, 7) == [trees, ANIMALS]
            assert await phrase_lists.list_for(connection, 8) == [theirs]


async def test_a_list_takes_the_place_of_the_servers_own_of_that_name(tmp_path: Path) -> None:
    theirs = replace(ANIMALS, guild_id=8)
    changed = replace(ANIMALS, phrases=("cat", "dog"), set_by_id=4)
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            for each in (ANIMALS, theirs, changed):
                await phrase_lists.put(connection, each)
        async with database.read() as connection:
            assert await phrase_lists.list_for(connection, 7) == [changed]
            assert await phrase_lists.list_for(connection, 8) == [theirs]


async def test_a_list_is_removed_once_and_from_its_server_only(tmp_path: Path) -> None:
    theirs = replace(ANIMALS, guild_id=8)
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            for each in (ANIMALS, theirs):
                await phrase_lists.put(connection, each)
            assert await phrase_lists.remove(connection, guild_id=7, name="animals") == ANIMALS
            assert await phrase_lists.remove(connection, guild_id=7, name="animals") is None
        async with database.read() as connection:
            assert await phrase_lists.list_for(connection, 7) == []
            assert await phrase_lists.list_for(connection, 8) == [theirs]
