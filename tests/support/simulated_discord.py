"""Discord as the services see it, in memory: it keeps what it is given and fails on request."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.models import CardMessage, ClipFile, PostedMessage
from bot.services.screening.automod_rules import AutomodRules
from tests.support.faults import Hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import AnyAlert, Clip, Job, LogEntry, StatusCard

CHANNEL_ID = 200
UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass
class Message:
    """A message on the simulated Discord."""

    id: int
    place: str
    nonce: str
    clip: Clip
    size_bytes: int
    is_mentioned: bool = True
    parent: Job | None = None


@dataclass
class Trouble:
    """What goes wrong with the next call of a method: before it did anything, or after."""

    error: Exception
    after: bool = False


@dataclass
class SimulatedDiscord:
    """A ``Publisher`` that keeps what it is given, drops repeated nonces and fails on request.

    Attributes:
        troubles: by method name, what goes wrong next.
        copies: clips that were sent to their members once more.
        cards: what each card shows, by job id; a removed card is None.
        forgotten_cards: cards that no process may remember, by job id.
        failures: the jobs of whose failure their channel was told, as they were then.
        left: the servers that were left.
    """

    upload_limit: int = UPLOAD_LIMIT_BYTES
    messages: list[Message] = field(default_factory=list[Message])
    copies: list[Message] = field(default_factory=list[Message])
    cards: dict[str, list[StatusCard | None]] = field(default_factory=dict[str, list["StatusCard | None"]])
    alerts: list[AnyAlert] = field(default_factory=list["AnyAlert"])
    signs: list[bool] = field(default_factory=list[bool])
    left: list[int] = field(default_factory=list[int])
    troubles: dict[str, deque[Trouble]] = field(default_factory=dict[str, deque[Trouble]])
    failures: list[Job] = field(default_factory=list["Job"])
    remembers_nonces: bool = True
    holds: dict[str, Hold] = field(default_factory=dict[str, "Hold"])
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    forgotten_cards: dict[str, list[CardMessage]] = field(default_factory=dict[str, "list[CardMessage]"])

    def fail(self, method: str, *errors: Exception, after: bool = False) -> None:
        """Let the next calls of a method fail, one error each."""
        self.troubles.setdefault(method, deque()).extend(Trouble(error, after) for error in errors)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what can be seen holds; it is looked at after each change."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def hold(self, method: str) -> Hold:
        """Let the next call of a method wait before it does anything; ``after post_clip`` waits once it is posted."""
        return self.holds.setdefault(method, Hold())

    async def upload_limit_bytes(self, job: Job) -> int:
        await self._before("upload_limit_bytes")
        return self.upload_limit

    async def find_clip(self, job: Job) -> PostedMessage | None:
        await self._before("find_clip")
        return self._find("channel", job)

    async def find_clip_in_dm(self, job: Job) -> PostedMessage | None:
        await self._before("find_clip_in_dm")
        return self._find("dm", job)

    async def post_clip(
        self,
        job: Job,
        clip: Clip,
        parent: Job | None = None,
        *,
        is_mentioned: bool = True,
        difference: str | None = None,
    ) -> PostedMessage:
        return await self._post("post_clip", "channel", job, clip, parent, is_mentioned=is_mentioned)

    async def post_clip_in_dm(
        self,
        job: Job,
        clip: Clip,
        parent: Job | None = None,
        *,
        is_mentioned: bool = True,
        difference: str | None = None,
    ) -> PostedMessage:
        return await self._post("post_clip_in_dm", "dm", job, clip, parent, is_mentioned=is_mentioned)

    async def post_status(self, card: StatusCard) -> int:
        await self._before("post_status")
        self.cards.setdefault(card.job.id, []).append(card)
        forgotten = self.forgotten_cards.setdefault(card.job.id, [])
        if not forgotten:  # else it has the same nonce
            forgotten.append(CardMessage(4999 + len(self.forgotten_cards)))
        self._after("post_status")
        await self._wait("after post_status")
        return forgotten[0].message_id

    async def post_copy_in_dm(self, job: Job, clip: Clip, *, nonce: str) -> PostedMessage:
        await self._before("post_copy_in_dm")
        known = [message.id for message in self.copies if message.nonce == nonce]
        if not known:
            size = clip.path.stat().st_size if isinstance(clip, ClipFile) else 0
            self.copies.append(Message(len(self.copies) + 1, "dm", nonce, clip, size))
        return PostedMessage(CHANNEL_ID, known[0] if known else len(self.copies))

    async def find_status(self, job: Job) -> list[CardMessage]:
        await self._before("find_status")
        shown = (self.cards.get(job.id) or [None])[-1]
        if job.status_message_id is not None and shown is not None:
            return [CardMessage(job.status_message_id, end=shown.job.state if shown.job.state.is_final else None)]
        return list(self.forgotten_cards.get(job.id, ()))

    async def show_status(self, card: StatusCard) -> None:
        await self._before("show_status")
        self.cards.setdefault(card.job.id, []).append(card)
        self._after("show_status")

    async def remove_status(self, job: Job) -> None:
        await self._before("remove_status")
        forgotten = self.forgotten_cards.get(job.id, [])
        forgotten[:] = [message for message in forgotten if message.message_id != job.status_message_id]
        self.cards.setdefault(job.id, []).append(None)
        self._after("remove_status")

    async def find_failure(self, job: Job) -> int | None:
        await self._before("find_failure")
        places = [place for place, told in enumerate(self.failures, start=9001) if told.id == job.id]
        return places[0] if places else None

    async def post_failure(self, job: Job) -> int:
        await self._before("post_failure")
        self.failures.append(job)
        self._after("post_failure")
        await self._wait("after post_failure")
        return 9000 + len(self.failures)

    async def show_trouble(self, *, is_in_trouble: bool) -> None:
        await self._before("show_trouble")
        self.signs.append(is_in_trouble)

    async def leave_server(self, guild_id: int) -> None:
        await self._before("leave_server")
        self.left.append(guild_id)

    async def alert_operator(self, alert: AnyAlert) -> None:
        await self._before("alert_operator")
        self.alerts.append(alert)

    def clips(self, job_id: str) -> list[Message]:
        """Return the messages that carry a job's clip."""
        return [message for message in self.messages if message.nonce == job_id]

    async def _post(
        self,
        method: str,
        place: str,
        job: Job,
        clip: Clip,
        parent: Job | None,
        *,
        is_mentioned: bool,
    ) -> PostedMessage:
        await self._before(method)
        known = self._find(place, job) if self.remembers_nonces else None
        if known is None:
            size = clip.path.stat().st_size if isinstance(clip, ClipFile) else 0
            self.messages.append(Message(len(self.messages) + 1, place, job.id, clip, size, is_mentioned, parent))
        self._after(method)
        await self._wait(f"after {method}")
        return known or PostedMessage(CHANNEL_ID, self.messages[-1].id)

    def _find(self, place: str, job: Job) -> PostedMessage | None:
        for message in self.messages:
            if (message.nonce, message.place) == (job.id, place):
                return PostedMessage(CHANNEL_ID, message.id)
        return None

    async def _wait(self, point: str) -> None:
        if (hold := self.holds.pop(point, None)) is not None:
            await hold.wait()

    async def _before(self, method: str) -> None:
        await self._wait(method)
        waiting = self.troubles.get(method)
        if waiting and not waiting[0].after:
            raise waiting.popleft().error

    def _after(self, method: str) -> None:
        self.changed.set()
        waiting = self.troubles.get(method)
        if waiting and waiting[0].after:
            raise waiting.popleft().error


@dataclass(kw_only=True)
class SimulatedLog:
    """Log channels by id, each with its cards, and the servers' AutoMod rules.

    Attributes:
        cards: what was posted, by channel.
        redrawn: what was drawn anew, in order.
        removed: jobs whose clips were taken away.
        troubles: what goes wrong with the next posts: an error each.
        removal_troubles: the same for removals.
        automod: what reading the rules gives, or raises.
        automod_reads: how often they were read.
    """

    cards: dict[int, list[LogEntry]] = field(default_factory=dict[int, "list[LogEntry]"])
    redrawn: list[LogEntry] = field(default_factory=list["LogEntry"])
    removed: list[str] = field(default_factory=list[str])
    troubles: deque[Exception] = field(default_factory=deque[Exception])
    removal_troubles: deque[Exception] = field(default_factory=deque[Exception])
    automod: AutomodRules | Exception = field(default_factory=AutomodRules)
    automod_reads: int = 0

    async def find_log_card(self, channel_id: int, entry: LogEntry) -> int | None:
        places = [place for place, card in enumerate(self.cards.get(channel_id, []), start=1) if card.id == entry.id]
        return places[0] if places else None

    async def post_log_card(self, channel_id: int, entry: LogEntry) -> int:
        if self.troubles:
            raise self.troubles.popleft()
        cards = self.cards.setdefault(channel_id, [])
        cards.append(entry)
        return len(cards)

    async def redraw_log_card(self, entry: LogEntry) -> None:
        if self.troubles:
            raise self.troubles.popleft()
        self.redrawn.append(entry)

    async def remove_clip(self, job: Job) -> None:
        if self.removal_troubles:
            raise self.removal_troubles.popleft()
        self.removed.append(job.id)

    async def fetch_automod_rules(self, guild_id: int) -> AutomodRules:
        self.automod_reads += 1
        if isinstance(self.automod, Exception):
            raise self.automod
        return self.automod
