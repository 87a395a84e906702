"""Decode a video and encode it anew, in one way that was chosen (``fitting``)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.error import BlockingIOError as NotYetError
from av.error import EOFError as EndError
from av.filter import Graph

from bot.media.making.sound import SoundConverter
from bot.media.probing import open_video, sound_stream, video_stream
from bot.media.turning import turning_filters

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_QUALITY_CRF = "20"
"""No better than this however much room there is: the eye sees no more, the upload takes longer."""
_ENCODER_THREADS = 4
"""Each holds pictures of its own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to encode: pixels as they are shown, frames and bits per second; no sound when its bits are 0.

    Attributes:
        is_turned_aside: the source's pictures lie on their side.
    """

    width: int
    height: int
    rate: Fraction
    video_bits: int
    sound_bits: int
    is_turned_aside: bool = False


def encode(source: Path, destination: Path, setting: Setting) -> None:
    """Write an MP4 of H.264 and AAC with its index at the front, its pictures turned as they are to be shown.

    Raises:
        NotAVideoError: a picture can't be decoded.
        SoundLostError: the sound can't be converted; without it this may do.
    """
    with (
        open_video(source) as reading,
        av.open(str(destination), "w", format="mp4", container_options={"movflags": "faststart"}) as writing,
    ):
        video = video_stream(reading)
        sound = sound_stream(reading) if setting.sound_bits else None
        pictures = _PictureEncoder(writing, video, setting)
        converter = SoundConverter(writing, sound, setting.sound_bits) if sound else None
        for packet in reading.demux(*(stream for stream in (video, sound) if stream)):
            if converter and packet.stream is sound:
                converter.convert(packet)
                continue
            for frame in video.decode(packet):
                pictures.encode(frame)
        pictures.finish()
        if converter:
            converter.finish()


class _PictureEncoder:
    """Scales, turns and encodes decoded pictures into a file that is written."""

    def __init__(self, writing: OutputContainer, video: VideoStream, setting: Setting) -> None:
        self._writing = writing
        self._setting = setting
        self._out = _add_video(writing, video, setting)
        self._graph: Graph | None = None
        self._kind: tuple[int, int, str] | None = None

    def encode(self, frame: VideoFrame) -> None:
        """Take the next picture, of whatever size."""
        kind = (frame.width, frame.height, frame.format.name)
        if kind != self._kind:  # a filter takes one kind only
            self._drain()
            self._graph, self._kind = _resizing(frame, self._setting), kind
        if self._graph is not None:
            self._graph.vpush(frame)
            self._pull(self._graph)

    def finish(self) -> None:
        """Write what is still held back."""
        self._drain()
        self._writing.mux(self._out.encode(None))

    def _drain(self) -> None:
        if self._graph is not None:
            self._graph.vpush(None)
            self._pull(self._graph)
            self._graph = None

    def _pull(self, graph: Graph) -> None:
        while True:
            try:
                frame = graph.vpull()
            except (NotYetError, EndError):
                return
            frame.pict_type = 0  # the encoder would repeat the source's choice of key frames
            self._writing.mux(self._out.encode(frame))


def _add_video(writing: OutputContainer, video: VideoStream, setting: Setting) -> VideoStream:
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
    if shape := video.sample_aspect_ratio:
        context.sample_aspect_ratio = 1 / shape if setting.is_turned_aside else shape
    # Without these a player guesses by the picture's size, and a smaller picture would change its colours.
    context.color_range = video.color_range
    context.color_primaries = video.color_primaries
    context.color_trc = video.color_trc
    context.colorspace = video.colorspace
    return out


def _resizing(frame: VideoFrame, setting: Setting) -> Graph:
    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base),
        graph.add("fps", str(setting.rate)),
        *(graph.add(name, argument) for name, argument in turning_filters(frame)),
        graph.add("scale", f"{setting.width}:{setting.height}:flags=bicubic"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ).configure()
    return graph
