"""``doctor``: look at everything that the bot needs, and change nothing."""

from __future__ import annotations

import asyncio
import gc

import click

from bot.command_line import exits
from bot.errors import SettingsError


@click.command
def doctor() -> int:
    """Check settings, database, video service and Discord."""
    from bot.config import load_settings
    from bot.logs import set_up_logging

    exits.end_by_exceptions()
    exits.print_whatever_it_holds()
    try:
        settings = load_settings()
    except SettingsError as error:
        click.echo(f"FAIL  settings: {error}")
        return exits.FAILED
    from bot.doctor import examine

    gc.enable()
    set_up_logging(level="CRITICAL", log_format="text", secrets=settings.secrets)
    return exits.OK if asyncio.run(examine(settings)) else exits.FAILED
