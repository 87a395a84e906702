"""A process that hangs, dies or is no longer wanted takes nothing else with it.

A pipe with a name stands in for a file that never ends: whoever opens it for reading waits until somebody opens it for
writing, so when that has happened the process is known to be at work.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.errors import CannotFitError, ClipUnavailableError, NotAVideoError
from bot.media.worker import LONG_FIT_BYTES, MediaWorker
from bot.models import VideoInfo
from tests.support.videos import large_video_file, video_file

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

MEBIBYTE = 1024 * 1024

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in its file system"),
]


@pytest_asyncio.fixture
async def media() -> AsyncGenerator[MediaWorker]:
    async with MediaWorker() as worker:
        yield worker


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.mp4"
    os.mkfifo(path)
    return path


@pytest.fixture
def open_files() -> Generator[list[int]]:
    opened: list[int] = []
    yield opened
    for file in opened:
        os.close(file)


async def begin_fit(
    media: MediaWorker, endless: Path, open_files: list[int], found: VideoInfo | None = None
) -> tuple[asyncio.Task[object], int]:
    """Start a fit that never ends, and return it with its process's id once that is at work."""
    call = asyncio.create_task(media.fit(endless, endless.with_name("fit.mp4"), MEBIBYTE, found))
    open_files.append(await asyncio.to_thread(os.open, endless, os.O_WRONLY))
    while not media.process_ids:  # noqa: ASYNC110 (at work, but we have not yet heard that it was started)
        await asyncio.sleep(0)
    (process_id,) = media.process_ids
    return call, process_id


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_clip_is_probed_and_fitted_away_from_the_event_loop(media: MediaWorker, tmp_path: Path) -> None:
    found = await media.probe(large_video_file())
    fitted = await media.fit(large_video_file(), tmp_path / "fit.mp4", MEBIBYTE)

    assert found.size_bytes > 10 * MEBIBYTE
    assert fitted.size_bytes == (tmp_path / "fit.mp4").stat().st_size <= MEBIBYTE
    assert media.process_ids == []


async def test_paths_may_be_relative(media: MediaWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_bytes(video_file().read_bytes())
    monkeypatch.chdir(tmp_path)

    assert (await media.fit(Path("clip.mp4"), Path("fit.mp4"), MEBIBYTE)).width == 320


async def test_errors_keep_their_kind_across_the_process(media: MediaWorker, tmp_path: Path) -> None:
    (tmp_path / "page.mp4").write_text("<html>")

    with pytest.raises(NotAVideoError):
        await media.probe(tmp_path / "page.mp4")
    with pytest.raises(NotAVideoError):
        await media.fit(tmp_path / "page.mp4", tmp_path / "fit.mp4", MEBIBYTE)
    with pytest.raises(CannotFitError):
        await media.fit(large_video_file(), tmp_path / "fit.mp4", 5_000)


async def test_a_cancelled_fit_ends_its_process_and_the_next_call_works(
    media: MediaWorker, endless: Path, open_files: list[int]
) -> None:
    call, process_id = await begin_fit(media, endless, open_files)

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert not is_alive(process_id)
    assert (await media.probe(video_file())).width == 320


async def test_a_killed_process_means_cannot_fit_and_the_next_fit_works(
    media: MediaWorker, endless: Path, open_files: list[int], tmp_path: Path
) -> None:
    call, process_id = await begin_fit(media, endless, open_files)

    os.kill(process_id, signal.SIGKILL)

    with pytest.raises(CannotFitError, match="exit code -9"):
        await call
    assert (await media.fit(video_file(), tmp_path / "fit.mp4", MEBIBYTE)).width == 320


async def test_a_fit_that_waits_its_turn_outlives_the_one_before_it(
    media: MediaWorker, endless: Path, open_files: list[int], tmp_path: Path
) -> None:
    call, process_id = await begin_fit(media, endless, open_files)
    waiting = asyncio.create_task(media.fit(video_file(), tmp_path / "next.mp4", MEBIBYTE))

    os.kill(process_id, signal.SIGKILL)

    with pytest.raises(CannotFitError):
        await call
    assert (await waiting).width == 320


async def test_a_killed_probe_may_be_tried_again(media: MediaWorker, endless: Path, open_files: list[int]) -> None:
    call = asyncio.create_task(media.probe(endless))
    open_files.append(await asyncio.to_thread(os.open, endless, os.O_WRONLY))

    os.kill(media.process_ids[0], signal.SIGKILL)

    with pytest.raises(ClipUnavailableError):
        await call


async def test_a_process_that_takes_too_long_is_ended(endless: Path) -> None:
    async with MediaWorker(probe_seconds=0.1, fit_seconds=0.1) as media:
        with pytest.raises(CannotFitError, match=r"0\.1 s"):
            await media.fit(endless, endless.with_name("fit.mp4"), MEBIBYTE)
        with pytest.raises(ClipUnavailableError):
            await media.probe(endless)
        assert media.process_ids == []


LARGE = VideoInfo(1280, 720, 10.0, LONG_FIT_BYTES + 1, "h264", plays=False, pictures=240)
IN_4K = VideoInfo(3840, 2160, 10.0, 900_000, "av1", plays=False, pictures=240)
OF_MANY_PICTURES = VideoInfo(320, 180, 100.0, 900_000, "av1", plays=False, pictures=6_000)


@pytest.mark.parametrize("found", [LARGE, IN_4K, OF_MANY_PICTURES])
async def test_a_fit_that_will_take_long_and_a_short_one_do_not_wait_for_each_other(
    media: MediaWorker, endless: Path, open_files: list[int], tmp_path: Path, found: VideoInfo
) -> None:
    long, _ = await begin_fit(media, endless, open_files, found)
    usual = VideoInfo(1280, 720, 10.0, 10_000_000, "hevc", plays=False, pictures=300)

    assert (await media.fit(video_file(), tmp_path / "fit.mp4", MEBIBYTE, usual)).width == 320

    assert not long.done()


async def test_a_fit_that_takes_long_unforeseen_goes_on_among_the_long_ones(
    endless: Path, open_files: list[int], tmp_path: Path
) -> None:
    async with MediaWorker(short_fit_seconds=1) as media:
        long, process_id = await begin_fit(media, endless, open_files)

        assert (await media.fit(video_file(), tmp_path / "fit.mp4", MEBIBYTE)).width == 320

        assert not is_alive(process_id)
        assert not long.done()


async def test_closing_ends_what_is_in_hand_and_what_waits(
    endless: Path, open_files: list[int], tmp_path: Path
) -> None:
    async with MediaWorker() as media:
        call, process_id = await begin_fit(media, endless, open_files)
        waiting = asyncio.create_task(media.fit(video_file(), tmp_path / "next.mp4", MEBIBYTE))
        await asyncio.to_thread(lambda: None)  # lets it begin to wait

    for cancelled in (call, waiting):
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    assert not is_alive(process_id)


async def test_ctrl_c_in_the_terminal_does_not_reach_the_process(
    media: MediaWorker, endless: Path, open_files: list[int]
) -> None:
    _, process_id = await begin_fit(media, endless, open_files)

    assert os.getpgid(process_id) != os.getpgid(0)


def test_the_process_ends_when_the_bot_is_gone(endless: Path, open_files: list[int]) -> None:
    command = [sys.executable, "-m", "bot.media", "fit", str(endless), str(endless.with_name("fit.mp4")), "1000000"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        open_files.append(os.open(endless, os.O_WRONLY))
        assert process.stdin is not None

        process.stdin.close()

        assert process.wait(timeout=10) == 1


@pytest.mark.parametrize(
    ("module", "left_out"),
    [
        ("bot.media.worker", {"av", "PIL", "matplotlib", "numpy"}),
        ("bot.media.__main__", {"PIL", "matplotlib", "numpy"}),
    ],
)
def test_what_reads_and_draws_is_loaded_only_where_it_is_needed(module: str, left_out: set[str]) -> None:
    look = f"import sys, {module}; sys.exit(bool({left_out} & sys.modules.keys()))"

    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
