"""Puts the worker's messages in front of people, by channel and message id, with the bot's own token."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.errors import DestinationClosedError, MessageRefusedError, PublishError
from bot.models import GEMINI_OMNI, CardMessage, ClipFile, PostedMessage
from bot.services.clips.fitting import DEFAULT_UPLOAD_BYTES
from bot.ui.discord_errors import CLOSING_CODES, as_publish_errors
from bot.ui.messages.clip import clip_filename, clip_job_id, clip_view
from bot.ui.messages.status_card import card_ids, failure_view, shown_end, status_view
from bot.ui.text import operators
from bot.ui.text.clips.cards import TROUBLE_SIGN

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from bot.models import AnyAlert, Clip, Job, ModelProfile, StatusCard
    from bot.services.ports import Clock

_log = logging.getLogger(__name__)

HISTORY_MESSAGES = 500
"""How far to look for a clip from either end: five pages, so that a lively channel costs seconds and not minutes."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the video service's clock, which says when a render was done, may be ahead of Discord's."""
CARD_MESSAGES = 100
"""How many messages to look through for a card: the answer to a ``/video`` comes at once, so one page will do."""

_TOO_MANY_EDITS = 30046
"""What Discord says to too many edits of a message that is older than an hour."""


class DiscordPublisher:
    """The ``Publisher`` of ``services.ports``, over a discord.py client.

    Args:
        operator_channel_id: where the operator is alerted, or None for nowhere.
        profile: what the model takes.
    """

    def __init__(
        self,
        *,
        client: discord.Client,
        clock: Clock,
        operator_channel_id: int | None,
        profile: ModelProfile = GEMINI_OMNI,
    ) -> None:
        self._client = client
        self._clock = clock
        self._operator_channel_id = operator_channel_id
        self._profile = profile

    async def upload_limit_bytes(self, job: Job) -> int:
        """Return how large a file the job's channel takes; a server that is closed to us has the default."""
        guild = self._client.get_guild(job.guild_id)
        if guild is None or guild.unavailable:
            try:
                with as_publish_errors():
                    guild = await self._client.fetch_guild(job.guild_id, with_counts=False)
            except (DestinationClosedError, MessageRefusedError):
                return DEFAULT_UPLOAD_BYTES
        return guild.filesize_limit

    async def find_clip(self, job: Job) -> PostedMessage | None:
        """Look for the clip's message in the job's channel, newest first, back to the ``/video`` itself."""
        with as_publish_errors():
            return await self._find(self._channel(job), job)

    async def find_clip_in_dm(self, job: Job) -> PostedMessage | None:
        """Look for the same in the member's direct messages."""
        with as_publish_errors():
            return await self._find(await self._direct_messages(job), job)

    async def post_clip(
        self,
        job: Job,
        clip: Clip,
        parent: Job | None = None,
        *,
        is_mentioned: bool = True,
        difference: str | None = None,
    ) -> PostedMessage:
        """Post the clip to the job's channel."""
        view = clip_view(job, clip, self._clock.now(), self._profile, parent, difference=difference)
        return await self._send(self._channel(job), job, clip, view, nonce=job.id, is_mentioned=is_mentioned)

    async def post_clip_in_dm(
        self,
        job: Job,
        clip: Clip,
        parent: Job | None = None,
        *,
        is_mentioned: bool = True,
        difference: str | None = None,
    ) -> PostedMessage:
        """Send the clip to the member directly."""
        now = self._clock.now()
        view = clip_view(job, clip, now, self._profile, parent, difference=difference, is_direct=True)
        with as_publish_errors():
            channel = await self._direct_messages(job)
        return await self._send(channel, job, clip, view, nonce=job.id, is_mentioned=is_mentioned)

    async def post_status(self, card: StatusCard) -> int:
        """Post a card as a message of its own, with a nonce of its own, since the clip has the job's id."""
        with as_publish_errors():
            channel = await self._card_channel(card.job)
            nothing = discord.AllowedMentions.none()
            view = self._status_view(card)
            message = await channel.send(view=view, nonce=f"card{card.job.id}", allowed_mentions=nothing)
        return message.id

    async def post_copy_in_dm(self, job: Job, clip: Clip, *, nonce: str) -> PostedMessage:
        """Send a delivered clip to the member directly once more."""
        view = clip_view(job, clip, job.finished_at or self._clock.now(), self._profile, is_copy=True, is_direct=True)
        with as_publish_errors():
            channel = await self._direct_messages(job)
        return await self._send(channel, job, clip, view, nonce=nonce, is_mentioned=False)

    async def find_status(self, job: Job) -> list[CardMessage]:
        """Look for a job's cards: soon after the ``/video`` for its answer, and among the latest for one of its own."""
        with as_publish_errors():
            own = self._own_messages(await self._card_channel(job), _asked_at(job))
            found = {
                it.id: CardMessage(it.id, it.flags.loading, shown_end(it, job.id))
                async for it in own
                if _is_card(it, job)
            }
        return [found[message_id] for message_id in sorted(found)]

    async def find_failure(self, job: Job) -> int | None:
        """Look for it after the card, soon after the job's end and among the latest, by a button with the job's id."""
        moments = [_asked_at(job).id, job.status_message_id or 0]
        if job.finished_at is not None:
            moments.append(discord.utils.time_snowflake(job.finished_at - CLOCK_TOLERANCE))
        with as_publish_errors():
            async for message in self._own_messages(self._channel(job), discord.Object(max(moments))):
                if message.id != job.status_message_id and _has_button(message, job):
                    return message.id
        return None

    async def post_failure(self, job: Job) -> int:
        """Answer the card, with a nonce of its own; where somebody has deleted the card, the message stands alone."""
        assert job.status_message_id is not None, "whoever settles a failed job has found its card, or posted one"
        card = discord.MessageReference(
            message_id=job.status_message_id, channel_id=job.channel_id, fail_if_not_exists=False
        )
        users = [discord.Object(job.member_id)] if job.failure_mentions else []
        mentions = discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users)
        view = failure_view(job, operator_hears=self._operator_channel_id is not None)
        with as_publish_errors():
            message = await self._channel(job).send(
                view=view, nonce=f"fail{job.id}", allowed_mentions=mentions, reference=card
            )
        return message.id

    async def show_status(self, card: StatusCard) -> None:
        """Edit the job's status card, where there still is one that can be edited."""
        if card.job.status_message_id is not None:
            with as_publish_errors(), _unless_deleted(card.job):
                channel = await self._card_channel(card.job)
                await channel.get_partial_message(card.job.status_message_id).edit(view=self._status_view(card))

    async def remove_status(self, job: Job) -> None:
        """Delete the job's status card, where there still is one."""
        if job.status_message_id is not None:
            with as_publish_errors(), _unless_deleted(job):
                await (await self._card_channel(job)).get_partial_message(job.status_message_id).delete()

    async def show_trouble(self, *, is_in_trouble: bool) -> None:
        """Say beside the bot's name that the video service is in trouble, or nothing again."""
        activity = discord.CustomActivity(TROUBLE_SIGN) if is_in_trouble else None
        with as_publish_errors():
            await self._client.change_presence(activity=activity)

    async def alert_operator(self, alert: AnyAlert) -> None:
        """Tell the operator's channel; a failure is logged, since the alert itself is in the log already."""
        if self._operator_channel_id is None:
            return
        channel = self._client.get_partial_messageable(self._operator_channel_id)
        try:
            with as_publish_errors():
                await channel.send(operators.operator_alert(alert))
        except (PublishError, discord.HTTPException) as error:
            _log.error("operator's channel not reached", extra={"alert": str(alert), "error": str(error)})

    async def leave_server(self, guild_id: int) -> None:
        """Leave a server, whichever connection it belongs to."""
        with as_publish_errors():
            await self._client.http.leave_guild(guild_id)

    def _status_view(self, card: StatusCard) -> ui.LayoutView:
        return status_view(card, operator_hears=self._operator_channel_id is not None)

    async def _own_messages(
        self, channel: discord.abc.Messageable, after: discord.Object
    ) -> AsyncGenerator[discord.Message]:
        """Yield the bot's messages among the first after a moment, and among the latest; some may come twice."""
        for oldest_first in (True, False):
            async for message in channel.history(limit=CARD_MESSAGES, after=after, oldest_first=oldest_first):
                if self._client.user == message.author:
                    yield message

    def _channel(self, job: Job) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(job.channel_id, guild_id=job.guild_id)

    async def _direct_messages(self, job: Job) -> discord.DMChannel:
        return await self._client.create_dm(discord.Object(job.member_id))

    async def _card_channel(self, job: Job) -> discord.PartialMessageable | discord.DMChannel:
        return await self._direct_messages(job) if job.is_private else self._channel(job)

    async def _find(self, channel: discord.abc.Messageable, job: Job) -> PostedMessage | None:
        """Look from now back, and from the render's end on: after a long break the clip is near that end."""
        rendered = discord.Object(discord.utils.time_snowflake((job.rendered_at or job.created_at) - CLOCK_TOLERANCE))
        since = max(_asked_at(job), rendered, key=lambda moment: moment.id)
        for after, oldest_first in ((_asked_at(job), False), (since, True)):
            async for message in channel.history(limit=HISTORY_MESSAGES, after=after, oldest_first=oldest_first):
                if self._client.user == message.author and clip_job_id(message) == job.id:
                    return PostedMessage(message.channel.id, message.id)
        return None

    async def _send(
        self,
        channel: discord.abc.Messageable,
        job: Job,
        clip: Clip,
        view: ui.LayoutView,
        *,
        nonce: str,
        is_mentioned: bool,
    ) -> PostedMessage:
        users = [discord.Object(job.member_id)] if is_mentioned else []
        mentions = discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users)
        is_take = job.round_id is not None
        if not isinstance(clip, ClipFile):
            with as_publish_errors():
                message = await channel.send(view=view, nonce=nonce, allowed_mentions=mentions, silent=is_take)
        else:
            file = await asyncio.to_thread(discord.File, clip.path, filename=clip_filename(job))
            with as_publish_errors():
                message = await channel.send(
                    view=view, file=file, nonce=nonce, allowed_mentions=mentions, silent=is_take
                )
        return PostedMessage(message.channel.id, message.id)


@contextmanager
def _unless_deleted(job: Job) -> Generator[None]:
    """Accept that a card is deleted, out of reach, or edited too often to be edited again."""
    try:
        yield
    except discord.HTTPException as error:
        if error.code not in CLOSING_CODES and error.code != _TOO_MANY_EDITS:
            raise
        _log.info("status card out of reach", extra={"job_id": job.id, "discord_code": error.code})


def _asked_at(job: Job) -> discord.Object:
    """The interaction's id is Discord's own time of the command: no clock of ours comes into it."""
    return discord.Object(job.interaction_id)


def _is_card(message: discord.Message, job: Job) -> bool:
    """A card is what is known as it, the command's answer, or, where that failed, has one of the job's buttons."""
    if message.id == job.status_message_id:
        return True
    metadata = message.interaction_metadata
    if metadata is not None and metadata.id == job.interaction_id:
        return True
    return _has_button(message, job)


def _has_button(message: discord.Message, job: Job) -> bool:
    buttons = ui.LayoutView.from_message(message, timeout=None).walk_children()
    ids = card_ids(job.id)
    return any(isinstance(item, ui.Button) and item.custom_id in ids for item in buttons)
