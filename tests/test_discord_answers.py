"""What each kind of Discord's answers does to clips, cards, logs, rules, look-ups and direct messages.

Over real sockets: what the channels show afterwards, and what the database holds.
"""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.errors import InvalidSettingError, MessagesClosedError, PublishError
from bot.models import JobError, JobState, QuotaSource
from bot.services.screening.automod import FRESH_FOR, UNREAD_FOR
from bot.store import jobs
from bot.store.moderation import servers
from cogs.context import requester_by_id
from cogs.moderation.options import require_subject
from tests.support.discord_answers import FORBIDDEN, GONE, NOT_NOW, REFUSED, REFUSED_TWICE, Way, code, ways
from tests.support.discord_server import RouteKind
from tests.support.premises import Premises, Spot, open_premises

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from bot.models import Server
    from tests.support.discord_server import Channel, Request

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

BLOCKED_WORD = {
    "id": "1",
    "name": "Words",
    "creator_id": "1",
    "event_type": 1,
    "trigger_type": 1,
    "trigger_metadata": {"keyword_filter": ["secret"], "regex_patterns": [], "allow_list": []},
    "actions": [{"type": 1, "metadata": {}}],
    "enabled": True,
    "exempt_roles": [],
    "exempt_channels": [],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def premises(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Premises]:
    async with open_premises(tmp_path_factory.mktemp("premises")) as premises:
        yield premises


@pytest.fixture
def spot(premises: Premises, caplog: pytest.LogCaptureFixture) -> Generator[Spot]:
    """Give a place of the test's own; nothing in it may leave a traceback."""
    premises.server.world.nonce_seconds = 0
    yield premises.spot()
    premises.server.faults.clear()
    assert [record.message for record in caplog.get_records("call") if record.exc_info] == []


def to(channel: Channel, method: str = "POST") -> Any:  # noqa: ANN401 (a predicate)
    def is_there(request: Request) -> bool:
        return request.method == method and request.ids.get("channel") == str(channel.id)

    return is_there


def asked(spot: Spot, kind: RouteKind, channel: Channel) -> int:
    """Return how often something was asked of a channel."""
    return len([it for it in spot.premises.server.world.requests_of(kind) if it.channel_id == channel.id])


# Clips -------------------------------------------------------------------------------------------


@ways(*NOT_NOW, REFUSED_TWICE)
async def test_clip_arrives_where_it_was_asked_for_and_once_after(spot: Spot, way: Way) -> None:
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.channel))

    job = await spot.run(await spot.accept())

    [clip] = spot.channel.messages.values()
    assert (job.state, job.message_channel_id, job.message_id) == (JobState.DELIVERED, spot.channel.id, clip.id)
    assert not spot.direct_messages.messages
    assert asked(spot, RouteKind.CREATE_MESSAGE, spot.channel) == (1 if way.is_done else way.times + 1)


@ways(GONE, FORBIDDEN, code(403, 50001), code(400, 50083), code(403, 160005), REFUSED)
async def test_clip_goes_to_its_member_after(spot: Spot, way: Way) -> None:
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.channel))

    job = await spot.run(await spot.accept())

    [clip] = spot.direct_messages.messages.values()
    assert (job.state, job.message_channel_id, job.message_id) == (JobState.DELIVERED, clip.channel.id, clip.id)
    assert not spot.channel.messages
    assert asked(spot, RouteKind.CREATE_MESSAGE, spot.channel) == way.times


@ways(*NOT_NOW)
async def test_clip_that_was_posted_is_looked_for_until_discord_says(spot: Spot, way: Way) -> None:
    faults = spot.premises.server.faults
    faults.reset(RouteKind.CREATE_MESSAGE, stored=True, where=to(spot.channel))
    way.play(faults, RouteKind.LIST_MESSAGES, to(spot.channel, "GET"))

    job = await spot.run(await spot.accept())

    assert [*spot.channel.messages] == [job.message_id]
    assert asked(spot, RouteKind.CREATE_MESSAGE, spot.channel) == 1


async def test_clip_that_was_posted_is_looked_for_again_after_an_unlisted_code(spot: Spot) -> None:
    faults = spot.premises.server.faults
    faults.reset(RouteKind.CREATE_MESSAGE, stored=True, where=to(spot.channel))
    REFUSED_TWICE.play(faults, RouteKind.LIST_MESSAGES, to(spot.channel, "GET"))

    job = await spot.run(await spot.accept())

    assert [*spot.channel.messages] == [job.message_id]


@ways(FORBIDDEN, REFUSED)
async def test_clip_that_cannot_be_looked_for_is_known_by_its_nonce_after(spot: Spot, way: Way) -> None:
    faults = spot.premises.server.faults
    spot.premises.server.world.nonce_seconds = 300
    faults.reset(RouteKind.CREATE_MESSAGE, stored=True, where=to(spot.channel))
    way.play(faults, RouteKind.LIST_MESSAGES, to(spot.channel, "GET"))

    job = await spot.run(await spot.accept())

    assert [*spot.channel.messages] == [job.message_id]


@ways(*NOT_NOW, code(404, 10004), code(403, 50001), REFUSED)
async def test_clip_arrives_though_the_servers_limit_is_answered_by(spot: Spot, way: Way) -> None:
    job_id = await spot.accept()
    way.play(spot.premises.server.faults, RouteKind.GET_GUILD, of_guild(spot))

    job = await spot.run(job_id)

    assert (job.state, [*spot.channel.messages]) == (JobState.DELIVERED, [job.message_id])


# Direct messages ---------------------------------------------------------------------------------


def opens(spot: Spot) -> Any:  # noqa: ANN401 (a predicate)
    return lambda request: request.body == {"recipient_id": spot.member.id}


@pytest.mark.parametrize("kind", [RouteKind.OPEN_DIRECT_CHANNEL, RouteKind.CREATE_MESSAGE], ids=["open", "post"])
@ways(*NOT_NOW, REFUSED_TWICE)
async def test_private_clip_arrives_once_after(spot: Spot, kind: RouteKind, way: Way) -> None:
    is_opening = kind is RouteKind.OPEN_DIRECT_CHANNEL
    way.play(spot.premises.server.faults, kind, opens(spot) if is_opening else to(spot.direct_messages))

    job = await spot.run(await spot.accept(is_private=True, has_card=False))

    assert (job.state, [*spot.direct_messages.messages]) == (JobState.DELIVERED, [job.message_id])
    assert not spot.channel.messages


@pytest.mark.parametrize("kind", [RouteKind.OPEN_DIRECT_CHANNEL, RouteKind.CREATE_MESSAGE], ids=["open", "post"])
@ways(code(403, 50007), code(403, 50278), code(404, 10013))
async def test_private_clip_comes_back_as_seconds_after(spot: Spot, kind: RouteKind, way: Way) -> None:
    is_opening = kind is RouteKind.OPEN_DIRECT_CHANNEL
    way.play(spot.premises.server.faults, kind, opens(spot) if is_opening else to(spot.direct_messages))

    await expect_refund(spot)


async def test_private_clip_that_is_refused_thrice_comes_back_as_seconds(spot: Spot) -> None:
    REFUSED.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.direct_messages))
    await expect_refund(spot)


async def expect_refund(spot: Spot) -> None:
    """Ask for a private clip that can't be posted, and check that it costs nothing and is shown to nobody."""
    job = await spot.run(await spot.accept(is_private=True, has_card=False), JobState.FAILED)

    assert (job.state, job.error_code) == (JobState.FAILED, JobError.MESSAGES_CLOSED)
    assert await spot.premises.workshop.entries(job.id) == [("charge", 6), ("refund", 6)]
    assert not spot.direct_messages.messages
    assert not spot.channel.messages


@ways(*NOT_NOW, REFUSED)
async def test_private_clip_is_made_and_its_card_goes_though_the_card_was_answered_by(spot: Spot, way: Way) -> None:
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.direct_messages))
    accepting = spot.premises.process.services.private_requests.accept(spot.request(is_private=True))
    job_id = (await accepting).card.job.id
    spot.premises.server.faults.clear()

    job = await spot.run(job_id)

    assert (job.state, [*spot.direct_messages.messages]) == (JobState.DELIVERED, [job.message_id])


@ways(code(403, 50007), code(403, 50278))
async def test_private_clip_is_not_made_where_its_card_is_answered_by(spot: Spot, way: Way) -> None:
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.direct_messages))
    request = spot.request(is_private=True)
    with pytest.raises(MessagesClosedError):
        await spot.premises.process.services.private_requests.accept(request)
    await spot.premises.process.worker.tick()

    async with spot.premises.workshop.database.read() as connection:
        job = await jobs.find_by_interaction(connection, request.interaction_id)
    assert job is not None
    assert (job.error_code, job.submitted_at) == (JobError.MESSAGES_CLOSED, None)
    assert await spot.premises.workshop.entries(job.id) == [("charge", 6), ("refund", 6)]


# Cards -------------------------------------------------------------------------------------------


@ways(*NOT_NOW, REFUSED_TWICE)
async def test_card_of_a_clip_goes_after(spot: Spot, way: Way) -> None:
    way.play(spot.premises.server.faults, RouteKind.DELETE_MESSAGE, to(spot.channel, "DELETE"))

    job = await spot.run(await spot.accept())

    assert (job.due_at, [*spot.channel.messages]) == (None, [job.message_id])


@ways(*NOT_NOW, REFUSED_TWICE)
async def test_card_of_a_failed_clip_says_so_after(spot: Spot, way: Way) -> None:
    way.play(spot.premises.server.faults, RouteKind.EDIT_MESSAGE, to(spot.channel, "PATCH"))

    job = await spot.run(await spot.accept("fail:content_policy"))

    [card, told] = spot.channel.messages.values()
    assert (job.state, job.due_at, job.failure_message_id) == (JobState.FAILED, None, told.id)
    assert "Starting" not in card.text


@ways(*NOT_NOW, REFUSED_TWICE)
async def test_failure_is_told_once_after(spot: Spot, way: Way) -> None:
    job_id = await spot.accept("fail:content_policy")
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.channel))

    job = await spot.run(job_id)

    [_, told] = spot.channel.messages.values()
    assert (job.due_at, job.failure_message_id) == (None, told.id)
    assert told.pings == {job.member_id}


@ways(GONE, FORBIDDEN, code(403, 50001), REFUSED)
async def test_failure_is_not_told_after(spot: Spot, way: Way) -> None:
    job_id = await spot.accept("fail:content_policy")
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.channel))

    job = await spot.run(job_id)

    assert len(spot.channel.messages) == 1, "the card alone"
    assert (job.due_at, job.failure_mentions, job.failure_message_id) == (None, None, None)
    assert asked(spot, RouteKind.CREATE_MESSAGE, spot.channel) == way.times


@ways(code(404, 10008), GONE, FORBIDDEN, code(403, 50001), REFUSED)
async def test_card_is_left_as_it_is_after(spot: Spot, way: Way) -> None:
    way.play(spot.premises.server.faults, RouteKind.EDIT_MESSAGE, to(spot.channel, "PATCH"))

    job = await spot.run(await spot.accept("fail:content_policy"))

    assert (job.state, job.due_at) == (JobState.FAILED, None)
    [card, told] = spot.channel.messages.values()
    assert (card.edits, job.failure_message_id) == (0, told.id), "the failure is told all the same"
    assert asked(spot, RouteKind.EDIT_MESSAGE, spot.channel) == way.times


# The log -----------------------------------------------------------------------------------------


async def keep_log(spot: Spot) -> None:
    """Choose the log's channel, and post the card of that."""
    servers_of = spot.premises.process.services.servers
    await servers_of.set_log_channel(spot.guild.id, spot.log.id, set_by_id=spot.member.id)
    await spot.run_log()
    spot.log.messages.clear()


async def pause(spot: Spot, reason: str) -> None:
    await spot.premises.process.services.servers.pause(spot.guild.id, reason, set_by_id=spot.member.id)
    await spot.run_log()


async def server_row(spot: Spot) -> Server:
    async with spot.premises.workshop.database.read() as connection:
        return await servers.get(connection, spot.guild.id)


def logged(spot: Spot) -> list[str]:
    """Return which pause each card in the log tells of, in order."""
    return ["Another" if "Another" in message.text else "A flood" for message in spot.log.messages.values()]


@ways(*NOT_NOW, REFUSED_TWICE)
async def test_log_card_is_posted_once_after(spot: Spot, way: Way) -> None:
    await keep_log(spot)
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.log))

    await pause(spot, "A flood")
    await pause(spot, "Another")

    assert logged(spot) == ["A flood", "Another"]
    assert not (await server_row(spot)).log_closed


async def test_log_goes_on_without_a_card_that_is_refused_thrice(spot: Spot) -> None:
    await keep_log(spot)
    REFUSED.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.log))

    await pause(spot, "A flood")
    await pause(spot, "Another")

    assert logged(spot) == ["Another"]
    assert not (await server_row(spot)).log_closed


@ways(GONE, FORBIDDEN, code(403, 50001), code(400, 50083), code(403, 160005))
async def test_log_is_closed_by(spot: Spot, way: Way) -> None:
    await keep_log(spot)
    way.play(spot.premises.server.faults, RouteKind.CREATE_MESSAGE, to(spot.log))

    await pause(spot, "A flood")
    await pause(spot, "Another")

    assert logged(spot) == []
    assert (await server_row(spot)).log_closed


# AutoMod's rules and look-ups --------------------------------------------------------------------


def of_guild(spot: Spot) -> Any:  # noqa: ANN401 (a predicate)
    return lambda request: request.ids["guild"] == str(spot.guild.id)


@pytest.mark.parametrize("kind", [RouteKind.LIST_AUTOMOD, RouteKind.GET_GUILD], ids=["rules", "server"])
@ways(*NOT_NOW, REFUSED, GONE, code(403, 50001), FORBIDDEN)
async def test_automod_rules_hold_unless_discord_closes_them(spot: Spot, kind: RouteKind, way: Way) -> None:
    [role] = spot.guild.members[spot.premises.server.world.bot.id].roles
    role.permissions = spot.premises.server.guild.members[spot.premises.server.world.bot.id].permissions
    spot.guild.automod_rules = [BLOCKED_WORD]
    automod, time = spot.premises.process.services.automod, spot.premises.workshop.time
    before = await automod.rules(spot.guild.id)
    assert [rule.keywords for rule in before.rules] == [("secret",)]

    way.play(spot.premises.server.faults, kind, of_guild(spot))
    time.advance(FRESH_FOR.total_seconds())
    is_closed = way.name in {"code 50013", "code 50001"}
    for _ in range(1 if is_closed else 3):
        during = await automod.rules(spot.guild.id)
        assert (during.is_closed, during.rules) == ((True, ()) if is_closed else (False, before.rules))
        assert await automod._remembered(spot.guild.id) == during
        time.advance(UNREAD_FOR.total_seconds())
    spot.premises.server.faults.clear()
    time.advance(timedelta(minutes=5).total_seconds())
    assert await automod.rules(spot.guild.id) == before


@ways(*NOT_NOW, REFUSED, FORBIDDEN)
async def test_nothing_is_said_of_members_and_places_by(premises: Premises, spot: Spot, way: Way) -> None:
    interaction: Any = SimpleNamespace(
        client=premises.bot, guild=premises.bot.get_guild(premises.server.guild.id), guild_id=premises.server.guild.id
    )
    way.play(premises.server.faults, RouteKind.GET_MEMBER)
    way.play(premises.server.faults, RouteKind.GET_CHANNEL)
    with pytest.raises(PublishError):
        await requester_by_id(interaction, premises.server.ada.id)
    if way is not FORBIDDEN:
        with pytest.raises(PublishError):
            await require_subject(interaction, QuotaSource.CHANNEL, spot.member.id)


async def test_members_and_places_that_are_gone_are_known_to_be(premises: Premises, spot: Spot) -> None:
    interaction: Any = SimpleNamespace(
        client=premises.bot, guild=premises.bot.get_guild(premises.server.guild.id), guild_id=premises.server.guild.id
    )
    assert (await requester_by_id(interaction, spot.member.id)).role_ids == ()
    with pytest.raises(InvalidSettingError):
        await require_subject(interaction, QuotaSource.CHANNEL, spot.member.id)
