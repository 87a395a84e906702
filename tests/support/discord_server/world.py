"""The loopback Discord's state: what there is, what was asked, and what happens to messages.

Nothing here does I/O. Whoever changes the world says so with ``World.changed``; whoever waits is woken by it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from discord import ChannelType, Permissions

from tests.support.discord_server import threads
from tests.support.discord_server.model import (
    BOT_PERMISSIONS,
    COMPONENTS_V2,
    DISCORD_EPOCH_MS,
    LOADING,
    MEMBER_PERMISSIONS,
    NAME_CHANGE,
    TEXT_DISPLAY,
    THREAD_STARTER,
    THREAD_TYPES,
    Attachment,
    Channel,
    Guild,
    Json,
    Member,
    Message,
    Role,
    Thread,
    User,
    pings_of,
    walk,
)
from tests.support.discord_server.requests import EMPTY_MESSAGE, THREAD_EXISTS, Faults, RefusedError, invalid_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.discord_server.gateway import Session
    from tests.support.discord_server.interactions import Interaction
    from tests.support.discord_server.requests import Request, RouteKind

INTENT_GUILDS, INTENT_GUILD_MESSAGES, INTENT_DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12

Found = TypeVar("Found")


class World:
    """One application, its servers, and all that has happened.

    Attributes:
        bot: the application's account; its id is the application's too.
        commands: what is registered, by server id, or None for the global ones.
        requests: every REST request, oldest first.
        sessions: every gateway session, oldest first, closed ones too.
        faults: what is to go wrong.
        nonce_seconds: how long a nonce is remembered; Discord says "the past few minutes".
        shards: how many connections a bot is told to have; shards_required: with fewer it is refused (4011).
        identify_lanes: how many connections may identify at one time.
        starts_left: how many connections may still identify today; starts_return_ms: how long until there are more.
        gateway_is_down: whether connections get 503 instead of a gateway.
        gateway_hang_ups: how many connections to come are closed before anything is said.
        gateway_refusal: the code with which each connection that identifies is closed; None lets them in.
        attachment_base: the address that attachments' addresses begin with.
    """

    def __init__(self, *, token: str) -> None:
        self.token = token
        self.nonce_seconds = 300.0
        self.attachment_base = ""
        self.shards = self.shards_required = self.identify_lanes = 1
        self.starts_left, self.starts_return_ms = 1000, 0
        self.gateway_is_down = False
        self.gateway_hang_ups = 0
        self.gateway_refusal: int | None = None
        self._latest_snowflake = 0
        self.bot = User(id=self.snowflake(), name="reelay", is_bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.direct_channels: dict[int, Channel] = {}
        self.commands: dict[int | None, list[Json]] = {None: []}
        self.interactions: dict[int, Interaction] = {}
        self.interactions_by_token: dict[str, Interaction] = {}
        self.requests: list[Request] = []
        self.sessions: list[Session] = []
        self.faults = Faults()
        self._nonces: dict[tuple[int, str], tuple[Message, float]] = {}  # by author, in whatever channel
        self._change = asyncio.Event()

    # Waiting -------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Wake everyone who waits for something to happen."""
        self._change.set()
        self._change = asyncio.Event()

    async def wait_for(self, predicate: Callable[[World], Found], *, within_seconds: float = 10.0) -> Found:
        """Wait until the predicate finds something, and return what it found.

        Raises:
            AssertionError: when it has found nothing in time; names the latest requests.
        """
        try:
            async with asyncio.timeout(within_seconds):
                while not (found := predicate(self)):
                    await self._change.wait()
                return found
        except TimeoutError:
            latest = "\n  ".join(str(request) for request in self.requests[-12:]) or "none"
            message = f"nothing of the kind within {within_seconds} s; latest requests:\n  {latest}"
            raise AssertionError(message) from None

    def requests_of(self, kind: RouteKind) -> list[Request]:
        """Give the requests of one kind, oldest first."""
        return [request for request in self.requests if request.kind == kind]

    # Building ------------------------------------------------------------------------------------

    def snowflake(self) -> int:
        """Make an id: the present, and always more than the one before."""
        present = int(time.time() * 1000) - DISCORD_EPOCH_MS << 22
        self._latest_snowflake = max(self._latest_snowflake + 1, present)
        return self._latest_snowflake

    def add_guild(self, name: str, *, premium_tier: int = 0, shard: tuple[int, int] | None = None) -> Guild:
        """Make a server that belongs to nobody else here, with the bot in it under a role of its own.

        Args:
            shard: over which of how many connections it is heard of; None leaves it to chance.
        """
        guild_id = self.snowflake()
        while shard is not None and (guild_id >> 22) % shard[1] != shard[0]:
            guild_id += 1 << 22
        guild = Guild(id=guild_id, name=name, owner_id=self.snowflake(), premium_tier=premium_tier)
        guild.roles[guild_id] = Role(id=guild_id, name="@everyone", permissions=MEMBER_PERMISSIONS)
        bot_role = self.add_role(guild, self.bot.name, BOT_PERMISSIONS, managed=True)
        guild.members[self.bot.id] = Member(user=self.bot, guild=guild, roles=[bot_role])
        self.guilds[guild_id] = guild
        return guild

    def invite_bot(self, guild: Guild) -> None:
        """Tell the bot that it has joined a server."""
        self.guilds[guild.id] = guild
        payload = guild.create_payload(self.bot)
        del payload["unavailable"]  # only servers that come after READY, or after an outage, say that they are there
        self.emit("GUILD_CREATE", payload, INTENT_GUILDS)

    def remove_bot(self, guild: Guild) -> None:
        """Take the bot out of a server, and tell it."""
        del self.guilds[guild.id]
        self.emit("GUILD_DELETE", {"id": str(guild.id)}, INTENT_GUILDS)

    def add_role(
        self, guild: Guild, name: str, permissions: Permissions | None = None, *, managed: bool = False
    ) -> Role:
        role = Role(
            id=self.snowflake(),
            name=name,
            permissions=permissions or Permissions.none(),
            position=len(guild.roles),
            managed=managed,
        )
        guild.roles[role.id] = role
        return role

    def add_member(self, guild: Guild, name: str, *roles: Role) -> Member:
        user = User(id=self.snowflake(), name=name)
        self.users[user.id] = user
        guild.members[user.id] = Member(user=user, guild=guild, roles=list(roles))
        return guild.members[user.id]

    def add_channel(
        self,
        guild: Guild,
        name: str,
        channel_type: ChannelType = ChannelType.text,
        *,
        parent: Channel | None = None,
        app_permissions: Permissions | None = None,
    ) -> Channel:
        """Make a channel of a kind, or a thread (from no message) when it is given a parent and a thread's type.

        A bot that is connected already is not told; for threads see ``start_thread``.
        """
        channel_id = self.snowflake()
        if channel_type in THREAD_TYPES:
            channel: Channel = Thread(
                id=channel_id,
                type=channel_type,
                name=name,
                guild=guild,
                parent=parent,
                owner_id=guild.owner_id,
                archive_changed_at=datetime.now(UTC),
            )
        else:
            channel = Channel(
                id=channel_id,
                type=channel_type,
                name=name,
                guild=guild,
                parent=parent,
                app_permissions=app_permissions,
            )
        guild.channels[channel.id] = self.channels[channel.id] = channel
        return channel

    def direct_channel(self, user: User) -> Channel:
        """Give the one channel between the bot and an account."""
        if user.id not in self.direct_channels:
            channel = Channel(id=self.snowflake(), type=ChannelType.private, recipient=user)
            self.direct_channels[user.id] = self.channels[channel.id] = channel
        return self.direct_channels[user.id]

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel with all its messages and threads, or one thread, as a moderator would."""
        for thread in self.threads_in(channel):
            self._drop_channel(thread)  # of these Discord says nothing
        self._drop_channel(channel)
        if isinstance(channel, Thread):
            self._emit_thread("THREAD_DELETE", channel)
        else:
            self.emit("CHANNEL_DELETE", channel.payload(self.bot), INTENT_GUILDS)
        self.changed()

    def _drop_channel(self, channel: Channel) -> None:
        del self.channels[channel.id]
        for message in channel.messages.values():
            message.is_deleted = True
        channel.messages.clear()
        if channel.guild is not None:
            del channel.guild.channels[channel.id]

    def set_app_permissions(self, channel: Channel, permissions: Permissions) -> None:
        """Change what the bot may do in a channel and its threads, and tell it so."""
        assert not isinstance(channel, Thread), "a thread has no permissions of its own"
        channel.app_permissions = permissions
        self.emit("CHANNEL_UPDATE", channel.payload(self.bot), INTENT_GUILDS)

    # Threads -------------------------------------------------------------------------------------

    def threads_in(self, channel: Channel) -> list[Thread]:
        """Give the threads of a channel, archived ones too, in the order of their ids."""
        found = [it for it in self.channels.values() if isinstance(it, Thread) and it.parent is channel]
        return sorted(found, key=lambda thread: thread.id)

    def start_thread(
        self, message: Message, name: str, *, owner: User, auto_archive_minutes: int | None = None
    ) -> Thread:
        """Start a thread from a message, as ``owner``; its first message points back to that one.

        Raises:
            RefusedError: the message has one already.
        """
        channel = message.channel
        if message.id in self.channels:
            raise RefusedError(*THREAD_EXISTS)
        assert channel.guild is not None, "threads are in servers"
        thread = Thread(
            id=message.id,
            type=threads.PARENT_TYPES[channel.type],
            name=name,
            guild=channel.guild,
            parent=channel,
            owner_id=owner.id,
            auto_archive_minutes=auto_archive_minutes or threads.AUTO_ARCHIVE_MINUTES,
            archive_changed_at=datetime.now(UTC),
        )
        channel.guild.channels[thread.id] = self.channels[thread.id] = thread
        self._emit_thread("THREAD_CREATE", thread)
        self._emit_message("MESSAGE_UPDATE", message)
        self._remark(thread, THREAD_STARTER, message.author, started_from=message)
        self.changed()
        return thread

    def update_thread(
        self,
        thread: Thread,
        *,
        by: User,
        name: str | None = None,
        is_archived: bool | None = None,
        is_locked: bool | None = None,
        auto_archive_minutes: int | None = None,
    ) -> None:
        """Archive, lock or rename a thread, or undo it; what is None stays as it is."""
        old = (thread.is_archived, thread.auto_archive_minutes)
        old_name, thread.name = thread.name, name or thread.name
        thread.is_archived = thread.is_archived if is_archived is None else is_archived
        thread.is_locked = thread.is_locked if is_locked is None else is_locked
        thread.auto_archive_minutes = auto_archive_minutes or thread.auto_archive_minutes
        if (thread.is_archived, thread.auto_archive_minutes) != old:
            thread.archive_changed_at = datetime.now(UTC)
        self._emit_thread("THREAD_UPDATE", thread)
        if thread.name != old_name:
            self._remark(thread, NAME_CHANGE, by, content=thread.name)
        self.changed()

    def _remark(
        self, thread: Thread, kind: int, author: User, *, content: str = "", started_from: Message | None = None
    ) -> None:
        remark = Message(
            id=self.snowflake(), channel=thread, author=author, type=kind, content=content, started_from=started_from
        )
        thread.messages[remark.id] = remark
        thread.sent_count += kind != THREAD_STARTER
        self._emit_message("MESSAGE_CREATE", remark)

    def _emit_thread(self, event: str, thread: Thread) -> None:
        """Tell the bot of a thread, unless it may not see it."""
        payload = thread.payload(self.bot)
        if event == "THREAD_CREATE":
            payload["newly_created"] = True
        elif event == "THREAD_DELETE":
            payload = {key: payload[key] for key in ("id", "guild_id", "parent_id", "type")}
        if thread.permissions_of(self.bot).view_channel:
            self.emit(event, payload, INTENT_GUILDS)

    # Messages ------------------------------------------------------------------------------------

    def post(
        self,
        channel: Channel,
        author: User,
        body: Json,
        uploads: dict[int, Attachment] | None = None,
        *,
        interaction: Interaction | None = None,
    ) -> Message:
        """Make a message of a checked body, or give the earlier one of the same nonce.

        Raises:
            RefusedError: when Discord would not take the body, or the thread is closed to its author.
        """
        nonce = str(body["nonce"]) if body.get("nonce") is not None else None
        if nonce and body.get("enforce_nonce") and (earlier := self._recall(author, nonce)):
            return earlier
        message = Message(id=self.snowflake(), channel=channel, author=author, nonce=nonce, interaction=interaction)
        self._write(message, body, uploads or {}, body.get("flags") or 0)
        if isinstance(channel, Thread) and not message.is_ephemeral:
            threads.check_post(channel, author)
            if channel.is_archived:
                self.update_thread(channel, by=author, is_archived=False)
            channel.sent_count += 1
        message.pings = pings_of(message.text, body.get("allowed_mentions"), channel.guild)
        if nonce and body.get("enforce_nonce"):
            self._nonces[author.id, nonce] = (message, time.monotonic())
        if not message.is_ephemeral:
            channel.messages[message.id] = message
            self._emit_message("MESSAGE_CREATE", message)
        self.changed()
        return message

    def edit(self, message: Message, body: Json, uploads: dict[int, Attachment]) -> None:
        """Change what the body names and leave the rest; answers a deferred interaction.

        Raises:
            RefusedError: when Discord would not take the body, or the thread is closed to the message's author.
        """
        if isinstance(message.channel, Thread) and not message.is_ephemeral:
            threads.check_edit(message.channel, message.author)
        flags = message.flags & ~LOADING | (body.get("flags") or 0) & COMPONENTS_V2
        self._write(message, body, uploads, flags)
        message.edits += 1
        message.edited_at = datetime.now(UTC)
        if not message.is_ephemeral:
            self._emit_message("MESSAGE_UPDATE", message)
        self.changed()

    def delete(self, message: Message) -> None:
        """Delete a message."""
        message.is_deleted = True
        if message.channel.messages.pop(message.id, None) is not None:
            self._emit_message("MESSAGE_DELETE", message)
        self.changed()

    def _recall(self, author: User, nonce: str) -> Message | None:
        message, posted_at = self._nonces.get((author.id, nonce), (None, 0.0))
        return message if time.monotonic() - posted_at < self.nonce_seconds else None

    def _write(self, message: Message, body: Json, uploads: dict[int, Attachment], flags: int) -> None:
        attachments = list(message.attachments)
        if "attachments" in body or uploads:
            attachments = self._attach(message, body, uploads)
        files = {attachment.filename: attachment for attachment in attachments}
        drafted = replace(
            message,
            content=message.content if "content" not in body else body["content"] or "",
            embeds=message.embeds if "embeds" not in body else body["embeds"] or [],
            components=message.components if "components" not in body else _resolve(body["components"] or [], files),
            attachments=attachments,
            flags=flags,
        )
        check_message(drafted)
        for name in ("content", "embeds", "components", "attachments", "flags"):
            setattr(message, name, getattr(drafted, name))

    def _attach(self, message: Message, body: Json, uploads: dict[int, Attachment]) -> list[Attachment]:
        """Put together the files that stay (named by id) and the new ones (named by their part's number)."""
        present = {attachment.id: attachment for attachment in message.attachments}
        named = body.get("attachments")
        if named is None:
            named = [{"id": str(attachment_id)} for attachment_id in present]
        kept = [present[int(entry["id"])] for entry in named if int(entry["id"]) in present]
        for upload in uploads.values():
            upload.url = f"{self.attachment_base}/{message.channel.id}/{upload.id}/{upload.filename}"
        return kept + list(uploads.values())

    def _emit_message(self, event: str, message: Message) -> None:
        guild = message.channel.guild
        payload = message.payload(self.bot, with_nonce=True)
        if guild is not None:
            payload["guild_id"] = str(guild.id)
        self.emit(event, payload, INTENT_DIRECT_MESSAGES if guild is None else INTENT_GUILD_MESSAGES)

    def emit(self, event: str, data: Json, intent: int) -> None:
        """Tell every open session that asked for events of this intent, and that hears of the server."""
        guild_id = data.get("guild_id") or (data["id"] if event.startswith("GUILD_") else None)
        for session in self.sessions_of(None if guild_id is None else int(guild_id)):
            if session.intents & intent:
                session.dispatch(event, data)

    def sessions_of(self, guild_id: int | None) -> list[Session]:
        """Give the open sessions that hear of a server, or of direct messages, oldest first."""
        return [session for session in self.sessions if session.is_open and session.hears_of(guild_id)]


def check_message(message: Message) -> None:
    """Refuse what Discord refuses and discord.py does not check (Discord's documentation, "Message").

    Raises:
        RefusedError: an empty message, or one beyond a limit.
    """
    if message.is_loading:
        return
    parts = list(walk(message.components))
    if message.flags & COMPONENTS_V2:
        if message.content or message.embeds:
            raise invalid_body("content and embeds cannot be used with IS_COMPONENTS_V2")
        if sum(len(part["content"]) for part in parts if part.get("type") == TEXT_DISPLAY) > 4000:
            raise invalid_body("components: more than 4000 characters of text")
        if len(parts) > 40:
            raise invalid_body("components: more than 40")
        if not parts:
            raise RefusedError(*EMPTY_MESSAGE)
    elif any(part.get("type", 0) >= 9 for part in parts):
        raise invalid_body("components of this type need IS_COMPONENTS_V2")
    elif not (message.content or message.embeds or message.attachments or parts):
        raise RefusedError(*EMPTY_MESSAGE)
    if len(message.content) > 2000:
        raise invalid_body("content: must be 2000 or fewer in length")
    if message.nonce and len(message.nonce) > 25:
        raise invalid_body("nonce: must be 25 or fewer in length")
    custom_ids = [part["custom_id"] for part in parts if "custom_id" in part]
    if len(set(custom_ids)) < len(custom_ids) or any(len(custom_id) > 100 for custom_id in custom_ids):
        raise invalid_body("components: custom_id must be unique and 100 or fewer in length")


def _resolve(components: list[Json], files: dict[str, Attachment]) -> list[Json]:
    """Replace ``attachment://name`` by the address of the message's file of that name.

    Raises:
        RefusedError: when the message has no such file.
    """

    def resolved(value: object) -> object:
        if isinstance(value, list):
            return [resolved(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        answer = {key: resolved(entry) for key, entry in value.items()}
        url = value.get("url")
        if isinstance(url, str) and url.startswith("attachment://"):
            file = files.get(url.removeprefix("attachment://"))
            if file is None:
                raise invalid_body(f"components: no file for {url}")
            answer |= {"url": file.url, "proxy_url": file.url, "attachment_id": str(file.id)}
        return answer

    return [resolved(component) for component in components]
