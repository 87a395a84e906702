"""What the doctor finds out of the database and of Discord."""

from __future__ import annotations

import json
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from discord.http import Route

from bot.client import check_token
from bot.config import Settings
from bot.doctor import _check_database
from bot.errors import ReelayError, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

REVISION = "SELECT version_num FROM alembic_version"


def settings(path: Path) -> Settings:
    return Settings(discord_token="a", toapis_api_key="b", database_url=f"sqlite+aiosqlite:///{path}", _env_file=None)


async def test_database_that_is_not_there_yet_is_created(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "reelay.db")

    assert await _check_database(chosen) == "created, and writable"
    assert await _check_database(chosen) == "writable, and its schema is up to date"


async def test_database_of_an_older_schema_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    await _check_database(settings(path))
    with closing(sqlite3.connect(path)) as older:
        older.execute("UPDATE alembic_version SET version_num = '0000'")
        older.commit()

        assert "(0000) will be migrated at the next start" in await _check_database(settings(path))
        assert older.execute(REVISION).fetchone() == ("0000",)


async def test_database_of_a_newer_schema_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    await _check_database(settings(path))
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()

    with pytest.raises(ReelayError, match=r"schema \(9999\) is newer"):
        await _check_database(settings(path))


@asynccontextmanager
async def discord_with(remaining: int, patch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """Serve what a sign-in asks for, with that many starts left."""
    user = {"id": "5", "username": "reelay", "discriminator": "0", "avatar": None}
    application = {"id": "5", "name": "Reelay", "description": "", "verify_key": "", "owner": user, "icon": None}
    application |= {"rpc_origins": None, "bot_public": True, "bot_require_code_grant": False, "team": None}
    starts = {"total": 1000, "remaining": remaining, "reset_after": 5_400_000, "max_concurrency": 1}
    bodies = {
        "/users/@me": user,
        "/oauth2/applications/@me": application,
        "/gateway/bot": {"url": "ws://127.0.0.1", "shards": 1, "session_start_limit": starts},
    }

    async def answer(request: web.Request) -> web.Response:
        # discord.py reads JSON from exactly this content type, without a charset.
        return web.Response(body=json.dumps(bodies[request.path]).encode(), content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        patch.setattr(Route, "BASE", str(server.make_url("")).rstrip("/"))
        yield


async def test_starts_left_today_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with discord_with(997, monkeypatch):
        assert "signed in as Reelay, 997 of 1000 starts left today" in await check_token("token")


async def test_no_start_left_today_is_said_with_when_there_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    async with discord_with(0, monkeypatch):
        with pytest.raises(SettingsError, match="no starts are left today: try again in 2 h"):
            await check_token("token")
