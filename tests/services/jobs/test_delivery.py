"""From the finished render to the clip in front of the member, over files and channels that misbehave."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.errors import DestinationClosedError, MessageRefusedError, PublishUnavailableError, UploadTooLargeError
from bot.models import ClipFile, ClipLink, JobError, JobState, Lineage, Origin
from bot.sandbox.faults import Fault
from bot.services.clips.dying_uploads import DEATHS_BEFORE_SMALLER, SMALL_UPLOAD_BYTES
from bot.services.clips.fitting import DEFAULT_UPLOAD_BYTES
from bot.toapis.download import Downloader
from tests.support.faults import FlakyDatabase, SurprisingService
from tests.support.jobs import make_job
from tests.support.toapis import client_of
from tests.support.videos import large_video_file, video_file
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from bot.models import Clip, Generation, Job, PostedMessage
    from bot.sandbox.toapis_server import SandboxGeneration
    from tests.support.workshop import Workshop

DISCORD_IS_DOWN = PublishUnavailableError("503")
CHANNEL_IS_GONE = DestinationClosedError("10003")
TOO_LARGE = UploadTooLargeError("40005")
REFUSED = MessageRefusedError("200000")


@pytest.fixture(autouse=True)
def scratch(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Check after each test that no temporary file is left."""
    size_of_a_studio_clip()  # the tests' own videos are made elsewhere
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert [path for path in folder.iterdir() if not path.name.startswith("reelay-sandbox-")] == []


@pytest_asyncio.fixture
async def studio(tmp_path: Path) -> AsyncGenerator[Workshop]:
    """Give a workshop whose clips are of some megabytes."""

    async def make_clip(_: SandboxGeneration) -> Path:
        return video_file(noise=80, bits_per_second=40_000_000)

    (tmp_path / "studio").mkdir()
    async with open_workshop(tmp_path / "studio", render_seconds=20.0, clip_maker=make_clip) as opened:
        yield opened


def size_of_a_studio_clip() -> int:
    return video_file(noise=80, bits_per_second=40_000_000).stat().st_size


async def deliver_one(workshop: Workshop, **start: Any) -> str:  # noqa: ANN401 (of Workshop.start)
    process = workshop.start(**start)
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    return job_id


# The file --------------------------------------------------------------------------------------------------------


async def test_an_address_that_is_not_there_is_given_up_after_three_looks(workshop: Workshop) -> None:
    workshop.server.faults.file.append(Fault(status=404, times=None))

    job_id = await deliver_one(workshop)

    await workshop.expect_refund(job_id, JobError.CLIP_GONE)
    assert sum(request.kind == "file" for request in workshop.server.requests) == 3


async def test_an_address_that_is_not_there_yet_is_tried_again(workshop: Workshop) -> None:
    workshop.server.faults.file.append(Fault(status=404, times=2))

    await workshop.expect_clip(await deliver_one(workshop))


async def test_clips_that_come_slowly_keep_no_other_clip_waiting(workshop: Workshop) -> None:
    process, drips = workshop.start(max_concurrent_renders=9, deliveries_at_once=0), asyncio.Event()
    slow = [await workshop.accept(process, f"a slow fox {number}") for number in range(8)]
    for number in range(8):
        workshop.server.faults.file.append(Fault(hold=drips, prompt=f"a slow fox {number}"))
    quick = await workshop.accept(process, "a quick fox")
    for _ in range(60):
        workshop.time.advance(5)
        await process.worker.tick()
    assert {(await workshop.job(job_id)).state for job_id in (*slow, quick)} == {JobState.READY}
    process = workshop.start()

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(process.worker.tick())
        await workshop.discord.until(lambda: bool(workshop.discord.clips(quick)))
        assert [workshop.discord.clips(job_id) for job_id in slow] == [[]] * 8
        drips.set()

    assert all(workshop.discord.clips(job_id) for job_id in slow)


async def test_an_address_that_has_ended_is_asked_for_anew_and_kept(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    ready = await workshop.run_until(process, job_id, JobState.READY)
    workshop.server.faults.file.append(Fault(status=403))
    fresh = f"{ready.result_url}?fresh=1"
    workshop.server.faults.poll.append(Fault(change={"result": {"type": "video", "data": [{"url": fresh}]}}))

    await workshop.run_until_idle(process)

    assert (await workshop.job(job_id)).result_url == fresh
    await workshop.expect_clip(job_id)


async def test_a_file_that_fails_for_a_while_arrives_in_the_end(workshop: Workshop) -> None:
    workshop.server.faults.file.extend([Fault(status=503, times=4), Fault(drop=True, times=4)])

    await workshop.expect_clip(await deliver_one(workshop))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=200, body="This is not a video.", times=3),
        Fault(status=200, body="", times=3),
        Fault(status=302, headers={"Location": "http://10.0.0.1/x.mp4"}),
        Fault(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
        Fault(status=302, headers={"Location": "file:///etc/passwd"}),
    ],
    ids=["a text file", "nothing", "a private network", "a cloud's own address", "a file of ours"],
)
async def test_what_is_no_clip_or_must_not_be_fetched_comes_back_as_seconds(workshop: Workshop, fault: Fault) -> None:
    workshop.server.faults.file.append(fault)

    job_id = await deliver_one(workshop)

    await workshop.expect_refund(job_id, JobError.CLIP_UNUSABLE)


async def test_a_page_in_place_of_the_file_is_not_believed_at_once(workshop: Workshop) -> None:
    workshop.server.faults.file.append(Fault(status=200, body="<html>Try again later.</html>", times=2))

    await workshop.expect_clip(await deliver_one(workshop))


async def test_what_discord_did_is_not_held_against_the_address(workshop: Workshop) -> None:
    workshop.discord.fail("post_clip", *[DISCORD_IS_DOWN] * 3)
    workshop.server.faults.file.extend([Fault(status=404, times=2)])

    await workshop.expect_clip(await deliver_one(workshop))


@pytest.mark.parametrize(
    ("completed_at", "expires_at"),
    [
        (datetime(1970, 1, 2, tzinfo=UTC), None),
        (datetime(1970, 1, 2, tzinfo=UTC), datetime(1970, 1, 3, tzinfo=UTC)),
        (datetime(2099, 1, 1, tzinfo=UTC), None),
        (None, datetime(1970, 1, 2, tzinfo=UTC)),
    ],
)
async def test_a_service_that_is_wrong_about_times_costs_nobody_a_clip(
    workshop: Workshop, completed_at: datetime | None, expires_at: datetime | None
) -> None:
    class Misdating(SurprisingService):
        async def fetch_generation(self, key: str) -> Generation:
            return replace(await super().fetch_generation(key), completed_at=completed_at, expires_at=expires_at)

    workshop.server.faults.file.append(Fault(status=503))
    workshop.discord.fail("post_clip", DISCORD_IS_DOWN)

    await workshop.expect_clip(await deliver_one(workshop, service=Misdating(workshop.client)))


async def test_an_endless_file_is_cut_off(workshop: Workshop) -> None:
    workshop.server.faults.file.append(Fault(endless=True))
    downloader = Downloader(allow_loopback=True, max_bytes=500_000)
    async with client_of(workshop.server, downloader=downloader) as client:
        job_id = await deliver_one(workshop, service=client)

    await workshop.expect_refund(job_id, JobError.CLIP_UNUSABLE)


# Its size --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_clip_above_the_channels_limit_is_made_to_fit(studio: Workshop) -> None:
    studio.discord.upload_limit = 700_000
    assert size_of_a_studio_clip() > 2 * studio.discord.upload_limit

    message = await studio.expect_clip(await deliver_one(studio))

    assert isinstance(message.clip, ClipFile)
    assert 0 < message.size_bytes <= 700_000


@pytest.mark.slow
async def test_a_clip_that_discord_finds_too_large_all_the_same_is_made_smaller_until_it_is_taken(
    studio: Workshop,
) -> None:
    studio.discord.fail("post_clip", TOO_LARGE, TOO_LARGE)

    message = await studio.expect_clip(await deliver_one(studio))

    assert isinstance(message.clip, ClipFile)
    assert 0 < message.size_bytes <= size_of_a_studio_clip() * 0.8
    assert len(studio.server.paid(message.nonce)) == 1


async def test_a_clip_that_cannot_be_made_to_fit_is_handed_over_as_a_link_with_its_expiry(studio: Workshop) -> None:
    studio.discord.upload_limit = 100_000

    job_id = await deliver_one(studio)

    message = await studio.expect_clip(job_id)
    job = await studio.job(job_id)
    assert job.result_expires_at is not None
    assert message.clip == ClipLink(job.result_url or "", job.result_expires_at)


async def test_a_clip_that_breaks_off_and_so_cannot_be_made_to_fit_is_handed_over_as_a_link(tmp_path: Path) -> None:
    async def make_clip(_: SandboxGeneration) -> Path:
        whole = bytearray(video_file(noise=80, bits_per_second=40_000_000).read_bytes())
        middle = len(whole) // 2
        whole[middle:-1000] = bytes(len(whole) - 1000 - middle)
        (tmp_path / "broken.mp4").write_bytes(whole)
        return tmp_path / "broken.mp4"

    (tmp_path / "broken").mkdir()
    async with open_workshop(tmp_path / "broken", render_seconds=20.0, clip_maker=make_clip) as workshop:
        workshop.discord.upload_limit = 700_000
        job_id = await deliver_one(workshop)

        message = await workshop.expect_clip(job_id)
        assert isinstance(message.clip, ClipLink)


async def test_a_link_that_discord_finds_too_large_ends_the_job_and_the_seconds_come_back(workshop: Workshop) -> None:
    workshop.discord.fail("post_clip", *[TOO_LARGE] * 100)

    job_id = await deliver_one(workshop)

    await workshop.expect_refund(job_id, JobError.INTERNAL)


@pytest.mark.slow
async def test_a_clip_that_has_to_go_to_direct_messages_is_made_to_fit_them(tmp_path: Path) -> None:
    async def make_clip(_: SandboxGeneration) -> Path:
        return await asyncio.to_thread(large_video_file)

    (tmp_path / "large").mkdir()
    async with open_workshop(tmp_path / "large", render_seconds=20.0, clip_maker=make_clip) as workshop:
        workshop.discord.upload_limit = 100 * 1024 * 1024
        workshop.discord.fail("post_clip", CHANNEL_IS_GONE)

        message = await workshop.expect_clip(await deliver_one(workshop))

    assert message.place == "dm"
    assert DEFAULT_UPLOAD_BYTES / 10 < message.size_bytes <= DEFAULT_UPLOAD_BYTES


# The channel -----------------------------------------------------------------------------------------------------


async def test_a_closed_channel_sends_the_clip_to_the_member(workshop: Workshop) -> None:
    workshop.discord.fail("post_clip", CHANNEL_IS_GONE)

    message = await workshop.expect_clip(await deliver_one(workshop))

    assert message.place == "dm"


async def test_a_channel_whose_limit_cannot_be_asked_any_more_still_sends_the_clip(workshop: Workshop) -> None:
    workshop.discord.fail("upload_limit_bytes", CHANNEL_IS_GONE)
    workshop.discord.fail("post_clip", CHANNEL_IS_GONE)

    message = await workshop.expect_clip(await deliver_one(workshop))

    assert message.place == "dm"


async def test_when_the_member_cannot_be_reached_either_the_seconds_come_back(workshop: Workshop) -> None:
    workshop.discord.fail("post_clip", CHANNEL_IS_GONE)
    workshop.discord.fail("post_clip_in_dm", CHANNEL_IS_GONE)

    job_id = await deliver_one(workshop)

    await workshop.expect_refund(job_id, JobError.UNDELIVERABLE)


async def test_a_message_that_is_refused_thrice_for_a_reason_of_its_own_goes_to_the_member(workshop: Workshop) -> None:
    workshop.discord.fail("post_clip", REFUSED, DISCORD_IS_DOWN, REFUSED)
    first = await deliver_one(workshop)
    assert (await workshop.expect_clip(first)).place == "channel"

    workshop.discord.fail("post_clip", REFUSED, REFUSED, REFUSED)
    second = await deliver_one(workshop)
    assert (await workshop.expect_clip(second)).place == "dm"


async def test_a_message_that_is_refused_everywhere_ends_with_its_seconds_back(workshop: Workshop) -> None:
    workshop.discord.fail("post_clip", *[REFUSED] * 9)
    workshop.discord.fail("post_clip_in_dm", *[REFUSED] * 3)

    await workshop.expect_refund(await deliver_one(workshop), JobError.UNDELIVERABLE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pause_seconds", "becomes"), [(100, "small"), (400, "small"), (1900, "a link")], ids=["early", "10 min", "1 h"]
)
async def test_an_upload_that_keeps_dying_is_made_smaller_and_then_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pause_seconds: int, becomes: str
) -> None:
    async def make_clip(_: SandboxGeneration) -> Path:
        return await asyncio.to_thread(large_video_file)

    (tmp_path / "large").mkdir()
    async with open_workshop(tmp_path / "large", render_seconds=20.0, clip_maker=make_clip) as workshop:
        workshop.discord.upload_limit = 100 * 1024 * 1024
        post = workshop.discord.post_clip
        sizes: list[int] = []

        async def dies(job: Job, clip: Clip, *rest: Any, **more: Any) -> PostedMessage:  # noqa: ANN401 (passed on)
            if isinstance(clip, ClipFile) and clip.info.size_bytes > SMALL_UPLOAD_BYTES:
                sizes.append(clip.info.size_bytes)
                workshop.time.advance(pause_seconds)
                raise DISCORD_IS_DOWN
            return await post(job, clip, *rest, **more)

        monkeypatch.setattr(workshop.discord, "post_clip", dies)
        message = await workshop.expect_clip(await deliver_one(workshop))

    assert ("a link" if isinstance(message.clip, ClipLink) else "small") == becomes
    assert message.place == "channel"
    assert len(sizes) >= DEATHS_BEFORE_SMALLER
    assert len(set(sizes)) == 1


async def test_a_private_clip_goes_to_its_member_and_never_to_the_channel(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, is_private=True)
    await workshop.run_until_idle(process)

    assert (await workshop.expect_clip(job_id)).place == "dm"


@pytest.mark.parametrize("trouble", [DISCORD_IS_DOWN, CHANNEL_IS_GONE], ids=["arrived", "closed"])
async def test_a_private_clip_is_looked_for_and_posted_in_direct_messages_alone(
    workshop: Workshop, trouble: Exception
) -> None:
    workshop.discord.remembers_nonces = False
    workshop.discord.fail("post_clip_in_dm", trouble, after=trouble is DISCORD_IS_DOWN)
    workshop.discord.fail("find_clip", *[AssertionError("the channel is not asked")] * 9)
    process = workshop.start()
    job_id = await workshop.accept(process, is_private=True)
    await workshop.run_until_idle(process)

    if trouble is DISCORD_IS_DOWN:
        assert (await workshop.expect_clip(job_id)).place == "dm"
    else:
        await workshop.expect_refund(job_id, JobError.MESSAGES_CLOSED)
        assert workshop.discord.clips(job_id) == []


async def test_a_clip_made_from_another_is_posted_with_what_that_is_now(workshop: Workshop) -> None:
    process = workshop.start()
    first = await workshop.accept(process)
    await workshop.run_until_idle(process)
    parent = await workshop.job(first)
    second = await workshop.accept(process, parent=parent)
    await process.services.clip_deleter.delete(first, guild_id=parent.guild_id, member_id=parent.member_id)
    await workshop.run_until_idle(process)

    message = await workshop.expect_clip(second)
    assert message.parent == await workshop.job(first)
    assert message.parent is not None
    assert message.parent.removed_by_id == parent.member_id
    assert (await workshop.job(second)).lineage == Lineage(first, first, Origin.FLIP)


@pytest.mark.parametrize("failures", [1, 2])
async def test_requests_that_failed_on_the_way_are_passed_over_to_the_clip_itself(
    workshop: Workshop, failures: int
) -> None:
    process = workshop.start()
    first = await workshop.accept(process)
    await workshop.run_until_idle(process)
    origin, parent = Origin.FLIP, await workshop.job(first)
    for _ in range(failures):
        request = replace(workshop.request(), lineage=parent.descent(origin))
        failed = (await process.jobs.accept(request)).job.id
        workshop.peeking.rows("UPDATE jobs SET state = 'failed', due_at = NULL WHERE id = ?", failed)
        origin, parent = Origin.RETRY, await workshop.job(failed)

    card = await process.jobs.accept(replace(workshop.request(), lineage=parent.descent(origin)))
    await workshop.run_until_idle(process)

    [message] = workshop.discord.clips(card.job.id)
    assert message.parent == await workshop.job(first)
    assert (await workshop.job(card.job.id)).lineage == Lineage(parent.id, first, Origin.RETRY)


async def test_a_clip_whose_parent_is_not_stored_any_more_is_posted_all_the_same(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, parent=make_job(id="0" * 16))
    await workshop.run_until_idle(process)

    assert (await workshop.expect_clip(job_id)).parent is None
    assert (await workshop.job(job_id)).lineage == Lineage("0" * 16, "0" * 16, Origin.FLIP)


# Discord fails -------------------------------------------------------------------------------------------------


NONCES = pytest.mark.parametrize("remembers_nonces", [True, False], ids=["nonces known", "nonces forgotten"])


@NONCES
async def test_a_post_that_did_not_arrive_is_made_again(workshop: Workshop, remembers_nonces: bool) -> None:
    workshop.discord.remembers_nonces = remembers_nonces
    workshop.discord.fail("post_clip", *[DISCORD_IS_DOWN] * 5)

    message = await workshop.expect_clip(await deliver_one(workshop))

    assert message.place == "channel"


@NONCES
async def test_a_post_that_arrived_although_it_seemed_to_fail_is_found_and_not_repeated(
    workshop: Workshop, remembers_nonces: bool
) -> None:
    workshop.discord.remembers_nonces = remembers_nonces
    workshop.discord.fail("post_clip", DISCORD_IS_DOWN, after=True)

    await workshop.expect_clip(await deliver_one(workshop))


async def test_nothing_is_posted_again_before_discord_can_say_whether_it_was_posted(workshop: Workshop) -> None:
    workshop.discord.remembers_nonces = False
    workshop.discord.fail("post_clip", DISCORD_IS_DOWN, after=True)
    workshop.discord.fail("find_clip", *[DISCORD_IS_DOWN] * 4)

    await workshop.expect_clip(await deliver_one(workshop))


async def test_a_direct_message_that_arrived_although_it_seemed_to_fail_is_found(workshop: Workshop) -> None:
    workshop.discord.remembers_nonces = False
    workshop.discord.fail("post_clip", CHANNEL_IS_GONE)
    workshop.discord.fail("post_clip_in_dm", DISCORD_IS_DOWN, after=True)
    workshop.discord.fail("find_clip", CHANNEL_IS_GONE)

    message = await workshop.expect_clip(await deliver_one(workshop))

    assert message.place == "dm"


@NONCES
async def test_a_post_that_could_not_be_written_down_is_found_and_not_repeated(
    workshop: Workshop, remembers_nonces: bool
) -> None:
    workshop.discord.remembers_nonces = remembers_nonces
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    workshop.time.advance(1.0)
    database.troubles.extend([None, None, "commit"])  # the claim and the write-ahead go by

    await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.DELIVERING
    assert len(workshop.discord.clips(job_id)) == 1

    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_process_that_dies_while_it_posts_leaves_the_clip_to_the_next(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    hold = workshop.discord.hold("post_clip")
    tick = asyncio.create_task(process.worker.tick())
    await hold.arrival()
    tick.cancel()
    with suppress(asyncio.CancelledError):
        await tick
    assert (await workshop.job(job_id)).state is JobState.DELIVERING

    restarted = workshop.start()
    await restarted.worker.reclaim_leases()
    await workshop.run_until_idle(restarted)

    await workshop.expect_clip(job_id)


@pytest.mark.parametrize("method", ["post_clip", "find_clip"])
async def test_a_delivery_is_put_off_ever_longer_until_the_result_expires(workshop: Workshop, method: str) -> None:
    expires_at = int(workshop.time() + 1800)
    workshop.server.faults.render.append(Fault(change={"expires_at": expires_at}))
    if method == "find_clip":
        workshop.discord.fail("post_clip", DISCORD_IS_DOWN)
    workshop.discord.fail(method, *[DISCORD_IS_DOWN] * 50)

    job_id = await deliver_one(workshop)

    await workshop.expect_refund(job_id, JobError.UNDELIVERABLE)
    assert expires_at <= workshop.time() < expires_at + 320
    assert len(workshop.discord.troubles[method]) > 34  # so few attempts in half an hour


@pytest.mark.slow
async def test_an_hour_without_discord_and_then_a_surprise_do_not_cost_the_clip(workshop: Workshop) -> None:
    workshop.discord.fail("post_clip", *[DISCORD_IS_DOWN] * 20, RuntimeError("nobody expected this"))

    await workshop.expect_clip(await deliver_one(workshop))
