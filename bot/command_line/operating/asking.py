"""How each of these commands goes: open the database, ask, print words or JSON, end with a code."""

from __future__ import annotations

import asyncio
import getpass
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.command_line import exits
from bot.errors import RefusedError, SettingsError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.config import Settings
    from bot.services.operating.operating import Operating

_Found = TypeVar("_Found")


class _Words(click.ParamType[str]):
    """What somebody typed: not nothing, and text that a database can hold."""

    name = "text"

    def convert(
        self,
        value: Any,  # noqa: ANN401 (as click has it)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Check it, and trim it."""
        words = str(value).strip()
        if not words:
            self.fail("it is empty.", param, ctx)
        try:
            words.encode()
        except UnicodeEncodeError:  # bytes that the terminal sent and that are no UTF-8
            self.fail("it is not UTF-8.", param, ctx)
        return words


WORDS = _Words()
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
reason_option = click.option("--reason", type=WORDS, metavar="TEXT", help="Why, for the audit.")


def answer(
    ask: Callable[[Operating, Settings], Awaitable[_Found]],
    *,
    words: Callable[[_Found], str],
    document: Callable[[_Found], Any],
    as_json: bool,
) -> int:
    """Ask for something, and print it.

    Args:
        ask: does what the command is for.
        words, document: write what came of it for people, or as what JSON has.

    Returns:
        The process's exit code.

    Raises:
        SettingsError: when something has to be set right first.
    """
    from bot.config import load_settings
    from bot.logs import set_up_logging
    from bot.ui.text import refusals

    exits.end_by_signals()
    settings = load_settings()
    exits.print_whatever_it_holds()
    set_up_logging(level="CRITICAL", log_format="text", secrets=settings.secrets)
    try:
        found = asyncio.run(_ask(settings, ask))
    except RefusedError as error:
        return _fail(refusals.explain(error) or str(error))
    except StoreUnavailableError as error:
        return _fail(str(error))
    click.echo(json.dumps(document(found), indent=2, ensure_ascii=False) if as_json else words(found))
    return exits.OK


def whoever() -> str:
    """Name whoever uses the command line, for the audit."""
    from bot.services.operating.operating import by_command_line

    try:
        return by_command_line(getpass.getuser())
    except (OSError, KeyError, ImportError):  # in a container, whose user has no name
        return by_command_line("nameless")


async def _ask(settings: Settings, ask: Callable[[Operating, Settings], Awaitable[_Found]]) -> _Found:
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.operating.operating import Operating
    from bot.services.ports import SystemClock
    from bot.store.database import Database
    from bot.store.files import is_busy
    from bot.ui.text.operating.refusals import LOCKED, NO_DATABASE, UNAVAILABLE, wrong_schema

    url = settings.database_url.get_secret_value()
    _require_file(url, NO_DATABASE)
    async with Database.open(url, migrate=False) as database:
        try:
            present, latest = await database.find_revision()
            if present is None:
                raise SettingsError(NO_DATABASE)
            if present != latest:
                raise SettingsError(wrong_schema(present, latest))
            operating = Operating(
                database=database,
                clock=SystemClock(),
                policy=settings.worker_policy(),
                spending=settings.spending,
                random_bits=random.SystemRandom().getrandbits,
                card_changes=CardChanges(),
                wake=asyncio.Event(),
            )
            return await ask(operating, settings)
        except StoreUnavailableError as error:
            raise StoreUnavailableError(LOCKED if is_busy(error) else UNAVAILABLE) from error


def _require_file(url: str, sentence: str) -> None:
    """Check that the database is there, where it is a file: to open it would make one.

    Raises:
        SettingsError: when it is not.
    """
    from sqlalchemy.engine import make_url

    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise SettingsError(sentence)


def _fail(sentence: str) -> int:
    click.echo(sentence, err=True)
    return exits.FAILED
