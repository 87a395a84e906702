"""One picture of several takes' stills, each with its number, so that they can be compared at a glance."""

from __future__ import annotations

import io
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING, cast

import av
from av.error import FFmpegError
from PIL import Image, ImageDraw, ImageFont

from bot.errors import CannotFitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.codeccontext import VideoCodecContext

SHEET_MAX_BYTES = 300_000
SHEET_MAX_SIDE = 1000
STILL_MAX_PIXELS = 2_000_000
"""More than any still has; what claims more is not decoded."""
_PREVIEW = (550, 350)
"""The pixels that Discord shows a picture in."""
_CELL_LONGER_SIDE = 480
"""As a still's own at most: larger would only blur it."""
_WIDEST, _NARROWEST = 16 / 9, 9 / 16
"""Shapes of cells, as width by height; a still of another shape has bars."""
_GAP = 6
_MIN_COLUMNS = 2
_BADGE_TEXT_PREVIEW_PIXELS = 18
"""How high a number's letters are as Discord shows the sheet."""
_BACKGROUND, _GREY, _BADGE, _NUMBER = "#18191c", "#4e5058", "#000000", "#ffffff"
_QUALITIES = (80, 60, 40, 20)


def make_contact_sheet(takes: Sequence[tuple[int, bytes | None]]) -> bytes:
    """Return a grid of stills as WebP, of at most ``SHEET_MAX_BYTES``. Blocking, as ``probe``.

    All cells have the shape of the middle one of the stills, and as many stand in a row as makes them largest in
    Discord. A still of another shape is shown whole, with bars; a take without a still, or with one that can't be read,
    is a grey field.

    Args:
        takes: each take's number, as its badge shows it, and its still as WebP, in reading order; 2 to 8 look good.

    Raises:
        CannotFitError: even the coarsest picture is too large.
    """
    stills = [None if still is None else _decode(still) for _, still in takes]
    grid = _lay_out([still.width / still.height for still in stills if still], len(takes))
    sheet = Image.new("RGB", grid.size, _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for place, ((number, _), still) in enumerate(zip(takes, stills, strict=True)):
        left, top = grid.corner(place)
        if still is None:
            draw.rectangle((left, top, left + grid.cell_width - 1, top + grid.cell_height - 1), fill=_GREY)
        else:
            scale = min(grid.cell_width / still.width, grid.cell_height / still.height)
            width, height = (max(1, round(side * scale)) for side in still.size)
            corner = left + (grid.cell_width - width) // 2, top + (grid.cell_height - height) // 2
            small = still.resize((width, height))  # pyright: ignore[reportUnknownMemberType]  # untyped in part
            sheet.paste(small, corner)
        _draw_badge(draw, left, top, str(number), grid.badge_text_size)
    return _encode(sheet)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Equal cells in rows, with gaps between them; all lengths in pixels."""

    columns: int
    rows: int
    cell_width: int
    cell_height: int

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of the whole."""
        return (
            self.columns * (self.cell_width + _GAP) - _GAP,
            self.rows * (self.cell_height + _GAP) - _GAP,
        )

    @property
    def preview_scale(self) -> float:
        """How large Discord shows it: 1 for as it is."""
        return min(1.0, *(shown / side for shown, side in zip(_PREVIEW, self.size, strict=True)))

    @property
    def badge_text_size(self) -> int:
        return round(_BADGE_TEXT_PREVIEW_PIXELS / self.preview_scale)

    def corner(self, place: int) -> tuple[int, int]:
        """Return the left and the top of the cell at a place, counted from 0 in reading order."""
        row, column = divmod(place, self.columns)
        return column * (self.cell_width + _GAP), row * (self.cell_height + _GAP)


def _lay_out(shapes: list[float], count: int) -> _Grid:
    """Choose the grid whose cells Discord shows largest; of equal ones that with the fewest columns."""
    shape = min(max(median_low(shapes) if shapes else _WIDEST, _NARROWEST), _WIDEST)
    grids = [_grid(shape, count, columns) for columns in range(_MIN_COLUMNS, max(_MIN_COLUMNS, count) + 1)]
    return max(grids, key=lambda grid: grid.cell_width * grid.preview_scale)


def _grid(shape: float, count: int, columns: int) -> _Grid:
    rows = -(-count // columns)
    width, height = min(1.0, shape) * _CELL_LONGER_SIDE, min(1.0, 1 / shape) * _CELL_LONGER_SIDE
    most_width, most_height = ((SHEET_MAX_SIDE + _GAP) / cells - _GAP for cells in (columns, rows))
    scale = min(1.0, most_width / width, most_height / height)
    return _Grid(columns, rows, int(width * scale), int(height * scale))


def _decode(still: bytes) -> Image.Image | None:
    """Return the picture, or None where there is none to be had or it claims to be huge."""
    decoder = cast("VideoCodecContext", av.CodecContext.create("webp", "r"))
    decoder.options = {"max_pixels": str(STILL_MAX_PIXELS)}
    decoder.thread_count = 1  # with more it would wait for further pictures
    try:
        frames = decoder.decode(av.Packet(still))
        if not frames:
            return None
        picture = cast("Image.Image", frames[0].to_image())  # pyright: ignore[reportUnknownMemberType]  # as above
    except (FFmpegError, MemoryError):
        return None
    return picture


def _draw_badge(draw: ImageDraw.ImageDraw, left: int, top: int, number: str, text_size: int) -> None:
    """Write a number on a dark field in a cell's upper left corner."""
    font = ImageFont.load_default(text_size)
    margin, padding = text_size // 3, text_size // 4
    height = text_size + 2 * padding
    width = max(height, int(draw.textlength(number, font=font)) + 3 * padding)
    left, top = left + margin, top + margin
    box = (left, top, left + width, top + height)
    draw.rounded_rectangle(box, radius=height // 4, fill=_BADGE)
    draw.text((left + width / 2, top + height / 2), number, fill=_NUMBER, font=font, anchor="mm")


def _encode(sheet: Image.Image) -> bytes:
    for quality in _QUALITIES:
        file = io.BytesIO()
        sheet.save(file, format="WEBP", quality=quality)
        if file.tell() <= SHEET_MAX_BYTES:
            return file.getvalue()
    raise CannotFitError(f"{SHEET_MAX_BYTES} bytes for a contact sheet")
