"""Is it a video? Everything that a file may claim is bounded before it is believed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import av
from av.error import FFmpegError

from bot.errors import NotAVideoError
from bot.models import VideoInfo

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MAX_DURATION_SECONDS = 600
"""Sixty times the longest clip on offer."""
MAX_PIXELS = 3840 * 2160
"""4K; a decoder may hold 17 such pictures, about 210 MB, before it shows the first."""
_MIN_SIDE = 16
_MIN_DURATION_SECONDS = 0.1
_MIN_PICTURES = 2
"""AVIF and HEIC are stills in an MP4 container."""
_MAX_PACKETS = 200_000
"""Twice what the longest film has at 60 frames per second with sound."""

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
_VIDEO_CODECS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,libdav1d,mpeg4"
_DECODER_OPTIONS = {"max_pixels": str(MAX_PIXELS)}
_AUDIO_CODECS = "aac,mp3,mp3float,opus,libopus,vorbis,flac,ac3,eac3,pcm_s16le"
_CLAIM_TOLERANCE, _CLAIM_TOLERANCE_SECONDS = 1.05, 0.25
"""How much longer than its packets a whole file may claim to be: writers round, and count silence."""


def probe(path: Path) -> VideoInfo:
    """Read a whole file and decode its first picture. Blocking; in the bot only through ``MediaWorker``.

    Raises:
        NotAVideoError: it is not a complete, playable video of sane size and length.
    """
    with open_video(path) as container:
        return inspect(container, path)


@contextmanager
def open_video(path: Path) -> Generator[InputContainer]:
    """Open a file for reading, and nothing but a local file in a container that holds video.

    Raises:
        NotAVideoError: it can't be opened, or what is done in the context meets a part that can't be read.
    """
    whitelists = {
        "format_whitelist": _FORMATS,
        "protocol_whitelist": "file",
        "codec_whitelist": f"{_VIDEO_CODECS},{_AUDIO_CODECS}",
    }
    try:
        with av.open(f"file:{path}", "r", options=_DECODER_OPTIONS, container_options=whitelists) as container:
            yield container
    except OSError:
        raise  # the disk's trouble says nothing about the file
    except (FFmpegError, MemoryError) as error:
        raise NotAVideoError(type(error).__name__) from error


def video_stream(container: InputContainer) -> VideoStream:
    """Return the one stream to look at, ready to be decoded within limits.

    Raises:
        NotAVideoError: there is none, or its codec or its size is not one to touch.
    """
    if not container.streams.video:
        raise NotAVideoError("no video stream")
    video = container.streams.video[0]
    context = cast("VideoCodecContext | None", video.codec_context)  # None where FFmpeg has no decoder
    if context is None or context.name not in _VIDEO_CODECS.split(","):
        raise NotAVideoError("codec")
    if min(context.width, context.height) < _MIN_SIDE or context.width * context.height > MAX_PIXELS:
        raise NotAVideoError(f"{context.width}×{context.height} pixels")
    context.options = _DECODER_OPTIONS  # the stream itself may claim more than the container
    context.thread_count = 1  # each thread holds pictures of its own
    return video


def inspect(container: InputContainer, path: Path) -> VideoInfo:
    """Do what ``probe`` does in a container that is open at its beginning, and leave it at its end."""
    video = video_stream(container)
    start, end, pictures = float("inf"), float("-inf"), 0
    first: VideoFrame | None = None
    for number, packet in enumerate(container.demux(video, *container.streams.audio)):
        if number >= _MAX_PACKETS:
            raise NotAVideoError("too many packets")
        if packet.is_corrupt:
            raise NotAVideoError("cut short")
        if packet.pts is not None:
            start = min(start, float(packet.pts * packet.time_base))
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            pictures += packet.stream is video
        if first is None and packet.stream is video:
            first = next(iter(video.decode(packet)), None)
    if first is None or pictures < _MIN_PICTURES:
        raise NotAVideoError(f"{pictures} pictures")
    if not _MIN_DURATION_SECONDS <= end - start <= MAX_DURATION_SECONDS:
        raise NotAVideoError(f"{end - start} seconds")
    if (container.duration or 0) / 1_000_000 > _CLAIM_TOLERANCE * (end - start) + _CLAIM_TOLERANCE_SECONDS:
        raise NotAVideoError("cut short")
    return VideoInfo(
        width=first.width,
        height=first.height,
        duration_seconds=end - start,
        size_bytes=path.stat().st_size,
        codec=video.codec.canonical_name,
    )
