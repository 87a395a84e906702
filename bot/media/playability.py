"""The one question that is asked of a clip and of what is made of it: does it play wherever Discord shows it?

That is an MP4 by its bytes, whatever its name, with its index in one piece before its pictures; one video stream, of
H.264 with 8 bits and 4:2:0 colour; and at most one sound, of AAC. Browsers and telephones play other things, too, each
of them others: a file of HEVC is black here and fine there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

_PLAIN_PIXELS = frozenset({"yuv420p", "yuvj420p"})
_PLAIN_PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
"""A file of 4:2:0 may still be coded without loss, as High 4:4:4 Predictive, which no telephone decodes."""
_SOUND_PROFILES = frozenset({"LC", "HE-AAC", "HE-AACv2"})
_PLAIN_NAMES = frozenset({"avc1", "avc3", "mp4a"})
_QUICKTIME = b"qt  "
_MOST_BOXES = 1000
_HEAD_BYTES, _LONG_HEAD_BYTES = 8, 16
_IS_LONG, _TO_THE_END = 1, 0
"""What a box may say in place of its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playability:
    """What of a file plays as it is.

    Attributes:
        lies_right: it is an MP4 in one piece with its index at the front, and nothing odd is in it.
        has_plain_picture: H.264 as every player has it.
        has_plain_sound: AAC that can be decoded, or no sound at all.
    """

    lies_right: bool
    has_plain_picture: bool
    has_plain_sound: bool

    @property
    def plays(self) -> bool:
        """Tell whether it plays as it is."""
        return self.lies_right and self.has_plain_picture and self.has_plain_sound


def is_plain_picture(video: VideoStream) -> bool:
    """Tell whether every player shows this stream."""
    context = video.codec_context
    return (
        video.codec.canonical_name == "h264" and video.pix_fmt in _PLAIN_PIXELS and context.profile in _PLAIN_PROFILES
    )


def is_plain_sound(sound: AudioStream) -> bool:
    """Tell whether every player plays this stream, if it can be decoded."""
    return sound.codec.canonical_name == "aac" and sound.codec_context.profile in _SOUND_PROFILES


def have_plain_names(streams: Iterable[VideoStream | AudioStream]) -> bool:
    """Tell whether an MP4's index calls its streams as every player knows them."""
    return all(stream.codec_context.codec_tag in _PLAIN_NAMES for stream in streams)


def is_mp4_with_its_index_first(path: Path) -> bool:
    """Tell whether a file can be played while it is still loaded: by its boxes, not by its name.

    One in pieces (``moof``) is refused: some players show no length for it, some nothing at all.
    """
    with path.open("rb") as file:
        boxes = _boxes(file, 0, path.stat().st_size)
        kind = next(boxes, None)
        if kind is None or kind.name != b"ftyp" or _brand(file, kind) == _QUICKTIME:
            return False
        index = next((box for box in boxes if box.name in {b"moov", b"mdat", b"moof"}), None)
        if index is None or index.name != b"moov":
            return False
        return all(box.name != b"mvex" for box in _boxes(file, index.start, index.end))


@dataclass(frozen=True, slots=True)
class _Box:
    """A part of an MP4: its name, and where in the file what it holds begins and ends."""

    name: bytes
    start: int
    end: int


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """Yield the boxes that stand beside one another there, up to the first that can't be one."""
    for _ in range(_MOST_BOXES):
        file.seek(start)
        head = file.read(_LONG_HEAD_BYTES)
        size, name, head_bytes = int.from_bytes(head[:4], "big"), head[4:8], _HEAD_BYTES
        if size == _IS_LONG:
            size, head_bytes = int.from_bytes(head[8:], "big"), _LONG_HEAD_BYTES
        elif size == _TO_THE_END:
            size = end - start
        if size < head_bytes or start + size > end:
            return
        yield _Box(name, start + head_bytes, start + size)
        start += size


def _brand(file: BinaryIO, kind: _Box) -> bytes:
    file.seek(kind.start)
    return file.read(4)
