"""Forms in which a clip is asked for: *Remix*, *Make a video of this*, *Edit again*; and *Try again*."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import ui
from simcord.components import walk_components
from sqlalchemy import select, update

from bot.models import Aspect, ClipButtons, JobError, JobState, Lineage, Origin, StatusCard, VideoSpec
from bot.store import tables
from tests.support.community import NO_FLOOD_LIMITS, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle
    from simcord.results import InteractionResult

    from bot.models import Job
    from tests.support.community import Community

MENU = "Make a video of this"
GONE = "There is nothing to be done with that clip: it is no longer stored here."
NOT_THEIRS = "Only the member who asked for this clip can do that."
NOT_KEPT = "That text is not kept any more: it stays for an hour, for whoever typed it."
NO_WORDS = "There are no words in that message to make a video of."


# What is seen -----------------------------------------------------------------------------------------------------


def filled(shown: InteractionResult) -> tuple[str, str, str | None, str | None]:
    """Return a form's custom id, and what is filled in."""
    assert shown.modal is not None, said(shown)
    prompt, aspect, duration = (part for part in walk_components(shown.modal["components"]) if "custom_id" in part)
    aspects = [option["value"] for option in aspect["options"] if option.get("default")]
    durations = [option["value"] for option in duration["options"] if option.get("default")]
    chosen = ((each or [None])[0] for each in (aspects, durations))
    return shown.modal["custom_id"], prompt.get("value") or "", *chosen


def notes(shown: InteractionResult) -> list[str]:
    return [part["description"] for part in walk_components(shown.modal["components"]) if part.get("description")]


def said(result: InteractionResult) -> str:
    return "\n".join(words(message) for message in (result.response, *result.followups) if message is not None)


def answer(result: InteractionResult) -> Any:  # noqa: ANN401 (SimCord's)
    """Return what the member alone is told."""
    [private] = [each for each in (result.response, *result.followups) if each is not None and each.ephemeral]
    return private


async def edit_again(community: Community, actor: MemberActor, result: InteractionResult) -> InteractionResult:
    return await actor.click(answer(result), label="Edit again")


async def open_remix(community: Community, actor: MemberActor, clip: Job) -> InteractionResult:
    message = next(each for each in community.channel.history() if each.id == clip.message_id)
    return await actor.click(message, custom_id=f"clip:remix:{clip.id}")


async def fill(
    actor: MemberActor, shown: InteractionResult, prompt: str, aspect: str = "9:16", duration: str = "10"
) -> InteractionResult:
    return await actor.submit_modal(shown, {"prompt": prompt, "aspect": aspect, "duration": [duration]})


async def forge(
    community: Community, actor: MemberActor, custom_id: str, *, channel: ChannelHandle | None = None, **fields: str
) -> InteractionResult:
    """Send a form that was never shown."""
    parts = [{"type": 18, "component": {"type": 4, "custom_id": name, "value": text}} for name, text in fields.items()]
    data = {"custom_id": custom_id, "components": parts}
    return await actor._dispatch_interaction(5, channel or community.channel, data)


async def remixes(community: Community) -> list[Job]:
    return [job for job in await community.jobs() if job.lineage is not None]


async def drafts(community: Community) -> list[tuple[int, int, str, str | None, int | None]]:
    table = tables.drafts.c
    columns = (table.guild_id, table.member_id, table.prompt, table.aspect, table.duration_seconds)
    async with community.database.read() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(table.id))]


async def change(community: Community, job_id: str, **values: Any) -> None:  # noqa: ANN401 (of columns)
    async with community.database.write() as connection:
        await connection.execute(update(tables.jobs).where(tables.jobs.c.id == job_id).values(values))


# Remix ------------------------------------------------------------------------------------------------------------


async def test_remix_is_a_form_with_the_clip_in_it_and_a_job_of_whoever_sends_it(community: Community) -> None:
    clip = await community.post_clip(community.mia)

    shown = await open_remix(community, community.ben, clip)
    assert filled(shown) == (f"form:clip_remix:{clip.id}", "A cat surfing", "16:9", "6")
    sent = await fill(community.ben, shown, "A dog surfing")

    assert "Waiting" in said(sent)
    assert not sent.ephemeral
    [made] = await remixes(community)
    assert made.member_id == community.ben.id
    assert made.spec == VideoSpec("A dog surfing", Aspect.PORTRAIT, 10)
    assert made.lineage == Lineage(clip.id, clip.id, Origin.REMIX)
    assert await community.ledger() == [("charge", 6), ("charge", 10)]
    assert await drafts(community) == []


async def test_a_form_that_was_shown_before_a_restart_is_taken_after_it(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = await open_remix(community, community.ben, clip)
    community.clock.time += timedelta(minutes=1)  # or the same ids would come again
    await community.restart()

    await fill(community.ben, shown, "A dog surfing")

    [made] = await remixes(community)
    assert (made.spec.prompt, made.lineage) == ("A dog surfing", Lineage(clip.id, clip.id, Origin.REMIX))


async def test_a_remix_of_a_remix_keeps_its_root(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await change(community, clip.id, parent_id="0001", root_id="0000", origin="flip")

    await fill(community.ben, await open_remix(community, community.ben, clip), "A dog surfing")

    made = next(job for job in await remixes(community) if job.id != clip.id)
    assert made.lineage == Lineage(clip.id, "0000", Origin.REMIX)


@pytest.mark.parametrize("kind", ["is_spoiler", "is_private"])
async def test_a_remix_is_seen_as_its_clip_is(community: Community, kind: str) -> None:
    clip = await community.post_clip(community.mia)
    await change(community, clip.id, **{kind: True})

    await fill(community.mia, await open_remix(community, community.mia, clip), "A dog surfing")

    [made] = await remixes(community)
    assert (made.is_spoiler, made.is_private) == (kind == "is_spoiler", kind == "is_private")


async def test_a_clip_that_is_erased_meanwhile_is_remixed_from_what_was_typed(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = await open_remix(community, community.ben, clip)
    await change(community, clip.id, prompt="", member_id=0)

    await fill(community.ben, shown, "A dog surfing")

    [made] = await remixes(community)
    assert (made.spec.prompt, made.lineage) == ("A dog surfing", Lineage(clip.id, clip.id, Origin.REMIX))
    assert said(await open_remix(community, community.ben, clip)) == GONE


@pytest.mark.parametrize("chosen", [{"aspect": "9:16", "duration": "6"}, {"aspect": "9:16"}, {"duration": "6"}, {}])
async def test_the_same_words_sent_twice_at_once_are_one_job_and_others_are_two(
    community: Community, chosen: dict[str, str]
) -> None:
    clip = await community.post_clip(community.mia)
    fields = {"prompt": "A dog surfing"} | chosen

    custom_id = f"form:clip_remix:{clip.id}"
    await asyncio.gather(*(forge(community, community.ben, custom_id, **fields) for _ in range(2)))
    assert len(await remixes(community)) == 1
    await forge(community, community.ben, custom_id, **fields | {"prompt": "A fox surfing"})

    assert {job.spec.prompt for job in await remixes(community)} == {"A dog surfing", "A fox surfing"}
    assert await community.ledger() == [("charge", 6)] * 3


async def test_who_may_not_use_the_buttons_is_shown_no_form(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    servers = community.bot.services.servers
    await servers.set_clip_buttons(community.guild.id, ClipButtons.REQUESTER, set_by_id=community.moderator.id)
    message = community.message(clip)

    for shown in (
        await open_remix(community, community.ben, clip),
        await community.ben.context_menu(community.channel, MENU, message),
    ):
        assert (shown.modal, shown.ephemeral) == (None, True)
        assert "Moderators let only those who asked for a clip use its buttons." in said(shown)
    assert filled(await open_remix(community, community.mia, clip))[1] == "A cat surfing"


@pytest.mark.parametrize("permission", ["use_application_commands", "send_messages"])
async def test_who_may_not_use_commands_or_write_there_is_shown_no_form(community: Community, permission: str) -> None:
    clip = await community.post_clip(community.mia)
    await community.deny(community.guild.default_role, **{permission: False})

    shown = await open_remix(community, community.ben, clip)

    assert (shown.modal, shown.ephemeral) == (None, True)
    assert "Only members with **" in said(shown)


# Refusals ---------------------------------------------------------------------------------------------------------


async def block(community: Community) -> None:
    await community.moderate("block", member=community.ben, reason="spam")


async def pause(community: Community) -> None:
    await community.moderate("pause", reason="a flood")


async def no_quota(community: Community) -> None:
    await community.moderate("quota set", who=community.ben, seconds=0)


async def rule(community: Community) -> None:
    await community.moderate("rules add", kind="words", text="dog")


async def enough_open(community: Community) -> None:
    for _ in range(2):
        await community.ben.slash(community.channel, "video", prompt="A cow")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (block, "Moderators have blocked you"),
        (pause, "Moderators have paused video making"),
        (no_quota, "Your quota here allows no clips"),
        (rule, "This server's rules refuse that prompt"),
        (enough_open, "You already have 2 clips on the way"),
    ],
)
async def test_a_refused_remix_gives_the_text_back_and_can_be_edited_and_sent_again(
    community: Community,
    prepare: Callable[[Community], Awaitable[None]],
    reason: str,
) -> None:
    clip = await community.post_clip(community.mia)
    shown = await open_remix(community, community.ben, clip)
    await prepare(community)
    before = await community.ledger()

    refused = await fill(community.ben, shown, "A dog, ```surfing```")

    assert reason in words(answer(refused))
    assert "A dog, `" in words(answer(refused))
    assert await community.ledger() == before
    assert await drafts(community) == [(community.guild.id, community.ben.id, "A dog, ```surfing```", "9:16", 10)]
    community.clock.time += timedelta(minutes=1)  # or the same ids would come again
    await community.restart(max_open_jobs=9)
    again = await edit_again(community, community.ben, refused)
    assert filled(again) == (f"form:clip_remix:{clip.id}", "A dog, ```surfing```", "9:16", "10")


async def test_edited_again_it_is_made(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await rule(community)
    refused = await fill(community.ben, await open_remix(community, community.ben, clip), "A dog surfing")

    sent = await fill(community.ben, await edit_again(community, community.ben, refused), "A fox surfing")

    assert "Waiting" in said(sent)
    [made] = await remixes(community)
    assert (made.spec.prompt, made.lineage) == ("A fox surfing", Lineage(clip.id, clip.id, Origin.REMIX))


async def test_in_a_channel_that_is_refused_meanwhile_the_text_comes_back(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = await open_remix(community, community.ben, clip)
    async with community.database.write() as connection:
        row = {"guild_id": community.guild.id, "channel_id": community.channel.id, "access": "refused"}
        await connection.execute(tables.channel_rules.insert().values(row))

    refused = await fill(community.ben, shown, "A dog surfing")

    assert "Moderators allow no clips in this channel." in words(answer(refused))
    assert "A dog surfing" in words(answer(refused))
    assert (await remixes(community), len(await drafts(community))) == ([], 1)


async def test_where_the_bot_may_not_post_the_text_comes_back(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    closed = community.without("attach_files")

    refused = await forge(community, community.ben, f"form:clip_remix:{clip.id}", channel=closed, prompt="A dog")

    assert "**Attach Files**" in words(answer(refused))
    assert "A dog" in words(answer(refused))
    assert (await remixes(community), len(await drafts(community))) == ([], 1)


async def test_what_is_too_long_is_given_back_in_whole(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    typed = "A dog " * 666

    refused = await fill(community.ben, await open_remix(community, community.ben, clip), typed)

    first, second = (each for each in (refused.response, *refused.followups) if each is not None)
    assert "That prompt is too long; use at most 2,000 characters." in words(first)
    assert (words(first) + words(second)).count("dog") == 666
    assert first.ephemeral
    assert second.ephemeral
    [[*_, kept, _, _]] = await drafts(community)
    assert kept == typed
    assert filled(await community.ben.click(first, label="Edit again"))[1] == typed
    assert await remixes(community) == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"prompt": "A dog", "aspect": "4:3", "duration": "6"}, "That shape is not on offer"),
        ({"prompt": "A dog", "aspect": "16:9", "duration": "7"}, "That length is not on offer"),
        ({"prompt": "A dog", "aspect": "16:9", "duration": "٦"}, "That length is not on offer"),
        ({"prompt": "A dog", "aspect": "16:9", "duration": "9" * 99}, "That length is not on offer"),
        ({"prompt": "ok", "aspect": "16:9", "duration": "6"}, "That prompt is too short"),
        ({"prompt": " \u200b ", "aspect": "16:9", "duration": "6"}, "I can't see anything in that prompt."),
        ({}, "I can't see anything in that prompt."),
    ],
)
async def test_what_is_not_offered_gets_a_sentence_and_costs_nothing(
    community: Community, fields: dict[str, str], reason: str
) -> None:
    clip = await community.post_clip(community.mia)

    refused = await forge(community, community.ben, f"form:clip_remix:{clip.id}", **fields)

    assert reason in words(answer(refused))
    assert await remixes(community) == []
    assert await community.ledger() == [("charge", 6)]
    assert len(await drafts(community)) == ("dog" in fields.get("prompt", "") or fields.get("prompt") == "ok")


async def test_what_is_of_another_server_gets_a_sentence_and_the_text_can_be_used_here(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    elsewhere = community.env.create_guild("Elsewhere")
    channel, eve = elsewhere.create_text_channel("theirs"), elsewhere.add_member(community.env.create_user("eve"))

    refused = await forge(community, eve, f"form:clip_remix:{clip.id}", channel=channel, prompt="A dog surfing")

    assert GONE in words(answer(refused))
    assert "A dog surfing" in words(answer(refused))
    assert await remixes(community) == []
    form_id, prompt, *_ = filled(await edit_again(community, eve, refused))
    assert (form_id.startswith("form:clip_new:"), prompt) == (True, "A dog surfing")


async def test_the_text_is_shown_even_if_the_database_is_down(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    shown = await open_remix(community, community.ben, clip)

    with community.locked_database():
        refused = await fill(community.ben, shown, "A dog surfing")

    assert "try again in a minute" in words(answer(refused))
    assert "A dog surfing" in words(answer(refused))
    assert "Edit again" not in str(answer(refused).components)
    assert (await remixes(community), await drafts(community)) == ([], [])


async def test_the_text_is_shown_with_an_unforeseen_error(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = await community.post_clip(community.mia)
    shown = await open_remix(community, community.ben, clip)

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(community.bot.services.versions, "remix", fail)
    refused = await fill(community.ben, shown, "A dog surfing")

    assert "(reference " in words(answer(refused))
    assert "A dog surfing" in words(answer(refused))


async def test_past_the_flood_limit_each_text_comes_back(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    community.clock.time += timedelta(minutes=1)  # or the same ids would come again
    await community.restart(max_open_jobs=99, flood_limits=replace(NO_FLOOD_LIMITS, videos=1))
    custom_id = f"form:clip_remix:{clip.id}"

    results = [await forge(community, community.ben, custom_id, prompt=f"Dog {number}") for number in range(3)]

    assert ["too fast" in said(result) for result in results] == [False, True, True]
    assert ["Dog" in said(result) for result in results[1:]] == [True, True]
    assert len(await remixes(community)) == 1


# Drafts -----------------------------------------------------------------------------------------------------------


async def refused_draft(community: Community) -> tuple[Job, InteractionResult]:
    clip = await community.post_clip(community.mia)
    await rule(community)
    return clip, await fill(community.ben, await open_remix(community, community.ben, clip), "A dog surfing")


async def test_after_an_hour_it_is_a_sentence(community: Community) -> None:
    _, refused = await refused_draft(community)

    community.clock.time += timedelta(minutes=59)
    assert filled(await edit_again(community, community.ben, refused))[1] == "A dog surfing"
    community.clock.time += timedelta(minutes=1)
    assert said(await edit_again(community, community.ben, refused)) == NOT_KEPT


async def test_others_see_nothing_of_it(community: Community) -> None:
    clip, refused = await refused_draft(community)
    button = next(part for part in walk_components(answer(refused).components) if "custom_id" in part)
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.ActionRow(ui.Button(label="Edit again", custom_id=button["custom_id"])))
    view.stop()
    posted = await community.bot.get_partial_messageable(community.channel.id).send(view=view)
    message = next(each for each in community.channel.history() if each.id == posted.id)

    assert button["custom_id"].startswith("draft:remix:")
    assert button["custom_id"].endswith(clip.id)
    assert said(await community.mia.click(message, label="Edit again")) == NOT_KEPT
    assert filled(await community.ben.click(message, label="Edit again"))[1] == "A dog surfing"


# The message menu -------------------------------------------------------------------------------------------------


async def test_a_messages_words_are_made_with_the_places_defaults(community: Community) -> None:
    message = await community.mia.send(community.channel, "<@1> look: **a cat** https://example.com/x <:a:1>")
    async with community.database.write() as connection:
        row = {"guild_id": community.guild.id, "channel_id": community.channel.id, "duration_seconds": 10}
        await connection.execute(tables.channel_rules.insert().values(row))

    shown = await community.ben.context_menu(community.channel, MENU, message)
    assert filled(shown) == (f"form:clip_new:{message.id}", "look: a cat", None, None)
    community.clock.time += timedelta(minutes=1)  # or the same ids would come again
    await community.restart()
    sent = await community.ben.submit_modal(shown, {"prompt": "look: a cat"})

    assert "Waiting" in said(sent)
    [made] = await community.jobs()
    assert (made.member_id, made.spec, made.lineage) == (
        community.ben.id,
        VideoSpec("look: a cat", Aspect.LANDSCAPE, 10),
        None,
    )


async def test_a_refused_message_form_can_be_edited_again(community: Community) -> None:
    await rule(community)
    message = await community.mia.send(community.channel, "a dog")

    refused = await fill(community.ben, await community.ben.context_menu(community.channel, MENU, message), "a dog!")
    assert "This server's rules refuse that prompt" in words(answer(refused))
    again = await edit_again(community, community.ben, refused)
    assert filled(again)[1:] == ("a dog!", "9:16", "10")
    await fill(community.ben, again, "a fox")

    assert [job.spec.prompt for job in await community.jobs()] == ["a fox"]


async def test_a_long_message_is_cut_with_a_note(community: Community) -> None:
    message = await community.mia.send(community.channel, "cat")
    community.env.backend.get_message(community.channel.id, message.id).content = "cat " * 1000  # as Nitro allows

    shown = await community.ben.context_menu(community.channel, MENU, message)

    assert len(filled(shown)[1]) == 2000
    assert notes(shown)[0] == "The message is longer; these are its first 2,000 characters"


@pytest.mark.parametrize("text", ["<@12> https://example.com/x", "<:catjam:12>", "** **"])
async def test_a_message_without_words_is_a_sentence(community: Community, text: str) -> None:
    message = await community.mia.send(community.channel, text)

    result = await community.ben.context_menu(community.channel, MENU, message)

    assert (said(result), result.ephemeral) == (NO_WORDS, True)


async def test_an_embed_alone_is_a_sentence(community: Community) -> None:
    channel = community.bot.get_partial_messageable(community.channel.id)
    posted = await channel.send(embed=discord.Embed(title="A title", description="A cat"))
    message = next(each for each in community.channel.history() if each.id == posted.id)

    assert said(await community.ben.context_menu(community.channel, MENU, message)) == NO_WORDS


async def test_a_forwarded_messages_words_are_those_of_the_message(community: Community) -> None:
    message = await community.mia.send(community.channel, "a **cat**")
    forwarded = await community.mia.forward(message, community.channel)

    assert filled(await community.ben.context_menu(community.channel, MENU, forwarded))[1] == "a cat"


async def test_on_a_clip_it_is_remix_however_old(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    message = next(each for each in community.channel.history() if each.id == clip.message_id)

    shown = await community.ben.context_menu(community.channel, MENU, message)

    assert filled(shown) == (f"form:clip_remix:{clip.id}", "A cat surfing", "16:9", "6")
    await change(community, clip.id, guild_id=1)
    assert said(await community.ben.context_menu(community.channel, MENU, message)) == GONE


async def test_on_what_looks_like_a_clip_and_is_not_the_bots_it_is_the_words(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    message = await community.mia.send(community.channel, f"-# it took job {clip.id}")

    assert filled(await community.ben.context_menu(community.channel, MENU, message))[0].startswith("form:clip_new:")


# Failed cards -----------------------------------------------------------------------------------------------------


async def failed(community: Community, error: JobError = JobError.CONTENT_POLICY) -> tuple[Job, discord.Message]:
    """Ask for a clip and let it fail."""
    await community.mia.slash(community.channel, "video", prompt="A cat")
    return await let_fail(community, error)


async def let_fail(community: Community, error: JobError) -> tuple[Job, discord.Message]:
    """Let the latest job fail."""
    job = (await community.jobs())[-1]
    await change(
        community, job.id, state="failed", error_code=error.value, finished_at=community.clock.now(), due_at=None
    )
    job = replace(job, state=JobState.FAILED, error_code=error)
    await community.publisher.show_status(StatusCard(job))
    return job, next(each for each in community.channel.history() if each.id == job.status_message_id)


async def test_try_again_asks_for_the_same_once_more(community: Community) -> None:
    job, card = await failed(community, JobError.TIMED_OUT)
    community.clock.time += timedelta(minutes=1)  # or the same ids would come again
    await community.restart()

    sent = await community.mia.click(card, label="Try again")
    await community.mia.click(card, label="Try again")

    assert "Waiting" in said(sent)
    [made] = await remixes(community)
    assert (made.spec, made.member_id) == (job.spec, community.mia.id)
    assert made.lineage == Lineage(job.id, job.id, Origin.RETRY)


async def test_a_refused_prompt_can_be_changed(community: Community) -> None:
    job, card = await failed(community)

    shown = await community.mia.click(card, label="Remix")
    assert filled(shown)[:2] == (f"form:clip_remix:{job.id}", "A cat")
    await fill(community.mia, shown, "A fox")

    [made] = await remixes(community)
    assert (made.spec.prompt, made.lineage) == ("A fox", Lineage(job.id, job.id, Origin.REMIX))


async def test_why_a_prompt_was_refused_is_told_to_whoever_asked_and_nobody_else(community: Community) -> None:
    job, card = await failed(community)
    await community.restart()
    assert "A cat" not in words(card)
    assert "content rules" not in words(card)

    told = await community.mia.click(card, label="Why?")
    refused = await community.ben.click(card, label="Why?")

    assert told.response.flags.ephemeral
    assert "A cat" in said(told)
    assert "because of its content rules. Your 6 s came back. Try a different prompt." in said(told)
    assert said(refused) == "Only the member who asked for this clip can do that."
    assert job.member_id == community.mia.id


async def test_there_is_nothing_to_tell_of_a_clip_that_did_not_fail(community: Community) -> None:
    _, card = await failed(community)
    await change(community, (await community.jobs())[-1].id, state="cancelled", error_code=None)

    assert "no longer stored" in said(await community.mia.click(card, label="Why?"))


async def more(community: Community, clip: Job) -> str:
    return said(await community.mia.click(community.message(clip), custom_id=f"clip:more:{clip.id}"))


async def test_what_is_made_after_a_failure_says_from_which_clip(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    community.clock.time += timedelta(seconds=1)
    await fill(community.mia, await open_remix(community, community.mia, clip), "A dog surfing")
    _, card = await let_fail(community, JobError.TIMED_OUT)
    community.clock.time += timedelta(seconds=10)

    await community.mia.click(card, label="Try again")
    made = await community.deliver()

    address = f"(https://discord.com/channels/{community.guild.id}/{community.channel.id}/{clip.message_id})"
    assert f"remixed from [another clip]{address}" in words(community.message(made))
    assert f"Remixed from [this clip]{address}" in await more(community, made)
    address = f"(https://discord.com/channels/{community.guild.id}/{community.channel.id}/{made.message_id})"
    assert f"Made from it: [Remix]{address}" in await more(community, clip)


async def test_what_comes_of_a_failed_command_is_made_from_no_clip(community: Community) -> None:
    _, card = await failed(community)
    community.clock.time += timedelta(seconds=1)

    await fill(community.mia, await community.mia.click(card, label="Remix"), "A fox")
    made = await community.deliver()

    assert "from another clip" not in words(community.message(made))
    assert "Remixed from" not in await more(community, made)


async def test_a_failed_card_is_its_requesters_alone(community: Community) -> None:
    job, card = await failed(community)

    for label in ("Try again", "Remix"):
        result = await community.ben.click(card, label=label)
        assert (said(result), result.ephemeral) == (NOT_THEIRS, True)
    refused = await forge(community, community.ben, f"form:clip_remix:{job.id}", prompt="A fox")

    assert NOT_THEIRS in words(answer(refused))
    assert await remixes(community) == []
    assert await community.ledger() == [("charge", 6)]


async def test_what_has_not_failed_can_not_be_tried_again(community: Community) -> None:
    job, card = await failed(community)
    await change(community, job.id, state="delivered")

    assert said(await community.mia.click(card, label="Try again")) == GONE
    assert await remixes(community) == []


async def test_a_failed_job_whose_prompt_is_erased_is_a_sentence(community: Community) -> None:
    job, card = await failed(community)
    await change(community, job.id, prompt="")

    for label in ("Try again", "Remix"):
        assert said(await community.mia.click(card, label=label)) == GONE


async def test_after_moderators_took_the_clip_away_what_was_typed_becomes_a_clip_of_its_own(
    community: Community,
) -> None:
    clip = await community.post_clip(community.mia)
    shown = await open_remix(community, community.ben, clip)
    await change(community, clip.id, removed_by_id=community.moderator.id, removed_at=community.clock.now())
    refused = await fill(community.ben, shown, "A dog surfing")
    again = await community.ben.click(answer(refused), label="Edit again")
    assert "Waiting" in said(await fill(community.ben, again, "A dog surfing"))


async def test_nothing_is_remembered_of_a_press_that_was_refused(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    await community.moderate("block", member=community.ben, reason="spam")
    await community.ben.click(community.message(clip), custom_id=f"clip:again:{clip.id}")
    assert community.bot.services.jobs.held._abandoned == set()
