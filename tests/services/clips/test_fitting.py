"""What reaches the channel plays there; where that can't be had, the file comes all the same, or its address."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.errors import CannotFitError, NotAVideoError, ProbeDiedError, UploadTooLargeError
from bot.media import process
from bot.media.worker import MediaWorker
from bot.models import ClipFile, ClipLink, JobError, JobState, PostedMessage, VideoInfo
from bot.services.clips.dead_probes import DEAD_PROBES_BEFORE_BELIEVED
from bot.services.clips.fitting import FittingPoster
from tests.support import taken_over
from tests.support.jobs import make_job
from tests.support.media import DirectMedia
from tests.support.odd_videos import odd_video, shown_otherwise, with_metadata_in_latin, with_unknown_picture
from tests.support.stored import rows
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from bot.models import Clip
    from bot.sandbox.toapis_server import SandboxGeneration
    from tests.support.simulated_discord import Message
    from tests.support.workshop import Workshop

TOO_LARGE = UploadTooLargeError("40005")


@pytest_asyncio.fixture
async def hevc(tmp_path: Path) -> AsyncGenerator[Workshop]:
    """Give a workshop whose clips are small files of HEVC."""
    async with open_workshop(tmp_path, render_seconds=20.0, clip_maker=makes(hevc_file)) as opened:
        yield opened


def hevc_file() -> Path:
    return odd_video(codec="libx265")


def makes(make: Callable[[], Path]) -> Callable[[SandboxGeneration], Any]:
    async def clip_maker(_: SandboxGeneration) -> Path:
        return make()

    return clip_maker


async def deliver_one(workshop: Workshop) -> str:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    return job_id


async def link(workshop: Workshop, job_id: str) -> ClipLink:
    job = await workshop.job(job_id)
    return ClipLink(job.result_url or "", job.result_expires_at)


def dying(error: Exception) -> Callable[..., Any]:
    async def die(*_: object) -> None:
        raise error

    return die


def posted(message: Message) -> tuple[str, bool]:
    assert isinstance(message.clip, ClipFile)
    return message.clip.info.codec, message.clip.info.plays


@pytest.mark.slow
async def test_a_small_clip_that_does_not_play_everywhere_is_posted_as_one_that_does(hevc: Workshop) -> None:
    job_id = await deliver_one(hevc)

    assert posted(await hevc.expect_clip(job_id)) == ("h264", True)
    assert len(rows(hevc, "SELECT job_id FROM stills")) == 1


async def test_a_clip_with_a_title_in_another_encoding_is_fetched_once_and_posted(tmp_path: Path) -> None:
    async with open_workshop(tmp_path, render_seconds=20.0, clip_maker=makes(with_metadata_in_latin)) as workshop:
        job_id = await deliver_one(workshop)

        assert posted(await workshop.expect_clip(job_id)) == ("h264", True)
        assert files_fetched(workshop) == 1


async def test_a_clip_that_says_how_it_is_turned_has_a_still_that_lies_so(tmp_path: Path) -> None:
    async with open_workshop(tmp_path, render_seconds=20.0, clip_maker=makes(shown_otherwise)) as workshop:
        message = await workshop.expect_clip(await deliver_one(workshop))

        assert isinstance(message.clip, ClipFile)
        assert (message.clip.info.width, message.clip.info.height) == (180, 320)


@pytest.mark.parametrize("error", [CannotFitError("died"), NotAVideoError("broken")])
async def test_where_nothing_can_be_made_of_it_the_original_is_posted(
    hevc: Workshop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(DirectMedia, "fit", dying(error))

    job_id = await deliver_one(hevc)

    message = await hevc.expect_clip(job_id)
    assert posted(message) == ("hevc", False)
    assert message.size_bytes == hevc_file().stat().st_size


async def test_where_nothing_can_be_made_of_it_and_it_is_too_large_its_address_is_posted(
    hevc: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DirectMedia, "fit", dying(CannotFitError("died")))
    hevc.discord.upload_limit = hevc_file().stat().st_size - 1

    job_id = await deliver_one(hevc)

    assert (await hevc.expect_clip(job_id)).clip == await link(hevc, job_id)


async def test_whoever_makes_it_anew_is_told_what_was_found_and_so_how_long_it_will_take(
    hevc: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[Any]()

    async def fit(*arguments: Any) -> None:  # noqa: ANN401 (as they come)
        told.append(arguments[-1])
        raise CannotFitError("died")

    monkeypatch.setattr(DirectMedia, "fit", fit)

    await deliver_one(hevc)

    assert [(found.width, found.height, found.pictures) for found in told] == [(320, 180, 24)]


class Filling(DirectMedia):
    """Makes files as large as they may be; at last one is broken off."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def fit(self, source: Path, destination: Path, max_bytes: int, found: VideoInfo | None = None) -> VideoInfo:
        assert found is not None
        await asyncio.to_thread(destination.write_bytes, bytes(max_bytes))
        self.times -= 1
        if self.times < 0:
            raise CannotFitError("died")
        return replace(found, size_bytes=max_bytes)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def test_of_all_that_is_made_of_a_clip_only_the_newest_lies_beside_it(tmp_path: Path) -> None:
    original = ClipFile(tmp_path / "clip.mp4", VideoInfo(320, 180, 1.0, 3_000_000, "hevc", plays=False))
    lying = list[int]()

    async def post(clip: Clip) -> PostedMessage:
        lying.append(size_of(tmp_path))
        if isinstance(clip, ClipLink):
            return PostedMessage(1, 2)
        raise TOO_LARGE

    await FittingPoster(Filling(2)).post(make_job(), original, 2_000_000, tmp_path, post)

    assert lying == [2_000_000, 1_600_000, 0]


@pytest.mark.parametrize("is_small", [True, False])
async def test_a_video_that_no_decoder_may_touch_is_posted_or_its_address_and_never_refunded(
    tmp_path: Path, *, is_small: bool
) -> None:
    async with open_workshop(tmp_path, render_seconds=20.0, clip_maker=makes(with_unknown_picture)) as workshop:
        if not is_small:
            workshop.discord.upload_limit = with_unknown_picture().stat().st_size - 1

        job_id = await deliver_one(workshop)

        message = await workshop.expect_clip(job_id)
        assert posted(message) == ("unknown", False) if is_small else message.clip == await link(workshop, job_id)
        assert files_fetched(workshop) == 1


async def test_an_original_that_discord_finds_too_large_after_all_becomes_its_address(
    hevc: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DirectMedia, "fit", dying(CannotFitError("died")))
    hevc.discord.fail("post_clip", TOO_LARGE)

    job_id = await deliver_one(hevc)

    assert (await hevc.expect_clip(job_id)).clip == await link(hevc, job_id)


async def test_a_clip_at_which_every_look_dies_comes_as_its_address_after_ten_minutes(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DirectMedia, "probe", dying(ProbeDiedError("exit code -11")))
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    ready_at = workshop.time()

    await workshop.run_until_idle(process)

    assert (await workshop.expect_clip(job_id)).clip == await link(workshop, job_id)
    assert files_fetched(workshop) == DEAD_PROBES_BEFORE_BELIEVED == 3
    assert 600 <= workshop.time() - ready_at < 700
    assert rows(workshop, "SELECT count(*) FROM stills") == [(0,)]


async def test_looks_that_die_twice_cost_only_time(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    look, deaths = DirectMedia.probe, iter((True, True))

    async def probe(media: DirectMedia, path: Path) -> VideoInfo:
        if next(deaths, False):
            raise ProbeDiedError("exit code -9")
        return await look(media, path)

    monkeypatch.setattr(DirectMedia, "probe", probe)

    assert posted(await workshop.expect_clip(await deliver_one(workshop))) == ("h264", True)


@pytest.mark.slow
@pytest.mark.parametrize(("act", "limit_seconds"), [("crash", 30), ("wait for ever", 0.5)])
async def test_a_file_that_kills_whatever_looks_at_it_ends_as_its_address_and_never_the_bot(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, act: str, limit_seconds: float
) -> None:
    monkeypatch.setattr(process, "_command", partial(taken_over.command, act))
    async with MediaWorker(probe_seconds=limit_seconds) as media:
        monkeypatch.setattr(DirectMedia, "probe", lambda _, path: media.probe(path))
        job_id = await deliver_one(workshop)

    assert (await workshop.expect_clip(job_id)).clip == await link(workshop, job_id)


@pytest.mark.slow
@pytest.mark.parametrize(("act", "limit_seconds"), [("crash", 180), ("wait for ever", 0.5)])
async def test_a_file_that_kills_whatever_makes_it_anew_ends_as_the_original(
    hevc: Workshop, monkeypatch: pytest.MonkeyPatch, act: str, limit_seconds: float
) -> None:
    monkeypatch.setattr(process, "_command", partial(taken_over.command, act))
    async with MediaWorker(fit_seconds=limit_seconds) as media:
        monkeypatch.setattr(DirectMedia, "fit", lambda _, *arguments: media.fit(*arguments))
        job_id = await deliver_one(hevc)

    assert posted(await hevc.expect_clip(job_id)) == ("hevc", False)


async def test_what_is_no_video_at_all_is_fetched_three_times_and_comes_back_as_seconds(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DirectMedia, "probe", dying(NotAVideoError("no video stream")))

    job_id = await deliver_one(workshop)

    await workshop.expect_refund(job_id, JobError.CLIP_UNUSABLE)
    assert files_fetched(workshop) == 3


def files_fetched(workshop: Workshop) -> int:
    return sum(request.kind == "file" for request in workshop.server.requests)
