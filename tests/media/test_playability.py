"""What is posted plays: the question is asked of the original and of what is made of it, and little is done to it."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import av
import pytest

from bot.media.fitting import fit
from bot.media.probing import probe
from tests.support.odd_videos import (
    LEFT,
    MIRRORED,
    RIGHT,
    UPSIDE_DOWN,
    odd_video,
    shown_otherwise,
    with_broken_sound,
    with_changing_sound,
    with_cover,
    with_metadata_in_latin,
    with_sound_of_a_strange_name,
    with_two_pictures,
    with_unknown_sound,
    without_first_times,
)
from tests.support.videos import decode_fully, video_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL import Image

ROOM = 10 * 1024 * 1024

PLAYS: dict[str, Callable[[], Path]] = {
    "as it should be": odd_video,
    "silent": lambda: odd_video(sound=None),
    "turned by what it says of itself": shown_otherwise,
}
PICTURE_IS_KEPT: dict[str, Callable[[], Path]] = {
    "index at the end": lambda: odd_video(movflags=None),
    "in pieces": lambda: odd_video(movflags="empty_moov+frag_keyframe"),
    "QuickTime under the name of MP4": lambda: odd_video(container="mov"),
    "Matroska under the name of MP4": lambda: odd_video(container="matroska"),
    "Matroska that leaves out the first times": without_first_times,
    "a second video stream": with_two_pictures,
    "a cover": with_cover,
    "a title that is not UTF-8": with_metadata_in_latin,
    "sound of a strange name": with_sound_of_a_strange_name,
    "AC-3": lambda: odd_video(sound="ac3"),
    "E-AC-3": lambda: odd_video(sound="eac3"),
    "MP3": lambda: odd_video(sound="libmp3lame"),
    "Opus": lambda: odd_video(sound="libopus"),
    "PCM": lambda: odd_video(sound="pcm_s16le"),
    "PCM of QuickTime": lambda: odd_video(sound="pcm_s24be", container="mov"),
    "FLAC": lambda: odd_video(sound="flac"),
    "ALAC": lambda: odd_video(sound="alac"),
    "sound that breaks off": lambda: with_broken_sound(keeping=20),
    "sound that changes midway": with_changing_sound,
}
PICTURE_IS_KEPT_IN_SILENCE: dict[str, Callable[[], Path]] = {
    "sound that is noise": with_broken_sound,
    "sound that nobody can decode": with_unknown_sound,
    "sound of a decoder that is not let in": lambda: odd_video(sound="tta", container="matroska"),
}
PICTURE_IS_MADE_ANEW: dict[str, Callable[[], Path]] = {
    "HEVC": lambda: odd_video(codec="libx265"),
    "HEVC of 10 bit": lambda: odd_video(codec="libx265", pixels="yuv420p10le"),
    "VP9": lambda: odd_video(codec="libvpx-vp9"),
    "AV1": lambda: odd_video(codec="libaom-av1"),
    "MPEG-4": lambda: odd_video(codec="mpeg4"),
    "10 bit": lambda: odd_video(pixels="yuv420p10le"),
    "4:4:4": lambda: odd_video(pixels="yuv444p"),
    "4:2:2": lambda: odd_video(pixels="yuv422p"),
    "without loss": lambda: odd_video(options=(("qp", "0"),)),
    "WebM under the name of MP4": lambda: odd_video(codec="libvpx-vp9", sound="libopus", container="webm"),
    "HEVC with AC-3": lambda: odd_video(codec="libx265", sound="ac3"),
    "HEVC with a cover": lambda: with_cover(codec="libx265"),
    "HEVC with a title that is not UTF-8": lambda: with_metadata_in_latin(codec="libx265"),
}


@pytest.mark.parametrize("name", PLAYS)
def test_what_plays_is_posted_as_it_is(name: str, tmp_path: Path) -> None:
    source = PLAYS[name]()

    assert probe(source).plays
    assert fit(source, tmp_path / "fit.mp4", ROOM).plays
    assert (tmp_path / "fit.mp4").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("name", PICTURE_IS_KEPT)
def test_what_is_only_packed_wrong_or_sounds_wrong_keeps_its_picture_and_its_sound(name: str, tmp_path: Path) -> None:
    source = PICTURE_IS_KEPT[name]()

    assert not probe(source).plays
    assert fit(source, tmp_path / "fit.mp4", ROOM).plays
    assert pictures(tmp_path / "fit.mp4") == pictures(source)
    assert_plays(tmp_path / "fit.mp4", has_sound=name != "a second video stream")


@pytest.mark.parametrize("name", PICTURE_IS_KEPT_IN_SILENCE)
def test_sound_that_cant_be_decoded_is_left_out(name: str, tmp_path: Path) -> None:
    source = PICTURE_IS_KEPT_IN_SILENCE[name]()

    assert not probe(source).plays
    assert fit(source, tmp_path / "fit.mp4", ROOM).plays
    assert pictures(tmp_path / "fit.mp4") == pictures(source)
    assert_plays(tmp_path / "fit.mp4", has_sound=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURE_IS_MADE_ANEW)
def test_what_not_every_player_shows_is_made_anew_however_small(name: str, tmp_path: Path) -> None:
    source = PICTURE_IS_MADE_ANEW[name]()

    found = probe(source)
    made = fit(source, tmp_path / "fit.mp4", ROOM)

    assert (found.plays, made.plays) == (False, True)
    assert (made.width, made.height) == (found.width, found.height)
    assert made.duration_seconds == pytest.approx(1, abs=0.1)
    assert_plays(tmp_path / "fit.mp4", has_sound=True)
    assert decode_fully(tmp_path / "fit.mp4")[0] == 24


@pytest.mark.slow
@pytest.mark.parametrize("name", ["noise", "unknown"])
def test_sound_that_cant_be_decoded_costs_no_clip_that_is_made_anew(name: str, tmp_path: Path) -> None:
    source = with_broken_sound(codec="libx265") if name == "noise" else with_unknown_sound(codec="libx265")

    assert fit(source, tmp_path / "fit.mp4", ROOM).plays
    assert_plays(tmp_path / "fit.mp4", has_sound=False)


@pytest.mark.slow
def test_sound_that_changes_midway_is_heard_to_its_end(tmp_path: Path) -> None:
    fit(with_changing_sound(), tmp_path / "fit.mp4", ROOM)

    loudness = loudness_by_tenths(tmp_path / "fit.mp4")
    assert len(loudness) == pytest.approx(20, abs=2)
    assert min(loudness[1:19]) > 0.01


def test_a_cover_comes_first_and_is_not_taken_for_the_film() -> None:
    with av.open(str(with_cover())) as container:
        assert [stream.codec.canonical_name for stream in container.streams.video] == ["png", "h264"]

    assert (probe(with_cover()).width, probe(with_cover()).codec) == (320, "h264")


def test_a_title_that_is_not_utf_8_is_one_that_the_library_stumbles_over() -> None:
    with pytest.raises(UnicodeDecodeError), av.open(str(with_metadata_in_latin())):
        pass


@pytest.mark.parametrize("how", [RIGHT, LEFT, UPSIDE_DOWN, MIRRORED])
@pytest.mark.slow
def test_a_picture_made_anew_lies_as_it_was_shown(how: tuple[int, int, int, int], tmp_path: Path) -> None:
    from PIL import Image

    source = shown_otherwise(how, codec="libx265")
    turn = {
        RIGHT: Image.Transpose.ROTATE_270,
        LEFT: Image.Transpose.ROTATE_90,
        UPSIDE_DOWN: Image.Transpose.ROTATE_180,
        MIRRORED: Image.Transpose.FLIP_LEFT_RIGHT,
    }[how]

    made = fit(source, tmp_path / "fit.mp4", ROOM)

    expected = first_picture(source).transpose(turn)
    assert (made.width, made.height) == expected.size
    assert difference(first_picture(tmp_path / "fit.mp4"), expected) < 6 < difference_of_turned(expected)
    with av.open(str(tmp_path / "fit.mp4")) as container:
        assert next(container.decode(video=0)).rotation == 0


def test_a_picture_that_is_kept_keeps_how_it_is_shown(tmp_path: Path) -> None:
    made = fit(shown_otherwise(movflags=None), tmp_path / "fit.mp4", ROOM)

    assert (made.width, made.height) == (180, 320)
    with av.open(str(tmp_path / "fit.mp4")) as container:
        assert next(container.decode(video=0)).rotation == -90


@pytest.mark.slow
def test_a_clip_that_is_large_only_by_what_is_around_its_picture_keeps_it(tmp_path: Path) -> None:
    source = odd_video(sound="pcm_s16le")
    small = source.stat().st_size * 2 // 3

    made = fit(source, tmp_path / "fit.mp4", small)

    assert made.size_bytes <= small
    assert pictures(tmp_path / "fit.mp4") == pictures(source)


@pytest.mark.slow
def test_a_clip_that_is_only_packed_wrong_but_too_large_is_made_smaller(tmp_path: Path) -> None:
    source = video_file(noise=60, movflags=None, audio=True)
    small = source.stat().st_size // 2

    made = fit(source, tmp_path / "fit.mp4", small)

    assert made.plays
    assert made.size_bytes <= small


def assert_plays(path: Path, *, has_sound: bool) -> None:
    """Check by the file itself what every player can play."""
    whole = path.read_bytes()
    assert whole[4:8] == b"ftyp"
    assert whole[8:12] != b"qt  "
    assert whole.index(b"moov") < whole.index(b"mdat")
    assert b"moof" not in whole
    with av.open(str(path)) as container:
        kinds = [(stream.type, stream.codec_context.name) for stream in container.streams]
        assert kinds == [("video", "h264"), ("audio", "aac")][: 1 + has_sound]
        video = container.streams.video[0]
        assert video.pix_fmt == "yuv420p"
        assert video.profile in {"Constrained Baseline", "Main", "High"}
    _, _, samples = decode_fully(path)
    assert (samples > 0) is has_sound


def pictures(path: Path) -> list[int]:
    """Return what stands for each picture as it is decoded, of the film that is meant."""
    with av.open(str(path), metadata_errors="replace") as container:
        video = next(stream for stream in container.streams.video if stream.codec.canonical_name == "h264")
        return [hash(bytes(frame.planes[0])) for frame in container.decode(video)]


def loudness_by_tenths(path: Path) -> list[float]:
    """Return how loud each whole tenth of a second is, from 0 to 1."""
    samples = array("f")
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples.frombytes(bytes(frame.planes[0])[: 4 * frame.samples])
    step = 4800
    return [max(map(abs, samples[start : start + step])) for start in range(0, len(samples) - step, step)]


def first_picture(path: Path) -> Image.Image:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_image()


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return by how much two pictures differ, in the mean of all points, of 255."""
    from PIL import ImageChops, ImageStat

    assert one.size == other.size
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


def difference_of_turned(picture: Image.Image) -> float:
    from PIL import Image

    return difference(picture, picture.transpose(Image.Transpose.ROTATE_180))
