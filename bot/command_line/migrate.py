"""``migrate``: bring the database to this version's schema, as each start does, and nothing else."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import click

from bot.command_line import exits
from bot.errors import StoreUnavailableError

if TYPE_CHECKING:
    from bot.config import Settings


@click.command
def migrate() -> int:
    """Migrate the database and end; a start does so by itself."""
    from bot.config import load_settings
    from bot.logs import set_up_logging

    exits.print_whatever_it_holds()
    settings = load_settings()
    gc.enable()
    set_up_logging(level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets)
    try:
        click.echo(asyncio.run(_migrate(settings)))
    except asyncio.CancelledError:
        click.echo("stopped: nothing was migrated", err=True)
        return exits.FAILED
    except StoreUnavailableError as error:
        click.echo(error, err=True)
        return exits.FAILED
    return exits.OK


async def _migrate(settings: Settings) -> str:
    """Migrate unless told to stop; say what was done."""
    from bot.instance import use_database
    from bot.process import heed_signals
    from bot.store.database import Database
    from bot.store.migrating import MigrationPolicy

    task = asyncio.current_task()
    assert task is not None  # this is a coroutine
    url = settings.database_url.get_secret_value()
    with heed_signals(task.cancel), use_database(url):
        async with Database.open(url, migration=MigrationPolicy(copies=settings.migration_copies)) as database:
            revision, _ = await database.find_revision()
            done = database.migrated
    if done is None:
        return f"nothing to do: {revision}"
    if done.before is None:
        return f"made: {revision}"
    kept = "no copy was made" if done.copy is None else f"what was before is kept in {done.copy}"
    return f"migrated from {done.before} to {revision}; {kept}"
