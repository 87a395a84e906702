"""A chart is read at a glance, whatever people are called, and is drawn beside all else that media does."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageColor

from bot.errors import CannotFitError
from bot.media import charts, process
from bot.media.charts import CHART_MAX_BYTES, draw_chart, legible
from bot.media.worker import MediaWorker
from bot.models.usage import BarChart
from tests.support import taken_over
from tests.support.videos import video_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DAYS = ("Mon 2", "Tue 3", "Wed 4")
WEEK = BarChart(
    title="Seconds of video a day, by member",
    subtitle="2 to 4 Mar 2026, UTC",
    columns=DAYS,
    series=[("1 Mia", (10, 20, 0)), ("2 Ben", (0, 6, 6))],
    rest=("others", (0, 0, 12)),
)
LEGEND_PIXELS = 22
BLUE, ORANGE, GREY, CARD, WHITE = "#56b4e9", "#e69f00", "#80848e", "#1e1f22", "#f2f3f5"


def opened(chart: bytes) -> Image.Image:
    assert len(chart) <= CHART_MAX_BYTES
    picture = Image.open(io.BytesIO(chart))
    assert (picture.format, picture.size) == ("PNG", (1100, 580))
    return picture.convert("RGBA")


def pixels_of(picture: Image.Image, color: str) -> NDArray[numpy.bool_]:
    """Tell of each pixel, by row and column, whether it has a color."""
    return (numpy.asarray(picture) == (*ImageColor.getrgb(color), 255)).all(axis=2)


def heights(picture: Image.Image, color: str) -> list[int]:
    """Return how many pixels of a color each bar has in its middle, from left to right; the legend has fewer."""
    sums = pixels_of(picture, color).sum(axis=0)
    edges = numpy.flatnonzero(numpy.diff(sums > LEGEND_PIXELS, prepend=False, append=False))
    return [int(sums[(begin + end) // 2]) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def test_each_value_is_as_high_as_it_is_large() -> None:
    picture = opened(draw_chart(WEEK))

    ten, twenty = heights(picture, BLUE)
    assert twenty == pytest.approx(2 * ten, abs=4)
    assert heights(picture, ORANGE) == pytest.approx([0.6 * ten, 0.6 * ten], abs=4)
    assert heights(picture, GREY) == pytest.approx([1.2 * ten], abs=4)


def test_the_card_covers_all_of_the_picture_whatever_is_behind_it() -> None:
    picture = opened(draw_chart(WEEK))

    assert picture.getextrema()[3] == (255, 255)
    assert pixels_of(picture, CARD)[[0, 0, -1, -1], [0, -1, 0, -1]].all()


def luminance(color: str) -> float:
    """Return how light a color is, as WCAG 2 has it."""
    shares = [part / 255 for part in ImageColor.getrgb(color)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("color", [*charts._COLOURS, charts._REST, charts._WORDS, charts._QUIET])
def test_all_that_is_drawn_stands_out_from_the_card(color: str) -> None:
    assert (luminance(color) + 0.05) / (luminance(charts._CARD) + 0.05) > 4


def test_the_cap_is_a_line_across_the_bars() -> None:
    def light_rows(chart: BarChart) -> int:
        return int((pixels_of(opened(draw_chart(chart)), WHITE).sum(axis=1) > 300).sum())

    assert light_rows(WEEK) == 0
    assert light_rows(replace(WEEK, line=("cap", 15))) >= 1
    assert light_rows(replace(WEEK, line=("cap", 60))) >= 1, "above the bars, too"


def test_a_name_of_any_kind_is_written_and_kept_in_its_place() -> None:
    names = ["$\\frac{a}{$", "محمد علي", "田中さん", "Z̷̧̪a̴̢l̸͓̐g̶̛o̸͌", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "W" * 32]
    chart = BarChart(
        title="a_b^c $x$", subtitle="\x00\n%s {}", columns=DAYS, series=[(name, (6, 6, 6)) for name in names]
    )

    picture = opened(draw_chart(chart))

    assert len(heights(picture, BLUE)) == 3
    assert (pixels_of(picture, BLUE).sum(axis=0) > LEGEND_PIXELS).sum() > 400, "bars as wide as ever"
    assert pixels_of(picture, CARD)[:, -10:].all(), "none runs over the edge"


@given(st.text(max_size=40))
def test_what_the_font_has_no_picture_of_is_left_out(text: str) -> None:
    left = legible(text)

    assert "\n" not in left
    assert {ord(sign) for sign in left} <= charts._known_signs()
    assert legible("a 田\nb😀") == "a b😀"


def test_a_month_of_large_numbers_is_drawn() -> None:
    series = [(f"{number} somebody", [1_000_000] * 31) for number in range(1, 7)]
    month = replace(WEEK, columns=[str(day) for day in range(1, 32)], series=series, rest=None)

    assert len(heights(opened(draw_chart(month)), BLUE)) == 31


def test_a_picture_that_is_too_large_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "CHART_MAX_BYTES", 100)

    with pytest.raises(CannotFitError):
        draw_chart(WEEK)


# In a process of its own ---------------------------------------------------------------------------


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.slow
async def test_the_same_is_drawn_behind_the_wall_and_nothing_stays(tmp_path: Path) -> None:
    chart = replace(WEEK, line=("cap", 15))

    async with MediaWorker(parent=tmp_path) as media:
        assert await media.draw_chart(chart) == draw_chart(chart)
    assert files_in(tmp_path) == []


@pytest.mark.slow
def test_no_thread_is_left_outside_the_wall_and_no_other_program_is_asked_for_fonts(tmp_path: Path) -> None:
    look = (
        "import os, subprocess, bot.media.__main__ as media; os.environ |= media._WHILE_DRAWING;"
        "subprocess.Popen = subprocess.check_output = None; import bot.media.charts;"
        "print(len(os.listdir('/proc/self/task')) if os.path.exists('/proc/self/task') else 1)"
    )
    own = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(process._ROOT)}

    ran = subprocess.run([sys.executable, "-c", look], env=own, capture_output=True, text=True, check=True)

    assert (ran.stdout.strip(), ran.stderr) == ("1", "")


async def test_one_that_takes_too_long_is_no_chart() -> None:
    async with MediaWorker(probe_seconds=0.01) as media:
        with pytest.raises(CannotFitError, match="chart: more than"):
            await media.draw_chart(WEEK)


async def test_one_chart_is_drawn_at_a_time_and_clips_do_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = process._command

    def hang(*arguments: str | Path | int) -> list[str]:
        return (
            taken_over.command("wait for ever", "probe", video_file()) if arguments[0] == "chart" else real(*arguments)
        )

    monkeypatch.setattr(process, "_command", hang)
    async with MediaWorker() as media:
        drawing = [asyncio.create_task(media.draw_chart(WEEK)) for _ in range(3)]
        while not media.process_ids:  # noqa: ASYNC110 (we don't hear that it was started)
            await asyncio.sleep(0)
        assert (await media.probe(video_file())).plays
        assert len(media.process_ids) == 1
    assert {type(end) for end in await asyncio.gather(*drawing, return_exceptions=True)} == {asyncio.CancelledError}
