"""``servers`` and ``leave``: where the bot is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.command_line.operating.asking import answer, json_option, reason_option, whoever
from bot.command_line.operating.documents import document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.config import Settings
    from bot.models.operating import ServerStatus
    from bot.services.operating.operating import Operating


@click.command
@json_option
def servers(*, as_json: bool) -> int:
    """List the servers that the bot is in, with their jobs and what they spent."""
    from bot.ui.text.operating import reports

    async def ask(operating: Operating, settings: Settings) -> tuple[Sequence[ServerStatus], datetime]:
        return await operating.list_servers(settings.allowed_servers), operating.now()

    return answer(
        ask,
        words=lambda found: reports.servers(*found),
        document=lambda found: document(found[0]),
        as_json=as_json,
    )


@click.command
@click.argument("server_id", type=click.IntRange(1, 2**63 - 1), metavar="SERVER_ID")
@reason_option
@json_option
def leave(*, server_id: int, reason: str | None, as_json: bool) -> int:
    """Have a running bot leave a server.

    It may be invited back by whoever may invite bots there; ALLOWED_SERVERS says whom it serves.
    """
    from bot.ui.text.operating import reports

    return answer(
        lambda operating, _: operating.leave(server_id, by=whoever(), reason=reason),
        words=lambda _: reports.leaving(server_id),
        document=lambda _: {"guild_id": str(server_id), "is_to_be_left": True},
        as_json=as_json,
    )
