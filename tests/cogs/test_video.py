"""What members see of ``/video``, and what the database holds afterwards."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.models import Aspect, JobError, JobState, Quota, QuotaSource
from bot.services.jobs.lost_cards import ANSWERED_SECONDS
from bot.ui import replies
from bot.ui.answering import attempts
from tests.support.community import OWNER, told, words

if TYPE_CHECKING:
    from bot.models import Job
    from bot.services.admission.job_request import JobRequest
    from bot.services.jobs.requests import Accepted
    from tests.support.community import Community

CALLBACK = "/interactions/*/*/callback"
ORIGINAL = "/webhooks/*/*/messages/@original"


def option(name: str, value: object, kind: int = 3) -> dict[str, Any]:
    return {"name": name, "type": kind, "value": value}


async def nothing_happened(community: Community) -> bool:
    return await community.jobs() == [] and await community.ledger() == []


async def set_server_default(community: Community, seconds: int) -> None:
    await community.moderator.slash(
        community.channel, "moderate quota set", who=community.guild.default_role, seconds=seconds
    )


async def test_member_sees_a_status_card_at_once_and_pays_for_one_job(community: Community) -> None:
    result = await community.mia.slash(community.channel, "video", prompt="  A cat surfing ")

    assert not result.ephemeral
    assert not result.deferred
    shown = words(result.response)
    assert "Waiting, next in line" in shown
    assert "A cat surfing" in shown
    assert "Landscape 16:9 · 6 s" in shown
    assert community.mia.mention in shown
    [job] = await community.jobs()
    assert job.state is JobState.QUEUED
    assert job.spec.prompt == "A cat surfing"
    assert job.status_message_id == result.response.id
    assert await community.ledger() == [("charge", 6)]


async def test_chosen_options_reach_the_job(community: Community) -> None:
    result = await community.mia.slash(community.channel, "video", prompt="A cat", aspect="9:16", duration=10)

    assert "Portrait 9:16 · 10 s" in words(result.response)
    [job] = await community.jobs()
    assert (job.spec.aspect, job.spec.duration_seconds) == (Aspect.PORTRAIT, 10)
    assert await community.ledger() == [("charge", 10)]


async def test_command_and_options_are_named_as_promised(community: Community) -> None:
    command = community.env.backend.find_command("video", community.guild.id, type=1)

    by_name = {parameter["name"]: parameter for parameter in command["options"]}
    assert list(by_name) == ["prompt", "aspect", "duration", "spoiler", "private"]
    assert (by_name["prompt"]["min_length"], by_name["prompt"]["max_length"]) == (3, 2000)
    assert [(choice["name"], choice["value"]) for choice in by_name["aspect"]["choices"]] == [
        ("Landscape 16:9", "16:9"),
        ("Portrait 9:16", "9:16"),
    ]
    assert [choice["value"] for choice in by_name["duration"]["choices"]] == [6, 10]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([option("prompt", "")], "can't see anything"),
        ([option("prompt", " \n\t ")], "can't see anything"),
        ([option("prompt", "\u200b\u2060\ufeff\u202e")], "can't see anything"),
        ([option("prompt", "\ud800\udfff\ud800")], "can't see anything"),
        ([option("prompt", 12)], "can't see anything"),
        ([option("prompt", "  ab  ")], "too short"),
        ([option("prompt", "a" * 2001)], "too long"),
        ([option("prompt", "A cat"), option("aspect", "1:1")], "shape is not on offer"),
        ([option("prompt", "A cat"), option("aspect", ["16:9"])], "shape is not on offer"),
        ([option("prompt", "A cat"), option("duration", 7, 4)], "length is not on offer"),
        ([option("prompt", "A cat"), option("duration", 6.0, 10)], "length is not on offer"),
        ([option("prompt", "A cat"), option("duration", "6", 4)], "length is not on offer"),
        ([option("aspect", "16:9")], "could not read that command"),
        ([option("prompt", "A cat"), option("style", "noir")], None),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_forged_options_get_one_private_sentence_and_cost_nothing(
    community: Community, options: list[dict[str, Any]], sentence: str | None
) -> None:
    result = await community.forge(community.mia, "video", *options)

    if sentence is None:  # an option nobody asked for is ignored
        assert len(await community.jobs()) == 1
        return
    assert result.ephemeral
    assert sentence in words(result.response)
    assert told(result.response).count(".") == 1
    assert await nothing_happened(community)


@pytest.mark.parametrize(
    "prompt",
    [
        "!!! ??? ***",
        "😀" * 2000,
        "👩‍👩‍👧‍👦" * 280,
        "مرحبا \u202eبالعالم\u202c abc",
        "a\u200bb\u200cc\u200dd\u2060e",
        "@everyone @here look",
        "<@1> <@!2> <@&3> <#4> </video:5>",
        "# Head\n## Sub\n> quote\n- list\n-# small",
        "**b** _i_ ~~s~~ ||spoiler|| `code` ```block\n```",
        "[click](https://evil.example) https://evil.example discord.gg/x <t:0:R> <:a:1> :smile:",
        "z" + "\u0301" * 1999,
        "line\r\nline\u2028line\x00\x1b[31m",
    ],
    ids=lambda prompt: ascii(prompt)[:40],
)
async def test_any_visible_prompt_is_taken_and_pings_nobody(community: Community, prompt: str) -> None:
    result = await community.forge(community.mia, "video", option("prompt", prompt))

    assert not result.ephemeral
    assert community.pinged(result.response) == set()
    [job] = await community.jobs()
    assert job.spec.prompt == prompt.replace("\0", "").strip()


async def test_no_quota_left_is_said_in_private_with_what_is_left(community: Community) -> None:
    await set_server_default(community, 8)
    await community.mia.slash(community.channel, "video", prompt="The first")

    result = await community.mia.slash(community.channel, "video", prompt="The second")

    assert result.ephemeral
    assert "costs 6 s and you have 2 s left today" in words(result.response)
    assert "<t:" in words(result.response)
    assert len(await community.jobs()) == 1
    assert await community.ledger() == [("charge", 6)]


async def test_a_quota_of_nothing_sends_to_a_moderator(community: Community) -> None:
    await set_server_default(community, 0)

    result = await community.mia.slash(community.channel, "video", prompt="A cat")

    assert "allows no clips" in words(result.response)
    assert await nothing_happened(community)


async def test_too_many_open_jobs_are_refused_in_private(community: Community) -> None:
    for prompt in ("The first", "The second"):
        await community.mia.slash(community.channel, "video", prompt=prompt)

    result = await community.mia.slash(community.channel, "video", prompt="The third")

    assert result.ephemeral
    assert "already have 2 clips on the way" in words(result.response)
    assert await community.ledger() == [("charge", 6), ("charge", 6)]


@pytest.mark.parametrize(
    ("lacking", "names"),
    [
        (("attach_files",), "**Attach Files**"),
        (("send_messages",), "**Send Messages**"),
        (("view_channel",), "**View Channel**"),
        (("read_message_history",), "**Read Message History**"),
        (("attach_files", "send_messages", "view_channel"), "**View Channel**, **Send Messages** and **Attach Files**"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
)
async def test_permissions_the_bot_lacks_are_all_named_before_any_charge(
    community: Community, lacking: tuple[str, ...], names: str
) -> None:
    result = await community.mia.slash(community.without(*lacking), "video", prompt="A cat")

    assert result.ephemeral
    assert names in words(result.response)
    assert await nothing_happened(community)


async def test_permission_to_write_in_threads_counts_in_threads(community: Community) -> None:
    channel = community.without("send_messages_in_threads")

    result = await community.mia.slash(await community.thread(channel), "video", prompt="A cat")

    assert "**Send Messages in Threads**" in words(result.response)
    assert await nothing_happened(community)


async def test_works_in_threads_forum_posts_and_voice_chat(community: Community) -> None:
    thread = await community.thread(community.channel)
    forum = community.guild.create_forum_channel("pitches")
    forum_channel = community.bot.get_channel(forum.id)
    assert isinstance(forum_channel, discord.ForumChannel)
    await forum_channel.create_thread(name="pitch", content="What if")
    places = [thread, *forum.threads, community.guild.create_voice_channel("lounge")]
    await set_server_default(community, 1000)

    members = [community.mia, community.ben, community.moderator]
    for member, place in zip(members, places, strict=True):
        result = await member.slash(place, "video", prompt="A cat")
        assert "A cat" in words(result.response)

    assert {job.channel_id for job in await community.jobs()} == {place.id for place in places}


async def test_slow_acceptance_is_acknowledged_in_public_and_then_edited_to_the_card(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    community.hold_until_acknowledged(community.bot.services.jobs, "accept_held", monkeypatch)

    result = await community.mia.slash(community.channel, "video", prompt="A cat")

    assert community.acknowledged_first(in_private=False)
    assert "A cat" in words(result.response)
    assert len(community.channel.history()) == 1
    [job] = await community.jobs()
    assert job.status_message_id == result.response.id


async def test_slow_refusal_leaves_no_public_trace(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    await set_server_default(community, 0)
    community.hold_until_acknowledged(community.bot.services.jobs, "accept_held", monkeypatch)

    result = await community.mia.slash(community.channel, "video", prompt="A cat")

    assert community.acknowledged_first(in_private=False)
    assert result.response is None
    [refusal] = result.followups
    assert refusal.ephemeral
    assert "allows no clips" in told(refusal)
    assert [message for message in community.channel.history() if not message.flags.ephemeral] == []


async def test_slow_refusal_that_cannot_be_said_leaves_no_public_trace_either(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_server_default(community, 0)
    community.hold_until_acknowledged(community.bot.services.jobs, "accept_held", monkeypatch)
    community.env.inject_error("POST", "/webhooks/*/*", status=403, code=50013)

    result = await community.mia.slash(community.channel, "video", prompt="A cat")

    assert (result.response, list(result.followups)) == (None, [])
    assert community.channel.history() == []


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (401, 50027), (500, 0), (429, 0)])
async def test_card_goes_through_the_channel_when_the_interaction_is_gone(
    community: Community, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    monkeypatch.setattr(attempts, "PAUSES_SECONDS", (0.0,))
    community.env.inject_error("POST", CALLBACK, status=status, code=code, times=None)
    community.env.inject_error("PATCH", ORIGINAL, status=404, code=10015, times=None)

    result = await community.mia.slash(community.channel, "video", prompt="A cat")
    assert not result.acknowledged
    assert community.channel.history() == []
    community.clock.time += timedelta(seconds=ANSWERED_SECONDS)
    await community.reelay.card_updater.tick()

    card = community.channel.last_message
    assert "A cat" in words(card)
    [job] = await community.jobs()
    assert job.status_message_id == card.id


async def test_answer_that_arrived_unheard_is_edited_and_not_doubled(community: Community) -> None:
    community.env.inject_error("POST", CALLBACK, status=400, code=40060)
    edits: list[object] = []

    async def edit(self: discord.Interaction, **changes: object) -> discord.Object:
        edits.append(changes["view"])
        return discord.Object(4711)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.Interaction, "edit_original_response", edit)
        await community.mia.slash(community.channel, "video", prompt="A cat")

    assert len(edits) == 1
    assert community.channel.history() == []
    [job] = await community.jobs()
    assert job.status_message_id == 4711


async def test_job_goes_on_without_a_card_when_none_can_be_shown(community: Community) -> None:
    community.env.inject_error("POST", CALLBACK, status=401, code=50027, times=None)
    community.env.inject_error("PATCH", ORIGINAL, status=404, code=10015, times=None)
    community.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)

    await community.mia.slash(community.channel, "video", prompt="A cat")

    [job] = await community.jobs()
    assert (job.state, job.status_message_id) == (JobState.QUEUED, None)
    assert await community.ledger() == [("charge", 6)]


@pytest.mark.parametrize("is_slow", [False, True], ids=["answered", "acknowledged first"])
async def test_command_whose_answer_came_too_late_is_undone(
    community: Community, monkeypatch: pytest.MonkeyPatch, *, is_slow: bool
) -> None:
    """Discord has told the member that the bot did not respond; as after a gateway session that was resumed."""
    if is_slow:
        _defer_meanwhile(community, monkeypatch)
    community.env.inject_error("POST", CALLBACK, status=404, code=10062, times=None)

    await community.mia.slash(community.channel, "video", prompt="A cat")
    await community.reelay.worker.tick()

    [job] = await community.jobs()
    assert (job.state, job.error_code, job.status_message_id) == (JobState.CANCELLED, JobError.UNHEARD, None)
    assert (job.lease_owner, job.lease_until) == (None, None)
    assert await community.ledger() == [("charge", 6), ("refund", 6)]
    assert community.channel.history() == []


def _defer_meanwhile(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the acceptance take until the interaction has been acknowledged, or could not be."""
    tried = asyncio.Event()
    accept, defer = community.bot.services.jobs.accept_held, discord.InteractionResponse.defer

    async def slow(request: JobRequest) -> Accepted:
        await community.env.external_wait(tried.wait(), reason="a slow database")
        return await accept(request)

    async def try_to_defer(response: discord.InteractionResponse, **options: bool) -> None:
        try:
            await defer(response, **options)
        finally:
            tried.set()

    monkeypatch.setattr(community.bot.services.jobs, "accept_held", slow)
    monkeypatch.setattr(discord.InteractionResponse, "defer", try_to_defer)


async def test_job_may_not_start_before_its_answer_was_taken(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Job] = []
    show = replies.show

    async def look_then_show(interaction: discord.Interaction, view: discord.ui.LayoutView) -> int | None:
        shown.extend(await community.jobs())
        return await show(interaction, view)

    monkeypatch.setattr(replies, "show", look_then_show)
    await community.mia.slash(community.channel, "video", prompt="A cat")

    [held], [job] = shown, await community.jobs()
    assert held.lease_owner == OWNER
    assert (job.state, job.lease_owner) == (JobState.QUEUED, None)


async def test_refusal_that_cannot_be_said_is_logged_and_not_raised(
    community: Community, caplog: pytest.LogCaptureFixture
) -> None:
    community.env.inject_error("POST", CALLBACK, status=404, code=10062)

    await community.forge(community.mia, "video", option("prompt", "ab"))

    assert "answer failed" in caplog.messages
    assert await nothing_happened(community)


async def test_locked_database_means_no(community: Community) -> None:
    with community.locked_database():
        result = await community.mia.slash(community.channel, "video", prompt="A cat")

    assert result.ephemeral
    assert "Nothing was charged" in words(result.response)
    assert await nothing_happened(community)


async def test_card_stays_when_the_database_fails_right_after_acceptance(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = replies.show

    async def show_then_lock(interaction: discord.Interaction, view: discord.ui.LayoutView) -> int | None:
        message_id = await show(interaction, view)
        lock.__enter__()
        return message_id

    lock = community.locked_database()
    monkeypatch.setattr(replies, "show", show_then_lock)
    result = await community.mia.slash(community.channel, "video", prompt="A cat")
    lock.__exit__(None, None, None)

    assert "A cat" in words(result.response)
    [job] = await community.jobs()
    assert job.status_message_id is None


async def test_unforeseen_error_gives_a_reference_whose_traceback_is_in_the_log(
    community: Community, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret /path")

    monkeypatch.setattr(community.bot.services.jobs, "accept_held", fail)

    result = await community.mia.slash(community.channel, "video", prompt="A cat")

    assert result.ephemeral
    assert "secret" not in words(result.response)
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert f"(reference {record.reference})" in words(result.response)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)


async def test_a_job_whose_command_broke_down_is_held_no_longer_and_starts(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret /path")

    monkeypatch.setattr(replies, "show", fail)

    result = await community.mia.slash(community.channel, "video", prompt="A cat")

    assert "(reference " in words(result.response)
    [held] = await community.jobs()
    assert held.lease_until is not None
    community.clock.time = held.lease_until - timedelta(seconds=1)
    await community.reelay.worker.tick()  # would renew what is held
    [job] = await community.jobs()
    assert (job.state, job.lease_until) == (JobState.QUEUED, held.lease_until)
    assert await community.ledger() == [("charge", 6)]


async def test_role_quota_holds_for_its_members(community: Community) -> None:
    role = community.guild.create_role("Patrons")
    patron = community.guild.add_member(community.env.create_user("pat"), roles=[role])
    await set_server_default(community, 0)
    await community.moderator.slash(community.channel, "moderate quota set", who=role, seconds=6)

    await patron.slash(community.channel, "video", prompt="A cat")

    [job] = await community.jobs()
    assert job.member_id == patron.id
    assert job.effective_quota.quota == Quota(6)
    assert (job.effective_quota.source, job.effective_quota.subject_id) == (QuotaSource.ROLE, role.id)
