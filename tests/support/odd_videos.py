"""Real video files of kinds that don't play everywhere, or confuse whoever reads them; shared as ``videos``' are."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

import av

from tests.support.videos import film, image_file, new_path

if TYPE_CHECKING:
    from pathlib import Path

    from av.frame import Frame

RIGHT, LEFT, UPSIDE_DOWN, MIRRORED = (0, 1, -1, 0), (0, -1, 1, 0), (-1, 0, 0, -1), (-1, 0, 0, 1)
"""How a file says that its picture is shown: turned a quarter, turned by half, as in a mirror."""
_HASTE = {"libx264": {"preset": "ultrafast"}, "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"}}


@cache
def odd_video(
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    sound: str | None = "aac",
    container: str = "mp4",
    movflags: str | None = "faststart",
    options: tuple[tuple[str, str], ...] = (),
    noise: int = 0,
    size: tuple[int, int] = (320, 180),
) -> Path:
    """Return a second of a moving test picture with a tone, named ``.mp4`` whatever it is.

    Args:
        codec, sound: names of FFmpeg's encoders; no sound is None.
        container: FFmpeg's name of the format.
        options: of the picture's encoder, besides those for haste.
    """
    path = new_path(".mp4")
    flags = {"movflags": movflags} if movflags and container == "mp4" else {}
    with av.open(str(path), "w", format=container, container_options=flags) as writing:
        video = writing.add_stream(codec, 24)
        video.width, video.height = size
        video.pix_fmt = pixels
        video.options = _HASTE.get(codec, {"deadline": "realtime", "cpu-used": "8"}) | dict(options)
        tone = writing.add_stream(sound, 48_000) if sound else None
        shape = f"size={size[0]}x{size[1]}:rate=24:duration=1"
        for frame in film(("testsrc2", shape), ("noise", f"alls={noise}:allf=t:all_seed=7"), ("format", pixels)):
            frame.pict_type = 0
            writing.mux(video.encode(frame))
        writing.mux(video.encode(None))
        if tone is not None:
            for frame in tone_frames():
                writing.mux(tone.encode(frame))
            writing.mux(tone.encode(None))
    return path


def tone_frames(*, rate: int = 48_000, layout: str = "mono") -> list[Frame]:
    """Return a second of a tone."""
    return list(
        film(("sine", f"frequency=440:sample_rate={rate}:duration=1"), ("aformat", f"channel_layouts={layout}"))
    )


@cache
def shown_otherwise(
    how: tuple[int, int, int, int] = RIGHT, *, codec: str = "libx264", movflags: str | None = "faststart"
) -> Path:
    """Return a wide video that says that it is shown turned or mirrored."""
    content = bytearray(odd_video(codec=codec, movflags=movflags).read_bytes())
    a, b, c, d = (value << 16 for value in how)
    struct.pack_into(">9i", content, content.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return _written(content)


@cache
def with_changing_sound() -> Path:
    """Return a video whose AC-3 is stereo of 48 kHz at first, then six channels of 32 kHz."""
    path = new_path(".mp4")
    with av.open(str(odd_video(sound=None))) as reading, av.open(str(path), "w", format="mp4") as writing:
        video = writing.add_stream_from_template(reading.streams.video[0], opaque=True)
        kinds = ((48_000, "stereo"), (32_000, "5.1"))
        encoders = [av.CodecContext.create("ac3", "w") for _ in kinds]
        tone = writing.add_stream("ac3", 48_000)
        tone.layout = "stereo"
        for packet in reading.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                writing.mux(packet)
        time = 0
        for encoder, (rate, layout) in zip(encoders, kinds, strict=True):
            encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
            for frame in (*tone_frames(rate=rate, layout=layout), None):
                for packet in encoder.encode(frame):
                    packet.stream, packet.time_base = tone, tone.time_base
                    packet.pts = packet.dts = time
                    packet.duration = 1536 * 48_000 // rate
                    time += packet.duration
                    writing.mux(packet)
    return path


@cache
def with_broken_sound(*, codec: str = "libx264", keeping: int = 0) -> Path:
    """Return a video whose AAC is noise, or is from a number of packets on."""
    path = new_path(".mp4")
    with av.open(str(odd_video(codec=codec))) as reading, av.open(str(path), "w", format="mp4") as writing:
        outs = {stream.index: writing.add_stream_from_template(stream, opaque=True) for stream in reading.streams}
        pieces = 0
        for packet in reading.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "audio":
                pieces += 1
                if pieces > keeping:
                    broken = av.Packet(b"\xff\x00\xa5" * max(1, packet.size // 3))
                    broken.pts, broken.dts, broken.time_base = packet.pts, packet.dts, packet.time_base
                    broken.duration, broken.stream = packet.duration, packet.stream
                    packet = broken
            packet.stream = outs[packet.stream.index]
            writing.mux(packet)
    return path


@cache
def with_unknown_sound(*, codec: str = "libx264") -> Path:
    """Return a video with a track of sound that nobody has a decoder for."""
    return _written(odd_video(codec=codec).read_bytes().replace(b"mp4a", b"zzzz").replace(b"esds", b"free"))


@cache
def with_unknown_picture() -> Path:
    """Return a video whose pictures nobody has a decoder for."""
    return _written(odd_video().read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"free"))


@cache
def with_sound_of_a_strange_name() -> Path:
    """Return a video whose AAC is called otherwise in the index: FFmpeg knows it all the same, browsers don't."""
    return _written(odd_video().read_bytes().replace(b"mp4a", b"zzzz"))


@cache
def with_cover(*, codec: str = "libx264") -> Path:
    """Return a video whose first stream, as FFmpeg counts, is a picture of its cover."""
    image = image_file("png", ".png").read_bytes()
    data = _box(b"data", struct.pack(">II", 14, 0) + image)
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = _box(b"meta", bytes(4) + handler + _box(b"ilst", _box(b"covr", data)))
    return _with_box_first_in_index(odd_video(codec=codec, movflags=None), _box(b"udta", meta))


@cache
def with_metadata_in_latin(*, codec: str = "libx264") -> Path:
    """Return a video whose title is not UTF-8."""
    title = "Fuchs läuft über Eis".encode("latin-1")
    item = _box(b"\xa9nam", _box(b"data", struct.pack(">II", 1, 0) + title))
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = _box(b"meta", bytes(4) + handler + _box(b"ilst", item))
    content = _with_box_first_in_index(odd_video(codec=codec, movflags=None), _box(b"udta", meta)).read_bytes()
    return _written(content.replace(b"SoundHandler", b"S\xf6undHandler"[:12]))


@cache
def without_first_times() -> Path:
    """Return a Matroska file that leaves out when its first pictures are decoded: they are shown in another order."""
    path, options = new_path(".mp4"), (("preset", "medium"), ("bf", "3"), ("g", "8"))
    with av.open(str(odd_video(options=options))) as reading, av.open(str(path), "w", format="matroska") as writing:
        outs = {stream.index: writing.add_stream_from_template(stream, opaque=True) for stream in reading.streams}
        for packet in reading.demux():
            if packet.dts is not None:
                packet.stream = outs[packet.stream.index]
                writing.mux(packet)
    return path


@cache
def with_two_pictures() -> Path:
    """Return a video with a second video stream."""
    path = new_path(".mp4")
    with (
        av.open(str(odd_video(sound=None))) as reading,
        av.open(str(path), "w", format="mp4", container_options={"movflags": "faststart"}) as writing,
    ):
        outs = [writing.add_stream_from_template(reading.streams.video[0], opaque=True) for _ in range(2)]
        for packet in reading.demux(video=0):
            if packet.dts is not None:
                for out in outs:
                    packet.stream = out
                    writing.mux(packet)
    return path


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def _with_box_first_in_index(path: Path, box: bytes) -> Path:
    """Put a box at the beginning of an index that stands at the end, where it moves nothing else."""
    content = path.read_bytes()
    start = content.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", content, start)
    index = struct.pack(">I", size + len(box)) + b"moov" + box + content[start + 8 :]
    return _written(content[:start] + index)


def _written(content: bytes) -> Path:
    path = new_path(".mp4")
    path.write_bytes(content)
    return path
