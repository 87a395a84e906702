"""What the services need of the outside, as Protocols: a video service, a publisher, a clock.

The real ones are ``toapis.client.ToApisClient``, ``ui.publisher.DiscordPublisher`` and ``DatabaseTime``; what measures
is ``web.measures.PrometheusMeasures``, or ``NoMeasures`` where nobody wants to see it.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bot.models import (
        AnyAlert,
        Balance,
        CardMessage,
        Clip,
        Generation,
        Job,
        LogEntry,
        PostedMessage,
        Room,
        StatusCard,
        VideoSpec,
    )
    from bot.models.brainstorms import Board
    from bot.services.screening.automod_rules import AutomodRules


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return datetime.now(UTC)


class Measures(Protocol):
    """Measures how long what the worker does takes."""

    def time_step(self, name: str) -> AbstractContextManager[object]:
        """Time one of the worker's steps, named by its lane, for as long as the context is open."""
        ...

    def note_notice_delay(self, seconds: float) -> None:
        """Note how long after the service had finished a clip the bot has heard of it."""
        ...


class NoMeasures:
    """Measures nothing."""

    def time_step(self, name: str) -> AbstractContextManager[object]:
        """Do nothing."""
        return nullcontext()

    def note_notice_delay(self, seconds: float) -> None:
        """Do nothing."""


class VideoService(Protocol):
    """The video service, as ``docs/video-service.md`` describes it; every method raises ``VideoServiceError``s."""

    @property
    def model(self) -> str:
        """Return the model that clips are asked of."""
        ...

    async def submit(self, spec: VideoSpec, *, client_business_id: str) -> Generation:
        """Ask for a clip, once: nothing is retried, since a lost answer may be a paid generation."""
        ...

    async def fetch_generation(self, key: str) -> Generation:
        """Ask what became of a generation, by its id or by the ``client_business_id`` it was sent with."""
        ...

    async def fetch_balance(self) -> Balance:
        """Ask what can be spent; ``UnauthorizedError`` is the key's own check, and what can't be read is unknown."""
        ...

    async def fetch_models(self) -> list[str] | None:
        """Ask which video models the key may use; None when the service does not say, empty when it says none."""
        ...

    async def download(self, url: str, destination: Path, room: Room, *, is_patient: bool = False) -> None:
        """Fetch a finished clip into a file, bounded and checked; raises ``ClipError``s.

        Args:
            room: says how much may be written.
            is_patient: it may come as slowly as it likes.
        """
        ...


class Publisher(Protocol):
    """Puts messages in front of people; every method raises ``PublishError``s."""

    async def upload_limit_bytes(self, job: Job) -> int:
        """Return how large a file the job's channel takes."""
        ...

    async def find_clip(self, job: Job) -> PostedMessage | None:
        """Look for the clip's message that an earlier, interrupted attempt may have posted in the channel."""
        ...

    async def find_clip_in_dm(self, job: Job) -> PostedMessage | None:
        """Look for the same in the member's direct messages."""
        ...

    async def post_clip(
        self,
        job: Job,
        clip: Clip,
        parent: Job | None = None,
        *,
        is_mentioned: bool = True,
        difference: str | None = None,
    ) -> PostedMessage:
        """Post the clip to the channel as a new message that mentions the member, if they are, and nobody else.

        Args:
            parent: what it was made from, as far as that is stored.
            difference: of a brainstorm's take from the others, in words; such a one arrives silently.
        """
        ...

    async def post_clip_in_dm(
        self,
        job: Job,
        clip: Clip,
        parent: Job | None = None,
        *,
        is_mentioned: bool = True,
        difference: str | None = None,
    ) -> PostedMessage:
        """Send the clip to the member directly; ``MessagesClosedError`` when they take no messages."""
        ...

    async def post_status(self, card: StatusCard) -> int:
        """Post a card as a message of its own, a private job's to the member directly; return its id.

        The same job's again is the same message for some minutes; a private one's raises as ``post_clip_in_dm``.
        """
        ...

    async def post_copy_in_dm(self, job: Job, clip: Clip, *, nonce: str) -> PostedMessage:
        """Send a delivered clip to the member directly once more; the same nonce again is the same message."""
        ...

    async def find_status(self, job: Job) -> list[CardMessage]:
        """Look for all messages that are the job's status card or were to become it, oldest first."""
        ...

    async def show_status(self, card: StatusCard) -> None:
        """Edit the job's status card; a card that is gone is no error."""
        ...

    async def remove_status(self, job: Job) -> None:
        """Delete the job's status card; a card that is gone is no error."""
        ...

    async def find_failure(self, job: Job) -> int | None:
        """Look for the message that tells of a job's failure, which an earlier, interrupted attempt may have posted."""
        ...

    async def post_failure(self, job: Job) -> int:
        """Tell of a job's failure in its channel, by an answer to its card; return the message's id.

        It mentions the member where ``failure_mentions`` says so, and nobody else. The same job's again is the same
        message for some minutes.
        """
        ...

    async def show_trouble(self, *, is_in_trouble: bool) -> None:
        """Say beside the bot's name that the video service is in trouble, or nothing again."""
        ...

    async def alert_operator(self, alert: AnyAlert) -> None:
        """Tell the operator's channel, where there is one."""
        ...

    async def leave_server(self, guild_id: int) -> None:
        """Leave a server; ``DestinationClosedError`` when the bot is not in it."""
        ...


class AutomodSource(Protocol):
    """Reads servers' own AutoMod rules."""

    async def fetch_automod_rules(self, guild_id: int) -> AutomodRules:
        """Return a server's enabled keyword rules, or that the bot may not read them; raises ``PublishError``s."""
        ...


class LogPublisher(Protocol):
    """Puts cards into log channels and takes clips away; every method raises ``PublishError``s."""

    async def find_log_card(self, channel_id: int, entry: LogEntry) -> int | None:
        """Look for a card that an earlier, interrupted attempt may have posted; return its message's id."""
        ...

    async def post_log_card(self, channel_id: int, entry: LogEntry) -> int:
        """Post a card that mentions nobody; return its message's id."""
        ...

    async def redraw_log_card(self, entry: LogEntry) -> None:
        """Draw a posted card anew."""
        ...

    async def remove_clip(self, job: Job) -> None:
        """Delete a clip's message; one that is gone is no error."""
        ...


class BrainstormPublisher(Protocol):
    """Puts brainstorms into threads; every method raises ``PublishError``s."""

    async def find_start(self, board: Board) -> int | None:
        """Look for a start message that an earlier, interrupted attempt may have posted; return its id."""
        ...

    async def post_start(self, board: Board) -> int:
        """Post the message that the thread is made from, where the brainstorm was started; return its id."""
        ...

    async def open_thread(self, board: Board, message_id: int) -> int:
        """Make the thread from the start message, or find that it is there; return its id."""
        ...

    async def find_board(self, board: Board) -> int | None:
        """Look for a board in its thread that an earlier attempt may have posted; return its message's id."""
        ...

    async def post_board(self, board: Board, sheet: bytes | None) -> int:
        """Post a board to its thread, with a contact sheet (WebP) if there is one; return its message's id."""
        ...

    async def show_board(self, board: Board, sheet: bytes | None) -> bool:
        """Edit a board; False where its message is gone. An archived thread is opened again first."""
        ...

    async def find_result(self, board: Board, channel_id: int) -> int | None:
        """Look for a round's result card in a channel or thread that an earlier attempt may have posted."""
        ...

    async def post_result(self, board: Board, channel_id: int, *, is_mentioned: bool) -> int:
        """Post how a round came out; it mentions whoever started the round, if they are; return its message's id."""
        ...

    async def show_result(self, board: Board, channel_id: int, message_id: int) -> bool:
        """Edit a result card; False where its message is gone."""
        ...
