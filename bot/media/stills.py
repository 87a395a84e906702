"""One small picture of a video, for lists and cards."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, cast

import av
from av.error import FFmpegError

from bot.errors import CannotFitError, NotAVideoError
from bot.media.probing import open_video, video_stream
from bot.media.turning import turned, turning_filters

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

STILL_MAX_BYTES = 20_000
_LONGER_SIDES = (480, 320, 160)
"""Tried in turn; a list shows it at 85 pixels, a card at 400."""
_QUALITIES = (75, 50, 25, 5)
_PLACE = 1 / 3
"""Of the film: many begin with a fade from black."""
_SMALLEST_SIDE = 2


def take_still(path: Path) -> bytes:
    """Return a picture out of a video as it is shown, as WebP of at most ``STILL_MAX_BYTES``. Blocking, as ``probe``.

    Raises:
        NotAVideoError: no picture of it can be decoded.
        CannotFitError: even the smallest and coarsest picture is too large.
    """
    with open_video(path) as container:
        frame = _frame_of(container, video_stream(container))
    for longer_side in _LONGER_SIDES:
        scale = min(1.0, longer_side / max(frame.width, frame.height))
        width, height = (max(_SMALLEST_SIDE, int(side * scale / 2) * 2) for side in (frame.width, frame.height))
        picture = turned(frame.reformat(width=width, height=height, format="yuv420p"), turning_filters(frame))
        for quality in _QUALITIES:
            still = _encode(picture, quality)
            if len(still) <= STILL_MAX_BYTES:
                return still
    raise CannotFitError(f"{STILL_MAX_BYTES} bytes for a still")


def _frame_of(container: InputContainer, video: VideoStream) -> VideoFrame:
    """Decode the first picture that can be, from the key frame before the place on, else from the beginning."""
    for place in (int((container.duration or 0) * _PLACE), 0):
        with suppress(FFmpegError):  # where the index is wrong, the beginning may be right
            container.seek(place)
            for frame in container.decode(video):
                return frame
    raise NotAVideoError("no picture")


def _encode(picture: VideoFrame, quality: int) -> bytes:
    """Return one picture as a whole WebP file, which is what the encoder makes of it."""
    encoder = cast("VideoCodecContext", av.CodecContext.create("libwebp", "w"))
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuv420p"
    encoder.options = {"quality": str(quality)}
    picture.pts = None
    return b"".join(bytes(packet) for packet in (*encoder.encode(picture), *encoder.encode(None)))
