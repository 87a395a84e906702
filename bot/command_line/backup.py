"""``backup``: copy the database to a file, while the bot runs or not."""

from __future__ import annotations

from pathlib import Path

import click

from bot.command_line import exits
from bot.errors import BackupError, SettingsError, StoreUnavailableError


@click.command
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there already.")
def backup(*, file: Path, force: bool) -> int:
    """Copy the database to FILE, also while the bot runs."""
    from bot.config import load_settings

    exits.end_by_exceptions(exits.FAILED)
    exits.print_whatever_it_holds()
    settings = load_settings()
    if settings.database_file is None:
        raise SettingsError("PostgreSQL is backed up by its own tool: pg_dump --format=custom --file=FILE DATABASE.")
    from bot.instance import use_database
    from bot.store.backups import back_up

    try:
        with use_database(settings.database_url.get_secret_value()):
            back_up(settings.database_file, file.absolute(), replaces=force)
    except (BackupError, StoreUnavailableError) as error:
        click.echo(error, err=True)
        return exits.FAILED
    click.echo(f"The database is backed up to {file}, and the copy is checked.")
    return exits.OK
