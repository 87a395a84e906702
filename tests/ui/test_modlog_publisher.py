"""What the log's publisher finds and makes of Discord's refusals; posting and removing: ``tests/cogs/moderation``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import discord
import pytest

from bot.errors import DestinationClosedError, PublishUnavailableError
from bot.store.moderation import modlog
from bot.ui.modlog_publisher import DiscordLogPublisher

if TYPE_CHECKING:
    from bot.models import LogEntry
    from tests.support.community import Community

MESSAGES = "/channels/*/messages"


async def posted(community: Community) -> tuple[LogEntry, discord.Message]:
    """Let a clip be posted; return the log's entry about it, and its card."""
    await community.keep_log()
    job = await community.post_clip(community.mia)
    card = (await community.log_cards())[-1]
    async with community.database.read() as connection:
        entry = await modlog.get(connection, community.guild.id, 2)
    assert entry is not None
    assert entry.job is not None
    assert entry.job.id == job.id
    first_day = datetime.fromtimestamp(discord.utils.DISCORD_EPOCH / 1000, UTC) + timedelta(days=1)
    return replace(entry, created_at=first_day), card  # the simulated Discord's clock is not the bot's


async def test_an_entrys_card_is_found_again_where_it_was_posted(community: Community) -> None:
    entry, card = await posted(community)
    publisher = DiscordLogPublisher(client=community.bot)

    assert await publisher.find_log_card(community.log_channel.id, entry) == card.id
    assert await publisher.find_log_card(community.operators.id, entry) is None


async def test_where_the_history_may_not_be_read_no_card_is_found(
    community: Community, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    entry, _ = await posted(community)
    community.env.inject_error("GET", MESSAGES, status=403, code=50001)

    assert await DiscordLogPublisher(client=community.bot).find_log_card(community.log_channel.id, entry) is None
    assert "log history closed" in caplog.messages


@pytest.mark.parametrize(
    ("status", "code", "error"), [(404, 10003, DestinationClosedError), (503, 0, PublishUnavailableError)]
)
async def test_whether_there_is_a_card_in_a_channel_that_is_gone_or_silent_is_not_guessed(
    community: Community, status: int, code: int, error: type[Exception]
) -> None:
    entry, _ = await posted(community)
    community.env.inject_error("GET", MESSAGES, status=status, code=code)

    with pytest.raises(error):
        await DiscordLogPublisher(client=community.bot).find_log_card(community.log_channel.id, entry)


async def test_automod_rules_of_a_server_that_is_not_in_the_cache_are_read_all_the_same(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(community.bot, "get_guild", lambda _: None)
    publisher = DiscordLogPublisher(client=community.bot)

    assert not (await publisher.fetch_automod_rules(community.guild.id)).is_closed
    with pytest.raises(PublishUnavailableError):  # of a server that is none, nobody says that its rules are closed
        await publisher.fetch_automod_rules(4711)


@pytest.mark.parametrize(
    ("status", "code", "is_closed"),
    [(403, 50013, True), (403, 50001, True), (403, 0, None), (404, 10004, None), (400, 0, None), (503, 0, None)],
)
async def test_only_discords_own_word_says_that_automod_rules_are_closed(
    community: Community, status: int, code: int, *, is_closed: bool | None
) -> None:
    publisher = DiscordLogPublisher(client=community.bot)
    community.env.inject_error("GET", "/guilds/*/auto-moderation/rules", status=status, code=code, times=None)

    if is_closed is None:
        with pytest.raises(PublishUnavailableError):
            await publisher.fetch_automod_rules(community.guild.id)
    else:
        assert (await publisher.fetch_automod_rules(community.guild.id)).is_closed


async def test_automod_rules_are_closed_where_the_bot_is_known_to_lack_the_permission(community: Community) -> None:
    guild = community.bot.get_guild(community.guild.id)
    assert guild is not None
    for role in guild.me.roles:
        role._permissions &= ~(discord.Permissions(manage_guild=True, administrator=True).value)
    requests = len(community.env.http_requests)

    rules = await DiscordLogPublisher(client=community.bot).fetch_automod_rules(community.guild.id)

    assert rules.is_closed
    assert len(community.env.http_requests) == requests
