"""What exists on the loopback Discord, each thing with the JSON that Discord writes for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from discord import ChannelType, Permissions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.discord_server.interactions import Interaction

Json: TypeAlias = dict[str, Any]

DISCORD_EPOCH_MS = 1_420_070_400_000
HAS_THREAD, EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 5, 1 << 6, 1 << 7, 1 << 15
"""Message flags (Discord's documentation, "Message Flags")."""
THREAD_TYPES = frozenset({ChannelType.news_thread, ChannelType.public_thread, ChannelType.private_thread})
ANSWER, NAME_CHANGE, THREAD_STARTER = 20, 4, 21
"""Message types (Discord's documentation, "Message Types"); what people and bots write is 0."""
BOT_PERMISSIONS = Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    attach_files=True,
    embed_links=True,
    read_message_history=True,
)
MEMBER_PERMISSIONS = BOT_PERMISSIONS | Permissions(use_application_commands=True, add_reactions=True)


@dataclass(slots=True, kw_only=True)
class User:
    """An account; ``accepts_messages`` is False when its direct messages are closed to the bot."""

    id: int
    name: str
    is_bot: bool = False
    accepts_messages: bool = True

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "global_name": None if self.is_bot else self.name.title(),
            "discriminator": "0",
            "avatar": None,
            "bot": self.is_bot,
            "public_flags": 0,
        }


@dataclass(slots=True, kw_only=True)
class Role:
    id: int
    name: str
    permissions: Permissions
    position: int = 0
    managed: bool = False

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions.value),
            "position": self.position,
            "managed": self.managed,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }


@dataclass(slots=True, kw_only=True)
class Member:
    user: User
    guild: Guild
    roles: list[Role] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def mention(self) -> str:
        return self.user.mention

    @property
    def permissions(self) -> Permissions:
        """Say what the member may do by their roles; a server's owner and administrators may do anything."""
        granted = self.guild.everyone.permissions
        for role in self.roles:
            granted = granted | role.permissions  # `|=` would change the role itself
        is_almighty = granted.administrator or self.guild.owner_id == self.id
        return Permissions.all() if is_almighty else granted

    def payload(self, *, with_user: bool = True, with_permissions: bool = False) -> Json:
        payload: Json = {
            "roles": [str(role.id) for role in self.roles],
            "nick": None,
            "avatar": None,
            "joined_at": "2024-01-01T00:00:00+00:00",
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        if with_user:
            payload["user"] = self.user.payload()
        if with_permissions:
            payload["permissions"] = str(self.permissions.value)
        return payload


@dataclass(slots=True, kw_only=True)
class Guild:
    id: int
    name: str
    owner_id: int
    premium_tier: int = 0
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    automod_rules: list[Json] = field(default_factory=list)

    @property
    def everyone(self) -> Role:
        """The role everyone has: by Discord's rule its id is the server's own."""
        return self.roles[self.id]

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner_id),
            "icon": None,
            "premium_tier": self.premium_tier,
            "preferred_locale": self.locale,
            "features": [],
            "emojis": [],
            "stickers": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "roles": [role.payload() for role in self.roles.values()],
        }

    def create_payload(self, bot: User) -> Json:
        """Write the server as GUILD_CREATE does: channels, active threads, and of the members only the bot.

        Bots without the privileged members intent are told of no one else (Discord's documentation, "Guild
        Create"); those with it ask for the rest.
        """
        threads = [channel for channel in self.channels.values() if isinstance(channel, Thread)]
        active = [it for it in threads if not it.is_archived and it.permissions_of(bot).view_channel]
        channels = [channel for channel in self.channels.values() if not isinstance(channel, Thread)]
        return self.payload() | {
            "joined_at": "2024-01-01T00:00:00+00:00",
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "members": [self.members[bot.id].payload()],
            "channels": [channel.payload(bot) for channel in channels],
            "threads": [thread.payload(bot) for thread in active],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


@dataclass(slots=True, kw_only=True)
class Channel:
    """A text channel, voice chat, thread or direct-message channel, with its messages in order of their ids.

    Attributes:
        parent: a channel's category, a thread's channel.
        app_permissions: what the bot may do in it, when that differs from what its role allows; threads go by their
            parent.
    """

    id: int
    type: ChannelType
    name: str = ""
    guild: Guild | None = None
    parent: Channel | None = None
    recipient: User | None = None
    app_permissions: Permissions | None = None
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def posts(self) -> list[Message]:
        """What people and bots have posted, oldest first, without Discord's own remarks."""
        return [message for message in self.messages.values() if not message.is_remark]

    def permissions_of(self, bot: User) -> Permissions:
        """Say what the bot may do here; channels go by their parent unless they say otherwise."""
        if self.guild is None:
            return BOT_PERMISSIONS
        if self.app_permissions is not None:
            return self.app_permissions
        return self.parent.permissions_of(bot) if self.parent else self.guild.members[bot.id].permissions

    def payload(self, bot: User) -> Json:
        last_message_id = next(reversed(self.messages), None)
        payload: Json = {
            "id": str(self.id),
            "type": self.type.value,
            "name": self.name,
            "flags": 0,
            "last_message_id": str(last_message_id) if last_message_id else None,
        }
        if self.guild is None:
            return payload | {"recipients": [self.recipient.payload()] if self.recipient else []}
        payload |= {
            "guild_id": str(self.guild.id),
            "parent_id": str(self.parent.id) if self.parent else None,
            "rate_limit_per_user": 0,
        }
        return payload | self._kind_payload(bot)

    def _kind_payload(self, bot: User) -> Json:
        """Write what only channels have, and no threads."""
        return {
            "position": 0,
            "nsfw": False,
            "topic": None,
            "bitrate": 64000,
            "user_limit": 0,
            "permission_overwrites": self._overwrites(bot),
        }

    def _overwrites(self, bot: User) -> list[Json]:
        """Write ``app_permissions`` as the overwrite that a library would compute them from."""
        if self.app_permissions is None:
            return []
        return [
            {
                "id": str(bot.id),
                "type": 1,
                "allow": str(self.app_permissions.value),
                "deny": str(Permissions.all().value & ~self.app_permissions.value),
            }
        ]


@dataclass(slots=True, kw_only=True)
class Thread(Channel):
    """A thread of a channel; one that was started from a message has that message's id.

    Attributes:
        owner_id: who started it.
        archive_changed_at: when it was last archived or not any more, or its ``auto_archive_minutes`` were changed.
        sent_count: how many messages were ever posted in it.
    """

    owner_id: int
    is_archived: bool = False
    is_locked: bool = False
    auto_archive_minutes: int = 1440
    archive_changed_at: datetime
    sent_count: int = 0

    def _kind_payload(self, bot: User) -> Json:
        payload: Json = {
            "owner_id": str(self.owner_id),
            "message_count": sum(message.type != THREAD_STARTER for message in self.messages.values()),
            "total_message_sent": self.sent_count,
            "member_count": 1,
            "thread_metadata": {
                "archived": self.is_archived,
                "auto_archive_duration": self.auto_archive_minutes,
                "archive_timestamp": self.archive_changed_at.isoformat(),
                "locked": self.is_locked,
                "create_timestamp": snowflake_time(self.id).isoformat(),
            },
        }
        if self.owner_id == bot.id:
            payload["member"] = {
                "id": str(self.id),
                "user_id": str(bot.id),
                "join_timestamp": snowflake_time(self.id).isoformat(),
                "flags": 0,
            }
        return payload


@dataclass(slots=True, kw_only=True)
class Attachment:
    """An uploaded file: counted and digested; its bytes are kept only when the server was asked to."""

    id: int
    filename: str
    size_bytes: int
    sha256: str
    content: bytes | None
    url: str = ""

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "filename": self.filename,
            "size": self.size_bytes,
            "url": self.url,
            "proxy_url": self.url,
            "content_type": "video/mp4" if self.filename.endswith(".mp4") else "application/octet-stream",
        }


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """A message as it stands now.

    Attributes:
        type: 0, or the type of a remark of Discord's own.
        pings: ids of the members, roles (and 0 for everyone) that were notified when it was posted.
        edits: how often it was edited.
        interaction: the interaction it answers, if it does.
        started_from: of the first message in a thread, the message that the thread was started from.
    """

    id: int
    channel: Channel
    author: User
    type: int = 0
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    pings: frozenset[int] = frozenset()
    interaction: Interaction | None = None
    started_from: Message | None = None
    edits: int = 0
    edited_at: datetime | None = None
    is_deleted: bool = False

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def is_remark(self) -> bool:
        """Tell whether Discord wrote it by itself: that a thread begins here, or has another name."""
        return self.type in {NAME_CHANGE, THREAD_STARTER}

    @property
    def thread(self) -> Thread | None:
        """The thread that was started from it."""
        found = self.channel.guild.channels.get(self.id) if self.channel.guild else None
        return found if isinstance(found, Thread) else None

    @property
    def text(self) -> str:
        """Everything a reader sees as text: the content and each text display, a line each."""
        displays = [part["content"] for part in walk(self.components) if part.get("type") == TEXT_DISPLAY]
        return "\n".join([self.content, *displays] if self.content else displays)

    @property
    def custom_ids(self) -> list[str]:
        """The ``custom_id`` of every component that can be used."""
        return [part["custom_id"] for part in walk(self.components) if "custom_id" in part and not part.get("disabled")]

    def payload(self, bot: User, *, with_nonce: bool = False) -> Json:
        """Write the message; the nonce is echoed to its sender and on the gateway, never to a later reader."""
        is_answer = self.interaction is not None and not self.interaction.message
        thread = self.thread
        payload: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": ANSWER if is_answer else self.type,
            "author": self.author.payload(),
            "content": self.content,
            "embeds": self.embeds,
            "components": self.components,
            "attachments": [attachment.payload() for attachment in self.attachments],
            "flags": self.flags | HAS_THREAD if thread else self.flags,
            "timestamp": snowflake_time(self.id).isoformat(),
            "edited_timestamp": self.edited_at.isoformat() if self.edited_at else None,
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": 0 in self.pings,
            "pinned": False,
            "tts": False,
        }
        if with_nonce and self.nonce is not None:
            payload["nonce"] = self.nonce
        if self.interaction is not None:
            payload["interaction_metadata"] = self.interaction.metadata()
        if thread is not None:
            payload["thread"] = thread.payload(bot)
        if (source := self.started_from) is not None:
            assert self.channel.guild is not None, "threads are in servers"
            payload["message_reference"] = {
                "type": 0,
                "message_id": str(source.id),
                "channel_id": str(source.channel.id),
                "guild_id": str(self.channel.guild.id),
            }
            payload["referenced_message"] = None if source.is_deleted else source.payload(bot)
        return payload


TEXT_DISPLAY = 10
"""The component type that shows text (Discord's documentation, "Component Types")."""


def walk(components: list[Json]) -> Iterator[Json]:
    """Give every component, with nested ones, in reading order."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        if accessory := component.get("accessory"):
            yield from walk([accessory])


def snowflake_time(snowflake: int) -> datetime:
    """Return the moment that is written into an id."""
    return datetime.fromtimestamp(((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000, UTC)


def pings_of(text: str, allowed: Json | None, guild: Guild | None) -> frozenset[int]:
    """Say whom a new message notifies: members' and roles' ids, and 0 for everyone.

    Args:
        text: all that the message shows as text.
        allowed: its ``allowed_mentions``; None allows everything, as Discord does.
        guild: where it is posted; only its members and roles can be notified.
    """
    allowed = {"parse": ["users", "roles", "everyone"]} if allowed is None else allowed
    kinds = allowed.get("parse", [])
    members = {int(found) for found in re.findall(r"<@!?(\d+)>", text)}
    roles = {int(found) for found in re.findall(r"<@&(\d+)>", text)}
    if "users" not in kinds:
        members &= {int(user_id) for user_id in allowed.get("users", [])}
    if "roles" not in kinds:
        roles &= {int(role_id) for role_id in allowed.get("roles", [])}
    if guild is not None:
        members &= guild.members.keys()
        roles &= guild.roles.keys()
    everyone = {0} if "everyone" in kinds and re.search(r"@(everyone|here)\b", text) else set[int]()
    return frozenset(members | roles | everyone)
