"""``run``: serve."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING

import click

from bot.command_line import exits
from bot.errors import ReelayError, SettingsError

if TYPE_CHECKING:
    from bot.services.jobs.policy import WorkerPolicy


@click.command
@click.pass_obj
def run(policy: WorkerPolicy | None) -> int:
    """Serve (the default)."""
    from bot.config import load_settings
    from bot.logs import log_what_nobody_catches, set_up_logging

    settings = load_settings()
    from bot import serving  # half of the start, which nobody should wait for to hear of a wrong setting

    gc.enable()
    set_up_logging(level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets)
    log_what_nobody_catches()
    try:
        asyncio.run(serving.run(settings, policy=policy))
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped before serving")
    except SettingsError:
        raise
    except ReelayError as error:
        logging.getLogger(__name__).error("stopped: %s", error)
        return exits.FAILED
    except ExceptionGroup:
        logging.getLogger(__name__).exception("stopped by an unexpected error")
        return exits.FAILED
    return exits.OK
