"""The loopback Discord, tried with discord.py itself: what holds here can be relied on by the end-to-end tests."""

from __future__ import annotations

import asyncio
import hashlib
import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import MultipartParameters, Route

from tests.support.discord_server import DiscordServer, RouteKind
from tests.support.openapi import OPENAPI

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CLIP = bytes(range(256)) * 400


class ClipView(discord.ui.LayoutView):
    """A card with a gallery, as the project's own clip messages are built."""

    def __init__(self, text: str, file: discord.File | None = None) -> None:
        super().__init__(timeout=None)
        container: discord.ui.Container[ClipView] = discord.ui.Container(discord.ui.TextDisplay(text))
        if file is not None:
            container.add_item(discord.ui.MediaGallery(discord.MediaGalleryItem(file)))
        button: discord.ui.Button[ClipView] = discord.ui.Button(label="Again", custom_id="job:again:1")
        container.add_item(discord.ui.ActionRow(button))
        self.add_item(container)


class SmallBot(commands.Bot):
    """Commands that answer in each of the ways the server must understand."""

    def __init__(self) -> None:
        super().__init__(
            "!",
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.005,
        )
        self.problems: asyncio.Queue[app_commands.AppCommandError] = asyncio.Queue()
        self.pressed: asyncio.Queue[str] = asyncio.Queue()

    async def setup_hook(self) -> None:
        @self.tree.command()
        async def card(interaction: discord.Interaction, text: str, private: bool = False) -> None:
            """Answer with a card."""
            await interaction.response.send_message(view=ClipView(text), ephemeral=private)

        @self.tree.command()
        async def slow(interaction: discord.Interaction, text: str) -> None:
            """Defer, then answer, then follow up."""
            await interaction.response.defer()
            await interaction.edit_original_response(view=ClipView(text))
            await interaction.followup.send("one more thing")

        quota = app_commands.Group(name="quota", description="Quotas", parent=self._moderate())

        @quota.command(name="set")
        async def set_quota(interaction: discord.Interaction, who: discord.Member | discord.Role, seconds: int) -> None:
            """Say what arrived."""
            may = interaction.permissions.moderate_members
            text = f"{type(who).__name__} {who.id} {seconds} {may} {interaction.app_permissions.attach_files}"
            await interaction.response.send_message(text, ephemeral=True)

        async def note(_interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
            self.problems.put_nowait(error)

        self.tree.error(note)
        await self.tree.sync()

    def _moderate(self) -> app_commands.Group:
        moderate = app_commands.Group(name="moderate", description="Moderation", guild_only=True)
        self.tree.add_command(moderate)
        return moderate

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            assert interaction.data is not None
            self.pressed.put_nowait(str(interaction.data.get("custom_id")))
            await interaction.response.edit_message(view=ClipView("pressed"))


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(keep_uploads=True) as running:
        yield running


@asynccontextmanager
async def running_bot(server: DiscordServer) -> AsyncIterator[SmallBot]:
    async with SmallBot() as bot:
        await bot.login(server.token)
        ready = asyncio.create_task(bot.wait_for("ready"))
        connection = asyncio.create_task(bot.connect())
        await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
        yield bot
        await bot.close()
        await connection


@pytest.fixture
def _pointed_here(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    point_discord_py_at(server, monkeypatch)


def point_discord_py_at(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", server.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))


@pytest.fixture
async def bot(server: DiscordServer, _pointed_here: None) -> AsyncIterator[SmallBot]:
    async with running_bot(server) as running:
        yield running


def channel_of(bot: SmallBot, server: DiscordServer) -> discord.TextChannel:
    channel = bot.get_channel(server.clips.id)
    assert isinstance(channel, discord.TextChannel)
    return channel


def a_clip() -> discord.File:
    return discord.File(io.BytesIO(CLIP), filename="clip.mp4")


# Starting -----------------------------------------------------------------------------------------


async def test_bot_finds_the_community_it_was_put_in(bot: SmallBot, server: DiscordServer) -> None:
    guild = bot.get_guild(server.guild.id)
    assert guild is not None
    assert {channel.name for channel in guild.text_channels} == {"clips", "brainstorm"}
    assert guild.me.guild_permissions.attach_files
    assert [command["name"] for command in server.world.commands[None]] == ["card", "slow", "moderate"]
    assert {request.kind for request in server.world.requests} == {
        RouteKind.GET_ME,
        RouteKind.GET_APPLICATION,
        RouteKind.PUT_COMMANDS,
    }


@pytest.mark.usefixtures("_pointed_here")
async def test_wrong_token_is_not_let_in(server: DiscordServer) -> None:
    async with SmallBot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("another-token")


async def test_bot_whose_connection_drops_resumes_its_session(bot: SmallBot, server: DiscordServer) -> None:
    resumed = asyncio.create_task(bot.wait_for("resumed"))
    (session,) = server.sessions
    await server.disconnect(session)
    await resumed
    shot = await server.slash(server.clips, server.ada, "card", {"text": "still here"})
    await shot.acknowledged
    assert server.sessions == [session]


async def test_interactions_go_to_the_newest_bot_or_the_one_chosen(bot: SmallBot, server: DiscordServer) -> None:
    (first,) = server.sessions
    async with running_bot(server) as second_bot:
        message = await channel_of(bot, server).send(view=ClipView("two bots"))
        stored = server.clips.messages[message.id]
        await (await server.press(stored, "job:again:1", server.ada)).acknowledged
        assert (bot.pressed.qsize(), second_bot.pressed.qsize()) == (0, 1)
        await (await server.press(stored, "job:again:1", server.ada, session=first)).acknowledged
        assert (bot.pressed.qsize(), second_bot.pressed.qsize()) == (1, 1)
    await server.wait_for(lambda _world: server.sessions == [first])


# Interactions -------------------------------------------------------------------------------------


async def test_public_answer_is_a_message_that_the_bot_token_can_edit_and_delete(
    bot: SmallBot, server: DiscordServer
) -> None:
    shot = await server.slash(server.clips, server.ada, "card", {"text": "a heron"})
    took_seconds = await shot.acknowledged
    assert 0 < took_seconds < 3
    assert (shot.callback_type, shot.is_ephemeral, shot.text) == (4, False, "a heron")
    assert shot.response is server.clips.messages[shot.response.id]

    shot.token_seconds = 0
    message = channel_of(bot, server).get_partial_message(shot.response.id)
    await message.edit(view=ClipView("half done"))
    assert (shot.text, shot.response.edits) == ("half done", 1)
    await message.delete()
    assert shot.response.is_deleted
    with pytest.raises(discord.NotFound) as deleted:
        await message.edit(view=ClipView("too late"))
    assert deleted.value.code == 10008


async def test_private_answer_is_not_in_the_channel(bot: SmallBot, server: DiscordServer) -> None:
    shot = await server.slash(server.clips, server.ada, "card", {"text": "just us", "private": True})
    await shot.acknowledged
    assert shot.is_ephemeral
    assert shot.text == "just us"
    assert not server.clips.messages


async def test_deferred_answer_is_edited_then_followed_up(bot: SmallBot, server: DiscordServer) -> None:
    shot = await server.slash(server.clips, server.ada, "slow", {"text": "a heron"})
    await server.wait_for(lambda _world: shot.follow_ups)
    assert shot.callback_type == 5
    assert shot.response is not None
    assert (shot.text, shot.response.is_loading, shot.response.edits) == ("a heron", False, 1)
    assert [message.text for message in shot.follow_ups] == ["one more thing"]


async def test_nested_command_arrives_with_member_role_and_permissions_resolved(
    bot: SmallBot, server: DiscordServer
) -> None:
    answers = []
    for member, who in ((server.mia, server.ben), (server.ada, server.moderator_role)):
        shot = await server.slash(server.clips, member, "moderate quota set", {"who": who, "seconds": 90})
        await shot.acknowledged
        answers.append(shot.text)
    assert answers == [
        f"Member {server.ben.id} 90 True True",
        f"Role {server.moderator_role.id} 90 False True",
    ]


async def test_commands_and_buttons_nobody_offers_cannot_be_used(bot: SmallBot, server: DiscordServer) -> None:
    with pytest.raises(LookupError):
        await server.slash(server.clips, server.ada, "vidoe")
    with pytest.raises(LookupError):
        await server.slash(server.clips, server.ada, "card", {"txet": "a heron"})
    message = await channel_of(bot, server).send(view=ClipView("a heron"))
    with pytest.raises(LookupError):
        await server.press(server.clips.messages[message.id], "job:cancel:1", server.ada)


async def test_late_answer_is_refused(bot: SmallBot, server: DiscordServer) -> None:
    server.answer_seconds = 0
    shot = await server.slash(server.clips, server.ada, "card", {"text": "a heron"})
    problem = await bot.problems.get()
    assert isinstance(problem, app_commands.CommandInvokeError)
    assert isinstance(problem.original, discord.NotFound)
    assert problem.original.code == 10062
    assert not shot.acknowledged.done()


async def test_second_answer_and_dead_token_are_refused_with_their_codes(bot: SmallBot, server: DiscordServer) -> None:
    shot = await server.slash(server.clips, server.ada, "card", {"text": "a heron"})
    await shot.acknowledged
    shot.token_seconds = 0
    callback = f"{server.api_url}/interactions/{shot.id}/{shot.token}/callback"
    original = f"{server.api_url}/webhooks/{shot.application_id}/{shot.token}/messages/@original"
    async with aiohttp.ClientSession() as session:
        async with session.post(callback, json={"type": 5}) as again:
            assert (again.status, (await again.json())["code"]) == (400, 40060)
        async with session.patch(original, json={"content": "x"}) as dead:
            assert (dead.status, (await dead.json())["code"]) == (401, 50027)


# Messages -----------------------------------------------------------------------------------------


async def test_upload_is_counted_digested_and_shown_in_the_gallery(bot: SmallBot, server: DiscordServer) -> None:
    file = a_clip()
    message = await channel_of(bot, server).send(view=ClipView("a heron", file), file=file)
    stored = server.clips.messages[message.id]
    (attachment,) = stored.attachments
    assert (attachment.filename, attachment.size_bytes) == ("clip.mp4", len(CLIP))
    assert attachment.sha256 == hashlib.sha256(CLIP).hexdigest()
    assert attachment.content == CLIP
    gallery = next(part for part in stored.components[0]["components"] if part["type"] == 12)
    assert gallery["items"][0]["media"]["url"] == attachment.url

    file.filename = "clip.mp4"
    await message.edit(view=ClipView("still a heron", file))
    assert stored.text == "still a heron"
    assert stored.attachments == [attachment]


async def test_same_nonce_is_one_message_in_whatever_channel(bot: SmallBot, server: DiscordServer) -> None:
    channel = channel_of(bot, server)
    first = await channel.send("once", nonce="job-1")
    again = await channel.send("once", nonce="job-1")
    elsewhere = await bot.get_partial_messageable(server.brainstorm.id).send("once", nonce="job-1")
    assert first.id == again.id == elsewhere.id
    server.world.nonce_seconds = 0
    assert (await channel.send("once", nonce="job-1")).id != first.id
    assert len(server.world.requests_of(RouteKind.CREATE_MESSAGE)) == 4


async def test_history_gives_the_newest_first_and_no_nonces(bot: SmallBot, server: DiscordServer) -> None:
    channel = channel_of(bot, server)
    server.reply(server.clips, server.ada, "hello")
    sent = [await channel.send(str(number), nonce=f"job-{number}") for number in range(4)]
    assert [message.content async for message in channel.history()] == ["3", "2", "1", "0", "hello"]
    after = [message async for message in channel.history(after=sent[1], oldest_first=False)]
    assert [message.content for message in after] == ["3", "2"]
    assert [message.content async for message in channel.history(before=sent[1])] == ["0", "hello"]
    around = [message.content async for message in channel.history(around=sent[1], limit=3)]
    assert set(around) == {"0", "1", "2"}
    assert (await channel.fetch_message(sent[0].id)).nonce is None


async def test_only_allowed_mentions_ping(bot: SmallBot, server: DiscordServer) -> None:
    text = f"{server.ada.mention} {server.ben.mention} {server.moderator_role.mention} @everyone"
    channel = channel_of(bot, server)
    silent = await channel.send(text)
    one = await channel.send(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(server.ada.id)]))
    loud = await channel.send(text, allowed_mentions=discord.AllowedMentions.all())
    pings = [server.clips.messages[message.id].pings for message in (silent, one, loud)]
    assert pings == [
        set(),
        {server.ada.id},
        {server.ada.id, server.ben.id, server.moderator_role.id, 0},
    ]


async def test_threads_and_direct_messages_take_messages(bot: SmallBot, server: DiscordServer) -> None:
    thread = server.world.add_channel(
        server.guild, "ideas", discord.ChannelType.public_thread, parent=server.brainstorm
    )
    await bot.get_partial_messageable(thread.id).send("in a thread")
    user = await bot.fetch_user(server.ada.id)
    await user.send("directly")
    direct = server.world.direct_channel(server.ada.user)
    texts = [message.text for channel in (thread, direct) for message in channel.messages.values()]
    assert texts == ["in a thread", "directly"]


# Refusals -----------------------------------------------------------------------------------------


async def test_channels_closed_to_the_bot_answer_with_their_codes(bot: SmallBot, server: DiscordServer) -> None:
    channel = channel_of(bot, server)

    async def code_of_posting(**what: str | discord.File) -> int:
        with pytest.raises(discord.HTTPException) as refused:
            await channel.send(**what)
        return refused.value.code

    readable = discord.Permissions(view_channel=True)
    server.world.set_app_permissions(server.clips, readable)
    assert await code_of_posting(content="x") == 50013
    server.world.set_app_permissions(server.clips, readable | discord.Permissions(send_messages=True))
    assert await code_of_posting(file=a_clip()) == 50013
    server.world.set_app_permissions(server.clips, discord.Permissions.none())
    assert await code_of_posting(content="x") == 50001
    server.world.delete_channel(server.clips)
    assert await code_of_posting(content="x") == 10003

    server.ada.user.accepts_messages = False
    user = await bot.fetch_user(server.ada.id)
    with pytest.raises(discord.Forbidden) as closed:
        await user.send("x")
    assert closed.value.code == 50007


async def test_permissions_changed_while_the_bot_runs_reach_it(bot: SmallBot, server: DiscordServer) -> None:
    channel = channel_of(bot, server)
    assert channel.permissions_for(channel.guild.me).attach_files
    changed = asyncio.create_task(bot.wait_for("guild_channel_update"))
    await asyncio.wait({changed}, timeout=0)
    server.world.set_app_permissions(server.clips, discord.Permissions(view_channel=True))
    await changed
    assert not channel.permissions_for(channel.guild.me).attach_files


async def test_upload_above_the_limit_is_refused_as_too_large(bot: SmallBot, server: DiscordServer) -> None:
    server.upload_limit_bytes = len(CLIP) - 1
    with pytest.raises(discord.HTTPException) as refused:
        await channel_of(bot, server).send(file=a_clip())
    assert (refused.value.status, refused.value.code) == (413, 40005)
    assert not server.clips.messages
    assert server.world.requests[-1].upload_bytes == len(CLIP)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 50006),
        ({"content": "x" * 2001}, 50035),
        ({"content": "x", "nonce": "n" * 26}, 50035),
        ({"content": "x", "flags": 1 << 15}, 50035),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 4001}]}, 50035),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 41}, 50035),
        ({"components": [{"type": 10, "content": "x"}]}, 50035),
        ({"flags": 1 << 15, "components": [{"type": 13, "file": {"url": "attachment://no.mp4"}}]}, 50035),
    ],
)
async def test_message_that_discord_would_not_take_is_refused(
    server: DiscordServer, body: dict[str, Any], code: int
) -> None:
    url = f"{server.api_url}/channels/{server.clips.id}/messages"
    headers = {"Authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=body) as refused:
        assert (refused.status, (await refused.json())["code"]) == (400, code)


# Faults -------------------------------------------------------------------------------------------


async def test_unavailable_answer_raises_at_once_and_stores_nothing(bot: SmallBot, server: DiscordServer) -> None:
    server.faults.fail(RouteKind.CREATE_MESSAGE, 503)
    with pytest.raises(discord.DiscordServerError):
        await channel_of(bot, server).send("x")
    assert not server.clips.messages
    await channel_of(bot, server).send("x")
    assert [request.status for request in server.world.requests_of(RouteKind.CREATE_MESSAGE)] == [503, 200]


async def test_rate_limit_is_waited_out_with_via_and_raised_without(bot: SmallBot, server: DiscordServer) -> None:
    server.faults.limit(RouteKind.CREATE_MESSAGE, 0.01)
    await channel_of(bot, server).send("x")
    server.faults.limit(RouteKind.CREATE_MESSAGE, 0.01, via=False)
    with pytest.raises(discord.HTTPException) as refused:
        await channel_of(bot, server).send("x")
    assert refused.value.status == 429
    assert len(server.clips.messages) == 1


@pytest.mark.parametrize("stored", [False, True])
async def test_connection_is_reset_before_or_after_the_message_is_stored(
    bot: SmallBot, server: DiscordServer, stored: bool
) -> None:
    server.faults.reset(RouteKind.CREATE_MESSAGE, stored=stored)
    with pytest.raises(aiohttp.ClientConnectionError):
        await channel_of(bot, server).send(file=a_clip(), nonce="job-1")
    assert len(server.clips.messages) == stored
    await channel_of(bot, server).send(file=a_clip(), nonce="job-1")
    assert len(server.clips.messages) == 1


@pytest.mark.parametrize("stored", [False, True])
async def test_held_request_waits_before_or_after_the_message_is_stored(
    bot: SmallBot, server: DiscordServer, stored: bool
) -> None:
    hold = server.faults.hold(
        RouteKind.CREATE_MESSAGE, stored=stored, where=lambda request: request.channel_id == server.clips.id
    )
    await bot.get_partial_messageable(server.brainstorm.id).send("not held")
    sending = asyncio.create_task(channel_of(bot, server).send("held"))
    await hold.arrived.wait()
    assert (len(server.clips.messages), sending.done()) == (stored, False)
    hold.release()
    await sending
    assert len(server.clips.messages) == 1


async def test_request_still_held_is_lost_when_the_server_closes() -> None:
    async with aiohttp.ClientSession() as session:
        async with DiscordServer() as server:
            hold = server.faults.hold(RouteKind.TYPING, stored=False)
            url = f"{server.api_url}/channels/{server.clips.id}/typing"
            asking = asyncio.create_task(session.post(url))
            await hold.arrived.wait()
        with pytest.raises(aiohttp.ClientConnectionError):
            await asking


async def test_held_request_of_a_sender_that_died_is_carried_out_when_released(server: DiscordServer) -> None:
    hold = server.faults.hold(RouteKind.CREATE_MESSAGE, stored=False)
    url = f"{server.api_url}/channels/{server.clips.id}/messages"
    headers = {"Authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        asking = asyncio.create_task(session.post(url, json={"content": "last words"}))
        await hold.arrived.wait()
    with pytest.raises(aiohttp.ClientConnectionError):
        await asking
    assert not server.clips.messages
    hold.release()
    message = await server.wait_for(lambda _world: next(iter(server.clips.messages.values()), None))
    assert message.text == "last words"


async def test_waiting_in_vain_names_the_latest_requests(bot: SmallBot, server: DiscordServer) -> None:
    with pytest.raises(AssertionError, match=r"get me: GET /api/v10/users/@me -> 200"):
        await server.wait_for(lambda world: world.interactions, within_seconds=0.01)


# Discord's own description ------------------------------------------------------------------------


@pytest.mark.skipif(not OPENAPI.exists(), reason="Discord's OpenAPI description is not beside the project")
async def test_bodies_are_checked_against_discords_own_description(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordServer(openapi=OPENAPI) as server:
        point_discord_py_at(server, monkeypatch)
        async with running_bot(server) as bot:
            shot = await server.slash(server.clips, server.ada, "slow", {"text": "a heron"})
            await server.wait_for(lambda _world: shot.follow_ups)
            file = a_clip()
            message = await channel_of(bot, server).send(view=ClipView("a heron", file), file=file)
            await message.edit(view=ClipView("a crane"))
            assert {request.status for request in server.world.requests} == {200}
            with pytest.raises(discord.HTTPException, match=r"\$\.tts"):
                await bot.http.send_message(
                    server.clips.id,
                    params=MultipartParameters(payload={"content": "x", "tts": "no"}, multipart=None, files=None),
                )


# Throughput ---------------------------------------------------------------------------------------


async def test_two_hundred_commands_at_once_are_all_answered(bot: SmallBot, server: DiscordServer) -> None:
    shots = [
        await server.slash(server.clips, server.ada, "card", {"text": f"number {number}"}) for number in range(200)
    ]
    await asyncio.gather(*(shot.acknowledged for shot in shots))
    assert len({shot.text for shot in shots}) == 200
    assert len(server.clips.messages) == 200
