"""Slash commands, buttons and selects as Discord hands them to a bot, and what the bot made of them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.support.discord_server.model import Channel, Guild, Json, Member, Message, Role, walk
from tests.support.discord_server.requests import (
    ALREADY_ANSWERED,
    DEAD_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_WEBHOOK,
    RefusedError,
)

if TYPE_CHECKING:
    from tests.support.discord_server.world import World

COMMAND, COMPONENT, FORM = 2, 3, 5
"""Interaction types (Discord's documentation, "Interaction Type")."""
BUTTON, STRING_SELECT, CHANNEL_SELECT = 2, 3, 8
"""Component types (Discord's documentation, "Component Types")."""
ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 900.0
"""How long a bot has for its first answer, and its token for the rest (Discord's documentation)."""


class Interaction:
    """One slash command, one use of a button or a select, or one form that was sent.

    Attributes:
        acknowledged: done with the seconds from sending it to receiving the bot's first answer.
        callback_type: the first answer's type (4 message, 5 deferred, 6 deferred update, 7 update, 9 modal).
        callback_data: what came with it.
        response: the message that answers it, public or ephemeral; for 6 and 7 the message pressed.
        follow_ups: further messages, in order.
        message: the message pressed, or None for a slash command.
        answer_seconds, token_seconds: how long it may be answered; set to 0 to be too late.
    """

    def __init__(
        self,
        *,
        world: World,
        kind: int,
        channel: Channel,
        member: Member,
        data: Json,
        message: Message | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.id = world.snowflake()
        self.token = f"interaction-token-{self.id}"
        self.application_id = world.bot.id
        self.kind = kind
        self.channel = channel
        self.member = member
        self.data = data
        self.message = message
        self.answer_seconds = answer_seconds
        self.token_seconds = TOKEN_SECONDS
        self.sent_at = time.monotonic()
        self.acknowledged: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.callback_type: int | None = None
        self.callback_data: Json = {}
        self.response: Message | None = None
        self.follow_ups: list[Message] = []
        world.interactions[self.id] = world.interactions_by_token[self.token] = self

    @property
    def guild(self) -> Guild:
        return self.member.guild

    @property
    def is_ephemeral(self) -> bool:
        """Tell whether only the member can see the answer."""
        return self.response is not None and self.response.is_ephemeral

    @property
    def text(self) -> str:
        """What the answer says now; empty when there is none, or only "thinking"."""
        return self.response.text if self.response is not None else ""

    def payload(self, world: World, attachment_size_limit: int) -> Json:
        """Write INTERACTION_CREATE's data."""
        guild = self.guild
        payload: Json = {
            "id": str(self.id),
            "application_id": str(self.application_id),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "locale": "en-US",
            "channel_id": str(self.channel.id),
            "channel": self.channel.payload(world.bot) | {"permissions": str(self.member.permissions.value)},
            "member": self.member.payload(with_permissions=True),
            "app_permissions": str(self.channel.permissions_of(world.bot).value),
            "attachment_size_limit": attachment_size_limit,
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "entitlements": [],
        }
        if self.message is not None:
            payload["message"] = self.message.payload(world.bot)
        return payload

    def metadata(self) -> Json:
        """Write what a message says about the interaction that it answers."""
        metadata: Json = {
            "id": str(self.id),
            "type": self.kind,
            "user": self.member.user.payload(),
            "authorizing_integration_owners": {"0": str(self.guild.id)},
        }
        if self.message is not None:
            metadata["interacted_message_id"] = str(self.message.id)
        return metadata

    def callback_payload(self, world: World) -> Json:
        """Write the answer to a callback ``with_response``."""
        payload: Json = {"interaction": {"id": str(self.id), "type": self.kind}}
        if self.response is None:
            return payload
        payload["interaction"] |= {
            "response_message_id": str(self.response.id),
            "response_message_loading": self.response.is_loading,
            "response_message_ephemeral": self.response.is_ephemeral,
        }
        payload["resource"] = {"type": self.callback_type, "message": self.response.payload(world.bot)}
        return payload

    # What Discord checks -------------------------------------------------------------------------

    def check_callback(self, received_at: float) -> None:
        """Check that a first answer may still be given.

        Raises:
            RefusedError: when it comes too late, or again.
        """
        if self.callback_type is not None:
            raise RefusedError(*ALREADY_ANSWERED)
        if received_at - self.sent_at > self.answer_seconds:
            raise RefusedError(*UNKNOWN_INTERACTION)

    def acknowledge(self, callback_type: int, data: Json, received_at: float) -> None:
        """Note the first answer."""
        self.callback_type, self.callback_data = callback_type, data
        self.acknowledged.set_result(received_at - self.sent_at)

    def check_token(self) -> None:
        """Check that the token still opens the answer's messages.

        Raises:
            RefusedError: before the first answer, and after the token's death.
        """
        if time.monotonic() - self.sent_at > self.token_seconds:
            raise RefusedError(*DEAD_TOKEN)
        if self.callback_type is None:
            raise RefusedError(*UNKNOWN_WEBHOOK)


def command_data(world: World, guild: Guild, command: str, options: dict[str, Any], channel: Channel) -> Json:
    """Write a slash command as a member's client does, by what the bot has registered.

    Args:
        command: its name; with a group's and subcommand's behind, separated by spaces.
        options: values by name; members, roles and channels as the objects here. Values are not checked
            against lists and limits: a member's client is not to be trusted.

    Raises:
        LookupError: when the bot has registered no such command or option.
    """
    name, *path = command.split()
    scopes = [(guild.id, world.commands.get(guild.id, [])), (None, world.commands[None])]
    scope, registered = next(
        ((scope, entry) for scope, entries in scopes for entry in entries if entry["name"] == name),
        (None, None),
    )
    if registered is None:
        raise LookupError(f"no command {name!r} is registered")
    data: Json = {"id": registered["id"], "name": name, "type": 1}
    if scope is not None:
        data["guild_id"] = str(scope)
    level = data
    for step in path:
        registered = _option(registered, step)
        level["options"] = [{"name": step, "type": registered["type"]}]
        level = level["options"][0]
    level["options"] = []
    for option_name, value in options.items():
        kind = _option(registered, option_name)["type"]
        level["options"].append({"name": option_name, "type": kind, "value": _wire(value)})
        _add_resolved(data, value, world)
    return data


def component_data(world: World, message: Message, custom_id: str, chosen: Channel | str | None = None) -> Json:
    """Write a button press, or the choice of one text or channel in a select.

    Raises:
        LookupError: when the message has no such item that can be used so.
    """
    kind = BUTTON if chosen is None else STRING_SELECT if isinstance(chosen, str) else CHANNEL_SELECT
    for part in walk(message.components):
        if part.get("custom_id") == custom_id and part["type"] == kind and not part.get("disabled"):
            data: Json = {"component_type": kind, "custom_id": custom_id, "id": part.get("id", 0)}
            if chosen is not None:
                data["values"] = [_wire(chosen)]
                _add_resolved(data, chosen, world)
            return data
    raise LookupError(f"no {custom_id!r} of type {kind} among {message.custom_ids}")


def _option(parent: Json, name: str) -> Json:
    for option in parent.get("options", []):
        if option["name"] == name:
            return option
    raise LookupError(f"{parent['name']!r} has no {name!r} registered")


def _wire(value: object) -> object:
    return str(value.id) if isinstance(value, Member | Role | Channel) else value


def _add_resolved(data: Json, value: object, world: World) -> None:
    """Describe the people and places that an option names, as Discord does beside its id."""
    if isinstance(value, Member):
        resolved = data.setdefault("resolved", {})
        resolved.setdefault("users", {})[str(value.id)] = value.user.payload()
        member = value.payload(with_user=False, with_permissions=True)
        resolved.setdefault("members", {})[str(value.id)] = member
    elif isinstance(value, Role):
        data.setdefault("resolved", {}).setdefault("roles", {})[str(value.id)] = value.payload()
    elif isinstance(value, Channel):
        channel = value.payload(world.bot) | {"permissions": "0"}
        data.setdefault("resolved", {}).setdefault("channels", {})[str(value.id)] = channel
