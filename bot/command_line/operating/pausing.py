"""``pause`` and ``resume``: whether anything new is sent to the video service."""

from __future__ import annotations

import click

from bot.command_line.operating.asking import WORDS, answer, json_option, reason_option, whoever


@click.command
@click.argument("reason", type=WORDS)
@json_option
def pause(*, reason: str, as_json: bool) -> int:
    """Send nothing new to the video service until you resume; REASON is for status and the audit.

    Requests are taken in and wait, and their cards say so. What renders already is delivered.
    """
    from bot.ui.text.operating import reports

    return answer(
        lambda operating, _: operating.pause(by=whoever(), reason=reason),
        words=lambda _: reports.paused(),
        document=lambda _: {"paused": True},
        as_json=as_json,
    )


@click.command
@reason_option
@json_option
def resume(*, reason: str | None, as_json: bool) -> int:
    """Go on after a pause."""
    from bot.ui.text.operating import reports

    return answer(
        lambda operating, _: operating.resume(by=whoever(), reason=reason),
        words=lambda _: reports.resumed(),
        document=lambda _: {"paused": False},
        as_json=as_json,
    )
