"""A file whose pictures are as they should be, but not what is around them: written anew, the pictures as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

from bot.errors import CannotFitError, NotAVideoError
from bot.media.making.sound import SoundConverter, SoundLostError
from bot.media.probing import open_video, sound_stream, video_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.stream import VideoStream

    from bot.media.probing import Inspection

SOUND_BITS_PER_SECOND = 128_000
CONTAINER_BITS_PER_SECOND = 12_000
"""MP4's own tables: about 16 bytes a packet, at 30 pictures and 47 pieces of sound a second."""


def rewrapped_bytes(found: Inspection) -> int:
    """Return about how large a file becomes that is written anew."""
    seconds = found.info.duration_seconds
    if found.playability.has_plain_sound:
        sound_bytes: float = found.sound_bytes
    else:
        sound_bytes = seconds * SOUND_BITS_PER_SECOND / 8 if found.has_sound else 0
    return int(found.picture_bytes + sound_bytes + seconds * CONTAINER_BITS_PER_SECOND / 8)


def rewrap(source: Path, destination: Path, found: Inspection) -> None:
    """Write the picture as it is, with its sound, as an MP4 with the index at the front, and nothing else.

    Sound that is no plain AAC is converted; such as can't be is left out.

    Raises:
        CannotFitError: the parts don't go into an MP4.
    """
    try:
        try:
            _rewrap(source, destination, found, with_sound=found.has_sound)
        except SoundLostError:
            _rewrap(source, destination, found, with_sound=False)
    except (NotAVideoError, ValueError) as error:
        raise CannotFitError(f"cannot be written anew: {type(error).__name__}") from error


def _rewrap(source: Path, destination: Path, found: Inspection, *, with_sound: bool) -> None:
    with (
        open_video(source) as reading,
        av.open(str(destination), "w", format="mp4", container_options={"movflags": "faststart"}) as writing,
    ):
        video = video_stream(reading)
        sound = sound_stream(reading) if with_sound else None
        video_out = writing.add_stream_from_template(video, opaque=True)  # pyright: ignore[reportUnknownMemberType]  # PyAV leaves **kwargs untyped
        video_out.codec_context.thread_count = 1  # it is opened, but decodes nothing
        converter = sound_out = None
        if sound is not None and found.playability.has_plain_sound:
            sound_out = writing.add_stream_from_template(sound, opaque=True)  # pyright: ignore[reportUnknownMemberType]  # as above
        elif sound is not None:
            converter = SoundConverter(writing, sound, SOUND_BITS_PER_SECOND)
        for packet in _timed(reading.demux(*(stream for stream in (video, sound) if stream)), video):
            if converter and packet.stream is sound:
                converter.convert(packet)
            elif packet.dts is not None:
                packet.stream = video_out if packet.stream is video else sound_out or packet.stream
                writing.mux(packet)
        if converter:
            converter.finish()


def _timed(packets: Iterable[Packet], video: VideoStream) -> Iterator[Packet]:
    """Say of the first pictures when they are decoded, which Matroska leaves out where later ones are shown earlier."""
    early: list[Packet] = []
    for packet in packets:
        if packet.stream is video and packet.dts is None and packet.pts is not None:
            early.append(packet)
            continue
        if packet.stream is video and packet.dts is not None and early:
            for number, picture in enumerate(early):
                picture.dts = packet.dts - (len(early) - number) * max(packet.duration or 0, 1)
            yield from early
            early.clear()
        yield packet
