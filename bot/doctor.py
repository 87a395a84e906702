"""``python -m bot doctor``: checks everything the bot needs, one line each, ok or what to do."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import math
from typing import TYPE_CHECKING

import aiohttp

from bot.client import point_discord_at
from bot.errors import BackupError, ReelayError, SettingsError, StoreUnavailableError
from bot.gateway.checking import check_token
from bot.instance import hold_instance_name, use_database
from bot.models import (
    ModelAccessError,
    NoAnswerError,
    NotConnectedError,
    RateLimitedError,
    UnauthorizedError,
    VideoServiceError,
    WrongEndpointError,
)
from bot.services.database_time import DatabaseTime
from bot.services.instance_name import InstanceName
from bot.services.ports import SystemClock
from bot.serving import assemble_for, backup_folder, open_service
from bot.store.database import Database
from bot.toapis.account import explain_models
from bot.ui.text import operators

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.config import Settings
    from bot.models import Balance


KNOWN_NAME = "discord.com"
"""Found wherever there is a network in which the bot can work."""
_NONCE = "doctor"
"""Nothing is written into leases."""


class _Trouble(ReelayError):  # noqa: N818 (a finding, not an error of the program's)
    """What is wrong and what to do about it, in one sentence."""


async def examine(settings: Settings) -> bool:
    """Print one line for each check; return whether all is well."""
    point_discord_at(api_url=settings.discord_api, gateway_url=settings.discord_gateway)
    print(f"ok    settings; {operators.ceilings(settings.spending)}")
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "database": _check_database,
        "video service": _check_video_service,
        "Discord": _check_discord,
    }
    if settings.backup_dir is not None:
        checks["backups"] = _check_backups
    well = [await _report(name, check(settings)) for name, check in checks.items()]
    return all(well)


async def _report(name: str, check: Awaitable[str]) -> bool:
    try:
        print(f"ok    {name}: {await check}")
    except (_Trouble, SettingsError) as error:
        print(f"FAIL  {name}: {error}")
        return False
    return True


async def _check_database(settings: Settings) -> str:
    """See that it can be written; one that is there already is left at the schema it has."""
    url = settings.database_url.get_secret_value()
    try:
        with use_database(url):
            async with Database.open(url, migrate=False) as database:
                present, latest = await database.find_revision()
            if present is not None and present > latest:  # revisions are numbered
                raise _Trouble(f"its schema ({present}) is newer than this version of the bot: update the bot.")
            async with Database.open(url, migrate=present is None) as database:
                await database.check_writable()
                clock = DatabaseTime(database=database, machine=SystemClock())
                await clock.measure()
            async with hold_instance_name(url, nonce=_NONCE):
                pass
    except StoreUnavailableError as error:
        raise _Trouble(str(error)) from error
    apart = operators.clocks_apart(clock.offset_seconds) if clock.is_far else ""
    if present is None:
        return f"created, and writable{apart}"
    if present != latest:
        return f"writable; its schema ({present}) will be migrated at the next start (to {latest}){apart}"
    return f"writable, and its schema is up to date{apart}"


async def _check_backups(settings: Settings) -> str:
    """See that the bot could back up its database where it is to; no backup is made."""
    folder = backup_folder(settings)
    assert folder is not None  # it is checked only where one is set
    try:
        await asyncio.to_thread(folder.check)
    except BackupError as error:
        raise _Trouble(f"{error} Check BACKUP_DIR.") from error
    return f"one can be made every {settings.backup_every_hours} h"


async def _check_video_service(settings: Settings) -> str:
    async with aiohttp.ClientSession() as session:
        service = open_service(settings, session, SystemClock())
        try:
            balance = await service.fetch_balance()
        except NotConnectedError as error:
            raise _Trouble(await explain_unreachable(error, "TOAPIS_BASE_URL")) from error
        except VideoServiceError as error:
            raise _Trouble(_advice(error)) from error
        unlisted = ""
        try:
            models = await service.fetch_models()
        except VideoServiceError as error:  # nothing is known of them then, and clips may work all the same
            models = None
            if isinstance(error, UnauthorizedError | ModelAccessError):
                unlisted = f"; the key may not list its models (HTTP {error.http_status})"
    wrong_model = explain_models(service.model, models)
    found = f"{_credits(balance, settings.credits_per_second)}{unlisted}"
    if balance.is_empty or wrong_model is not None:
        raise _Trouble(" ".join(filter(None, [f"{found}.", wrong_model])))
    return found


def _advice(error: VideoServiceError) -> str:
    """Say what stands between the bot and the service's answer, and what to do."""
    match error:
        case ModelAccessError() | UnauthorizedError(http_status=403):
            return f"the key or its account is forbidden or banned ({_named(error)}): look into its console."
        case UnauthorizedError():
            return "the key is not accepted: check TOAPIS_API_KEY."
        case RateLimitedError():
            return "it asks to slow down: try again later."
        case _ if error.http_status is not None and error.http_status >= 500:
            return f"it has trouble of its own ({_named(error)}): try again later."
        case WrongEndpointError():
            return "the address is not that of its video tasks: check TOAPIS_BASE_URL."
        case NoAnswerError(is_foreign=True):
            return "what answers at its address is not the service: check TOAPIS_BASE_URL."
        case NoAnswerError():
            return "it did not answer in time: try again later, and check TOAPIS_BASE_URL if this lasts."
        case _:
            return f"it refuses to say what can be spent ({_named(error)}): ask its support."


def _named(error: VideoServiceError) -> str:
    return ", ".join(filter(None, [f"HTTP {error.http_status}", error.code]))


def _credits(balance: Balance, credits_per_second: float | None) -> str:
    """Say what can be spent, in the service's credits, and what to do when that is nothing."""
    if balance.account_credits is not None and balance.account_credits <= 0:
        return "the key works, but the account is out of credits: top it up"
    if balance.is_empty:
        return "the key works, but it may spend no more credits: raise its limit"
    if balance.key_credits is None:
        return "the key is not refused, credits unknown"
    if balance.credits is None:
        return "the key works, credits unknown"
    left = operators.credits_left(balance.credits, credits_per_second)
    if balance.key_credits == math.inf:
        return f"the key works, no limit on the key, {left} in the account"
    return f"the key works, {left} to spend"


async def _check_discord(settings: Settings) -> str:
    """Sign in once and see that the bot may be started today."""
    try:
        return await check_token(
            settings.discord_token.get_secret_value(),
            functools.partial(find_synced, settings),
            operator_server_id=settings.operator_server,
        )
    except (aiohttp.ClientError, OSError) as error:
        raise _Trouble(
            await explain_unreachable(error, "DISCORD_API_URL" if settings.discord_api_url else None)
        ) from error


async def find_synced(settings: Settings, application_id: int) -> bool | None:
    """Tell whether the commands that were last synced for an application are those of this version.

    None where the database can't tell.
    """
    url = settings.database_url.get_secret_value()
    try:
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(use_database(url))
            database = await stack.enter_async_context(Database.open(url, migrate=False))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            present, latest = await database.find_revision()
            if present != latest:
                return None
            clock = SystemClock()
            service = open_service(settings, session, clock)
            instance = InstanceName("doctor", nonce=_NONCE)  # it takes nothing
            assembled = assemble_for(settings, database=database, service=service, clock=clock, instance=instance)
            async with assembled as (bot, _), bot:
                return await bot.has_synced(application_id)
    except (StoreUnavailableError, SettingsError):
        return None


async def find_known_name() -> bool:
    """See whether the network finds a name that everybody knows."""
    try:
        await asyncio.get_running_loop().getaddrinfo(KNOWN_NAME, 443)
    except OSError:
        return False
    return True


async def explain_unreachable(
    error: BaseException, setting: str | None, *, finds_names: Callable[[], Awaitable[bool]] = find_known_name
) -> str:
    """Say why an address can't be reached, and what to do: a missing network is told from a wrong address.

    Args:
        error: what came of the try, or what was raised from that.
        setting: where the address is set; None is nowhere.
        finds_names: tells whether names are found at all.
    """
    reason = error if isinstance(error, aiohttp.ClientConnectorError) else error.__cause__
    if not isinstance(reason, aiohttp.ClientConnectorError):
        return operators.out_of_reach("its address", setting)
    if isinstance(reason, aiohttp.ClientConnectorDNSError):
        if await finds_names():
            return operators.no_such_host(reason.host, setting)
        return operators.no_network(reason.host)
    match reason.os_error.errno:
        case errno.ECONNREFUSED:
            return operators.nothing_listens(f"{reason.host}:{reason.port}", setting)
        case errno.ENETUNREACH:
            return operators.no_network(reason.host)
        case _:
            return operators.out_of_reach(reason.host, setting)
