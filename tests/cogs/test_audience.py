"""Who sees a clip and how: ``spoiler:`` and ``private:`` of ``/video``, and the mention when it is ready."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import ChangeKind, ClipLink, JobError, JobState
from tests.support.community import words
from tests.support.panel import open_panel, said

if TYPE_CHECKING:
    from simcord.builders import ChannelHandle
    from simcord.results import InteractionResult

    from bot.models import Job
    from tests.support.community import Community

MESSAGES = "/channels/*/messages"
CALLBACK = "/interactions/*/*/callback"
ON_ITS_WAY = "Your clip comes to your direct messages; there you also see how far it is."


async def ask(community: Community, **options: Any) -> InteractionResult:  # noqa: ANN401 (of the command)
    return await community.mia.slash(community.channel, "video", prompt="A cat surfing", **options)


async def only_job(community: Community) -> Job:
    [job] = await community.jobs()
    return job


def direct(community: Community) -> ChannelHandle:
    return community.mia.user.dm_channel


async def test_a_spoiler_is_stored_and_any_other_is_none(community: Community) -> None:
    await ask(community, spoiler=True)
    await ask(community)

    assert [(job.is_spoiler, job.is_private) for job in await community.jobs()] == [(True, False), (False, False)]


async def test_a_version_of_a_spoiler_is_one(community: Community) -> None:
    clip = await community.post_clip(community.mia)
    async with community.database.write() as connection:
        await connection.exec_driver_sql("UPDATE jobs SET is_spoiler = 1")
    message = next(each for each in community.channel.history() if each.id == clip.message_id)

    await community.ben.click(message, custom_id=f"clip:again:{clip.id}")

    assert [job.is_spoiler for job in await community.jobs()] == [True, True]


async def test_a_private_clips_card_is_sent_directly_and_the_channel_sees_nothing(community: Community) -> None:
    result = await ask(community, private=True)

    assert result.ephemeral
    assert words(result.response) == ON_ITS_WAY
    assert community.channel.history(viewer=community.ben) == []
    job = await only_job(community)
    [card] = direct(community).history()
    assert (job.is_private, job.status_message_id, job.lease_owner) == (True, card.id, None)
    assert "A cat surfing" in words(card)
    assert await community.ledger() == [("charge", 6)]


async def test_it_needs_nothing_of_the_channel_that_the_bot_may_not_post_in(community: Community) -> None:
    closed = community.without("send_messages", "attach_files")

    result = await community.mia.slash(closed, "video", prompt="A cat surfing", private=True)

    assert words(result.response) == ON_ITS_WAY


async def test_its_card_can_be_pressed_in_direct_messages(community: Community) -> None:
    await ask(community, private=True)
    [card] = direct(community).history()
    job = await only_job(community)

    await community.mia.user.click(card, custom_id=f"job:cancel:{job.id}")

    assert (await only_job(community)).state is JobState.CANCELLED
    assert await community.ledger() == [("charge", 6), ("refund", 6)]


@pytest.mark.parametrize("code", [50007, 50278])
async def test_a_member_who_takes_no_direct_messages_gets_one_sentence_and_the_seconds(
    community: Community, code: int
) -> None:
    community.env.inject_error("POST", MESSAGES, status=403, code=code)

    result = await ask(community, private=True)
    await community.reelay.worker.tick()

    assert result.ephemeral
    assert words(result.response).startswith(
        "I can't send you direct messages, so your clip is not made and its seconds"
    )
    job = await only_job(community)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.MESSAGES_CLOSED)
    assert await community.ledger() == [("charge", 6), ("refund", 6)]
    assert direct(community).history() == community.channel.history(viewer=community.ben) == []


@pytest.mark.parametrize(("status", "code"), [(403, 0), (404, 0), (429, 0), (503, 0)])
async def test_any_other_failure_of_the_card_lets_it_start(community: Community, status: int, code: int) -> None:
    community.env.inject_error("POST", MESSAGES, status=status, code=code)

    result = await ask(community, private=True)

    assert words(result.response) == ON_ITS_WAY
    job = await only_job(community)
    assert (job.state, job.lease_owner, job.status_message_id) == (JobState.QUEUED, None, None)
    assert await community.ledger() == [("charge", 6)]


async def test_an_answer_that_came_too_late_changes_nothing_since_the_card_was_heard(community: Community) -> None:
    community.env.inject_error("POST", CALLBACK, status=404, code=10062, times=None)

    await ask(community, private=True)

    job = await only_job(community)
    assert (job.lease_owner, len(direct(community).history())) == (None, 1)


@pytest.mark.parametrize("name", ["spoiler", "private"])
@pytest.mark.parametrize("value", ["true", 1, 0, "", None, [True]])
async def test_forged_options_get_a_sentence_and_cost_nothing(community: Community, name: str, value: object) -> None:
    prompt = {"name": "prompt", "type": 3, "value": "A cat surfing"}

    result = await community.forge(community.mia, "video", prompt, {"name": name, "type": 5, "value": value})

    assert result.ephemeral
    assert said(result) in {
        f"Choose True or False for `{name}`.",
        "I could not read that command; choose it and its options from Discord's list and try again.",
    }
    assert (await community.jobs(), await community.ledger()) == ([], [])


# What moderators allow ---------------------------------------------------------------------------


async def test_moderators_switch_it_off_and_on_in_the_panel(community: Community) -> None:
    panel = await open_panel(community, section="channels")
    assert "**Private clips**: allowed" in panel.text

    await panel.press("private:off")

    assert "**Private clips**: not allowed" in panel.text
    assert panel.note.startswith("No private clips any more")
    result = await ask(community, private=True)
    assert words(result.response) == (
        "Moderators allow no private clips in this server. Nothing was charged; leave `private` out."
    )
    assert (await community.jobs(), await community.ledger()) == ([], [])

    await panel.press("private:on")
    assert words((await ask(community, private=True)).response) == ON_ITS_WAY
    await panel.go("audit")
    assert f"{community.moderator.mention} set private clips to not allowed (before: allowed)" in panel.text


async def test_two_moderators_who_press_the_same_make_one_change(community: Community) -> None:
    first = await open_panel(community, section="channels")
    second = await open_panel(community, section="channels")

    await first.press("private:off")
    await community.moderator.click(second.message, custom_id="panel:private:off")

    changes, _ = await community.bot.services.servers.list_changes(community.guild.id, limit=9)
    assert [(change.kind, change.after) for change in changes] == [(ChangeKind.PRIVATE_CLIPS, {"allowed": False})]


async def test_the_log_shows_a_refused_and_a_sent_one_as_any_and_takes_it_away(community: Community) -> None:
    await community.keep_log()
    await community.log_cards()
    await ask(community, private=True)
    clip = await community.deliver()

    card = (await community.log_cards())[-1]
    assert f"**Clip posted** for {community.mia.mention}" in words(card)
    assert f"in direct messages, asked in {community.channel.mention}" in words(card)
    [remove] = [each for each in custom_ids(card) if each.startswith("log:remove:") or each.startswith("log:refund:")][
        :1
    ]
    await community.moderator.submit_modal(await community.moderator.click(card, custom_id=remove), {})
    assert clip.message_id not in {message.id for message in direct(community).history()}

    await community.bot.services.servers.allow_private(community.guild.id, allowed=False, set_by_id=1)
    await ask(community, private=True)
    assert "no private clips in this server" in words((await community.log_cards())[-1])


def custom_ids(message: Any) -> list[str]:  # noqa: ANN401 (a message as SimCord has it)
    parts = [component.to_dict() for component in message.components]
    return [part["custom_id"] for row in parts for part in _walk(row) if "custom_id" in part]


def _walk(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [part, *(each for inner in part.get("components", []) for each in _walk(inner))]


# The mention -------------------------------------------------------------------------------------


async def test_quota_has_a_switch_for_the_mention(community: Community) -> None:
    shown = await community.mia.slash(community.channel, "quota")
    assert words(shown.response).endswith("-# When a clip is ready or has failed I mention you, in all servers.")

    await community.mia.click(shown.response, custom_id="quota:mention:off")
    assert community.shown(shown.response, community.mia).endswith("without a mention, in all servers.")
    assert not await community.bot.services.mentions.are_wanted(community.mia.id)
    assert await community.bot.services.mentions.are_wanted(community.ben.id)

    await community.restart()
    await community.mia.click(shown.response, custom_id="quota:mention:on")
    assert await community.bot.services.mentions.are_wanted(community.mia.id)
    assert community.shown(shown.response, community.mia).endswith("I mention you, in all servers.")
    assert "60 s left today" in community.shown(shown.response, community.mia)


async def test_the_switch_says_when_it_could_not_be_set(community: Community) -> None:
    shown = await community.mia.slash(community.channel, "quota")
    with community.locked_database():
        result = await community.mia.click(shown.response, custom_id="quota:mention:off")

    assert "I can't look that up or change anything just now." in said(result)
    assert await community.bot.services.mentions.are_wanted(community.mia.id)


async def test_without_it_the_clip_names_its_member_and_pings_nobody(community: Community) -> None:
    job = replace(await community.post_clip(community.mia), message_id=None)
    link = ClipLink("https://files.example/x.mp4", None)

    posted = await community.publisher.post_clip(job, link, None, is_mentioned=False)

    message = next(each for each in community.channel.history() if each.id == posted.message_id)
    assert f"{community.mia.mention}, your clip is ready." in words(message)
    assert community.pinged(message) == set()
