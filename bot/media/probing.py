"""Is it a video? Everything that a file may claim is bounded before it is believed."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import av
from av.error import FFmpegError
from av.stream import Disposition

from bot.errors import NotAVideoError
from bot.media.playability import (
    Playability,
    have_plain_names,
    is_mp4_with_its_index_first,
    is_plain_picture,
    is_plain_sound,
)
from bot.media.turning import is_turned_aside
from bot.models import VideoInfo

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
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
_AUDIO_CODECS = (
    "aac,mp3,mp3float,opus,libopus,vorbis,flac,alac,ac3,eac3,"
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le"
)
_SAID_OF_BAD_FILES = frozenset({errno.EIO, errno.EPERM})
"""FFmpeg's for a file whose parts don't agree; the disk's, too, when it can't be read at all."""
_NO_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails
"""A cover, or pictures for a seek bar, count as video streams."""
_PLAYS_NOWHERE = Playability(lies_right=False, has_plain_picture=False, has_plain_sound=False)
_CLAIM_TOLERANCE, _CLAIM_TOLERANCE_SECONDS = 1.05, 0.25
"""How much longer than its packets a whole file may claim to be: writers round, and count silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found in a file.

    Attributes:
        info: what the bot is told of it; its sides are as it is shown. Pictures that no decoder here may touch are
            taken on trust: they don't play, and nothing can be made of them.
        is_turned_aside: its pictures are shown with their sides exchanged.
        has_sound: some of its sound can be decoded.
        picture_bytes, sound_bytes: what the packets of these two streams take.
    """

    info: VideoInfo
    playability: Playability
    is_turned_aside: bool
    has_sound: bool
    picture_bytes: int
    sound_bytes: int


def probe(path: Path) -> VideoInfo:
    """Read a whole file and decode its first picture. Blocking; in the bot only through ``MediaWorker``.

    Raises:
        NotAVideoError: it is not a complete video of sane length, or its pictures can't be decoded though they should.
    """
    return inspect(path).info


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
        with av.open(
            f"file:{path}",
            "r",
            options=_DECODER_OPTIONS,
            container_options=whitelists,
            metadata_errors="replace",  # a title may be in any encoding
        ) as container:
            yield container
    except OSError as error:
        if error.errno not in _SAID_OF_BAD_FILES:
            raise  # the disk's trouble says nothing about the file
        with path.open("rb") as file:
            file.read(1)
        raise NotAVideoError(type(error).__name__) from error
    except (FFmpegError, MemoryError) as error:
        raise NotAVideoError(type(error).__name__) from error


def video_stream(container: InputContainer) -> VideoStream:
    """Return the one stream to look at, ready to be decoded within limits: the first that is no attached picture.

    Raises:
        NotAVideoError: there is none, or its codec or its size is not one to touch.
    """
    video = _film(container)
    if not _may_be_decoded(video):
        raise NotAVideoError("codec or size")
    video.codec_context.options = _DECODER_OPTIONS  # the stream itself may claim more than the container
    video.codec_context.thread_count = 1  # each thread holds pictures of its own
    return video


def _film(container: InputContainer) -> VideoStream:
    video = next((stream for stream in container.streams.video if not stream.disposition & _NO_PICTURES), None)
    if video is None:
        raise NotAVideoError("no video stream")
    return video


def _may_be_decoded(video: VideoStream) -> bool:
    context = _context(video)
    if context is None or context.name not in _VIDEO_CODECS.split(","):
        return False
    if min(context.width, context.height) < _MIN_SIDE:
        raise NotAVideoError(f"{context.width}×{context.height} pixels")
    return context.width * context.height <= MAX_PIXELS


def sound_stream(container: InputContainer) -> AudioStream | None:
    """Return the first stream of sound with a decoder that may be used; None where there is none."""
    for sound in container.streams.audio:
        context = cast("AudioCodecContext | None", sound.codec_context)  # as above
        if context is not None and context.name in _AUDIO_CODECS.split(",") and context.sample_rate > 0:
            context.thread_count = 1
            return sound
    return None


def inspect(path: Path) -> Inspection:
    """Do what ``probe`` does, and tell more of it.

    Raises:
        NotAVideoError: as ``probe``.
    """
    with open_video(path) as container:
        is_decoded = _may_be_decoded(_film(container))
        video = video_stream(container) if is_decoded else _film(container)
        sound = sound_stream(container)
        start, end, pictures = float("inf"), float("-inf"), 0
        first: VideoFrame | None = None
        trial = _SoundTrial(sound)
        picture_bytes = sound_bytes = 0
        for number, packet in enumerate(container.demux(video, *container.streams.audio)):
            if number >= _MAX_PACKETS:
                raise NotAVideoError("too many packets")
            if packet.is_corrupt:
                raise NotAVideoError("cut short")
            if packet.pts is not None:
                start = min(start, float(packet.pts * packet.time_base))
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                pictures += packet.stream is video
            if packet.stream is video:
                picture_bytes += packet.size
                if is_decoded and first is None:
                    first = next(iter(video.decode(packet)), None)
            elif packet.stream is sound:
                sound_bytes += packet.size
                trial.decode(packet)
        if pictures < _MIN_PICTURES or (is_decoded and first is None):
            raise NotAVideoError(f"{pictures} pictures")
        if not _MIN_DURATION_SECONDS <= end - start <= MAX_DURATION_SECONDS:
            raise NotAVideoError(f"{end - start} seconds")
        if (container.duration or 0) / 1_000_000 > _CLAIM_TOLERANCE * (end - start) + _CLAIM_TOLERANCE_SECONDS:
            raise NotAVideoError("cut short")
        playability = _playability(path, container, video, sound, trial) if is_decoded else _PLAYS_NOWHERE
        return Inspection(
            info=VideoInfo(
                *_sides(video, first),
                duration_seconds=end - start,
                size_bytes=path.stat().st_size,
                codec=context.codec.canonical_name if (context := _context(video)) else "unknown",
                plays=playability.plays,
                pictures=pictures,
            ),
            playability=playability,
            is_turned_aside=first is not None and is_turned_aside(first),
            has_sound=trial.has_sound,
            picture_bytes=picture_bytes,
            sound_bytes=sound_bytes,
        )


def _playability(
    path: Path, container: InputContainer, video: VideoStream, sound: AudioStream | None, trial: _SoundTrial
) -> Playability:
    kept = (video,) if sound is None else (video, sound)
    return Playability(
        lies_right=len(container.streams) == len(kept) and have_plain_names(kept) and is_mp4_with_its_index_first(path),
        has_plain_picture=is_plain_picture(video),
        has_plain_sound=not container.streams.audio or (sound is not None and trial.is_even and is_plain_sound(sound)),
    )


def _sides(video: VideoStream, first: VideoFrame | None) -> tuple[int, int]:
    """Return the width and the height as they are shown; 0 where nobody can tell."""
    if first is None:
        context = _context(video)
        return (context.width, context.height) if context else (0, 0)
    return (first.height, first.width) if is_turned_aside(first) else (first.width, first.height)


def _context(video: VideoStream) -> VideoCodecContext | None:
    return video.codec_context  # None where FFmpeg has no decoder, which PyAV's types leave out


class _SoundTrial:
    """Decodes a stream of sound to find out whether that can be done; pictures would take far too long."""

    def __init__(self, sound: AudioStream | None) -> None:
        self._sound = sound
        self._kinds: set[tuple[str, int]] = set()
        self._broken_packets = 0

    @property
    def has_sound(self) -> bool:
        """Tell whether some of it can be decoded."""
        return bool(self._kinds)

    @property
    def is_even(self) -> bool:
        """Tell whether all of it can be, and is of one kind."""
        return len(self._kinds) == 1 and self._broken_packets == 0

    def decode(self, packet: Packet) -> None:
        """Try one more packet."""
        if self._sound is None:
            return
        try:
            self._kinds |= {(samples.layout.name, samples.sample_rate) for samples in self._sound.decode(packet)}
        except FFmpegError:
            self._broken_packets += 1
