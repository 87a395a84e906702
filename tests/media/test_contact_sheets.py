"""A contact sheet shows each take's still whole, in order, with its number, whatever the stills are."""

from __future__ import annotations

import io
from functools import cache
from statistics import fmean
from typing import TYPE_CHECKING, cast

import pytest
from PIL import Image

from bot.errors import CannotFitError
from bot.media import contact_sheets
from bot.media.contact_sheets import SHEET_MAX_BYTES, SHEET_MAX_SIDE, make_contact_sheet
from bot.media.stills import take_still
from bot.media.worker import MediaWorker
from tests.support.videos import large_video_file, video_file

if TYPE_CHECKING:
    from collections.abc import Sequence

RED, BLUE, GREY, BACKGROUND = (200, 0, 0), (0, 0, 200), (78, 80, 88), (24, 25, 28)


@cache
def still(color: tuple[int, int, int] = RED, size: tuple[int, int] = (480, 270)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, format="WEBP")
    return file.getvalue()


def sheet_of(stills: Sequence[bytes | None]) -> Image.Image:
    return opened(make_contact_sheet(list(enumerate(stills, start=1))))


def opened(sheet: bytes) -> Image.Image:
    assert sheet[:4] + sheet[8:12] == b"RIFFWEBP"
    assert len(sheet) <= SHEET_MAX_BYTES
    picture = Image.open(io.BytesIO(sheet))
    assert max(picture.size) <= SHEET_MAX_SIDE
    return picture.convert("RGB")


def shows(picture: Image.Image, across: float, down: float, color: tuple[int, int, int]) -> bool:
    """Tell whether the picture has that color, about, at a place given in shares of its sides."""
    pixel = cast("tuple[int, int, int]", picture.getpixel((int(across * picture.width), int(down * picture.height))))
    return all(abs(is_now - wanted) <= 12 for is_now, wanted in zip(pixel, color, strict=True))


def lightness(picture: Image.Image, box: tuple[int, int, int, int]) -> list[int]:
    return list(picture.convert("L").crop(box).tobytes())


WIDE, TALL, SQUARE = (480, 270), (270, 480), (480, 480)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "count", "expected"),
    [
        (WIDE, 2, (966, 270)),
        (WIDE, 3, (966, 546)),
        (WIDE, 4, (966, 546)),
        (WIDE, 6, (966, 822)),
        (WIDE, 8, (999, 567)),
        (TALL, 2, (546, 480)),
        (TALL, 4, (998, 436)),
        (TALL, 8, (998, 878)),
        (SQUARE, 4, (966, 966)),
    ],
)
def test_cells_have_the_stills_shape_and_stand_so_that_discord_shows_them_large(
    size: tuple[int, int], count: int, expected: tuple[int, int]
) -> None:
    assert sheet_of([still(size=size)] * count).size == expected


def test_stills_stand_in_reading_order() -> None:
    picture = sheet_of([still(RED), still(BLUE), still(BLUE), still(RED)])

    colors = {
        (across, down): color
        for across in (0.25, 0.75)
        for down in (0.25, 0.75)
        for color in (RED, BLUE)
        if shows(picture, across, down, color)
    }
    assert colors == {(0.25, 0.25): RED, (0.75, 0.25): BLUE, (0.25, 0.75): BLUE, (0.75, 0.75): RED}


def test_still_of_another_shape_is_whole_between_bars() -> None:
    picture = sheet_of([still(RED), still(RED), still(BLUE, TALL), still(RED)])

    assert shows(picture, 0.25, 0.52, BLUE)
    assert shows(picture, 0.25, 0.98, BLUE)
    assert shows(picture, 0.02, 0.95, BACKGROUND)
    assert shows(picture, 0.48, 0.75, BACKGROUND)


def test_every_cell_has_its_number_on_a_dark_field_that_discord_shows_large_enough() -> None:
    takes = [(number, still((250, 250, 250))) for number in (1, 2, 3, 4, 5, 6, 7, 8)]
    picture = opened(make_contact_sheet(takes))
    scale = min(550 / picture.width, 350 / picture.height)

    badges: list[list[int]] = []
    for place in range(len(takes)):
        row, column = divmod(place, 3)
        left, top = column * 335, row * 191
        badge = lightness(picture, (left + 14, top + 14, left + 58, top + 58))
        assert min(badge) < 30, "dark"
        assert max(badge) > 220, "with a light number"
        assert fmean(badge) < 100, "mostly dark"
        badges.append(badge)
    assert len({bytes(badge) for badge in badges}) == len(takes)
    assert 44 * scale >= 20


def test_number_of_two_digits_fits_on_its_field() -> None:
    picture = opened(make_contact_sheet([(1, still((250, 250, 250))), (88, still((250, 250, 250)))]))

    def dark_columns(left: int) -> int:
        row = lightness(picture, (left, 14, left + 200, 15))
        return sum(value < 60 for value in row)

    assert dark_columns(486) > dark_columns(0) + 8


def broken_stills() -> list[bytes]:
    whole = take_still(video_file())
    huge = still(size=(4000, 4000))
    return [b"", b"no picture", whole[:40], whole[:12] + bytes(99), huge, b"\x89PNG\r\n\x1a\n" + bytes(50)]


@pytest.mark.slow
@pytest.mark.parametrize("bad", [None, *range(6)])
def test_take_without_a_still_that_can_be_read_is_a_grey_field_with_its_number(bad: int | None) -> None:
    picture = sheet_of([still(RED), None if bad is None else broken_stills()[bad]])

    assert picture.size == (966, 270)
    assert shows(picture, 0.25, 0.5, RED)
    assert shows(picture, 0.75, 0.5, GREY)
    assert max(lightness(picture, (486, 0, 556, 70))) > 220


def test_takes_without_any_still_are_grey_fields() -> None:
    picture = sheet_of([None] * 5)

    assert shows(picture, 0.25, 0.2, GREY)
    assert shows(picture, 0.75, 0.95, BACKGROUND)


@pytest.mark.parametrize("size", [(2, 480), (480, 2), (1, 2000), (2000, 1)])
def test_still_of_an_odd_shape_breaks_nothing(size: tuple[int, int]) -> None:
    sheet_of([still(size=size), still(size=size)])
    sheet_of([still(size=size), still(), still()])


@pytest.mark.slow
def test_eight_stills_of_noise_are_small_enough() -> None:
    noise = take_still(large_video_file())

    assert len(make_contact_sheet([(number, noise) for number in range(1, 9)])) <= SHEET_MAX_BYTES


def test_what_can_be_made_small_enough_in_no_way_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_sheets, "SHEET_MAX_BYTES", 10)

    with pytest.raises(CannotFitError):
        make_contact_sheet([(1, still()), (2, None)])


@pytest.mark.slow
async def test_a_contact_sheet_is_made_in_a_process_of_its_own() -> None:
    takes = [(1, still()), (2, None), (3, b""), (4, b"no picture" * 100_000)]
    async with MediaWorker() as media:
        assert await media.make_contact_sheet(takes) == make_contact_sheet(takes)
        assert media.process_ids == []


@pytest.mark.slow
async def test_a_process_that_takes_too_long_over_a_contact_sheet_is_ended() -> None:
    async with MediaWorker(probe_seconds=0.01) as media:
        with pytest.raises(CannotFitError):
            await media.make_contact_sheet([(1, still()), (2, None)])
        assert media.process_ids == []
