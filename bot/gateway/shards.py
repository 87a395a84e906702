"""A bot with as many connections to Discord's gateway, its shards, as Discord asks for.

From 2,500 servers on Discord closes a bot's only connection. Each server belongs to one shard. The library launches one
shard after the other before it looks at any of them; here they are launched beside, so that a refusal of the first is
heard at once.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.shard import EventItem, EventType, Shard

from bot.gateway import refusals
from bot.gateway.answers import readable_answers
from bot.gateway.identifying import Identifying
from bot.gateway.patience import OUTAGES, UNREADABLE, Patience, describe, only_discords_answers, unreadable

if TYPE_CHECKING:
    from types import SimpleNamespace

    import aiohttp
    from discord.http import HTTPClient
    from discord.types.gateway import SessionStartLimit
    from yarl import URL

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 60.0
"""For one connection to be opened and greeted; its turn to identify is within it."""


class ShardedBot(commands.AutoShardedBot):
    """Signs in and connects, through outages, until Discord refuses it for good.

    Attributes:
        times_limited: how often Discord has answered 429.
    """

    def __init__(self, *, patience: Patience | None = None, **options: Any) -> None:  # noqa: ANN401 (discord.py's)
        trace = readable_answers()
        trace.on_request_end.insert(0, self._count_limited)
        super().__init__(http_trace=trace, **options)
        self.times_limited = 0
        self.patience = patience or Patience()
        self._identifying: Identifying | None = None
        self._launching: asyncio.Task[None] | None = None
        self._pausing: dict[int, asyncio.Task[None]] = {}
        self._closed_in_a_row: Counter[int] = Counter()
        self._let_in: set[int] = set()
        self._presence: discord.BaseActivity | None = None
        self._said: dict[int, discord.BaseActivity | None] = {}
        self.add_listener(self._catch_up, "on_shard_connect")
        self.add_listener(self._catch_up, "on_shard_resumed")
        self._is_set_up = False

    async def sign_in(self, token: str) -> None:
        """Check the token, set the commands up, and ask how many connections are wanted; wait out an outage.

        Afterwards messages can be posted.

        Raises:
            SettingsError: when Discord does not take the token, or allows no start just now.
        """
        await self.patience.through(lambda: self._log_in(token))
        await self.patience.through(self._ask_for_shards)

    async def setup_hook(self) -> None:
        """Note that Discord has let the bot in; what fails from now on is the bot's own."""
        self._is_set_up = True

    async def _log_in(self, token: str) -> None:
        try:
            await self.login(token)
        except discord.LoginFailure as error:
            await _forget_connections(self.http)
            raise refusals.login_refusal(error) from error
        except OUTAGES:
            await _forget_connections(self.http)
            raise
        except UNREADABLE as error:
            if self._is_set_up:
                raise
            await _forget_connections(self.http)
            raise unreadable() from error

    async def _ask_for_shards(self) -> None:
        count, limit = await ask_for_shards(self.http)
        self.shard_count = count
        self._identifying = Identifying(lanes=limit["max_concurrency"], now=asyncio.get_running_loop().time)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Be connected until closed.

        Raises:
            SettingsError: when Discord refuses the token or the intents.
            GatewayClosedError: when it wants another start, for more connections or for reasons of its own.
        """
        library_log = logging.getLogger("discord.shard")
        brief = _Brief()
        library_log.addFilter(brief)
        try:
            await super().connect(reconnect=reconnect)
        except discord.PrivilegedIntentsRequired as error:
            raise refusals.gateway_refusal(4014) from error
        except discord.ConnectionClosed as error:
            raise refusals.gateway_refusal(error.code) from error
        finally:
            library_log.removeFilter(brief)

    async def launch_shards(self) -> None:
        """Begin to launch them, and let those be heard meanwhile that are connected."""
        self._launching = asyncio.create_task(self._launch())

    async def launch_shard(self, gateway: URL, shard_id: int, *, initial: bool = False) -> None:
        """Open one connection, as soon as Discord is there.

        Raises:
            SettingsError: as ``connect``.
            GatewayClosedError: as ``connect``.
        """
        await self.patience.through(lambda: self._open(gateway, shard_id, initial=initial))

    async def close(self) -> None:
        """Close all connections."""
        for waiting in (self._launching, *self._pausing.values()):
            if waiting is not None:
                waiting.cancel()
        await super().close()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (discord.py's)
        """Have an event looked after; a connection that Discord has let in counts as there."""
        if event in {"shard_connect", "shard_resumed"}:
            self._let_in.add(args[0])
            if self._closed_in_a_row.pop(args[0], 0) > 1:
                self.patience.end_waiting(is_there=True)
        elif event == "shard_disconnect":
            self._let_in.discard(args[0])
        super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for the shard's turn, and forget its servers: it is told anew which there are."""
        self._said[shard_id or 0] = self._presence  # what it will send after its turn is written already
        if self._identifying is not None:
            await self._identifying.wait_turn(shard_id or 0)
        if not initial:
            for guild in [guild for guild in self.guilds if guild.shard_id == shard_id]:
                self._connection._remove_guild(guild)  # pyright: ignore[reportPrivateUsage] (the library forgets none)

    async def change_presence(
        self,
        *,
        activity: discord.BaseActivity | None = None,
        status: discord.Status | None = None,
        shard_id: int | None = None,
    ) -> None:
        """Change what is said beside the bot's name, on each connection that there is, and on others once they are.

        Raises:
            OSError: when one of them has broken just now, after the others.
        """
        self._presence = activity
        self.activity = activity  # pyright: ignore[reportAttributeAccessIssue] (the library takes any of them)
        errors: list[OSError] = []
        for each in sorted(self._let_in) if shard_id is None else [shard_id]:
            try:
                await super().change_presence(activity=activity, status=status, shard_id=each)
            except OSError as error:
                errors.append(error)
            else:
                self._said[each] = activity
        if errors:
            raise errors[0]

    @property
    def shards_connected(self) -> int:
        """Return on how many connections Discord has let the bot in."""
        return len(self._let_in)

    @property
    def slowest_latency_seconds(self) -> float | None:
        """Return how long the slowest connection took to answer its last heartbeat; None while that is not known."""
        return max((seconds for _, seconds in self.latencies if math.isfinite(seconds)), default=None)

    async def _count_limited(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestEndParams
    ) -> None:
        self.times_limited += request.response.status == HTTPStatus.TOO_MANY_REQUESTS

    async def _catch_up(self, shard_id: int) -> None:
        """Say on a connection what has changed while Discord had not let it in, or it was broken."""
        if self._said.get(shard_id) == self._presence:
            return
        try:
            await self.change_presence(activity=self._presence, shard_id=shard_id)
        except OSError as error:
            _log.debug("broken again", extra={"shard_id": shard_id, "error": describe(error)})

    async def _launch(self) -> None:
        try:
            await super().launch_shards()
        except Exception as error:  # noqa: BLE001 (``connect`` raises it)
            self._events.put_nowait(EventItem(EventType.terminate, None, error))

    async def _open(self, gateway: URL, shard_id: int, *, initial: bool) -> None:
        try:
            socket = await asyncio.wait_for(
                DiscordWebSocket.from_client(self, initial=initial, gateway=gateway, shard_id=shard_id), CONNECT_SECONDS
            )
        except discord.ConnectionClosed as error:
            if error.code in refusals.FATAL_CODES:
                raise refusals.gateway_refusal(error.code) from error
            raise
        shard = Shard(socket, self, self._hand_on)
        shard._handled_exceptions += (ReconnectWebSocket,)  # pyright: ignore[reportPrivateUsage] (or one of it would end the bot)
        self._connections[shard_id] = shard
        shard.launch()

    def _hand_on(self, event: EventItem) -> None:
        """Have the library act upon what happens to a connection.

        One that is closed again and again before Discord has let it in, as in an outage, is made anew after a pause
        that grows; the library would do so at once, for ever.
        """
        if event.type not in {EventType.resume, EventType.identify} or event.shard is None or event.error is None:
            self._events.put_nowait(event)
            return
        shard_id = event.shard.id
        tries = self._closed_in_a_row[shard_id]
        self._closed_in_a_row[shard_id] += 1
        if tries == 1:  # before, it is usual: Discord wants a new connection now and then
            self.patience.begin_waiting(event.error)
        self._pausing[shard_id] = asyncio.create_task(self._hand_on_later(event, tries))

    async def _hand_on_later(self, event: EventItem, tries: int) -> None:
        if tries:
            await self.patience.pause(tries)
        self._events.put_nowait(event)

    @property
    def _events(self) -> asyncio.PriorityQueue[EventItem]:
        """What happens to connections; ``connect`` of the library's acts upon it."""
        return self._AutoShardedClient__queue  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] (no other way)

    @property
    def _connections(self) -> dict[int, Shard]:
        """The library's own, which it fills nowhere but where it launches them."""
        return self._AutoShardedClient__shards  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] (no other way)


def shard_of(guild_id: int, shard_count: int | None) -> int:
    """Return which connection a server belongs to."""
    return (guild_id >> 22) % (shard_count or 1)


class _Brief(logging.Filter):
    """Lets the library say without a traceback that a connection is to be made anew."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OUTAGES):
            record.msg, record.exc_info = f"{record.msg} (%s)", None
            record.args = (*(record.args if isinstance(record.args, tuple) else ()), describe(error))
        return True


async def ask_for_shards(http: HTTPClient) -> tuple[int, SessionStartLimit]:
    """Ask Discord how many connections the bot is to have, and how many starts are left.

    Raises:
        ForeignAnswerError: when something else answers.
        GatewayNotFound: when Discord does not say.
        SettingsError: when fewer starts are left than are needed.
    """
    with only_discords_answers():
        count, _, limit = await http.get_bot_gateway()
        refusal = refusals.starts_refusal(limit, needed=count)
    if refusal is not None:
        raise refusal
    return count, limit


async def _forget_connections(http: HTTPClient) -> None:
    """Close what a login that failed has opened; the next one opens it anew."""
    await http.close()
    http.clear()
    http.connector = discord.utils.MISSING
