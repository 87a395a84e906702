"""What the bot asks of Discord, and a look at whether Discord would give it: for ``doctor``, without serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.errors import SettingsError
from bot.gateway.answers import readable_answers
from bot.gateway.patience import ForeignAnswerError, only_discords_answers
from bot.gateway.refusals import login_refusal
from bot.gateway.shards import ask_for_shards
from bot.ui.discord_errors import NOT_IN_SERVER_CODES
from bot.ui.text import operators

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

INTENTS = discord.Intents(guilds=True)
"""All the bot needs, and none that has to be switched on: it reads no messages and no member lists."""
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    attach_files=True,
    read_message_history=True,
)
"""What the bot asks a server for: the last to find what it has posted just before a crash."""


async def check_token(
    token: str, is_current: Callable[[int], Awaitable[bool | None]], *, operator_server_id: int | None = None
) -> str:
    """Sign in once without serving; say as whom, how many starts are left, what is synced, and how the bot is invited.

    ``is_current`` tells whether what was last synced for an application's id is this version's; None is unknown.

    Raises:
        SettingsError: when Discord does not take the token, allows no start just now, or can't be asked; when the bot
            is not in the operator's server.
    """
    async with discord.Client(intents=INTENTS, http_trace=readable_answers()) as client:
        try:
            with only_discords_answers():
                await client.login(token)
                application = await client.application_info()
                commands = await client.http.get_global_commands(application.id)
                if operator_server_id is not None:
                    await client.fetch_guild(operator_server_id, with_counts=False)
            _, starts = await ask_for_shards(client.http)
        except discord.LoginFailure as error:
            refusal = login_refusal(error)
            raise refusal if isinstance(refusal, SettingsError) else SettingsError(operators.SOMETHING_ELSE) from error
        except discord.HTTPException as error:
            if error.code in NOT_IN_SERVER_CODES and operator_server_id is not None:
                raise SettingsError(operators.NOT_IN_OPERATOR_SERVER) from error
            raise SettingsError(f"Discord answered {error.status}: try again later.") from error
        except discord.GatewayNotFound as error:
            raise SettingsError("Discord names no gateway: try again later.") from error
        except ForeignAnswerError as error:
            raise SettingsError(operators.SOMETHING_ELSE) from error
    return (
        f"signed in as {application.name}, {starts['remaining']} of {starts['total']} starts left today; "
        f"{operators.synced(len(commands), is_current=await is_current(application.id))}; "
        "the bot asks for no privileged intents, so there are none to switch on; to invite it, or to give it what "
        f"it lacks in a server: {discord.utils.oauth_url(application.id, permissions=PERMISSIONS)}"
    )
