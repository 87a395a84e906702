"""A probe believes a file only as far as it can be played."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.errors import NotAVideoError
from bot.media.fitting import fit
from bot.media.probing import probe
from bot.media.stills import take_still
from tests.support.odd_videos import odd_video, with_unknown_picture
from tests.support.videos import audio_file, image_file, large_video_file, video_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROBED_AND_MEASURED = """
import asyncio, resource, sys
from pathlib import Path
from bot.media.worker import MediaWorker

async def probe():
    async with MediaWorker() as media:
        await media.probe(Path(sys.argv[1]))

try:
    asyncio.run(probe())
except Exception as error:
    print(type(error).__name__, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""In a process of its own: whatever this one starts is at first as large as it is."""


def test_a_video_is_described_by_what_is_in_it() -> None:
    path = video_file(width=320, height=180, duration_seconds=2, audio=True)

    info = probe(path)

    assert (info.width, info.height, info.codec) == (320, 180, "h264")
    assert info.duration_seconds == pytest.approx(2, abs=0.05)
    assert info.size_bytes == path.stat().st_size
    assert info.pictures == 48


@pytest.mark.parametrize(
    ("codec", "suffix", "name"),
    [
        ("libx264", ".mov", "h264"),
        ("libx264", ".mkv", "h264"),
        ("libvpx", ".webm", "vp8"),
        ("libvpx-vp9", ".webm", "vp9"),
    ],
)
def test_the_other_containers_and_codecs_of_the_web_are_videos_too(codec: str, suffix: str, name: str) -> None:
    info = probe(video_file(codec=codec, suffix=suffix, audio=suffix == ".webm"))

    assert (info.width, info.height, info.codec) == (320, 180, name)
    assert info.duration_seconds == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("movflags", ["faststart", None, "empty_moov+frag_keyframe"])
def test_an_mp4_may_have_its_index_first_last_or_in_pieces(movflags: str | None) -> None:
    assert probe(video_file(movflags=movflags)).duration_seconds == pytest.approx(1, abs=0.05)


UNTOUCHED_FILES: dict[str, tuple[Callable[[], Path], tuple[str, int, int]]] = {
    "MPEG-2": (lambda: video_file(codec="mpeg2video", suffix=".mkv"), ("mpeg2video", 320, 180)),
    "ProRes": (lambda: odd_video(codec="prores_ks", pixels="yuv422p10le", container="mov"), ("prores", 320, 180)),
    "larger than 4K": (lambda: video_file(width=4096, height=2304, frames_per_second=2), ("h264", 4096, 2304)),
    "a codec that nobody knows": (with_unknown_picture, ("unknown", 0, 0)),
}


@pytest.mark.parametrize("name", UNTOUCHED_FILES)
def test_a_video_that_no_decoder_here_may_touch_is_one_of_which_nothing_can_be_made(name: str, tmp_path: Path) -> None:
    make, expected = UNTOUCHED_FILES[name]
    path = make()

    info = probe(path)

    assert (info.codec, info.width, info.height) == expected
    assert info.duration_seconds == pytest.approx(1, abs=0.05)
    assert not info.plays
    for work in (partial(fit, path, tmp_path / "fit.mp4", 1_000_000), partial(take_still, path)):
        with pytest.raises(NotAVideoError):
            work()


def test_a_video_that_no_decoder_here_may_touch_has_to_be_whole_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(_cut(odd_video(codec="mpeg2video")))

    with pytest.raises(NotAVideoError, match="cut short"):
        probe(path)


HOSTILE_FILES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"\0",
    "text": lambda: b"404 not found\n" * 50,
    "HTML": lambda: b"<!DOCTYPE html><html><body>Sign in to continue</body></html>",
    "JSON": lambda: b'{"error": {"message": "expired"}}',
    "zeros": lambda: bytes(100_000),
    "noise": lambda: large_video_file().read_bytes()[1_000_000:1_100_000],
    "PNG": lambda: image_file("png", ".png").read_bytes(),
    "JPEG": lambda: image_file("mjpeg", ".jpg").read_bytes(),
    "GIF": lambda: image_file("gif", ".gif").read_bytes(),
    "AVIF": lambda: image_file("libaom-av1", ".avif").read_bytes(),
    "sound only": lambda: audio_file().read_bytes(),
    "one picture": lambda: video_file(frames_per_second=1).read_bytes(),
    "only the first bytes of an MP4": lambda: video_file().read_bytes()[:24],
    "MP4 cut in the picture": lambda: _cut(video_file(audio=True)),
    "MP4 cut before its index": lambda: _cut(video_file(movflags=None)),
    "MP4 in pieces, cut": lambda: _cut(video_file(audio=True, movflags="empty_moov+frag_keyframe")),
    "WebM cut": lambda: _cut(video_file(codec="libvpx", suffix=".webm", audio=True)),
    "MP4 whose pictures are zeros": lambda: _blank_media(video_file(audio=True)),
    "another container": lambda: video_file(suffix=".ts").read_bytes(),
    "a few pixels": lambda: video_file(width=8, height=8).read_bytes(),
    "a stream that claims more pixels than its container": lambda: _claim_vast_pictures(
        video_file(codec="libvpx", suffix=".webm")
    ),
    "longer than ten minutes": lambda: video_file(
        width=16, height=16, duration_seconds=601, frames_per_second=1
    ).read_bytes(),
}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_what_is_not_a_playable_video_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(HOSTILE_FILES[name]())

    with pytest.raises(NotAVideoError):
        probe(path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.m3u8", "concat:clip.mp4"])
@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:{video}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {video}\n",
        "ffconcat version 1.0\nfile {url}\n",
        "<MPD><Period><BaseURL>{url}</BaseURL></Period></MPD>",
        "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    ],
)
def test_a_playlist_opens_no_other_file_and_no_address(name: str, playlist: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.mp4"
        path.write_text(playlist.format(url=url, video=video_file()))

        with pytest.raises(NotAVideoError):
            probe(path)
        with pytest.raises(BlockingIOError):  # nobody has knocked
            server.accept()


def test_a_missing_file_is_not_called_a_bad_video(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "nothing.mp4")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit is refused or not kept")
@pytest.mark.parametrize("samples", [15_000_000, 80_000_000])
def test_an_index_that_claims_millions_of_pictures_takes_bounded_memory(samples: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(_claim_samples(video_file(), samples))

    said = subprocess.run([sys.executable, "-c", PROBED_AND_MEASURED, path], check=True, capture_output=True, text=True)

    refused, kib = said.stdout.split()
    assert refused == "NotAVideoError"
    assert int(kib) <= 600_000  # without a limit up to 2.8 GB


def _cut(path: Path) -> bytes:
    whole = path.read_bytes()
    return whole[: len(whole) * 6 // 10]


def _blank_media(path: Path) -> bytes:
    whole = path.read_bytes()
    start = whole.index(b"mdat") + 4
    return whole[:start] + bytes(len(whole) - start)


def _claim_vast_pictures(path: Path) -> bytes:
    """Put 16383 × 16383 into every VP8 key frame's header, after its start code."""
    start_code = b"\x9d\x01\x2a"
    return path.read_bytes().replace(
        start_code + struct.pack("<HH", 320, 180), start_code + struct.pack("<HH", 16383, 16383)
    )


def _claim_samples(path: Path, samples: int) -> bytes:
    """Say in an MP4's index that one chunk holds many pictures of one byte each."""
    whole = bytearray(path.read_bytes())
    sizes, chunks, times = (whole.index(box) + 8 for box in (b"stsz", b"stsc", b"stts"))
    struct.pack_into(">II", whole, sizes, 1, samples)
    struct.pack_into(">II", whole, chunks + 4, 1, samples)
    struct.pack_into(">I", whole, times + 4, samples)
    return bytes(whole)
