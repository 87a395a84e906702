"""Make a video small enough: choose a picture that the bytes can carry, encode, look, and try again with less."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.error import BlockingIOError as NotYetError
from av.error import EOFError as EndError
from av.filter import Graph

from bot.errors import CannotFitError, NotAVideoError
from bot.media.probing import inspect, open_video, probe, video_stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from bot.models import VideoInfo

_PLAIN_PIXELS = frozenset({"yuv420p", "yuvj420p"})

_QUALITY_CRF = "20"
"""No better than this however much room there is: the eye sees no more, the upload takes longer."""
_MAX_FRAMES_PER_SECOND = 30
_BITS_PER_PIXEL = 0.06
"""Below this H.264 looks worse than a smaller picture scaled up (a common rule of thumb: 0.05 to 0.1)."""
_SMALLEST_SIDE = 144
_CONTAINER_BITS_PER_SECOND = 12_000
"""MP4's own tables: about 16 bytes a packet, at 30 pictures and 47 pieces of sound a second."""
_SOUND_SHARE = 0.12
_SOUND_BITS_PER_SECOND = (32_000, 128_000)
_MAX_ATTEMPTS = 5
_RETRY_SHARE = 0.9
_ENCODER_THREADS = 4
"""Each holds pictures of its own."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """One way to encode: pixels, frames and bits per second; no sound when its bits are 0."""

    width: int
    height: int
    rate: Fraction
    video_bits: int
    sound_bits: int


def fit(source: Path, destination: Path, max_bytes: int) -> VideoInfo:
    """Write to ``destination`` a video of at most ``max_bytes`` that Discord plays inline. Blocking, as ``probe``.

    A source that is small enough and plain MP4 with H.264 is copied as it is. Any other becomes H.264 yuv420p, with AAC
    where there is sound: of the same shape and length, no larger in pixels, at 30 frames per second at most.

    Raises:
        NotAVideoError: the source is not a playable video.
        CannotFitError: even the smallest acceptable picture is too large, or the source breaks off while decoding.
    """
    with open_video(source) as container:
        info = inspect(container, source)
        video = container.streams.video[0]
        is_plain = "mp4" in container.format.name and info.codec == "h264" and video.pix_fmt in _PLAIN_PIXELS
        rate = _frame_rate(video)
        has_sound = bool(container.streams.audio)
    if is_plain and info.size_bytes <= max_bytes:
        shutil.copyfile(source, destination)
        return info

    budget_bytes = float(max_bytes)
    for _ in range(_MAX_ATTEMPTS):
        try:
            _encode(source, destination, _choose(info, rate, has_sound, budget_bytes))
        except NotAVideoError as error:
            raise CannotFitError("cannot be decoded to its end") from error
        size_bytes = destination.stat().st_size
        if size_bytes <= max_bytes:
            return probe(destination)
        budget_bytes *= max_bytes / size_bytes * _RETRY_SHARE
    raise CannotFitError(f"still too large after {_MAX_ATTEMPTS} attempts")


def _frame_rate(video: VideoStream) -> Fraction:
    """Return the source's rate, halved until it is one that a chat needs, so that the cadence stays even."""
    rate = (video.average_rate or Fraction(24)).limit_denominator(1001)
    while rate > _MAX_FRAMES_PER_SECOND:
        rate /= 2
    return max(rate, Fraction(1))


def _choose(info: VideoInfo, rate: Fraction, has_sound: bool, budget_bytes: float) -> _Setting:
    """Share a budget between sound and picture, and choose a size of picture that its share can carry.

    Raises:
        CannotFitError: that picture would be too small to look at.
    """
    # The rate controller may fill its buffer of one second once on top of the whole film.
    bits = budget_bytes * 8 / (info.duration_seconds + 1) - _CONTAINER_BITS_PER_SECOND
    least, most = _SOUND_BITS_PER_SECOND
    sound_bits = min(max(bits * _SOUND_SHARE, least), most) if has_sound else 0
    video_bits = bits - sound_bits
    affordable = max(video_bits, 0) / _BITS_PER_PIXEL / (info.width * info.height * rate)
    scale = min(1.0, float(affordable) ** 0.5)
    side = min(info.width, info.height)
    if side * scale < min(side, _SMALLEST_SIDE):
        raise CannotFitError(f"{int(budget_bytes)} bytes for {info.duration_seconds:.1f} seconds")
    # H.264 with 4:2:0 colour takes even sides only.
    width, height = (int(pixels * scale / 2) * 2 for pixels in (info.width, info.height))
    return _Setting(width, height, rate, int(video_bits), int(sound_bits))


def _encode(source: Path, destination: Path, setting: _Setting) -> None:
    with (
        open_video(source) as reading,
        av.open(str(destination), "w", format="mp4", container_options={"movflags": "faststart"}) as writing,
    ):
        video = video_stream(reading)
        video_out = _add_video(writing, video, setting)
        sound = reading.streams.audio[0] if setting.sound_bits else None
        sound_out = _add_sound(writing, setting) if sound else None
        graph: Graph | None = None
        for packet in reading.demux(*(stream for stream in (video, sound) if stream)):
            if sound and sound_out and packet.stream is sound:
                for samples in sound.decode(packet):
                    writing.mux(sound_out.encode(samples))
                continue
            for frame in video.decode(packet):
                graph = graph or _resizing(frame, setting)
                graph.vpush(frame)
                for resized in _pull(graph):
                    writing.mux(video_out.encode(resized))
        if graph:
            graph.vpush(None)
            for resized in _pull(graph):
                writing.mux(video_out.encode(resized))
        writing.mux(video_out.encode(None))
        if sound_out:
            writing.mux(sound_out.encode(None))


def _add_video(writing: OutputContainer, video: VideoStream, setting: _Setting) -> VideoStream:
    options = {
        "preset": "veryfast",
        "crf": _QUALITY_CRF,
        "maxrate": str(setting.video_bits),
        "bufsize": str(setting.video_bits),
    }
    out = writing.add_stream("libx264", setting.rate, options)  # pyright: ignore[reportUnknownMemberType]  # PyAV leaves **kwargs untyped
    out.width, out.height, out.pix_fmt = setting.width, setting.height, "yuv420p"
    context = out.codec_context
    context.thread_count = min(_ENCODER_THREADS, os.cpu_count() or 1)
    if video.sample_aspect_ratio:
        context.sample_aspect_ratio = video.sample_aspect_ratio
    # Without these a player guesses by the picture's size, and a smaller picture would change its colours.
    context.color_range = video.color_range
    context.color_primaries = video.color_primaries
    context.color_trc = video.color_trc
    context.colorspace = video.colorspace
    return out


def _add_sound(writing: OutputContainer, setting: _Setting) -> AudioStream:
    out = writing.add_stream("aac", 48_000)  # pyright: ignore[reportUnknownMemberType]  # as above
    out.bit_rate = setting.sound_bits
    out.layout = "stereo"
    return out


def _resizing(frame: VideoFrame, setting: _Setting) -> Graph:
    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base),
        graph.add("fps", str(setting.rate)),
        graph.add("scale", f"{setting.width}:{setting.height}:flags=bicubic"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ).configure()
    return graph


def _pull(graph: Graph) -> Iterator[VideoFrame]:
    """Yield what a graph has ready."""
    while True:
        try:
            frame = graph.vpull()
        except (NotYetError, EndError):
            return
        frame.pict_type = 0  # the encoder would repeat the source's choice of key frames
        yield frame
