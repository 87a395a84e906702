"""Make a video that plays wherever Discord shows it, and is small enough: with as little done to it as that takes."""

from __future__ import annotations

import shutil
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

from bot.errors import CannotFitError, NotAVideoError
from bot.media.making.encoding import Setting, encode
from bot.media.making.rewrapping import CONTAINER_BITS_PER_SECOND, SOUND_BITS_PER_SECOND, rewrap, rewrapped_bytes
from bot.media.making.sound import SoundLostError
from bot.media.probing import inspect, open_video, probe, video_stream

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream

    from bot.media.probing import Inspection
    from bot.models import VideoInfo

_MAX_FRAMES_PER_SECOND = 30
_BITS_PER_PIXEL = 0.06
"""Below this H.264 looks worse than a smaller picture scaled up (a common rule of thumb: 0.05 to 0.1)."""
_SMALLEST_SIDE = 144
_SOUND_SHARE = 0.12
_LEAST_SOUND_BITS_PER_SECOND = 32_000
_MAX_ATTEMPTS = 5
_RETRY_SHARE = 0.9


def fit(source: Path, destination: Path, max_bytes: int) -> VideoInfo:
    """Write to ``destination`` a video of at most ``max_bytes`` that Discord plays inline. Blocking, as ``probe``.

    A source that is small enough and plays is copied as it is. Where only its container or its sound is in the way, its
    pictures are kept as they are. Any other becomes H.264 yuv420p, with AAC where there is sound: of the same shape and
    length, turned as it is to be shown, no larger in pixels, at 30 frames per second at most. What comes out is asked
    what the source was asked: does it play?

    Raises:
        NotAVideoError: the source is not a playable video.
        CannotFitError: even the smallest acceptable picture is too large, or the source breaks off while decoding.
    """
    found = inspect(source)
    if found.playability.plays and found.info.size_bytes <= max_bytes:
        shutil.copyfile(source, destination)
        return found.info
    if found.playability.has_plain_picture and rewrapped_bytes(found) <= max_bytes:
        with suppress(CannotFitError):  # then there is still the other way
            rewrap(source, destination, found)
            made = _checked(destination, max_bytes)
            if made.pictures >= found.info.pictures:
                return made
    return _reencode(source, destination, max_bytes, found)


def _reencode(source: Path, destination: Path, max_bytes: int, found: Inspection) -> VideoInfo:
    with open_video(source) as container:
        rate = _frame_rate(video_stream(container))
    has_sound = found.has_sound
    budget_bytes = float(max_bytes)
    for _ in range(_MAX_ATTEMPTS):
        try:
            encode(source, destination, _choose(found, rate, has_sound, budget_bytes))
        except SoundLostError:
            has_sound = False
            continue
        except NotAVideoError as error:
            raise CannotFitError("cannot be decoded to its end") from error
        size_bytes = destination.stat().st_size
        if size_bytes <= max_bytes:
            return _checked(destination, max_bytes)
        budget_bytes *= max_bytes / size_bytes * _RETRY_SHARE
    raise CannotFitError(f"still too large after {_MAX_ATTEMPTS} attempts")


def _checked(destination: Path, max_bytes: int) -> VideoInfo:
    """Return what was made, once it has stood the question that the source did not.

    Raises:
        CannotFitError: it does not play, or is too large.
    """
    try:
        made = probe(destination)
    except NotAVideoError as error:
        raise CannotFitError("what was made is no video") from error
    if not made.plays or made.size_bytes > max_bytes:
        raise CannotFitError("what was made does not play" if not made.plays else "what was made is too large")
    return made


def _frame_rate(video: VideoStream) -> Fraction:
    """Return the source's rate, halved until it is one that a chat needs, so that the cadence stays even."""
    rate = (video.average_rate or Fraction(24)).limit_denominator(1001)
    while rate > _MAX_FRAMES_PER_SECOND:
        rate /= 2
    return max(rate, Fraction(1))


def _choose(found: Inspection, rate: Fraction, has_sound: bool, budget_bytes: float) -> Setting:
    """Share a budget between sound and picture, and choose a size of picture that its share can carry.

    Raises:
        CannotFitError: that picture would be too small to look at.
    """
    info = found.info
    # The rate controller may fill its buffer of one second once on top of the whole film.
    bits = budget_bytes * 8 / (info.duration_seconds + 1) - CONTAINER_BITS_PER_SECOND
    least, most = _LEAST_SOUND_BITS_PER_SECOND, SOUND_BITS_PER_SECOND
    sound_bits = min(max(bits * _SOUND_SHARE, least), most) if has_sound else 0
    video_bits = bits - sound_bits
    affordable = max(video_bits, 0) / _BITS_PER_PIXEL / (info.width * info.height * rate)
    scale = min(1.0, float(affordable) ** 0.5)
    side = min(info.width, info.height)
    if side * scale < min(side, _SMALLEST_SIDE):
        raise CannotFitError(f"{int(budget_bytes)} bytes for {info.duration_seconds:.1f} seconds")
    # H.264 with 4:2:0 colour takes even sides only.
    width, height = (int(pixels * scale / 2) * 2 for pixels in (info.width, info.height))
    return Setting(width, height, rate, int(video_bits), int(sound_bits), found.is_turned_aside)
