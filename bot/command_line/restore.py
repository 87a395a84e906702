"""``restore``: put a backup in the database's place while no bot runs, and mark what is open in it."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from bot.command_line import exits
from bot.errors import BackupError, SettingsError, StoreUnavailableError


@click.command
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--mark", is_flag=True, help="Only mark the database as restored, as after pg_restore.")
def restore(*, file: Path | None, mark: bool) -> int:
    """Put the backup FILE in the database's place; the bot must be stopped.

    What is replaced is kept beside it. At the bot's next start each job that is open in the backup is looked for,
    at the video service and in its channel, before anything is done for it.
    """
    from bot.config import load_settings

    if (file is None) != mark:
        raise click.UsageError("Name either the FILE to restore, or --mark.")
    exits.end_by_exceptions(exits.FAILED)
    exits.print_whatever_it_holds()
    settings = load_settings()
    url, database = settings.database_url.get_secret_value(), settings.database_file
    if file is not None and database is None:
        raise SettingsError("PostgreSQL is restored by its own tool, pg_restore; then run: restore --mark.")
    if mark and database is not None and not database.exists():
        raise SettingsError(f"there is no database at {database}: check DATABASE_URL.")
    try:
        if file is not None and database is not None:
            _require_backup(file, database)
            database = database.resolve()  # a link to it stays
        copies = settings.migration_copies
        kept, marked = asyncio.run(_restore(url, database, None if file is None else file.absolute(), copies=copies))
    except (BackupError, StoreUnavailableError) as error:
        click.echo(error, err=True)
        return exits.FAILED
    if file is not None:
        click.echo(f"{file} is restored." + (f" What was there is kept: {kept}." if kept else ""))
    click.echo(f"Open jobs, which are looked for at the next start before anything is done for them: {marked}.")
    return exits.OK


async def _restore(url: str, database: Path | None, file: Path | None, *, copies: int) -> tuple[Path | None, int]:
    """Return where what was there is kept, if anything was, and how many jobs are marked.

    Args:
        copies: how many copies are kept of a database that is migrated where it is.
    """
    from bot.instance import use_database_alone

    async with use_database_alone(url):
        if file is None or database is None:
            return None, await _mark(url, copies=copies)
        return await _replace(url, database, file)


def _require_backup(file: Path, database: Path) -> None:
    try:
        if not file.is_file():
            raise BackupError(f"there is no file {file}.")
        if database.exists() and file.samefile(database):
            raise BackupError(f"{file} is the database itself: name a backup of it.")
    except OSError as error:
        raise BackupError(f"{file} can't be read: {os.strerror(error.errno or 0)}.") from error


async def _replace(url: str, database: Path, file: Path) -> tuple[Path | None, int]:
    from bot.store.backups import copy_checked, put_in_place, remove_partials

    remove_partials(database)  # nobody makes one now
    with copy_checked(file, beside=database) as copy:
        url_of_copy = make_url(url).set(database=str(copy)).render_as_string(hide_password=False)
        marked = await _mark(url_of_copy, copies=0)  # the backup is one
        return put_in_place(copy, database, now=datetime.now(UTC)), marked


async def _mark(url: str, *, copies: int) -> int:
    from bot.services.database_time import DatabaseTime
    from bot.services.ports import SystemClock
    from bot.store.backups import mark_open_jobs
    from bot.store.database import Database
    from bot.store.migrating import MigrationPolicy

    async with Database.open(url, migration=MigrationPolicy(copies=copies)) as database:
        clock = DatabaseTime(database=database, machine=SystemClock())
        await clock.measure()
        async with database.write() as connection:
            return await mark_open_jobs(connection, now=clock.now())
