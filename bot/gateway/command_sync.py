"""Telling Discord of the commands, once for each change of them: those of all servers, and those of the operator's."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.gateway.patience import only_discords_answers
from bot.gateway.refusals import GatewayClosedError
from bot.ui.discord_errors import NOT_IN_SERVER_CODES
from bot.ui.text import operators

if TYPE_CHECKING:
    from bot.store.digests import CommandDigests

_log = logging.getLogger(__name__)


class CommandSync:
    """Compares the commands with what was last synced, and syncs what differs.

    Args:
        operator_server_id: the one server that has commands of its own; None is none.
    """

    def __init__(
        self, tree: app_commands.CommandTree[Any], digests: CommandDigests, *, operator_server_id: int | None
    ) -> None:
        self._tree = tree
        self._digests = digests
        self._server_id = operator_server_id

    async def is_current(self, application_id: int) -> bool | None:
        """Tell whether what was last synced for an application are these commands; None is unknown."""
        synced = await self._digests.list_of(_key(application_id))
        if _key(application_id) not in synced:
            return None
        wanted = {_key(application_id): self._digest(None)}
        if self._server_id is not None:
            wanted[_key(application_id, self._server_id)] = self._digest(self._server_id)
        return synced == wanted

    async def sync(self, application_id: int) -> None:
        """Tell Discord what has changed; a server that is no longer the operator's loses its commands.

        Raises:
            GatewayClosedError: when Discord does not take the commands.
            discord.HTTPException, aiohttp.ClientError, OSError: when it does not answer as it should.
        """
        synced = await self._digests.list_of(_key(application_id))
        digest = self._digest(None)
        if synced.pop(_key(application_id), None) != digest:
            commands = await self._tell(None)
            await self._digests.put(_key(application_id), digest)
            _log.info("commands synced", extra={"count": len(commands)})
        if self._server_id is not None:
            key, digest = _key(application_id, self._server_id), self._digest(self._server_id)
            if synced.pop(key, None) != digest and await self._tell_server(self._server_id):
                await self._digests.put(key, digest)
        for key in synced:
            await self._tell_server(int(key.rpartition(":")[2]))
            await self._digests.drop(key)

    async def _tell(self, server: discord.Object | None) -> list[app_commands.AppCommand]:
        try:
            with only_discords_answers():
                return await self._tree.sync(guild=server)
        except app_commands.CommandSyncFailure as error:
            raise GatewayClosedError(operators.COMMANDS_REFUSED) from error

    async def _tell_server(self, server_id: int) -> bool:
        """Tell Discord of one server's commands; False where the bot is not in it, which keeps it from nothing else."""
        try:
            await self._tell(discord.Object(server_id))
        except discord.HTTPException as error:
            if error.code not in NOT_IN_SERVER_CODES:
                raise
            fields = {"guild_id": server_id, "discord_code": error.code}
            _log.warning("commands of a server not synced: the bot is not in it", extra=fields)
            return False
        _log.info("commands of a server synced", extra={"guild_id": server_id})
        return True

    def _digest(self, server_id: int | None) -> str:
        server = None if server_id is None else discord.Object(server_id)
        payload = sorted((command.to_dict(self._tree) for command in self._tree.get_commands(guild=server)), key=str)
        return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def _key(application_id: int, server_id: int | None = None) -> str:
    return f"commands:{application_id}" if server_id is None else f"commands:{application_id}:{server_id}"
