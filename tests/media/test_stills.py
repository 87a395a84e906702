"""A still is a small WebP of a video, whatever the video is."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import av
import pytest

from bot.errors import CannotFitError, NotAVideoError
from bot.media import stills
from bot.media.stills import STILL_MAX_BYTES, take_still
from bot.media.worker import MediaWorker
from tests.support.odd_videos import RIGHT, shown_otherwise, with_cover
from tests.support.videos import audio_file, large_video_file, video_file

if TYPE_CHECKING:
    from pathlib import Path


def size_of(still: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(still)) as container:
        frame = next(iter(container.decode(video=0)))
        return frame.width, frame.height


@pytest.mark.parametrize(
    ("made", "size"),
    [
        ({}, (320, 180)),
        ({"width": 1280, "height": 720}, (480, 270)),
        ({"width": 360, "height": 640}, (270, 480)),
        ({"width": 178, "height": 18}, (178, 18)),
        ({"codec": "libvpx", "suffix": ".webm"}, (320, 180)),
        ({"audio": True, "movflags": None}, (320, 180)),
    ],
)
def test_a_still_has_the_films_shape_and_is_small(made: dict[str, object], size: tuple[int, int]) -> None:
    still = take_still(video_file(**made))

    assert still[:4] + still[8:12] == b"RIFFWEBP"
    assert len(still) <= STILL_MAX_BYTES
    assert size_of(still) == size


def test_noise_becomes_a_small_still_too() -> None:
    still = take_still(large_video_file())

    assert len(still) <= STILL_MAX_BYTES


def test_what_can_be_made_small_enough_in_no_way_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "STILL_MAX_BYTES", 10)

    with pytest.raises(CannotFitError):
        take_still(video_file())


@pytest.mark.parametrize("kind", ["nothing", "text", "sound", "cut"])
def test_of_a_file_without_a_picture_there_is_no_still(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "clip.mp4"
    whole = video_file(movflags=None).read_bytes()
    path.write_bytes({"nothing": b"", "text": b"no film " * 99, "cut": whole[: len(whole) // 2]}.get(kind, b""))

    with pytest.raises(NotAVideoError):
        take_still(audio_file() if kind == "sound" else path)


@pytest.mark.slow
async def test_a_still_is_taken_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    async with MediaWorker() as media:
        assert await media.take_still(video_file()) == take_still(video_file())
        with pytest.raises(NotAVideoError):
            await media.take_still(tmp_path / "broken.mp4")
        assert media.process_ids == []


@pytest.mark.slow
async def test_a_process_that_takes_too_long_over_a_still_is_ended(tmp_path: Path) -> None:
    async with MediaWorker(probe_seconds=0.01) as media:
        with pytest.raises(CannotFitError):
            await media.take_still(video_file())
        assert media.process_ids == []


def test_a_still_lies_as_the_film_is_shown() -> None:
    assert size_of(take_still(shown_otherwise(RIGHT))) == (180, 320)


def test_a_still_is_not_of_the_cover() -> None:
    assert size_of(take_still(with_cover())) == (320, 180)


@pytest.mark.parametrize("place", [b"stts", b"stss"])
def test_a_film_whose_index_leads_nowhere_has_no_still_and_is_not_the_disks_trouble(
    place: bytes, tmp_path: Path
) -> None:
    whole = bytearray(video_file().read_bytes())
    start = whole.index(place)
    if place == b"stts":
        whole[start : start + 4] = b"free"
    else:  # the only picture to begin with is the ninth
        whole[start + 8 : start + 16] = bytes((0, 0, 0, 1, 0, 0, 0, 9))
    (tmp_path / "clip.mp4").write_bytes(whole)

    with pytest.raises(NotAVideoError):
        take_still(tmp_path / "clip.mp4")
