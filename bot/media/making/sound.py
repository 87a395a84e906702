"""Whatever sound a file has, as AAC: also one that changes midway, or of which some can't be decoded."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from av.error import BlockingIOError as NotYetError
from av.error import EOFError as EndError
from av.error import FFmpegError
from av.filter import Graph

if TYPE_CHECKING:
    from collections.abc import Generator

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

_RATE = 48_000
_SHAPE = f"sample_fmts=fltp:sample_rates={_RATE}:channel_layouts=stereo"


class SoundLostError(Exception):
    """The sound can't be converted; the pictures may do without."""


class SoundConverter:
    """Encodes one stream's sound into a file that is written, packet by packet.

    Args:
        sound: decoded here, and nowhere else meanwhile.
    """

    def __init__(self, writing: OutputContainer, sound: AudioStream, bits_per_second: int) -> None:
        self._writing = writing
        self._sound = sound
        self._out = writing.add_stream("aac", _RATE)  # pyright: ignore[reportUnknownMemberType]  # PyAV leaves **kwargs untyped
        self._out.bit_rate = bits_per_second
        self._out.layout = "stereo"
        self._graph: Graph | None = None
        self._kind: tuple[str, str, int] | None = None
        self._next_pts = 0

    def convert(self, packet: Packet) -> None:
        """Take the next packet; one that can't be decoded leaves a gap.

        Raises:
            SoundLostError: what is decoded can't be encoded.
        """
        try:
            decoded = self._sound.decode(packet)
        except FFmpegError:
            return
        with _giving_up_sound():
            for samples in decoded:
                self._encode(samples)

    def finish(self) -> None:
        """Write what is still held back.

        Raises:
            SoundLostError: as ``convert``.
        """
        with _giving_up_sound():
            self._drain()
            self._writing.mux(self._out.encode(None))

    def _encode(self, samples: AudioFrame) -> None:
        kind = (samples.format.name, samples.layout.name, samples.sample_rate)
        if kind != self._kind:  # a filter and an encoder take one kind only
            self._drain()
            self._graph, self._kind = _converting(samples), kind
        if self._graph is not None:
            self._graph.push(samples)
            self._pull(self._graph)

    def _drain(self) -> None:
        if self._graph is not None:
            self._graph.push(None)
            self._pull(self._graph)
            self._graph = None

    def _pull(self, graph: Graph) -> None:
        while True:
            try:
                converted = cast("AudioFrame", graph.pull())
            except (NotYetError, EndError):
                return
            # Times that run backwards, as at a change, would end the whole file.
            converted.pts = pts = max(self._next_pts, converted.pts or 0)
            self._next_pts = pts + converted.samples
            self._writing.mux(self._out.encode(converted))


@contextmanager
def _giving_up_sound() -> Generator[None]:
    try:
        yield
    except OSError:
        raise  # the disk's trouble is not the sound's
    except (FFmpegError, ValueError) as error:
        raise SoundLostError(type(error).__name__) from error


def _converting(samples: AudioFrame) -> Graph:
    graph = Graph()
    source = graph.add(
        "abuffer",
        sample_rate=str(samples.sample_rate),
        sample_fmt=samples.format.name,
        channel_layout=samples.layout.name,
        time_base=str(samples.time_base),
    )
    graph.link_nodes(
        source, graph.add("aresample", f"{_RATE}:async=1"), graph.add("aformat", _SHAPE), graph.add("abuffersink")
    ).configure()
    return graph
