"""Threads on the loopback Discord, tried with discord.py itself where it lets one try."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
import yarl
from discord import ChannelType, app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from jsonschema import Draft202012Validator

from tests.support.discord_server import BOT_PERMISSIONS, DiscordServer, RouteKind, Thread
from tests.support.openapi import OPENAPI, needs_openapi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from tests.support.discord_server import Channel, Message

THREAD_STARTER = discord.MessageType.thread_starter_message


class Client(discord.Client):
    """Says of commands and presses where they came from, and keeps what the gateway told it of threads."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.005,
        )
        self.tree = app_commands.CommandTree(self)
        self.told: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    async def setup_hook(self) -> None:
        @self.tree.command()
        async def where(interaction: discord.Interaction) -> None:
            """Say where this is."""
            await interaction.response.send_message(_place(interaction))

        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.edit_message(content=_place(interaction))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self.told.put_nowait(("started", thread.id))

    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        is_archived = payload.data["thread_metadata"]["archived"]
        self.told.put_nowait(("archived" if is_archived else "active", payload.thread_id))

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        self.told.put_nowait(("deleted", payload.thread_id))

    async def hear(self, *expected: tuple[str, Thread]) -> None:
        """Wait for the gateway to tell of threads, in this order and of nothing else."""
        async with asyncio.timeout(10):
            heard = [await self.told.get() for _ in expected]
        assert heard == [(event, thread.id) for event, thread in expected]


def _place(interaction: discord.Interaction) -> str:
    channel = interaction.channel
    assert isinstance(channel, discord.Thread)
    state = "archived" if channel.archived else "active"
    return f"{channel.name} in {channel.parent_id}, {state}, attach {interaction.app_permissions.attach_files}"


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(keep_uploads=True) as running:
        yield running


@asynccontextmanager
async def running_client(server: DiscordServer) -> AsyncIterator[Client]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Route, "BASE", server.api_url)
        patched.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
        async with Client() as client:
            await client.login(server.token)
            ready = asyncio.create_task(client.wait_for("ready"))
            connection = asyncio.create_task(client.connect())
            await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
            yield client
            await client.close()
            await connection


@pytest.fixture
async def client(server: DiscordServer) -> AsyncIterator[Client]:
    async with running_client(server) as running:
        yield running


def clips(client: Client, server: DiscordServer) -> discord.TextChannel:
    channel = client.get_channel(server.clips.id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def started(client: Client, server: DiscordServer, name: str = "takes") -> tuple[discord.Thread, Thread]:
    """Post in the channel and start a thread from the message; give it as the client and as the server has it."""
    message = await clips(client, server).send("four takes")
    thread = await message.create_thread(name=name, auto_archive_duration=60)
    (stored,) = [it for it in server.world.threads_in(server.clips) if it.id == thread.id]
    await client.hear(("started", stored))
    return thread, stored


async def refusal(asking: Awaitable[object]) -> tuple[int, int]:
    """Return the status and code that Discord says no with."""
    with pytest.raises(discord.HTTPException) as refused:
        await asking
    return refused.value.status, refused.value.code


async def start(client: Client, message: Message, **fields: str) -> dict[str, Any]:
    """Ask for a thread from a message, past what discord.py checks itself."""
    body = {"name": "takes"} | fields
    path = "/channels/{channel_id}/messages/{message_id}/threads"
    return await client.http.request(
        Route("POST", path, channel_id=message.channel.id, message_id=message.id), json=body
    )


def let_bot_manage_threads(server: DiscordServer) -> None:
    server.world.set_app_permissions(server.clips, BOT_PERMISSIONS | discord.Permissions(manage_threads=True))


def someone_starts(server: DiscordServer) -> tuple[Message, Thread]:
    message = server.reply(server.clips, server.ada, "look at this")
    return message, server.world.start_thread(message, "Ada's", owner=server.ada.user)


# Starting one -------------------------------------------------------------------------------------


async def test_thread_has_its_messages_id_and_points_back_to_it(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)

    (message,) = server.clips.messages.values()
    assert thread.id == message.id == stored.id
    assert message.thread is stored
    assert (thread.name, thread.type, thread.parent_id) == ("takes", ChannelType.public_thread, server.clips.id)
    assert (thread.archived, thread.locked, thread.auto_archive_duration) == (False, False, 60)
    assert (thread.owner_id, thread.message_count, thread.total_message_sent) == (server.world.bot.id, 0, 0)
    assert thread.guild.get_thread(thread.id) is not None

    fetched = await clips(client, server).fetch_message(message.id)
    assert fetched.flags.has_thread
    (first,) = [it async for it in thread.history()]
    assert first.type is THREAD_STARTER
    assert first.id != thread.id
    assert first.reference is not None
    assert (first.reference.channel_id, first.reference.message_id) == (server.clips.id, message.id)


async def test_message_has_one_thread_at_most(client: Client, server: DiscordServer) -> None:
    _, stored = await started(client, server)
    message = clips(client, server).get_partial_message(stored.id)

    assert await refusal(message.create_thread(name="again")) == (400, 160004)
    assert server.world.threads_in(server.clips) == [stored]


async def test_thread_starts_only_from_a_message_that_is_there(client: Client, server: DiscordServer) -> None:
    message = clips(client, server).get_partial_message(server.clips.id)

    assert await refusal(message.create_thread(name="takes")) == (404, 10008)


async def test_thread_starts_only_with_the_permission_for_it(client: Client, server: DiscordServer) -> None:
    message = server.reply(server.clips, server.ada, "look at this")
    allowed = discord.Permissions(BOT_PERMISSIONS.value)
    allowed.update(create_public_threads=False)
    server.world.set_app_permissions(server.clips, allowed)

    partial = clips(client, server).get_partial_message(message.id)
    assert await refusal(partial.create_thread(name="takes")) == (403, 50013)


@pytest.mark.parametrize("kind", ["voice", "stage_voice", "thread", "direct"])
async def test_thread_starts_only_in_channels_that_can_have_some(
    client: Client, server: DiscordServer, kind: str
) -> None:
    world = server.world
    if kind == "thread":
        channel: Channel = someone_starts(server)[1]
    elif kind == "direct":
        channel = world.direct_channel(server.ada.user)
    else:
        channel = world.add_channel(server.guild, kind, ChannelType[kind])
    message = server.reply(channel, server.ada, "look at this")

    asking = start(client, message)
    assert await refusal(asking) == (400, 50024)


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 101}, {"name": "takes", "auto_archive_duration": 90}],
)
async def test_thread_that_discord_would_not_take_is_refused(server: DiscordServer, body: dict[str, Any]) -> None:
    message = server.reply(server.clips, server.ada, "look at this")
    url = f"{server.api_url}/channels/{server.clips.id}/messages/{message.id}/threads"
    headers = {"Authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=body) as refused:
        assert (refused.status, (await refused.json())["code"]) == (400, 50035)
    assert message.thread is None


async def test_announcement_channels_have_threads_of_their_own_kind(client: Client, server: DiscordServer) -> None:
    news = server.world.add_channel(server.guild, "news", ChannelType.news)
    message = server.reply(news, server.ada, "look at this")

    thread = await start(client, message)

    assert thread["type"] == ChannelType.news_thread.value


# What is in it ------------------------------------------------------------------------------------


async def test_messages_and_files_are_posted_edited_and_read_in_a_thread(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)

    first = await thread.send("take 1", file=discord.File(io.BytesIO(b"film"), "take.mp4"), nonce="take-1")
    again = await thread.send("take 1", nonce="take-1")
    second = await thread.send("take 2")
    await second.edit(content="take 2, ready")
    server.reply(stored, server.ada, "nice")

    assert again.id == first.id
    assert [message.text for message in stored.posts] == ["take 1", "take 2, ready", "nice"]
    assert [upload.content for upload in stored.posts[0].attachments] == [b"film"]
    history = [message async for message in thread.history()]
    assert [message.content for message in history] == ["nice", "take 2, ready", "take 1", ""]
    assert [message.content async for message in thread.history(after=first)] == ["take 2, ready", "nice"]


async def test_deleted_message_is_still_counted_as_sent(client: Client, server: DiscordServer) -> None:
    thread, _ = await started(client, server)
    message = await thread.send("take 1")
    await thread.send("take 2")
    await message.delete()

    fetched = await client.fetch_channel(thread.id)

    assert isinstance(fetched, discord.Thread)
    assert (fetched.message_count, fetched.total_message_sent) == (1, 2)


async def test_thread_outlives_the_message_it_was_started_from(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    await clips(client, server).get_partial_message(thread.id).delete()

    await thread.send("take 1")

    assert [message.text for message in stored.posts] == ["take 1"]
    *_, first = [message async for message in thread.history()]
    assert first.type is THREAD_STARTER
    assert first.reference is not None
    assert isinstance(first.reference.resolved, discord.DeletedReferencedMessage)


async def test_discords_own_remarks_are_nobodys_to_change(client: Client, server: DiscordServer) -> None:
    thread, _ = await started(client, server)
    thread = await thread.edit(name="takes, done")
    renamed, starter = [message async for message in thread.history()]

    assert (renamed.type, renamed.content) == (discord.MessageType.channel_name_change, "takes, done")
    assert await refusal(starter.edit(content="x")) == (403, 50021)
    assert await refusal(renamed.delete()) == (403, 50021)


async def test_permissions_are_the_channels_with_one_for_threads(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    view = discord.Permissions(view_channel=True, read_message_history=True)

    server.world.set_app_permissions(server.clips, view | discord.Permissions(send_messages=True))
    assert await refusal(thread.send("x")) == (403, 50013)
    server.world.set_app_permissions(server.clips, view | discord.Permissions(send_messages_in_threads=True))
    await thread.send("take 1")
    assert await refusal(thread.send(file=discord.File(io.BytesIO(b"film"), "x.mp4"))) == (403, 50013)
    server.world.set_app_permissions(server.clips, discord.Permissions.none())
    assert await refusal(thread.send("x")) == (403, 50001)
    assert [message.text for message in stored.posts] == ["take 1"]


# Archived and locked ------------------------------------------------------------------------------


async def test_posting_makes_an_archived_thread_active(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    server.world.update_thread(stored, by=server.mia.user, is_archived=True)
    await client.hear(("archived", stored))

    await thread.send("take 1")

    await client.hear(("active", stored))
    assert not stored.is_archived


async def test_archived_thread_can_be_read_and_its_messages_deleted_but_not_edited(
    client: Client, server: DiscordServer
) -> None:
    thread, stored = await started(client, server)
    message = await thread.send("take 1")
    server.world.update_thread(stored, by=server.mia.user, is_archived=True)

    assert await refusal(message.edit(content="x")) == (400, 50083)
    assert (await thread.fetch_message(message.id)).content == "take 1"
    await message.delete()
    assert (stored.posts, stored.is_archived) == ([], True)


async def test_archived_thread_is_made_active_and_archived_again_by_who_started_it(
    client: Client, server: DiscordServer
) -> None:
    thread, stored = await started(client, server)
    for is_archived, event in ((True, "archived"), (False, "active")):
        before = stored.archive_changed_at
        thread = await thread.edit(archived=is_archived)
        assert (thread.archived, stored.is_archived) == (is_archived, is_archived)
        assert thread.archive_timestamp == stored.archive_changed_at > before
        await client.hear((event, stored))


async def test_archived_thread_is_changed_only_while_it_becomes_active(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    server.world.update_thread(stored, by=server.mia.user, is_archived=True)

    assert await refusal(thread.edit(name="more takes")) == (400, 50083)
    await thread.edit(name="more takes", archived=False)
    assert (stored.name, stored.is_archived) == ("more takes", False)


@pytest.mark.parametrize("is_archived", [False, True])
async def test_locked_thread_is_closed_to_who_may_not_manage_threads(
    client: Client, server: DiscordServer, is_archived: bool
) -> None:
    thread, stored = await started(client, server)
    message = await thread.send("take 1")
    server.world.update_thread(stored, by=server.mia.user, is_archived=is_archived, is_locked=True)

    assert await refusal(thread.send("take 2")) == (403, 50083 if is_archived else 160005)
    assert await refusal(message.edit(content="x")) == ((400, 50083) if is_archived else (403, 160005))
    assert await refusal(thread.edit(archived=False)) == (403, 50013 if is_archived else 160005)
    assert [it.text for it in stored.posts] == ["take 1"]
    if is_archived:
        assert await refusal(message.delete()) == (400, 50083)
    else:
        await message.delete()


async def test_locked_thread_is_open_to_who_may_manage_threads(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    let_bot_manage_threads(server)
    await thread.edit(archived=True, locked=True)
    assert (stored.is_archived, stored.is_locked) == (True, True)

    message = await thread.send("take 1")
    await message.edit(content="take 1, ready")

    assert (stored.is_archived, stored.is_locked) == (False, True)
    await thread.edit(locked=False)
    assert not stored.is_locked


async def test_locking_and_threads_of_others_take_the_permission_for_it(client: Client, server: DiscordServer) -> None:
    mine, _ = await started(client, server)
    _, others = someone_starts(server)
    await client.hear(("started", others))
    other = await client.fetch_channel(others.id)
    assert isinstance(other, discord.Thread)

    assert await refusal(mine.edit(locked=True)) == (403, 50013)
    assert await refusal(other.edit(name="mine now")) == (403, 50013)
    assert await refusal(other.edit(archived=True)) == (403, 50013)
    assert others.name == "Ada's"
    let_bot_manage_threads(server)
    await other.edit(name="closed", locked=True)
    assert (others.name, others.is_locked) == ("closed", True)


async def test_channels_themselves_are_not_the_bots_to_change(client: Client, server: DiscordServer) -> None:
    assert await refusal(clips(client, server).edit(name="mine now")) == (403, 50013)
    assert await refusal(clips(client, server).delete()) == (403, 50013)


# Gone ---------------------------------------------------------------------------------------------


async def test_everything_about_a_deleted_thread_is_an_unknown_channel(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    message = await thread.send("take 1")
    assert await refusal(thread.delete()) == (403, 50013)
    server.world.delete_channel(stored)
    await client.hear(("deleted", stored))

    assert {
        await refusal(asking)
        for asking in (
            thread.send("x"),
            message.edit(content="x"),
            message.delete(),
            thread.fetch_message(message.id),
            anext(thread.history()),
            thread.edit(archived=False),
            client.fetch_channel(thread.id),
            thread.delete(),
        )
    } == {(404, 10003)}
    start = await clips(client, server).fetch_message(thread.id)
    assert (start.flags.has_thread, start.thread) == (False, None)


async def test_bot_that_may_manage_threads_deletes_one(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    let_bot_manage_threads(server)

    await thread.delete()

    await client.hear(("deleted", stored))
    assert server.world.threads_in(server.clips) == []


async def test_threads_go_with_their_channel(client: Client, server: DiscordServer) -> None:
    thread, _ = await started(client, server)
    server.world.delete_channel(server.clips)

    assert await refusal(thread.send("x")) == (404, 10003)
    assert server.world.threads_in(server.clips) == []


# The gateway --------------------------------------------------------------------------------------


async def test_bot_that_connects_is_told_of_the_active_threads_that_it_may_see(server: DiscordServer) -> None:
    _, active = someone_starts(server)
    _, archived = someone_starts(server)
    server.world.update_thread(archived, by=server.mia.user, is_archived=True)
    hidden = server.reply(server.brainstorm, server.ada, "look at this")
    server.world.start_thread(hidden, "hidden", owner=server.ada.user)
    server.world.set_app_permissions(server.brainstorm, discord.Permissions.none())

    async with running_client(server) as client:
        guild = client.get_guild(server.guild.id)
        assert guild is not None
        assert [thread.id for thread in guild.threads] == [active.id]
        assert guild.threads[0].permissions_for(guild.me).send_messages_in_threads


async def test_bot_is_told_nothing_of_threads_that_it_may_not_see(client: Client, server: DiscordServer) -> None:
    server.world.set_app_permissions(server.brainstorm, discord.Permissions.none())
    hidden = server.reply(server.brainstorm, server.ada, "look at this")
    server.world.start_thread(hidden, "hidden", owner=server.ada.user)
    _, seen = someone_starts(server)

    await client.hear(("started", seen))


# Commands and buttons -----------------------------------------------------------------------------


def button() -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Again", custom_id="job:again:1"))
    return view


async def test_commands_and_presses_come_from_a_thread(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    message = await thread.send("take 1", view=button())
    expected = f"takes in {server.clips.id}, active, attach True"

    shot = await server.slash(stored, server.ada, "where")
    await shot.acknowledged
    press = await server.press(stored.messages[message.id], "job:again:1", server.ada)
    await press.acknowledged

    assert (shot.text, press.text) == (expected, expected)
    assert [message.text for message in stored.posts] == [expected, expected]


async def test_command_from_an_archived_thread_says_so_and_its_answer_makes_it_active(
    client: Client, server: DiscordServer
) -> None:
    _, stored = await started(client, server)
    server.world.update_thread(stored, by=server.mia.user, is_archived=True)

    shot = await server.slash(stored, server.ada, "where")
    await shot.acknowledged

    assert "archived" in shot.text
    assert not stored.is_archived


@pytest.mark.parametrize("is_private", [False, True])
async def test_public_answers_in_a_closed_thread_are_refused_and_private_ones_taken(
    server: DiscordServer, client: Client, is_private: bool
) -> None:
    _, stored = await started(client, server)
    async with aiohttp.ClientSession() as session:
        shot = await server.slash(stored, server.ada, "where")
        server.world.update_thread(stored, by=server.mia.user, is_archived=True, is_locked=True)
        url = f"{server.api_url}/interactions/{shot.id}/{shot.token}/callback"
        flags = 64 if is_private else 0
        async with session.post(url, json={"type": 4, "data": {"content": "x", "flags": flags}}) as answered:
            if is_private:
                assert answered.status == 204
            else:
                assert (answered.status, (await answered.json())["code"]) == (403, 50083)
    assert stored.posts == []


# Faults -------------------------------------------------------------------------------------------


async def test_start_whose_answer_is_lost_is_found_again_by_the_messages_id(
    client: Client, server: DiscordServer
) -> None:
    message = await clips(client, server).send("four takes")
    server.faults.reset(RouteKind.CREATE_THREAD, stored=True)

    with pytest.raises(aiohttp.ClientConnectionError):
        await message.create_thread(name="takes")

    assert await refusal(message.create_thread(name="takes")) == (400, 160004)
    assert (await client.fetch_channel(message.id)).id == message.id


async def test_faults_meet_the_requests_about_threads(client: Client, server: DiscordServer) -> None:
    thread, stored = await started(client, server)
    server.faults.fail(RouteKind.EDIT_CHANNEL, 503)
    server.faults.fail(RouteKind.CREATE_MESSAGE, 503, where=lambda request: request.channel_id == stored.id)
    server.faults.fail(RouteKind.DELETE_CHANNEL, 503)

    await clips(client, server).send("not in the thread")
    for asking in (thread.edit(archived=True), thread.send("take 1"), thread.delete()):
        assert (await refusal(asking))[0] == 503

    assert (stored.is_archived, stored.posts) == (False, [])


# Discord's own description ------------------------------------------------------------------------


@needs_openapi
async def test_threads_are_checked_against_discords_own_description() -> None:
    async with DiscordServer(openapi=OPENAPI) as server, running_client(server) as client:
        thread, stored = await started(client, server)
        await thread.edit(name="more takes", archived=False)
        components = json.loads(OPENAPI.read_text("utf-8"))["components"]
        validator = Draft202012Validator({"$ref": "#/components/schemas/ThreadResponse", "components": components})
        validator.validate(stored.payload(server.world.bot))
        await client.hear(("active", stored))

        message = server.reply(server.clips, server.ada, "look at this")
        asking = start(client, message, auto_archive_duration="long")
        with pytest.raises(discord.HTTPException, match=r"\$\.auto_archive_duration"):
            await asking
