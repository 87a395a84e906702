"""Discord's REST API v10, as far as the bot and its library call it."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from aiohttp import BodyPartReader, web

from tests.support.discord_server import threads
from tests.support.discord_server.model import EPHEMERAL, LOADING, Attachment, Json, Thread
from tests.support.discord_server.requests import (
    CANNOT_MESSAGE_USER,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NOT_YOUR_MESSAGE,
    SYSTEM_MESSAGE,
    TOO_LARGE,
    UNAUTHORIZED,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_INTERACTION,
    UNKNOWN_MEMBER,
    UNKNOWN_MESSAGE,
    UNKNOWN_USER,
    UNKNOWN_WEBHOOK,
    Answer,
    RefusedError,
    Request,
    RouteKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.discord_server.interactions import Interaction
    from tests.support.discord_server.model import Channel, Message
    from tests.support.discord_server.world import World

Handler: TypeAlias = "Callable[[Request], Answer]"

CHUNK_BYTES = 256 * 1024
WITHOUT_BOT_TOKEN = frozenset(
    {
        RouteKind.CALLBACK,
        RouteKind.FOLLOW_UP,
        RouteKind.GET_ANSWER,
        RouteKind.EDIT_ANSWER,
        RouteKind.DELETE_ANSWER,
    }
)
"""Routes that an interaction's token opens by itself."""
NOTHING = Answer(204)


class RestApi:
    """Answers requests out of the world, and records them there.

    Attributes:
        upload_limit_bytes: the largest file taken; larger ones are refused with 413 and code 40005.
    """

    def __init__(
        self,
        world: World,
        *,
        gateway_url: str,
        upload_limit_bytes: int,
        keep_uploads: bool,
        check: Callable[[Request], None],
    ) -> None:
        self.upload_limit_bytes = upload_limit_bytes
        self._world = world
        self._gateway_url = gateway_url
        self._keep_uploads = keep_uploads
        self._check = check

    def routes(self) -> Iterator[web.RouteDef]:
        """List what is answered."""
        messages = "/channels/{channel}/messages"
        answers = "/webhooks/{application}/{token}"
        table: list[tuple[str, str, RouteKind, Handler]] = [
            ("GET", "/users/@me", RouteKind.GET_ME, self._get_me),
            ("GET", "/oauth2/applications/@me", RouteKind.GET_APPLICATION, self._get_application),
            ("GET", "/applications/@me", RouteKind.GET_APPLICATION, self._get_application),
            ("GET", "/gateway/bot", RouteKind.GET_GATEWAY, self._get_gateway),
            ("GET", "/applications/{application}/commands", RouteKind.GET_COMMANDS, self._get_commands),
            ("PUT", "/applications/{application}/commands", RouteKind.PUT_COMMANDS, self._put_commands),
            (
                "GET",
                "/applications/{application}/guilds/{guild}/commands",
                RouteKind.GET_COMMANDS,
                self._get_commands,
            ),
            (
                "PUT",
                "/applications/{application}/guilds/{guild}/commands",
                RouteKind.PUT_COMMANDS,
                self._put_commands,
            ),
            ("POST", "/users/@me/channels", RouteKind.OPEN_DIRECT_CHANNEL, self._open_direct_channel),
            ("DELETE", "/users/@me/guilds/{guild}", RouteKind.LEAVE_GUILD, self._leave_guild),
            ("GET", "/users/{user}", RouteKind.GET_USER, self._get_user),
            ("GET", "/guilds/{guild}", RouteKind.GET_GUILD, self._get_guild),
            ("GET", "/guilds/{guild}/auto-moderation/rules", RouteKind.LIST_AUTOMOD, self._list_automod),
            ("GET", "/guilds/{guild}/members/{user}", RouteKind.GET_MEMBER, self._get_member),
            ("GET", "/channels/{channel}", RouteKind.GET_CHANNEL, self._get_channel),
            ("PATCH", "/channels/{channel}", RouteKind.EDIT_CHANNEL, self._edit_channel),
            ("DELETE", "/channels/{channel}", RouteKind.DELETE_CHANNEL, self._delete_channel),
            ("POST", "/channels/{channel}/typing", RouteKind.TYPING, self._typing),
            ("POST", messages, RouteKind.CREATE_MESSAGE, self._create_message),
            ("GET", messages, RouteKind.LIST_MESSAGES, self._list_messages),
            ("GET", messages + "/{message}", RouteKind.GET_MESSAGE, self._get_message),
            ("PATCH", messages + "/{message}", RouteKind.EDIT_MESSAGE, self._edit_message),
            ("DELETE", messages + "/{message}", RouteKind.DELETE_MESSAGE, self._delete_message),
            ("POST", messages + "/{message}/threads", RouteKind.CREATE_THREAD, self._create_thread),
            ("POST", "/interactions/{interaction}/{token}/callback", RouteKind.CALLBACK, self._callback),
            ("POST", answers, RouteKind.FOLLOW_UP, self._follow_up),
            ("GET", answers + "/messages/{message}", RouteKind.GET_ANSWER, self._get_answer),
            ("PATCH", answers + "/messages/{message}", RouteKind.EDIT_ANSWER, self._edit_answer),
            ("DELETE", answers + "/messages/{message}", RouteKind.DELETE_ANSWER, self._delete_answer),
            ("*", "/{path:.*}", RouteKind.UNKNOWN, self._unknown),
        ]
        for method, path, kind, handler in table:
            yield web.route(method, "/api/v10" + path, partial(self._serve, kind, handler))

    # One request ---------------------------------------------------------------------------------

    async def _serve(self, kind: RouteKind, handler: Handler, http: web.Request) -> web.Response:
        try:
            request = await self._read(kind, http)
        except ConnectionError:  # the bot died in the middle of an upload: nothing was asked
            return _nowhere()
        self._world.requests.append(request)
        fault = self._world.faults.take(request)
        answer = None
        if fault is None or fault.stored:
            answer = self._carry_out(handler, request)
        if fault is not None:
            fault.arrived.set()
            self._world.changed()
            await fault.released.wait()
            if fault.resets:
                _reset(http)
                return _nowhere()
            answer = fault.answer or answer or self._carry_out(handler, request)
        assert answer is not None
        request.status = answer.status
        self._world.changed()
        return _response(answer)

    async def _read(self, kind: RouteKind, http: web.Request) -> Request:
        body: Any = None
        uploads: dict[int, Attachment] = {}
        if http.content_type == "multipart/form-data":
            async for part in await http.multipart():
                part = cast("BodyPartReader", part)
                if part.name == "payload_json":
                    body = await part.json()
                else:
                    index = int((part.name or "").removeprefix("files[").removesuffix("]"))
                    uploads[index] = await self._receive(part)
        elif http.can_read_body:
            body = json.loads(await http.read())
        return Request(
            kind=kind,
            method=http.method,
            path=http.path,
            ids=dict(http.match_info),
            query=dict(http.query),
            authorization=http.headers.get("Authorization"),
            body=body,
            uploads=uploads,
            received_at=time.monotonic(),
        )

    async def _receive(self, part: BodyPartReader) -> Attachment:
        """Count and digest an upload as it streams in, so that memory does not grow with it."""
        digest, size, kept = hashlib.sha256(), 0, bytearray()
        while chunk := await part.read_chunk(CHUNK_BYTES):
            size += len(chunk)
            digest.update(chunk)
            if self._keep_uploads:
                kept += chunk
        return Attachment(
            id=self._world.snowflake(),
            filename=part.filename or "file",
            size_bytes=size,
            sha256=digest.hexdigest(),
            content=bytes(kept) if self._keep_uploads else None,
        )

    def _carry_out(self, handler: Handler, request: Request) -> Answer:
        try:
            authorized = request.authorization == f"Bot {self._world.token}"
            if not authorized and request.kind not in WITHOUT_BOT_TOKEN:
                raise RefusedError(*UNAUTHORIZED)
            if any(upload.size_bytes > self.upload_limit_bytes for upload in request.uploads.values()):
                raise RefusedError(*TOO_LARGE)
            self._check(request)
            return handler(request)
        except RefusedError as refusal:
            return refusal.answer

    # The application and its surroundings --------------------------------------------------------

    def _get_me(self, _request: Request) -> Answer:
        return Answer(200, self._world.bot.payload() | {"verified": True, "mfa_enabled": True, "flags": 0})

    def _get_application(self, _request: Request) -> Answer:
        bot = self._world.bot
        return Answer(
            200,
            {
                "id": str(bot.id),
                "name": bot.name,
                "icon": None,
                "description": "",
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0" * 64,
                "flags": 0,
                "owner": next((user for user in self._world.users.values() if user is not bot), bot).payload(),
                "team": None,
                "bot": bot.payload(),
            },
        )

    def _get_gateway(self, _request: Request) -> Answer:
        world = self._world
        limit = {
            "total": 1000,
            "remaining": world.starts_left,
            "reset_after": world.starts_return_ms,
            "max_concurrency": world.identify_lanes,
        }
        return Answer(200, {"url": self._gateway_url, "shards": world.shards, "session_start_limit": limit})

    def _get_commands(self, request: Request) -> Answer:
        return Answer(200, self._world.commands.get(_scope(request), []))

    def _put_commands(self, request: Request) -> Answer:
        scope = _scope(request)
        self._world.commands[scope] = [
            {"description": ""}  # which the menus of messages and members lack
            | command
            | {
                "id": str(self._world.snowflake()),
                "application_id": str(self._world.bot.id),
                "version": "1",
                "guild_id": None if scope is None else str(scope),
            }
            for command in request.body
        ]
        return Answer(200, self._world.commands[scope])

    def _open_direct_channel(self, request: Request) -> Answer:
        user = self._world.users.get(int(request.body["recipient_id"]))
        if user is None:
            raise RefusedError(*UNKNOWN_USER)
        return Answer(200, self._world.direct_channel(user).payload(self._world.bot))

    def _get_user(self, request: Request) -> Answer:
        user = self._world.users.get(int(request.ids["user"]))
        if user is None:
            raise RefusedError(*UNKNOWN_USER)
        return Answer(200, user.payload())

    def _get_guild(self, request: Request) -> Answer:
        guild = self._world.guilds.get(int(request.ids["guild"]))
        if guild is None:
            raise RefusedError(*UNKNOWN_GUILD)
        return Answer(200, guild.payload())

    def _list_automod(self, request: Request) -> Answer:
        guild = self._world.guilds[int(request.ids["guild"])]
        if not guild.members[self._world.bot.id].permissions.manage_guild:
            raise RefusedError(*MISSING_PERMISSIONS)
        return Answer(200, guild.automod_rules)

    def _leave_guild(self, request: Request) -> Answer:
        guild = self._world.guilds.get(int(request.ids["guild"]))
        if guild is None:
            raise RefusedError(*UNKNOWN_GUILD)
        self._world.remove_bot(guild)
        return Answer(204)

    def _get_member(self, request: Request) -> Answer:
        guild = self._world.guilds.get(int(request.ids["guild"]))
        member = guild.members.get(int(request.ids["user"])) if guild else None
        if member is None:
            raise RefusedError(*UNKNOWN_MEMBER)
        return Answer(200, member.payload())

    def _get_channel(self, request: Request) -> Answer:
        return Answer(200, self._channel(request).payload(self._world.bot))

    def _edit_channel(self, request: Request) -> Answer:
        channel = self._channel(request)
        if not isinstance(channel, Thread):
            raise RefusedError(*MISSING_PERMISSIONS)  # nobody lets the bot manage channels
        threads.check_change(channel, self._world.bot, request.body)
        self._world.update_thread(
            channel,
            by=self._world.bot,
            name=request.body.get("name"),
            is_archived=request.body.get("archived"),
            is_locked=request.body.get("locked"),
            auto_archive_minutes=request.body.get("auto_archive_duration"),
        )
        return Answer(200, channel.payload(self._world.bot))

    def _delete_channel(self, request: Request) -> Answer:
        channel = self._channel(request)
        allowed = channel.permissions_of(self._world.bot)
        if not (allowed.manage_threads if isinstance(channel, Thread) else allowed.manage_channels):
            raise RefusedError(*MISSING_PERMISSIONS)
        answer = Answer(200, channel.payload(self._world.bot))
        self._world.delete_channel(channel)
        return answer

    def _typing(self, request: Request) -> Answer:
        self._writable_channel(request)
        return NOTHING

    def _unknown(self, _request: Request) -> Answer:
        raise RefusedError(404, 0, "404: Not Found")

    # Messages in channels ------------------------------------------------------------------------

    def _create_message(self, request: Request) -> Answer:
        channel = self._writable_channel(request)
        message = self._world.post(channel, self._world.bot, request.body, request.uploads)
        return Answer(200, message.payload(self._world.bot, with_nonce=True))

    def _create_thread(self, request: Request) -> Answer:
        channel = self._channel(request)
        bot = self._world.bot
        threads.check_start(channel, bot, request.body)
        minutes = request.body.get("auto_archive_duration")
        thread = self._world.start_thread(
            self._message(request), request.body["name"], owner=bot, auto_archive_minutes=minutes
        )
        return Answer(201, thread.payload(bot))

    def _list_messages(self, request: Request) -> Answer:
        """Answer the newest first, whichever way they were asked for, as Discord does."""
        channel = self._channel(request)
        if not channel.permissions_of(self._world.bot).read_message_history:
            return Answer(200, [])
        limit = int(request.query.get("limit", 50))
        messages = list(channel.messages.values())
        if "after" in request.query:
            after = int(request.query["after"])
            found = [message for message in messages if message.id > after][:limit]
        elif "around" in request.query:
            around = int(request.query["around"])
            older = [message for message in messages if message.id < around]
            newer = [message for message in messages if message.id >= around]
            found = older[-(limit // 2) :] + newer[: limit - limit // 2]
        else:
            before = int(request.query.get("before", self._world.snowflake()))
            found = [message for message in messages if message.id < before][-limit:]
        return Answer(200, [message.payload(self._world.bot) for message in reversed(found)])

    def _get_message(self, request: Request) -> Answer:
        return Answer(200, self._message(request).payload(self._world.bot))

    def _edit_message(self, request: Request) -> Answer:
        message = self._message(request)
        if message.author is not self._world.bot:
            raise RefusedError(*NOT_YOUR_MESSAGE)
        if message.is_remark:
            raise RefusedError(*SYSTEM_MESSAGE)
        self._world.edit(message, request.body, request.uploads)
        return Answer(200, message.payload(self._world.bot))

    def _delete_message(self, request: Request) -> Answer:
        message = self._message(request)
        channel = self._channel(request)
        may_delete = channel.permissions_of(self._world.bot).manage_messages
        if message.is_remark:
            raise RefusedError(*SYSTEM_MESSAGE)
        if message.author is not self._world.bot and not may_delete:
            raise RefusedError(*MISSING_PERMISSIONS)
        if isinstance(channel, Thread):
            threads.check_delete(channel, self._world.bot)
        self._world.delete(message)
        return NOTHING

    def _channel(self, request: Request) -> Channel:
        channel = self._world.channels.get(int(request.ids["channel"]))
        if channel is None:
            raise RefusedError(*UNKNOWN_CHANNEL)
        if not channel.permissions_of(self._world.bot).view_channel:
            raise RefusedError(*MISSING_ACCESS)
        return channel

    def _writable_channel(self, request: Request) -> Channel:
        channel = self._channel(request)
        if channel.recipient is not None and not channel.recipient.accepts_messages:
            raise RefusedError(*CANNOT_MESSAGE_USER)
        allowed = channel.permissions_of(self._world.bot)
        may_send = allowed.send_messages_in_threads if isinstance(channel, Thread) else allowed.send_messages
        if not may_send or (request.uploads and not allowed.attach_files):
            raise RefusedError(*MISSING_PERMISSIONS)
        return channel

    def _message(self, request: Request) -> Message:
        message = self._channel(request).messages.get(int(request.ids["message"]))
        if message is None:
            raise RefusedError(*UNKNOWN_MESSAGE)
        return message

    # Answers to interactions ---------------------------------------------------------------------

    def _callback(self, request: Request) -> Answer:
        interaction = self._world.interactions.get(int(request.ids["interaction"]))
        if interaction is None or interaction.token != request.ids["token"]:
            raise RefusedError(*UNKNOWN_INTERACTION)
        interaction.check_callback(request.received_at)
        callback_type, data = request.body["type"], request.body.get("data") or {}
        match callback_type:
            case 4:
                interaction.response = self._answer(interaction, data, request)
            case 5:
                flags = (data.get("flags") or 0) & EPHEMERAL | LOADING
                interaction.response = self._answer(interaction, {"flags": flags}, request)
            case 6 | 7:
                interaction.response = interaction.message
                if callback_type == 7 and interaction.message is not None:
                    self._world.edit(interaction.message, data, request.uploads)
            case _:
                pass
        interaction.acknowledge(callback_type, data, request.received_at)
        wants_response = request.query.get("with_response") in ("1", "true")
        return Answer(200, interaction.callback_payload(self._world)) if wants_response else NOTHING

    def _follow_up(self, request: Request) -> Answer:
        interaction = self._interaction(request)
        thinking = interaction.response
        if thinking is not None and thinking.is_loading:
            # The first follow-up of a deferred answer becomes that answer (Discord's documentation, "Create
            # Followup Message").
            self._world.edit(thinking, request.body, request.uploads)
            return Answer(200, thinking.payload(self._world.bot))
        message = self._answer(interaction, request.body, request)
        interaction.follow_ups.append(message)
        return Answer(200, message.payload(self._world.bot))

    def _get_answer(self, request: Request) -> Answer:
        return Answer(200, self._answered_message(request).payload(self._world.bot))

    def _edit_answer(self, request: Request) -> Answer:
        message = self._answered_message(request)
        self._world.edit(message, request.body, request.uploads)
        return Answer(200, message.payload(self._world.bot))

    def _delete_answer(self, request: Request) -> Answer:
        self._world.delete(self._answered_message(request))
        return NOTHING

    def _answer(self, interaction: Interaction, body: Json, request: Request) -> Message:
        if interaction.channel.id not in self._world.channels:
            raise RefusedError(*UNKNOWN_CHANNEL)
        return self._world.post(interaction.channel, self._world.bot, body, request.uploads, interaction=interaction)

    def _interaction(self, request: Request) -> Interaction:
        interaction = self._world.interactions_by_token.get(request.ids["token"])
        if interaction is None:
            raise RefusedError(*UNKNOWN_WEBHOOK)
        interaction.check_token()
        return interaction

    def _answered_message(self, request: Request) -> Message:
        interaction = self._interaction(request)
        wanted = request.ids["message"]
        candidates = [interaction.response]
        if wanted != "@original":
            candidates += interaction.follow_ups
        for message in candidates:
            if message and not message.is_deleted and wanted in ("@original", str(message.id)):
                return message
        raise RefusedError(*UNKNOWN_MESSAGE)


def _scope(request: Request) -> int | None:
    return int(request.ids["guild"]) if "guild" in request.ids else None


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body.encode())
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    # discord.py reads JSON only under exactly this content type, without a charset.
    return web.Response(
        status=answer.status,
        headers=answer.headers,
        body=json.dumps(answer.body).encode(),
        content_type="application/json",
    )


def _nowhere() -> web.Response:
    """Give aiohttp the response it wants though there is no connection left to send it on."""
    return web.Response(status=500)


def _reset(http: web.Request) -> None:
    """Break the connection with a TCP reset, not with the polite end that ``close`` would send."""
    transport = http.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
