"""What the publisher posts, finds and makes of Discord's refusals.

Size limits, nonces, retries and broken connections are beyond a simulated Discord: ``tests/e2e`` has those.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import (
    DestinationClosedError,
    MessageRefusedError,
    MessagesClosedError,
    PublishUnavailableError,
    UploadTooLargeError,
)
from bot.models import (
    CardMessage,
    ClipFile,
    ClipLink,
    JobError,
    JobState,
    OperatorAlert,
    Origin,
    PostedMessage,
    StatusCard,
    VideoInfo,
    VideoSpec,
)
from bot.services.clips.fitting import DEFAULT_UPLOAD_BYTES
from bot.ui.publisher import DiscordPublisher
from tests.support.community import words
from tests.support.videos import video_file

if TYPE_CHECKING:
    import discord

    from bot.models import Job
    from tests.support.community import Community

MESSAGES = "/channels/*/messages"
LINK = ClipLink("https://files.example/x.mp4", None)
REFUSALS = [
    (413, 0, UploadTooLargeError),
    (400, 40005, UploadTooLargeError),
    (404, 10003, DestinationClosedError),
    (403, 50001, DestinationClosedError),
    (403, 50013, DestinationClosedError),
    (403, 50007, DestinationClosedError),
    (400, 50083, DestinationClosedError),
    (404, 10004, DestinationClosedError),
    (403, 50278, MessagesClosedError),
    (400, 160005, DestinationClosedError),
    (400, 50035, MessageRefusedError),
    (400, 200000, MessageRefusedError),
    (403, 20031, MessageRefusedError),
    (404, 10060, MessageRefusedError),
    (400, 0, PublishUnavailableError),
    (401, 0, PublishUnavailableError),
    (403, 0, PublishUnavailableError),
    (404, 0, PublishUnavailableError),
    (405, 0, PublishUnavailableError),
    (403, 40333, PublishUnavailableError),
    (500, 0, PublishUnavailableError),
    (503, 0, PublishUnavailableError),
    (429, 0, PublishUnavailableError),
]


def clip_file() -> ClipFile:
    path = video_file()
    return ClipFile(path, VideoInfo(320, 180, 1.0, path.stat().st_size, "h264"))


async def accepted(community: Community, prompt: str = "A cat") -> Job:
    """Ask for a clip as a member does, and return the job as the worker would see it."""
    result = await community.mia.slash(community.channel, "video", prompt=prompt)
    return next(job for job in await community.jobs() if job.status_message_id == result.response.id)


def card_of(job: Job) -> list[CardMessage]:
    assert job.status_message_id is not None
    return [CardMessage(job.status_message_id)]


def last(community: Community) -> discord.Message:
    message = community.channel.last_message
    assert message is not None
    return message


async def test_clip_is_a_new_message_that_pings_the_member_and_nobody_else(community: Community) -> None:
    prompt = f"@everyone {community.ben.mention} {community.guild.default_role.mention} @here"
    job = await accepted(community, prompt)
    community.clock.time += timedelta(seconds=75)

    posted = await community.publisher.post_clip(job, clip_file())

    message = last(community)
    assert posted == PostedMessage(community.channel.id, message.id)
    assert message.id != job.status_message_id
    assert community.pinged(message) == {community.mia.id}
    assert [attachment.filename for attachment in message.attachments] == [f"reelay-{job.id}.mp4"]
    assert "took 1 min 15 s" in words(message)
    assert " left" not in words(message), "what is left of a quota is nobody else's"


async def test_posting_sends_the_jobs_id_as_a_nonce_that_is_enforced(community: Community) -> None:
    job = await accepted(community)

    await community.publisher.post_clip(job, LINK)

    sent = community.env.http_requests[-1].json
    assert (sent["nonce"], sent["enforce_nonce"]) == (job.id, True)
    assert sent["allowed_mentions"] == {"parse": [], "users": [community.mia.id]}
    assert len(job.id) <= 25


@pytest.mark.parametrize("clip", ["file", "link"])
async def test_clip_is_found_again_in_its_channel(community: Community, clip: str) -> None:
    job, other = await accepted(community), await accepted(community, "A dog")
    posted = await community.publisher.post_clip(job, LINK if clip == "link" else clip_file())
    for number in range(120):
        community.env.backend.create_message(community.channel.id, community.ben.id, f"chatter {number}")

    assert await community.publisher.find_clip(job) == posted
    assert await community.publisher.find_clip(other) is None


@pytest.mark.parametrize("clip", ["file", "link"])
async def test_clip_is_found_again_in_direct_messages(community: Community, clip: str) -> None:
    job = await accepted(community)
    assert await community.publisher.find_clip_in_dm(job) is None

    posted = await community.publisher.post_clip_in_dm(job, LINK if clip == "link" else clip_file())

    assert posted.channel_id == community.mia.user.dm_channel.id
    assert await community.publisher.find_clip_in_dm(job) == posted
    assert await community.publisher.find_clip(job) is None


@pytest.mark.parametrize("clip", ["file", "link"])
@pytest.mark.parametrize("is_private", [False, True])
async def test_clip_made_from_another_is_found_again_with_its_buttons(
    community: Community, clip: str, is_private: bool
) -> None:
    parent = await community.post_clip(community.mia)
    lineage = parent.descent(Origin.AGAIN)
    job = replace(await accepted(community), lineage=lineage, is_private=is_private)
    publisher, file = community.publisher, LINK if clip == "link" else clip_file()
    post, find = (
        (publisher.post_clip_in_dm, publisher.find_clip_in_dm)
        if is_private
        else (publisher.post_clip, publisher.find_clip)
    )

    posted = await post(job, file, parent)

    assert await find(job) == posted
    assert await find(replace(job, id="0" * 16)) is None
    found = await publisher.find_clip(parent)
    assert found is None or found.message_id == parent.message_id


async def test_status_card_and_what_people_write_are_not_taken_for_the_clip(community: Community) -> None:
    job = await accepted(community)
    await community.mia.send(
        community.channel, f"-# clip {job.id}", attachments=[(f"reelay-{job.id}.mp4", b"not the clip")]
    )
    imitation = replace(job, id="0" * 16, spec=VideoSpec(f"-# clip {job.id} reelay-{job.id}.mp4"))
    await community.publisher.post_clip(imitation, LINK)

    assert await community.publisher.find_clip(job) is None


async def test_clip_posted_before_the_command_is_not_looked_at(community: Community) -> None:
    job = await accepted(community)
    await community.publisher.post_clip(job, LINK)
    later = await accepted(community, "Another")

    assert await community.publisher.find_clip(replace(job, interaction_id=later.interaction_id)) is None


@pytest.mark.parametrize(("status", "code", "error"), REFUSALS)
async def test_refusals_of_a_clip_get_the_projects_words(
    community: Community, status: int, code: int, error: type[Exception]
) -> None:
    job = await accepted(community)
    community.env.inject_error("POST", MESSAGES, status=status, code=code)

    with pytest.raises(error):
        await community.publisher.post_clip(job, LINK)


@pytest.mark.parametrize(("status", "code", "error"), REFUSALS[2:])
async def test_refusals_of_the_history_get_the_projects_words(
    community: Community, status: int, code: int, error: type[Exception]
) -> None:
    job = await accepted(community)
    community.env.inject_error("GET", MESSAGES, status=status, code=code)

    with pytest.raises(error):
        await community.publisher.find_clip(job)


@pytest.mark.parametrize(("status", "code"), [(403, 40333), (404, 0), (403, 0), (400, 50035)])
async def test_what_says_nothing_about_a_card_leaves_it_for_later(community: Community, status: int, code: int) -> None:
    job = await accepted(community)
    community.env.inject_error("*", f"{MESSAGES}/*", status=status, code=code, times=2)

    for change in (community.publisher.show_status(StatusCard(job)), community.publisher.remove_status(job)):
        with pytest.raises((MessageRefusedError, PublishUnavailableError)):
            await change


async def test_member_who_takes_no_direct_messages_is_a_closed_destination(community: Community) -> None:
    job = await accepted(community)
    community.env.inject_error("POST", MESSAGES, status=403, code=50007)

    with pytest.raises(DestinationClosedError):
        await community.publisher.post_clip_in_dm(job, LINK)


async def test_broken_connection_may_have_delivered(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await accepted(community)

    async def reset(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(community.bot.http, "send_message", reset)

    with pytest.raises(PublishUnavailableError):
        await community.publisher.post_clip(job, LINK)


async def test_status_card_is_edited_where_it_is(community: Community) -> None:
    job = await accepted(community, "@everyone")

    await community.publisher.show_status(StatusCard(replace(job, state=JobState.RENDERING, progress=50.0)))

    message = last(community)
    assert message.id == job.status_message_id
    assert "Rendering" in words(message)
    assert "50 %" in words(message)
    assert community.pinged(message) == set()


async def test_status_card_goes(community: Community) -> None:
    job = await accepted(community)

    await community.publisher.remove_status(job)

    assert community.channel.history() == []


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (404, 10003), (403, 50001), (403, 50013), (400, 30046)])
async def test_status_card_out_of_reach_is_no_error(community: Community, status: int, code: int) -> None:
    job = await accepted(community)
    community.env.inject_error("*", f"{MESSAGES}/*", status=status, code=code, times=2)

    await community.publisher.show_status(StatusCard(job))
    await community.publisher.remove_status(job)


async def test_job_without_a_card_has_nothing_to_show_or_remove(community: Community) -> None:
    job = replace(await accepted(community), status_message_id=None)
    requests = len(community.env.http_requests)

    await community.publisher.show_status(StatusCard(job))
    await community.publisher.remove_status(job)

    assert len(community.env.http_requests) == requests


async def test_card_that_cannot_be_edited_just_now_is_said_to_be_so(community: Community) -> None:
    job = await accepted(community)
    community.env.inject_error("PATCH", f"{MESSAGES}/*", status=503)

    with pytest.raises(PublishUnavailableError):
        await community.publisher.show_status(StatusCard(job))


async def test_upload_limit_is_the_servers(community: Community) -> None:
    job = await accepted(community)

    assert await community.publisher.upload_limit_bytes(job) == 10 * 1024 * 1024
    guild = community.bot.get_guild(community.guild.id)
    assert guild is not None
    guild.premium_tier = 3
    assert await community.publisher.upload_limit_bytes(job) == 100 * 1024 * 1024


async def test_server_that_threw_the_bot_out_has_the_default_limit(community: Community) -> None:
    job = replace(await accepted(community), guild_id=4711)

    assert await community.publisher.upload_limit_bytes(job) == DEFAULT_UPLOAD_BYTES


async def test_operator_is_alerted_in_the_operators_channel(community: Community) -> None:
    publisher = DiscordPublisher(
        client=community.bot, clock=community.clock, operator_channel_id=community.operators.id
    )

    await publisher.alert_operator(OperatorAlert.UNAUTHORIZED)

    assert "`TOAPIS_API_KEY`" in community.operators.last_message.content


async def test_operators_channel_that_is_closed_is_logged(
    community: Community, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = DiscordPublisher(client=community.bot, clock=community.clock, operator_channel_id=4711)

    await publisher.alert_operator(OperatorAlert.INSUFFICIENT_FUNDS)

    assert "operator's channel not reached" in caplog.messages


async def test_operator_without_a_channel_is_alerted_in_the_log_alone(community: Community) -> None:
    requests = len(community.env.http_requests)

    await community.publisher.alert_operator(OperatorAlert.WRONG_ENDPOINT)

    assert len(community.env.http_requests) == requests


async def test_card_that_was_shown_but_not_remembered_is_found_again(community: Community) -> None:
    job, other = await accepted(community), await accepted(community, "A dog")

    assert await community.publisher.find_status(replace(job, status_message_id=None)) == card_of(job)
    assert await community.publisher.find_status(other) == card_of(other)


async def test_card_posted_through_the_channel_is_found_again_by_its_button(community: Community) -> None:
    job = await accepted(community)
    await community.publisher.remove_status(job)

    for state in (JobState.QUEUED, JobState.RENDERING, JobState.FAILED):
        message_id = await community.publisher.post_status(StatusCard(replace(job, state=state)))
        assert last(community).id == message_id
        end = state if state is JobState.FAILED else None
        assert await community.publisher.find_status(job) == [CardMessage(message_id, end=end)]
        await community.publisher.remove_status(replace(job, status_message_id=message_id))


@pytest.mark.parametrize("is_private", [False, True])
async def test_a_card_says_how_its_job_has_ended_and_no_other_does(community: Community, is_private: bool) -> None:
    job = await (private(community) if is_private else accepted(community))
    for state in JobState:
        if state not in {JobState.HELD, JobState.DELIVERED}:
            await community.publisher.show_status(StatusCard(replace(job, state=state)))
            [card] = await community.publisher.find_status(job)
            assert card.end == (state if state.is_final else None)


async def test_a_failure_answers_the_card_and_is_found_again(community: Community) -> None:
    job, other = await accepted(community), await accepted(community, "A dog")
    job = replace(job, state=JobState.FAILED, error_code=JobError.TIMED_OUT, failure_mentions=True)
    await community.publisher.show_status(StatusCard(job))
    assert await community.publisher.find_failure(job) is None, "the card is another message"

    message_id = await community.publisher.post_failure(job)

    message = last(community)
    assert message.reference is not None
    assert (message.id, message.reference.message_id) == (message_id, job.status_message_id)
    assert [member.id for member in message.mentions] == [community.mia.id]
    assert "The clip took too long. Your 6 s came back. Try again later." in words(message)
    assert await community.publisher.find_failure(job) == message_id
    assert await community.publisher.find_failure(other) is None


async def test_a_failure_without_a_mention_names_its_member_and_pings_nobody(community: Community) -> None:
    job = replace(await accepted(community), state=JobState.FAILED, failure_mentions=False)

    await community.publisher.post_failure(job)

    assert community.mia.mention in words(last(community))
    [sent] = [each.json for each in community.env.http_requests if "message_reference" in (each.json or {})]
    assert sent["allowed_mentions"] == {"parse": [], "users": []}
    assert sent["nonce"] == f"fail{job.id}"
    assert sent["message_reference"]["fail_if_not_exists"] is False
    assert len(sent["nonce"]) <= 25


async def test_the_operator_is_said_to_be_told_where_they_have_a_channel(community: Community) -> None:
    publishers = [
        DiscordPublisher(client=community.bot, clock=community.clock, operator_channel_id=channel_id)
        for channel_id in (None, community.operators.id)
    ]
    job = replace(await accepted(community), state=JobState.FAILED, error_code=JobError.WRONG_ENDPOINT)

    for publisher, is_told in zip(publishers, (False, True), strict=True):
        await publisher.show_status(StatusCard(job))
        assert ("The operator has been told" in words(last(community))) is is_told
        await publisher.post_failure(job)
        assert ("The operator has been told" in words(last(community))) is is_told
        message_id = await publisher.find_failure(job)
        await publisher.remove_status(replace(job, status_message_id=message_id))


async def test_card_that_was_never_shown_is_not_found(community: Community) -> None:
    job = await accepted(community)
    await community.publisher.remove_status(job)

    assert await community.publisher.find_status(job) == []


# Spoilers and private clips ----------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "SPOILER_"])
@pytest.mark.parametrize("clip", ["file", "link"])
async def test_a_spoiler_is_found_again_however_discord_names_its_file(
    community: Community, clip: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, other = replace(await accepted(community), is_spoiler=True), await accepted(community, "A dog")
    posted = await community.publisher.post_clip(job, LINK if clip == "link" else clip_file())
    stored = community.env.backend.get_message(posted.channel_id, posted.message_id)
    for attachment in stored.attachments:
        monkeypatch.setitem(attachment, "filename", f"{prefix}{attachment['filename']}")
    if prefix:  # then only the attachment tells
        monkeypatch.setattr(stored, "components", [])

    assert await community.publisher.find_clip(job) == (None if clip == "link" and prefix else posted)
    assert await community.publisher.find_clip(other) is None


async def private(community: Community) -> Job:
    await community.mia.slash(community.channel, "video", prompt="A cat", private=True)
    return (await community.jobs())[-1]


async def test_a_private_jobs_card_is_edited_found_and_removed_in_direct_messages(community: Community) -> None:
    job, messages = await private(community), community.mia.user.dm_channel

    await community.publisher.show_status(StatusCard(replace(job, state=JobState.RENDERING, progress=50.0)))
    assert "50 %" in words(messages.last_message)
    await community.publisher.show_status(StatusCard(job))
    assert await community.publisher.find_status(replace(job, status_message_id=None)) == card_of(job)
    await community.publisher.remove_status(job)
    assert messages.history() == community.channel.history() == []
    assert await community.publisher.find_status(job) == []


async def test_a_private_jobs_first_card_and_its_clip_have_different_nonces(community: Community) -> None:
    job = await private(community)
    await community.publisher.post_clip_in_dm(job, LINK)

    sent = [
        each.json for each in community.env.http_requests if each.method == "POST" and each.path.endswith("/messages")
    ]
    assert [(each["nonce"], each["enforce_nonce"]) for each in sent] == [(f"card{job.id}", True), (job.id, True)]
    assert sent[0]["allowed_mentions"] == {"parse": []}
    assert all(len(each["nonce"]) <= 25 for each in sent)


@pytest.mark.parametrize("code", [50007, 50278])
async def test_closed_direct_messages_are_told_from_any_other_refusal(community: Community, code: int) -> None:
    job = await private(community)
    community.env.inject_error("POST", MESSAGES, status=403, code=code, times=2)

    with pytest.raises(MessagesClosedError):
        await community.publisher.post_clip_in_dm(job, LINK)
    with pytest.raises(MessagesClosedError):
        await community.publisher.post_status(StatusCard(job))
    community.env.inject_error("POST", MESSAGES, status=403, code=40333)
    with pytest.raises(PublishUnavailableError):
        await community.publisher.post_status(StatusCard(job))


async def test_a_private_card_out_of_reach_is_no_error(community: Community) -> None:
    job = await private(community)
    community.env.inject_error("*", f"{MESSAGES}/*", status=403, code=50007, times=2)

    await community.publisher.show_status(StatusCard(job))
    await community.publisher.remove_status(job)
