"""The loopback Discord as a whole: start it, point a bot at it, act as its members, see what became of it."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from aiohttp import WSCloseCode, web
from discord import Permissions

from tests.support.discord_server.gateway import Gateway, Session
from tests.support.discord_server.interactions import (
    ANSWER_SECONDS,
    COMMAND,
    COMPONENT,
    FORM,
    Interaction,
    command_data,
    component_data,
)
from tests.support.discord_server.rest import RestApi
from tests.support.discord_server.schema import OpenApiCheck
from tests.support.discord_server.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.discord_server.model import Channel, Json, Member, Message
    from tests.support.discord_server.requests import Faults, Request
    from tests.support.discord_server.world import Found

DEFAULT_UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024
"""What bots may upload to a server without boosts (the project's notes on Discord)."""
BACKLOG = 1024
"""Connections that may wait to be accepted: more than any bench opens at once."""

GRACE_SECONDS = 1.0
"""What requests that have begun get when the server closes; those held are dropped first."""


class DiscordServer:
    """Discord on 127.0.0.1, with a small community in it.

    Use it as an async context manager; then ``api_url`` and ``gateway_url`` are what a bot's settings take.

    Args:
        token: the only bot token that is let in.
        port: 0 takes a free one.
        upload_limit_bytes: the largest file taken, also told with each interaction.
        keep_uploads: keep the files' bytes; otherwise they are only counted and digested.
        openapi: Discord's own description, to check requests against; None checks nothing.

    Attributes:
        world: everything there is, with methods to add more.
        guild, clips, brainstorm: a server and its two text channels.
        ada, ben, mia: two members, and a moderator who may time members out.
        answer_seconds: how long interactions to come may wait for their first answer.
    """

    def __init__(
        self,
        *,
        token: str = "loopback-discord-token",
        port: int = 0,
        upload_limit_bytes: int = DEFAULT_UPLOAD_LIMIT_BYTES,
        keep_uploads: bool = False,
        openapi: Path | None = None,
    ) -> None:
        self.world = World(token=token)
        self.token = token
        self.answer_seconds = ANSWER_SECONDS
        self.guild = self.world.add_guild("Studio")
        self.clips = self.world.add_channel(self.guild, "clips")
        self.brainstorm = self.world.add_channel(self.guild, "brainstorm")
        self.moderator_role = self.world.add_role(self.guild, "Moderators", Permissions(moderate_members=True))
        self.ada = self.world.add_member(self.guild, "ada")
        self.ben = self.world.add_member(self.guild, "ben")
        self.mia = self.world.add_member(self.guild, "mia", self.moderator_role)
        self._socket = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.api_url = f"http://{address}/api/v10"
        self.gateway_url = f"ws://{address}/gateway"
        self.world.attachment_base = f"http://{address}/attachments"
        self._rest = RestApi(
            self.world,
            gateway_url=self.gateway_url,
            upload_limit_bytes=upload_limit_bytes,
            keep_uploads=keep_uploads,
            check=OpenApiCheck(openapi) if openapi else _no_check,
        )
        self._stack = AsyncExitStack()

    @property
    def faults(self) -> Faults:
        """What is to go wrong: ``fail``, ``limit``, ``reset`` and ``hold`` requests to come."""
        return self.world.faults

    @property
    def upload_limit_bytes(self) -> int:
        """The largest file taken."""
        return self._rest.upload_limit_bytes

    @upload_limit_bytes.setter
    def upload_limit_bytes(self, limit: int) -> None:
        self._rest.upload_limit_bytes = limit

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/gateway", Gateway(self.world, url=self.gateway_url).serve)
        application.router.add_routes(self._rest.routes())
        application.on_shutdown.append(self._close_sessions)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=GRACE_SECONDS)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, self._socket, backlog=BACKLOG).start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.faults.drop_held()
        await self._stack.aclose()

    async def _close_sessions(self, _application: web.Application) -> None:
        for session in self.sessions:
            await session.socket.close(code=WSCloseCode.GOING_AWAY)

    # Seeing --------------------------------------------------------------------------------------

    @property
    def sessions(self) -> list[Session]:
        """The bots connected now, in the order in which they came."""
        return [session for session in self.world.sessions if session.is_open]

    def sessions_of(self, channel: Channel) -> list[Session]:
        """Give those of the bots connected now that hear what happens in a channel, oldest first."""
        return self.world.sessions_of(None if channel.guild is None else channel.guild.id)

    async def wait_for(self, predicate: Callable[[World], Found], *, within_seconds: float = 10.0) -> Found:
        """Wait until the predicate finds something in the world, and return it.

        Raises:
            AssertionError: when it has found nothing in time.
        """
        return await self.world.wait_for(predicate, within_seconds=within_seconds)

    # Acting --------------------------------------------------------------------------------------

    async def slash(
        self,
        channel: Channel,
        member: Member,
        command: str,
        options: dict[str, Any] | None = None,
        *,
        session: Session | None = None,
    ) -> Interaction:
        """Send a slash command as a member, to the newest session unless one is given.

        Args:
            command: as typed, without the slash: ``video``, ``moderate quota set``.
            options: values by name; members, roles and channels as the world's objects.

        Raises:
            LookupError: when no bot is connected, or has registered no such command or option.
        """
        data = command_data(self.world, member.guild, command, options or {}, channel)
        return self._interact(COMMAND, channel, member, data, session=session)

    async def press(
        self,
        message: Message,
        custom_id: str,
        member: Member,
        chosen: Channel | str | None = None,
        *,
        session: Session | None = None,
    ) -> Interaction:
        """Press a button as a member, or choose a text or a channel in a select.

        Raises:
            LookupError: when the message has no such item, or no bot is connected.
        """
        data = component_data(self.world, message, custom_id, chosen)
        return self._interact(COMPONENT, message.channel, member, data, message=message, session=session)

    async def submit(self, shown: Interaction, typed: dict[str, str] | None = None) -> Interaction:
        """Send the form that answers an interaction, once it is there.

        Args:
            typed: what is typed into its fields, by their names.
        """
        await shown.acknowledged
        fields = [
            {"type": 18, "component": {"type": 4, "custom_id": name, "value": it}} for name, it in (typed or {}).items()
        ]
        data = {"custom_id": shown.callback_data["custom_id"], "components": fields}
        return self._interact(FORM, shown.channel, shown.member, data, message=shown.message)

    def reply(self, channel: Channel, member: Member, content: str) -> Message:
        """Post a member's own message."""
        return self.world.post(channel, member.user, {"content": content})

    async def disconnect(self, session: Session, *, code: int = 4000) -> None:
        """Close a bot's gateway connection, as Discord does now and then."""
        await session.socket.close(code=code)

    async def forget(self, session: Session) -> None:
        """Tell a bot that its session is invalid: it has to identify anew."""
        self.world.sessions.remove(session)
        await session.invalidate()

    def _interact(
        self,
        kind: int,
        channel: Channel,
        member: Member,
        data: Json,
        *,
        message: Message | None = None,
        session: Session | None = None,
    ) -> Interaction:
        if session is None:
            session = next(reversed(self.sessions_of(channel)), None)
        if session is None:
            raise LookupError("no bot is connected")
        interaction = Interaction(
            world=self.world,
            kind=kind,
            channel=channel,
            member=member,
            data=data,
            message=message,
            answer_seconds=self.answer_seconds,
        )
        session.dispatch("INTERACTION_CREATE", interaction.payload(self.world, self.upload_limit_bytes))
        return interaction


def _no_check(_request: Request) -> None:
    """Let every body pass."""
