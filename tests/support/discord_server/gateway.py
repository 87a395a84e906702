"""Discord's gateway v10, as far as a bot needs it: identify, resume, heartbeats, events."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from tests.support.discord_server.world import INTENT_GUILDS

if TYPE_CHECKING:
    from tests.support.discord_server.model import Json
    from tests.support.discord_server.world import World


class Op(IntEnum):
    """Discord's documentation, "Gateway Opcodes"."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    RESUME = 6
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


HEARTBEAT_INTERVAL_MS = 41_250
CUSTOM_ACTIVITY = 4
"""Discord's documentation, "Activity Types"."""
AUTHENTICATION_FAILED, INVALID_SHARD, SHARDING_REQUIRED = 4004, 4010, 4011
"""Close codes (Discord's documentation, "Gateway Close Event Codes")."""


class Session:
    """One identified connection of a bot.

    Attributes:
        intents: what it asked to be told of.
        shard_id, shard_count: which of how many connections of the bot it is.
        identified_at: when, on the machine's monotonic clock.
        is_open: False from the moment its connection is gone.
        signs: what the bot says beside its name, "" for nothing, from when it identified to what it says now.
    """

    def __init__(self, socket: web.WebSocketResponse, identify: Json) -> None:
        self.id = f"session-{id(self):x}-{time.monotonic_ns():x}"
        self.intents: int = identify.get("intents", 0)
        self.shard_id, self.shard_count = _shard(identify)
        self.identified_at = time.monotonic()
        self.signs = [_sign(identify.get("presence"))]
        self.socket = socket
        self._sequence = 0
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()

    @property
    def is_open(self) -> bool:
        return not self.socket.closed

    def hears_of(self, guild_id: int | None) -> bool:
        """Tell whether events of a server come over this connection; those of none come over the first."""
        return self.shard_id == (0 if guild_id is None else (guild_id >> 22) % self.shard_count)

    def dispatch(self, event: str, data: Json) -> None:
        """Send an event, in order, without waiting for the bot to read it."""
        self._sequence += 1
        self._outgoing.put_nowait(json.dumps({"op": Op.DISPATCH, "t": event, "s": self._sequence, "d": data}))

    def reattach(self, socket: web.WebSocketResponse) -> None:
        """Go on over a new connection; what was not sent yet is sent there."""
        self.socket = socket

    async def invalidate(self) -> None:
        """Say that it can't be gone on with."""
        await self.socket.send_json({"op": Op.INVALID_SESSION, "d": False})

    async def write(self) -> None:
        """Send what is dispatched until cancelled, or until the bot is gone."""
        with suppress(ConnectionError):
            while True:
                await self.socket.send_str(await self._outgoing.get())


def _shard(identify: Json) -> tuple[int, int]:
    shard_id, shard_count = identify.get("shard", (0, 1))
    return shard_id, shard_count


def _sign(presence: Json | None) -> str:
    """Read a custom activity's text; an activity of another kind is no sign.

    Who identifies may also name the one activity ``game``: discord.py does, and Discord shows it.
    """
    presence = presence or {}
    activities = presence.get("activities") or [presence.get("game")]
    return next((it["state"] for it in activities if it and it["type"] == CUSTOM_ACTIVITY), "")


class Gateway:
    """Serves the gateway's websocket."""

    def __init__(self, world: World, *, url: str) -> None:
        self._world = world
        self._url = url

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to one connection until it ends.

        Raises:
            HTTPServiceUnavailable: while the gateway is down.
        """
        if self._world.gateway_is_down:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        if self._world.gateway_hang_ups:
            self._world.gateway_hang_ups -= 1
            await socket.close(code=WSCloseCode.GOING_AWAY)
            return socket
        await socket.send_json({"op": Op.HELLO, "d": {"heartbeat_interval": HEARTBEAT_INTERVAL_MS}})
        session: Session | None = None
        writer: asyncio.Task[None] | None = None
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                message = json.loads(frame.data)
                data = message.get("d")
                match message["op"]:
                    case Op.HEARTBEAT:
                        await socket.send_json({"op": Op.HEARTBEAT_ACK})
                    case Op.IDENTIFY | Op.RESUME if data["token"] != self._world.token:
                        await socket.close(code=AUTHENTICATION_FAILED, message=b"Authentication failed.")
                    case Op.IDENTIFY if (code := self._refusal(data)) is not None:
                        await socket.close(code=code)
                    case Op.IDENTIFY:
                        session = self._identify(socket, data)
                        writer = asyncio.create_task(session.write())
                    case Op.RESUME:
                        session = self._resume(socket, data)
                        if session is None:
                            await socket.send_json({"op": Op.INVALID_SESSION, "d": False})
                        else:
                            writer = asyncio.create_task(session.write())
                    case Op.PRESENCE_UPDATE if session is not None:
                        session.signs.append(_sign(data))
                        self._world.changed()
                    case Op.REQUEST_MEMBERS if session is not None:
                        self._send_members(session, data)
                    case _:
                        pass
        finally:
            if writer is not None:
                writer.cancel()
            self._world.changed()
        return socket

    def _refusal(self, identify: Json) -> int | None:
        shard_id, shard_count = _shard(identify)
        if self._world.gateway_refusal is not None:
            return self._world.gateway_refusal
        if shard_id >= shard_count:
            return INVALID_SHARD
        return SHARDING_REQUIRED if shard_count < self._world.shards_required else None

    def _identify(self, socket: web.WebSocketResponse, data: Json) -> Session:
        session = Session(socket, data)
        world = self._world
        world.starts_left -= 1
        guilds = [guild for guild in world.guilds.values() if session.hears_of(guild.id)]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": world.bot.payload(),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": self._url,
                "application": {"id": str(world.bot.id), "flags": 0},
                "shard": [session.shard_id, session.shard_count],
            },
        )
        for guild in guilds:
            if session.intents & INTENT_GUILDS:
                session.dispatch("GUILD_CREATE", guild.create_payload(world.bot))
        world.sessions.append(session)
        world.changed()
        return session

    def _resume(self, socket: web.WebSocketResponse, data: Json) -> Session | None:
        for session in self._world.sessions:
            if session.id == data["session_id"]:
                session.reattach(socket)
                session.dispatch("RESUMED", {})
                self._world.changed()
                return session
        return None

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self._world.guilds[int(data["guild_id"])]
        wanted = data.get("user_ids")
        if wanted is not None:
            ids = {int(user_id) for user_id in (wanted if isinstance(wanted, list) else [wanted])}
            members = [member for member in guild.members.values() if member.id in ids]
        else:
            query = data.get("query", "").lower()
            members = [member for member in guild.members.values() if member.user.name.startswith(query)]
            members = members[: data["limit"] or None]
        session.dispatch(
            "GUILD_MEMBERS_CHUNK",
            {
                "guild_id": str(guild.id),
                "members": [member.payload() for member in members],
                "chunk_index": 0,
                "chunk_count": 1,
                "not_found": [],
                "nonce": data.get("nonce"),
            },
        )
