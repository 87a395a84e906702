"""What the doctor finds out of the database, of the video service and of Discord."""

from __future__ import annotations

import errno
import fcntl
import functools
import json
import re
import socket
import sqlite3
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import discord
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.test_utils import TestServer
from discord.http import Route
from pydantic import SecretStr

from bot import instance, serving
from bot.config import Settings
from bot.doctor import (
    _check_backups,
    _check_database,
    _check_discord,
    _check_video_service,
    examine,
    explain_unreachable,
    find_synced,
)
from bot.errors import ReelayError, SettingsError
from bot.gateway.checking import PERMISSIONS, check_token
from bot.instance import use_database_alone
from bot.models import NotConnectedError
from bot.sandbox.toapis_server import Fault, SandboxServer
from bot.store.database import Database
from bot.store.digests import CommandDigests
from bot.toapis.client import ToApisClient
from tests.support.connected_bot import connected_bot
from tests.support.discord_server import DiscordServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    make = functools.partial(ToApisClient, retry_delays_seconds=(0.0, 0.0))
    monkeypatch.setattr(serving, "ToApisClient", make)


NOBODY_LISTENS = "http://127.0.0.1:9"
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


async def test_lock_that_cannot_be_had_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(SettingsError, match="as on many network drives"):
        await _check_database(settings(tmp_path / "reelay.db"))


async def test_nobody_who_answers_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, no_waits: None
) -> None:
    monkeypatch.setattr(Route, "BASE", Route.BASE)  # put back
    update = {"toapis_base_url": NOBODY_LISTENS, "discord_api_url": f"{NOBODY_LISTENS}/api/v10"}
    assert not await examine(settings(tmp_path / "reelay.db").model_copy(update=update))
    _, database, service, discord = capsys.readouterr().out.splitlines()
    assert database.startswith("ok ")
    assert service == "FAIL  video service: nothing answers at 127.0.0.1:9: check TOAPIS_BASE_URL."
    assert discord == "FAIL  Discord: nothing answers at 127.0.0.1:9: check DISCORD_API_URL."


async def test_backups_that_can_not_be_made_are_said(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "reelay.db").model_copy(update={"backup_dir": tmp_path})

    assert await _check_backups(chosen) == "one can be made every 24 h"
    with pytest.raises(ReelayError, match=r"there is no folder .*/nowhere\. Check BACKUP_DIR\."):
        await _check_backups(chosen.model_copy(update={"backup_dir": tmp_path / "nowhere"}))


async def test_database_that_is_being_restored_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "_LONGEST_START_SECONDS", 0.01)
    chosen = settings(tmp_path / "reelay.db")
    async with Database.open(chosen.database_url.get_secret_value()) as database:
        await CommandDigests(database).put("commands:5", "of another version")
    assert await find_synced(chosen, 5) is False

    async with use_database_alone(chosen.database_url.get_secret_value()):
        assert await find_synced(chosen, 5) is None


@asynccontextmanager
async def video_service(path: Path) -> AsyncGenerator[tuple[SandboxServer, Settings]]:
    """Run a video service, and give the settings that lead to it."""
    async with SandboxServer() as server:
        yield (
            server,
            settings(path).model_copy(
                update={"toapis_base_url": server.base_url, "toapis_api_key": SecretStr(server.api_key)}
            ),
        )


@pytest.mark.parametrize(
    ("key_credits", "account_credits", "finding"),
    [
        (1820, 5000, "the key works, 1,820 credits to spend"),
        (5000, 1820, "the key works, 1,820 credits to spend"),
        (None, 1820, "the key works, no limit on the key, 1,820 credits in the account"),
        (1820, None, "the key works, credits unknown"),
        (None, None, "the key works, credits unknown"),
    ],
)
async def test_credits_are_shown_as_far_as_they_are_known(
    tmp_path: Path, key_credits: float | None, account_credits: float | None, finding: str
) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        server.key_credits, server.account_credits = key_credits, account_credits
        assert await _check_video_service(chosen) == finding


async def test_a_price_adds_dollars_and_seconds_of_video(tmp_path: Path) -> None:
    async with video_service(tmp_path / "reelay.db") as (_, chosen):
        priced = chosen.model_copy(update={"credits_per_second": 20.0})

        assert await _check_video_service(priced) == ("the key works, 1,820 credits ($9.10, 91 s of video) to spend")


@pytest.mark.parametrize(
    ("key_credits", "account_credits", "advice"),
    [(None, 0, "out of credits: top it up"), (0, 1820, "raise its limit"), (0, None, "raise its limit")],
)
async def test_nothing_left_to_spend_is_said_with_what_to_do(
    tmp_path: Path, key_credits: float | None, account_credits: float | None, advice: str
) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        server.key_credits, server.account_credits = key_credits, account_credits
        with pytest.raises(ReelayError, match=advice):
            await _check_video_service(chosen)


async def test_model_the_key_may_not_use_is_named_with_those_it_may(tmp_path: Path) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        server.models = ["veo", "gemini-omni-flash"]
        with pytest.raises(
            ReelayError, match=r"1,820 credits to spend\. TOAPIS_MODEL is .*: veo, gemini-omni-flash\.$"
        ):
            await _check_video_service(chosen)


@pytest.mark.parametrize(
    "fault", [Fault.page(404), Fault(change={"data": None}), Fault.error("internal_error", times=3)]
)
async def test_models_nobody_lists_are_no_finding(tmp_path: Path, fault: Fault, no_waits: None) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        server.faults.models.append(fault)
        assert await _check_video_service(chosen) == "the key works, 1,820 credits to spend"


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        (Fault.error("unauthorized", times=None), "not accepted: check TOAPIS_API_KEY"),
        (Fault.error("account_suspended", times=None), r"forbidden or banned \(HTTP 403, account_suspended\)"),
        (Fault(status=403, body={"success": False, "message": "user banned"}, times=None), "forbidden or banned"),
        (Fault.error("rate_limit_exceeded", times=None), "slow down: try again later"),
        (
            Fault.error("internal_error", times=None),
            r"trouble of its own \(HTTP 500, internal_error\): try",
        ),
        (Fault.page(502, times=None), r"trouble of its own \(HTTP 502\): try again later"),
        (Fault.page(200, times=None), "not the service: check TOAPIS_BASE_URL"),
        (Fault.foreign(403, times=None), "not the service: check TOAPIS_BASE_URL"),
        (Fault.status_line(403, times=None), "not the service: check TOAPIS_BASE_URL"),
        (Fault.error("invalid_apitype", times=None), "check TOAPIS_BASE_URL"),
        (Fault(drop=True, times=None), "did not answer in time: try again later"),
        (Fault.error("invalid_request", times=None), "refuses to say what can be spent"),
    ],
)
async def test_each_trouble_with_the_service_is_told_from_the_others(
    tmp_path: Path, fault: Fault, finding: str, no_waits: None
) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        server.faults.everywhere(fault)
        with pytest.raises(ReelayError, match=finding):
            await _check_video_service(chosen)


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "remain_balance": 0},
        {"object": "credit_summary", "total_available": 100},
        {"success": False, "message": "not now"},
        {"success": 0, "remain_credits": 0},
    ],
)
async def test_answer_without_credits_is_no_trouble(tmp_path: Path, body: dict[str, object]) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        for queue in (server.faults.balance, server.faults.account):
            queue.append(Fault(status=200, body=body))
        assert await _check_video_service(chosen) == "the key is not refused, credits unknown"


@pytest.mark.parametrize("http_status", [401, 403])
async def test_key_that_may_not_list_its_models_is_said(tmp_path: Path, http_status: int) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        server.faults.models.append(Fault(status=http_status, body={"success": False, "message": "no"}))
        found = await _check_video_service(chosen)
        assert found == f"the key works, 1,820 credits to spend; the key may not list its models (HTTP {http_status})"


async def test_key_that_may_use_no_model_is_said(tmp_path: Path) -> None:
    async with video_service(tmp_path / "reelay.db") as (server, chosen):
        server.models = []
        with pytest.raises(ReelayError, match="the models this key may use: none"):
            await _check_video_service(chosen)


@asynccontextmanager
async def discord_with(remaining: int, patch: pytest.MonkeyPatch, commands: Sequence[str] = ()) -> AsyncGenerator[None]:
    """Serve what a sign-in asks for, with that many starts left, and with some commands synced."""
    user = {"id": "5", "username": "reelay", "discriminator": "0", "avatar": None}
    application = {"id": "5", "name": "Reelay", "description": "", "verify_key": "", "owner": user, "icon": None}
    application |= {"rpc_origins": None, "bot_public": True, "bot_require_code_grant": False, "team": None}
    starts = {"total": 1000, "remaining": remaining, "reset_after": 5_400_000, "max_concurrency": 1}
    bodies = {
        "/users/@me": user,
        "/oauth2/applications/@me": application,
        "/applications/5/commands": [{"name": name} for name in commands],
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
        assert "signed in as Reelay, 997 of 1000 starts left today" in await check_token("token", nobody_knows)


async def test_the_address_to_invite_the_bot_is_the_one_of_the_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    async with discord_with(997, monkeypatch):
        found = re.search(r"https://discord\.com/oauth2/authorize\S+", await check_token("token", nobody_knows))

    assert found is not None
    assert "client_id=5&" in found[0]
    assert found[0].replace("client_id=5&", "client_id=YOUR_APPLICATION_ID&") in readme


async def nobody_knows(_application_id: int) -> None:
    return None


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ((), "no commands are synced yet: the bot does that when it starts"),
        (("video",), "; 1 command synced;"),
        (("video", "quota"), "; 2 commands synced;"),
    ],
)
async def test_whether_commands_are_synced_is_said(
    commands: Sequence[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with discord_with(997, monkeypatch, commands):
        assert said in await check_token("token", nobody_knows)


async def test_commands_of_another_version_are_told_from_those_of_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(tmp_path / "reelay.db")
    async with DiscordServer() as server, connected_bot(server, tmp_path) as bot:
        application_id = bot.application_id
        assert application_id is not None

    assert await find_synced(chosen, application_id) is True
    monkeypatch.setattr("cogs.quota.QuotaCog.quota.description", "See it differently")
    assert await find_synced(chosen, application_id) is False
    assert await find_synced(chosen, application_id + 1) is None
    async with Database.open(chosen.database_url.get_secret_value()) as database:
        await CommandDigests(database).put("commands:5", "of another version")
    async with discord_with(997, monkeypatch, ["video"]):
        assert "; 1 command synced, not all as this version has them: the bot sends them at its start;" in (
            await _check_discord(chosen)
        )


async def test_whose_commands_are_synced_is_unknown_without_a_database(tmp_path: Path) -> None:
    assert await find_synced(settings(tmp_path / "nowhere" / "reelay.db"), 5) is None
    assert await find_synced(settings(tmp_path / "reelay.db"), 5) is None


def test_all_that_clips_and_brainstorms_need_is_asked_for_and_no_more() -> None:
    for_clips = discord.Permissions(view_channel=True, send_messages=True, attach_files=True, read_message_history=True)
    for_threads = discord.Permissions(create_public_threads=True, send_messages_in_threads=True)

    assert for_clips | for_threads == PERMISSIONS


async def test_no_start_left_today_is_said_with_when_there_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    async with discord_with(0, monkeypatch):
        with pytest.raises(SettingsError, match="no starts are left today: try again in 2 h"):
            await check_token("token", nobody_knows)


# Out of reach ------------------------------------------------------------------------------------


def not_reached(host: str, port: int, reason: OSError) -> aiohttp.ClientConnectorError:
    """Return what aiohttp raises of a connection that could not be made."""
    kind = aiohttp.ClientConnectorDNSError if isinstance(reason, socket.gaierror) else aiohttp.ClientConnectorError
    return kind(
        ConnectionKey(host, port, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None), reason
    )


@pytest.mark.parametrize(
    ("reason", "finds_names", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, ""), True, "there is no host video.example: check TOAPIS_BASE_URL."),
        (
            socket.gaierror(socket.EAI_AGAIN, ""),
            False,
            "there is no way to video.example, nor to any other host: check the network.",
        ),
        (
            OSError(errno.ENETUNREACH, ""),
            True,
            "there is no way to video.example, nor to any other host: check the network.",
        ),
        (OSError(errno.ECONNREFUSED, ""), True, "nothing answers at video.example:443: check TOAPIS_BASE_URL."),
        (
            OSError(errno.EHOSTUNREACH, ""),
            True,
            "video.example cannot be reached: check the network, and TOAPIS_BASE_URL.",
        ),
    ],
)
async def test_a_missing_network_is_told_from_a_wrong_address(reason: OSError, finds_names: bool, said: str) -> None:
    async def finds() -> bool:
        return finds_names

    error = NotConnectedError("GET /v1/balance")
    error.__cause__ = not_reached("video.example", 443, reason)

    assert await explain_unreachable(error, "TOAPIS_BASE_URL", finds_names=finds) == said
    assert await explain_unreachable(error.__cause__, "TOAPIS_BASE_URL", finds_names=finds) == said


async def test_a_connection_that_takes_too_long_may_be_either() -> None:
    assert await explain_unreachable(TimeoutError(), "DISCORD_API_URL") == (
        "its address cannot be reached: check the network, and DISCORD_API_URL."
    )
    assert await explain_unreachable(TimeoutError(), None) == "its address cannot be reached: check the network."


@pytest.mark.parametrize(
    ("offset_seconds", "said"),
    [
        (4.0, ""),
        (7.4, "; this machine's clock is 7 s behind the database's: set it right"),
        (-90.0, "; this machine's clock is 90 s ahead of the database's: set it right"),
    ],
)
async def test_a_clock_that_is_far_from_the_databases_is_said(
    offset_seconds: float, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measure(*_: object) -> float:
        return offset_seconds

    monkeypatch.setattr(Database, "measure_clock", measure)
    assert await _check_database(settings(tmp_path / "reelay.db")) == f"created, and writable{said}"
