"""``demo``: everything on this machine, with no account anywhere."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import click

from bot.command_line import exits
from bot.errors import SettingsError
from bot.models import GEMINI_OMNI


@click.command
@click.option("--once", metavar="PROMPT", help="Make one clip of this prompt, then end.")
@click.option("--serve", is_flag=True, help="Keep the page, even with no terminal to stop it from.")
@click.option("--aspect", type=click.Choice(["16:9", "9:16"]), default="16:9", show_default=True)
@click.option(
    "--duration",
    type=click.Choice(GEMINI_OMNI.durations_seconds),
    default=6,
    show_default=True,
    help="Seconds.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to save the clip.")
def demo(*, once: str | None, serve: bool, aspect: str, duration: int, out: Path | None) -> int:
    """Show it all working, with no account anywhere."""
    from bot.logs import set_up_logging

    if once is not None and serve:
        raise click.UsageError("--once and --serve can't be had together.")
    exits.end_by_exceptions()
    try:
        from bot.sandbox.demo import show
    except ModuleNotFoundError as error:
        raise SettingsError(f"The demo needs the development dependencies ({error.name} is missing).") from None
    gc.enable()
    exits.print_whatever_it_holds()
    set_up_logging(level="ERROR", log_format="text", secrets=())
    code = exits.FAILED
    try:
        code = asyncio.run(show(prompt=once, aspect=aspect, duration_seconds=duration, out=out, serve=serve))
    except* BrokenPipeError:
        exits.leave_unwritten()  # nobody reads on
    return code
