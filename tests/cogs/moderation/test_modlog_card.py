"""The log's cards and what their buttons do, for moderators only, also after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import discord
import pytest
from simcord.components import walk_components

from bot.media.stills import take_still
from bot.models import JobError
from bot.services.instance_name import InstanceName
from bot.services.jobs.leases import LeasedJobs
from bot.store import jobs as job_store
from bot.store.tables import jobs, log_entries, stills
from tests.support.community import NAME, NONCE, OWNER, told, words
from tests.support.panel import filled_in, remove, set_access, set_cap
from tests.support.videos import video_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simcord.builders import ChannelHandle
    from simcord.results import InteractionResult

    from bot.models import Job
    from tests.support.community import Community


async def clip_and_card(community: Community, prompt: str = "A cat surfing") -> tuple[Job, discord.Message]:
    await community.keep_log()
    job = await community.post_clip(community.mia, prompt)
    return job, (await community.log_cards())[-1]


async def fill_block(community: Community, shown: InteractionResult, reason: str, days: str = "") -> InteractionResult:
    return await community.moderator.submit_modal(shown, filled_in(shown, reason, days))


def ids(community: Community) -> set[int]:
    return {message.id for message in community.channel.history()}


async def test_a_posted_clip_gets_one_compact_card(community: Community) -> None:
    job, card = await clip_and_card(community, "@everyone **look** <@&1>")

    link = f"https://discord.com/channels/{community.guild.id}/{community.channel.id}/{job.message_id}"
    assert words(card).splitlines() == [
        f"**Clip posted** for {community.mia.mention} in {community.channel.mention}",
        "“\u2068\\@everyone \\*\\*look\\*\\* \\<\\@&1\\>\u2069”",
        "Landscape 16:9 · 6 s · cost 6 s · 60 s per day, the bot's default",
        "-# card 2",
    ]
    assert community.pinged(card) == set()
    parts = list(walk_components([component.to_dict() for component in card.components]))
    assert [part["label"] for part in parts if "label" in part] == [
        *("Remove", "Remove and refund", "Block member…", "Recent clips", "Open")
    ]
    assert [part["url"] for part in parts if "url" in part] == [link]


async def test_a_failed_clip_says_why_and_that_the_seconds_came_back(community: Community) -> None:
    await community.keep_log()
    await community.mia.slash(community.channel, "video", prompt="A cat")
    now = community.clock.now()
    async with community.database.write() as connection:
        [job] = await job_store.start_next(
            connection, now=now, limit=1, owner=OWNER, lease_until=now, slots_since=now, in_flight=()
        )
    leased_jobs = LeasedJobs(
        database=community.database,
        clock=community.clock,
        audit_trail=community.bot.services.audit_trail,
        card_changes=community.reelay.card_changes,
        instance=InstanceName(NAME, nonce=NONCE),
    )
    await leased_jobs.fail(job, JobError.CONTENT_POLICY)

    card = words((await community.log_cards())[-1])

    assert f"**Clip failed** for {community.mia.mention}" in card
    assert "refused this prompt because of its content rules. 6 s came back." in card


@pytest.mark.parametrize(
    ("decide", "reason"),
    [
        (
            lambda community: community.moderate("rules add", kind="words", text="cat"),
            "a prompt rule: “\u2068cat\u2069”",
        ),
        (
            lambda community: community.moderate("pause", reason="A flood"),
            "video making is paused: “\u2068A flood\u2069”",
        ),
        (lambda community: set_access(community, "refused"), "no clips in this channel"),
        (lambda community: set_cap(community, "5"), "the server's cap is less than it costs: 5 s per day"),
        (lambda community: set_cap(community, "0"), "the server's cap is less than it costs: 0 s per day"),
    ],
)
async def test_a_refused_clip_gets_a_card_with_the_rule(
    community: Community, decide: Callable[[Community], Awaitable[str]], reason: str
) -> None:
    await community.keep_log()
    await decide(community)
    await community.mia.slash(community.channel, "video", prompt="A cat")

    card = words((await community.log_cards())[-1])

    assert f"**Clip refused** for {community.mia.mention} in {community.channel.mention}" in card
    assert f"Landscape 16:9 · 6 s · cost nothing · {reason}" in card


async def test_a_used_up_quota_is_a_refusal_with_whose_quota_it_was(community: Community) -> None:
    await community.keep_log()
    await community.moderate("quota set", who=community.mia, seconds=6)
    for _ in range(2):
        await community.mia.slash(community.channel, "video", prompt="A cat")
    used_up = words((await community.log_cards())[-1])
    await community.moderate("quota set", who=community.mia, seconds=5)
    await community.mia.slash(community.channel, "video", prompt="A cat")
    small = words((await community.log_cards())[-1])

    assert f"the quota is used up: 6 s per day, {community.mia.mention}" in used_up
    assert f"the quota is less than it costs: 5 s per day, {community.mia.mention}" in small


@pytest.mark.parametrize(("label", "back"), [("Remove", ""), ("Remove and refund", "; 6 s came back")])
async def test_one_click_removes_the_clip_and_the_card_says_who_did_it(
    community: Community, label: str, back: str
) -> None:
    job, card = await clip_and_card(community)

    await remove(community.moderator, card, label)

    assert job.message_id not in ids(community)
    now = int(community.clock.now().timestamp())
    shown = community.shown(card, community.moderator)
    assert f"**Removed** by {community.moderator.mention}, <t:{now}:f>{back}" in shown
    assert "**Clip removed** for" in shown
    assert await community.ledger() == [("charge", 6)] + [("refund", 6)] * bool(back)
    assert label not in [button.label for button in buttons(community, card)]


async def titles(community: Community, channel: ChannelHandle | None = None) -> list[str]:
    """Post what waits to be, and return the first lines of a log's cards."""
    await community.log_cards()
    return [words(card).splitlines()[0] for card in (channel or community.log_channel).history()]


@pytest.mark.parametrize("refunds", [True, False])
async def test_a_removal_shows_once_on_the_clips_card_however_it_was_done(
    community: Community, *, refunds: bool
) -> None:
    job, card = await clip_and_card(community)

    await community.bot.services.jobs.remove_clip(
        job.id, guild_id=community.guild.id, removed_by_id=community.moderator.id, refunds=refunds
    )

    place = f"for {community.mia.mention} in {community.channel.mention}"
    assert await titles(community) == ["**Log channel set**", f"**Clip removed** {place}"]
    shown = community.shown(card, community.moderator)
    assert f"**Removed** by {community.moderator.mention}" in shown
    assert ("6 s came back" in shown) is refunds


async def test_a_removal_has_a_card_of_its_own_where_the_log_has_none_of_the_clip(community: Community) -> None:
    job = await community.post_clip(community.mia)
    await community.keep_log()

    await community.bot.services.jobs.remove_clip(
        job.id, guild_id=community.guild.id, removed_by_id=community.moderator.id, refunds=False
    )

    assert await titles(community) == ["**Log channel set**", "**Clip removed**"]


async def test_a_log_that_moved_hears_of_the_removal_of_a_clip_whose_card_is_where_it_was(community: Community) -> None:
    job, card = await clip_and_card(community)
    elsewhere = community.guild.create_text_channel("new-log")
    servers, moderator = community.bot.services.servers, community.moderator
    await servers.set_log_channel(community.guild.id, elsewhere.id, set_by_id=moderator.id)

    await community.bot.services.jobs.remove_clip(
        job.id, guild_id=community.guild.id, removed_by_id=moderator.id, refunds=False
    )

    assert await titles(community, elsewhere) == ["**Log moved**", "**Clip removed**"]
    assert f"**Removed** by {moderator.mention}" in community.shown(card, moderator)


async def test_the_last_card_of_a_log_says_who_turned_it_off_or_where_it_went(community: Community) -> None:
    elsewhere = community.guild.create_text_channel("new-log")
    servers, moderator = community.bot.services.servers, community.moderator
    await community.keep_log()
    await community.log_cards()

    await servers.set_log_channel(community.guild.id, elsewhere.id, set_by_id=moderator.id)
    await community.log_cards()
    await servers.set_log_channel(community.guild.id, None, set_by_id=moderator.id)
    await community.moderate("pause", reason="A flood")

    moved = f"{moderator.mention} moved the log from {community.log_channel.mention} to {elsewhere.mention}"
    assert await titles(community) == ["**Log channel set**", "**Log moved**"]
    assert moved in words(community.log_channel.history()[-1])
    assert await titles(community, elsewhere) == ["**Log moved**", "**Log turned off**"]
    ended = f"{moderator.mention} turned the log off (it was in {elsewhere.mention})"
    assert ended in words(elsewhere.history()[-1])


def buttons(community: Community, card: discord.Message) -> list[discord.Button]:
    [message] = [each for each in community.log_channel.history() if each.id == card.id]
    [container] = message.components
    return [part for row in container.children if hasattr(row, "children") for part in row.children]


async def test_the_buttons_work_after_a_restart(community: Community) -> None:
    job, card = await clip_and_card(community)
    await community.restart()

    await remove(community.moderator, card, "Remove and refund")

    assert job.message_id not in ids(community)
    assert "**Removed** by" in community.shown(card, community.moderator)


async def test_a_clip_that_somebody_deleted_by_hand_can_be_refunded(community: Community) -> None:
    job, card = await clip_and_card(community)
    await community.bot.get_partial_messageable(community.channel.id).get_partial_message(job.message_id).delete()

    await remove(community.moderator, card, "Remove and refund")

    assert await community.ledger() == [("charge", 6), ("refund", 6)]


async def test_whoever_is_second_is_told_who_was_first(community: Community) -> None:
    job, card = await clip_and_card(community)
    await community.bot.services.jobs.remove_clip(
        job.id, guild_id=community.guild.id, removed_by_id=community.ben.id, refunds=False
    )

    second = await community.moderator.click(card, label="Remove and refund")

    assert f"{community.ben.mention} already removed this clip" in second.followups[0].content
    assert f"**Removed** by {community.ben.mention}" in community.shown(card, community.moderator)
    assert await community.ledger() == [("charge", 6)]


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [(503, 0, "try again in a minute"), (403, 50001, "somebody has to do it by hand")],
)
async def test_a_clip_that_cannot_be_deleted_stays_and_is_not_refunded(
    community: Community, status: int, code: int, sentence: str
) -> None:
    _, card = await clip_and_card(community)
    community.env.inject_error("DELETE", "/channels/*/messages/*", status=status, code=code, times=None)

    answer = await remove(community.moderator, card, "Remove and refund")

    assert sentence in told(answer.response)
    assert "**Removed**" not in community.shown(card, community.moderator)
    assert await community.ledger() == [("charge", 6)]


async def test_the_member_is_blocked_from_the_card_with_reason_and_time(community: Community) -> None:
    _, card = await clip_and_card(community)

    done = await fill_block(community, await community.moderator.click(card, label="Block member…"), "spam", "7")

    assert "can make no clips here until" in done.followups[0].content
    shown = community.shown(card, community.moderator)
    assert f"**Blocked** by {community.moderator.mention}, <t:" in shown
    assert ":f>: until <t:" in shown
    assert "“\u2068spam\u2069”" in shown
    refused = await community.mia.slash(community.channel, "video", prompt="A cat")
    assert "blocked you" in told(refused.response)


async def test_a_block_without_sense_changes_nothing(community: Community) -> None:
    _, card = await clip_and_card(community)

    done = await fill_block(community, await community.moderator.click(card, label="Block member…"), "spam", "100")

    assert "1 to 90 whole days" in words(done.response)
    assert (await community.bot.services.servers.view(community.guild.id)).blocks == []


async def test_a_refused_clips_card_can_block_its_member_too(community: Community) -> None:
    await community.keep_log()
    await community.moderate("rules add", kind="words", text="cat")
    await community.mia.slash(community.channel, "video", prompt="A cat")
    card = (await community.log_cards())[-1]

    await fill_block(community, await community.moderator.click(card, label="Block member…"), "spam", "7")

    assert f"**Blocked** by {community.moderator.mention}" in community.shown(card, community.moderator)
    assert [button.label for button in buttons(community, card)] == ["Block member…", "Recent clips"]
    recent = await community.moderator.click(card, label="Recent clips")
    assert words(recent.response) == f"**The latest clips of {community.mia.mention}**"


async def test_a_member_can_be_blocked_again_from_the_card_once_the_block_has_ended(community: Community) -> None:
    _, card = await clip_and_card(community)
    await fill_block(community, await community.moderator.click(card, label="Block member…"), "spam", "7")
    await community.moderate("unblock", member=community.mia)

    await fill_block(community, await community.moderator.click(card, label="Block member…"), "again", "1")

    assert "“\u2068again\u2069”" in community.shown(card, community.moderator)


async def test_recent_clips_are_shown_to_the_moderator_alone(community: Community) -> None:
    await community.keep_log()
    long_prompt = "The second of two clips, with a prompt that is longer than any list shows in one line of it " * 2
    for prompt in ("The first", long_prompt):
        job = await community.post_clip(community.mia, prompt)
    await community.post_clip(community.ben, "Another's")
    card = (await community.log_cards())[1]

    recent = await community.moderator.click(card, label="Recent clips")

    assert recent.response.ephemeral
    lines = words(recent.response).splitlines()
    link = f"https://discord.com/channels/{community.guild.id}/{community.channel.id}/{job.message_id}"
    assert f"posted, 6 s, {community.channel.mention} ([open]({link})): “\u2068{long_prompt[:99]}…\u2069”" in lines[1]
    assert lines[0] == f"**The latest clips of {community.mia.mention}**"
    assert ["The second" in lines[1], "The first" in lines[2], len(lines)] == [True, True, 3]


async def test_a_form_that_another_process_has_shown_is_not_answered_again(
    community: Community, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="bot.ui.replies")
    _, card = await clip_and_card(community)
    community.env.inject_error("POST", "/interactions/*/*/callback", status=400, code=40060, times=None)

    result = await community.moderator.click(card, label="Block member…")

    assert (result.response, list(result.followups), result.modal) == (None, [], None)
    assert [(record.message, record.levelname) for record in caplog.records] == [("already answered", "DEBUG")]


async def test_buttons_are_for_moderators_whoever_sees_them(community: Community) -> None:
    job, card = await clip_and_card(community)

    for label in ("Remove", "Remove and refund", "Block member…", "Recent clips"):
        answer = await community.mia.click(card, label=label)
        assert told(answer.response) == "Only members with **Timeout Members** can do that."

    assert job.message_id in ids(community)
    assert await community.ledger() == [("charge", 6)]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_log_that_is_held_back_stops_nothing_and_has_each_card_once_in_the_end(
    community: Community, status: int
) -> None:
    await community.keep_log()
    community.env.inject_error("POST", f"/channels/{community.log_channel.id}/messages", status=status, times=2)

    for _ in range(2):
        assert await community.log_cards() == []
        community.clock.time += timedelta(minutes=1)
    job = await community.post_clip(community.mia)

    assert job.message_id in ids(community)
    assert [words(card).splitlines()[0] for card in await community.log_cards()] == [
        "**Log channel set**",
        f"**Clip posted** for {community.mia.mention} in {community.channel.mention}",
    ]
    assert not (await community.bot.services.servers.view(community.guild.id)).server.log_closed


async def test_a_card_that_arrived_unheard_is_found_again(community: Community) -> None:
    await community.keep_log()
    [card] = await community.log_cards()
    long_ago = discord.utils.DISCORD_EPOCH  # the simulated Discord's clock is not the bot's
    waits_again = {"due_at": community.clock.now(), "message_id": None, "attempts": 1}
    waits_again["created_at"] = datetime.fromtimestamp(long_ago / 1000, UTC) + timedelta(days=1)
    async with community.database.write() as connection:
        await connection.execute(log_entries.update().values(waits_again))

    assert [each.id for each in await community.log_cards()] == [card.id]


# The still ---------------------------------------------------------------------------------------


async def card_with_still(community: Community, *, is_spoiler: bool = False) -> tuple[Job, discord.Message]:
    await community.keep_log()
    job = await community.post_clip(community.mia)
    async with community.database.write() as connection:
        await connection.execute(stills.insert().values(job_id=job.id, image=take_still(video_file())))
        await connection.execute(jobs.update().where(jobs.c.id == job.id).values(is_spoiler=is_spoiler))
    return job, (await community.log_cards())[-1]


def pictures(card: discord.Message) -> list[tuple[str, bool]]:
    parts = walk_components([component.to_dict() for component in card.components])
    shown = [item for part in parts for item in part.get("items", [])]
    assert len(card.attachments) == len(shown)
    return [(attachment.filename, item["spoiler"]) for attachment, item in zip(card.attachments, shown, strict=True)]


@pytest.mark.parametrize("is_spoiler", [False, True])
async def test_a_posted_clips_card_shows_its_still_behind_a_spoiler_where_the_clip_is(
    community: Community, *, is_spoiler: bool
) -> None:
    job, card = await card_with_still(community, is_spoiler=is_spoiler)

    assert pictures(card) == [(f"still-{job.id}.webp", is_spoiler)]


async def test_the_still_stays_on_the_card_of_a_blocked_member_and_goes_with_the_clip(community: Community) -> None:
    job, card = await card_with_still(community)
    form = await community.moderator.click(card, label="Block member…")
    await fill_block(community, form, "spam")
    assert pictures(community.log_channel.history()[-1]) == [(f"still-{job.id}.webp", False)]

    await remove(community.moderator, card, "Remove")

    shown = community.log_channel.history()[-1]
    assert shown.id == card.id
    assert pictures(shown) == []
    assert "**Removed** by" in words(shown)
    async with community.database.read() as connection:
        assert (await connection.execute(stills.select())).all() == []


async def test_a_clip_that_is_removed_elsewhere_takes_the_still_from_its_card_after_a_restart(
    community: Community,
) -> None:
    job, card = await card_with_still(community)
    removed_by_id = community.moderator.id
    await community.bot.services.jobs.remove_clip(
        job.id, guild_id=community.guild.id, removed_by_id=removed_by_id, refunds=True
    )
    assert len(pictures(community.log_channel.history()[-1])) == 1

    await community.restart()
    await community.log_cards()

    [shown] = [each for each in community.log_channel.history() if each.id == card.id]
    assert pictures(shown) == []
    assert "came back" in words(shown)
