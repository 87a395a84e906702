"""Real video files for tests, made once per session and shared: read them, never change them.

``video_file()`` is a small clean clip; ``noise`` makes one large, since noise cannot be compressed.
"""

from __future__ import annotations

import atexit
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import av
from av.filter import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.frame import Frame


@cache
def video_file(
    *,
    width: int = 320,
    height: int = 180,
    duration_seconds: int = 1,
    frames_per_second: int = 24,
    noise: int = 0,
    audio: bool = False,
    codec: str = "libx264",
    suffix: str = ".mp4",
    bits_per_second: int | None = None,
    movflags: str | None = "faststart",
) -> Path:
    """Return a file with a test picture that moves, noise upon it (0 to 100), and a tone when audio is asked for."""
    path = new_path(suffix)
    with av.open(
        str(path), "w", container_options={"movflags": movflags} if movflags and suffix == ".mp4" else {}
    ) as container:
        video = container.add_stream(codec, frames_per_second)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"preset": "ultrafast"} if codec == "libx264" else {"deadline": "realtime", "cpu-used": "8"}
        if bits_per_second is not None:
            video.bit_rate = bits_per_second
        sound = container.add_stream("aac" if suffix == ".mp4" else "libopus", 48_000) if audio else None
        size = f"size={width}x{height}:rate={frames_per_second}:duration={duration_seconds}"
        for frame in film(("testsrc2", size), ("noise", f"alls={noise}:allf=t:all_seed=7"), ("format", "yuv420p")):
            frame.pict_type = 0  # let the encoder choose key frames
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            for frame in film(("sine", f"frequency=440:sample_rate=48000:duration={duration_seconds}")):
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path


@cache
def large_video_file() -> Path:
    """Return 2 seconds of noise at 640×360 with a tone: between 11 and 14 MB, above Discord's 10 MiB."""
    return video_file(width=640, height=360, duration_seconds=2, noise=60, audio=True, bits_per_second=50_000_000)


@cache
def audio_file(suffix: str = ".m4a") -> Path:
    """Return one second of a tone and no picture."""
    path = new_path(suffix)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", 48_000)
        for frame in film(("sine", "frequency=440:sample_rate=48000:duration=1")):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@cache
def image_file(codec: str, suffix: str) -> Path:
    """Return a single picture as FFmpeg writes it: ``png``/``.png``, ``mjpeg``/``.jpg``, ``gif``/``.gif``."""
    path = new_path(suffix)
    pixels = {"png": "rgb24", "mjpeg": "yuvj420p", "gif": "rgb8"}.get(codec, "yuv420p")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, 1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixels
        for frame in film(("testsrc2", "size=64x64:rate=1:duration=1"), ("format", pixels)):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def decode_fully(path: Path) -> tuple[int, float, int]:
    """Decode everything and return the number of frames, the seconds they span and the samples of sound."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        times = [frame.time for frame in container.decode(video)]
        step = 1 / video.average_rate
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0)) if container.streams.audio else 0
    return len(times), float(times[-1] - times[0] + step), samples


def film(*filters: tuple[str, str]) -> Iterator[Frame]:
    graph = Graph()
    is_sound = filters[0][0] == "sine"
    nodes = [graph.add(name, args) for name, args in filters]
    graph.link_nodes(*nodes, graph.add("abuffersink" if is_sound else "buffersink")).configure()
    while True:
        try:
            frame = graph.pull()
        except av.error.EOFError:
            return
        yield frame


_directory = TemporaryDirectory(prefix="reelay-videos-")
atexit.register(_directory.cleanup)
_numbers = count()


def new_path(suffix: str) -> Path:
    """Give a path of its own to each call: the sandbox asks for clips from several threads at once."""
    return Path(_directory.name) / f"{next(_numbers)}{suffix}"
