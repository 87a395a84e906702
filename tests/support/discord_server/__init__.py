"""A loopback Discord for end-to-end tests and benches: REST v10, gateway v10, a world, and faults on demand."""

from tests.support.discord_server.gateway import Session
from tests.support.discord_server.interactions import Interaction
from tests.support.discord_server.model import BOT_PERMISSIONS, Channel, Guild, Member, Message, Role, Thread, User
from tests.support.discord_server.requests import Answer, Fault, Faults, Request, RouteKind
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import World

__all__ = [
    "BOT_PERMISSIONS",
    "Answer",
    "Channel",
    "DiscordServer",
    "Fault",
    "Faults",
    "Guild",
    "Interaction",
    "Member",
    "Message",
    "Request",
    "Role",
    "RouteKind",
    "Session",
    "Thread",
    "User",
    "World",
]
