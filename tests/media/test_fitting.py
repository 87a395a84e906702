"""A fit brings a video under a limit and keeps what people see and hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import pytest

from bot.errors import CannotFitError, NotAVideoError
from bot.media.fitting import fit
from tests.support.videos import decode_fully, large_video_file, video_file

if TYPE_CHECKING:
    from pathlib import Path

MEBIBYTE = 1024 * 1024


@pytest.mark.slow
def test_a_clip_above_discords_limit_comes_under_it_whole(tmp_path: Path) -> None:
    source, destination = large_video_file(), tmp_path / "fit.mp4"
    assert source.stat().st_size > 10 * MEBIBYTE

    info = fit(source, destination, 10 * MEBIBYTE)

    assert info.size_bytes == destination.stat().st_size <= 10 * MEBIBYTE
    assert (info.width, info.height) == (640, 360)
    frames, seconds, samples = decode_fully(destination)
    assert frames == 48
    assert seconds == pytest.approx(2, abs=0.1)
    assert samples / 48_000 == pytest.approx(2, abs=0.1)


@pytest.mark.slow
def test_what_comes_out_is_what_discord_plays_inline(tmp_path: Path) -> None:
    destination = tmp_path / "fit.mp4"

    fit(video_file(codec="libvpx", suffix=".webm", audio=True), destination, MEBIBYTE)

    with av.open(str(destination)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt, sound.codec_context.name) == ("h264", "yuv420p", "aac")
    whole = destination.read_bytes()
    assert whole.index(b"moov") < whole.index(b"mdat")


@pytest.mark.parametrize("limit", [100_000, 50_000])
@pytest.mark.slow
def test_a_lower_limit_is_met_with_fewer_pixels_of_the_same_shape(limit: int, tmp_path: Path) -> None:
    info = fit(large_video_file(), tmp_path / "fit.mp4", limit)

    assert info.size_bytes <= limit
    assert info.width < 640
    assert info.width / info.height == pytest.approx(16 / 9, rel=0.02)
    assert info.duration_seconds == pytest.approx(2, abs=0.1)


@pytest.mark.slow
def test_a_tall_clip_stays_tall(tmp_path: Path) -> None:
    source = video_file(width=360, height=640, duration_seconds=1, noise=60, bits_per_second=20_000_000)

    info = fit(source, tmp_path / "fit.mp4", 40_000)

    assert info.width / info.height == pytest.approx(9 / 16, rel=0.02)
    assert info.width < 360


@pytest.mark.slow
def test_a_limit_that_no_acceptable_picture_meets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotFitError):
        fit(large_video_file(), tmp_path / "fit.mp4", 5_000)


def test_a_clip_that_fits_already_is_not_touched(tmp_path: Path) -> None:
    source, destination = video_file(audio=True), tmp_path / "fit.mp4"

    fit(source, destination, 10 * MEBIBYTE)

    assert destination.read_bytes() == source.read_bytes()


@pytest.mark.slow
def test_a_small_clip_of_another_kind_becomes_mp4_and_grows_no_pixels(tmp_path: Path) -> None:
    source = video_file(codec="libvpx", suffix=".webm", width=323, height=181, audio=True)

    info = fit(source, tmp_path / "fit.mp4", 10 * MEBIBYTE)

    assert (info.width, info.height, info.codec) == (322, 180, "h264")
    frames, _, samples = decode_fully(tmp_path / "fit.mp4")
    assert frames == 24
    assert samples > 0


def test_a_silent_clip_stays_silent(tmp_path: Path) -> None:
    fit(video_file(noise=60), tmp_path / "fit.mp4", 50_000)

    with av.open(str(tmp_path / "fit.mp4")) as container:
        assert not container.streams.audio


@pytest.mark.slow
def test_more_frames_than_a_chat_needs_are_halved(tmp_path: Path) -> None:
    source = video_file(frames_per_second=60, noise=60)

    fit(source, tmp_path / "fit.mp4", source.stat().st_size // 4)

    frames, seconds, _ = decode_fully(tmp_path / "fit.mp4")
    assert frames == 30
    assert seconds == pytest.approx(1, abs=0.1)


def test_what_is_no_video_cannot_be_fitted(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_text("<html>")

    with pytest.raises(NotAVideoError):
        fit(source, tmp_path / "fit.mp4", 10 * MEBIBYTE)


@pytest.mark.slow
def test_a_clip_that_breaks_off_while_it_is_decoded_cannot_be_fitted(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    whole = bytearray(large_video_file().read_bytes())
    middle = len(whole) // 2
    whole[middle:-1000] = bytes(len(whole) - 1000 - middle)
    source.write_bytes(whole)

    with pytest.raises(CannotFitError):
        fit(source, tmp_path / "fit.mp4", 10 * MEBIBYTE)
