"""Charts of a server's use, drawn so that they are read at a glance on Discord's dark and light grounds alike."""

# Matplotlib's own types leave open what many of its functions take by keyword.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import io
import unicodedata
from math import nan
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from bot.errors import CannotFitError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from matplotlib.axes import Axes
    from matplotlib.typing import RcKeyType

    from bot.models.usage import BarChart

CHART_MAX_BYTES = 300_000
_INCHES, _DOTS_PER_INCH = (5.5, 2.9), 200
"""Twice the pixels that Discord shows a picture in, for fine screens."""
_NAME_PIXELS = 230
"""How wide a name in the legend may be; what is longer is cut."""
_CARD, _WORDS, _QUIET, _GRID = "#1e1f22", "#f2f3f5", "#b5bac1", "#3a3c42"
_COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00")
"""Okabe and Ito's, which the colour-blind tell apart; each at least 4:1 on the card."""
_REST = "#80848e"
_BAR_WIDTH, _HEADROOM = 0.72, 1.06
_MOST_COLUMNS_NAMED = 10
"""Of more than that every other one has its name."""
_LINE_WIDTH, _DASHES = 1.1, (0, (4, 3))
_LEFT_TO_RIGHT = "\u200e"
_STYLE: dict[RcKeyType, Any] = {
    "text.parse_math": False,  # a name may have dollars in it
    "font.family": "DejaVu Sans",  # comes with Matplotlib, and knows Latin, Cyrillic, Greek and Arabic letters
    "axes.unicode_minus": False,
}


def draw_chart(chart: BarChart) -> bytes:
    """Return a chart as PNG, 1,100 by 580 pixels and of at most ``CHART_MAX_BYTES``. Blocking.

    Signs that the font has no picture of are left out of names, and names that are too wide are cut.

    Raises:
        CannotFitError: the picture is too large.
    """
    with rc_context(_STYLE):
        figure = Figure(_INCHES, _DOTS_PER_INCH, facecolor=_CARD, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        handles = _draw_bars(axes, chart)
        if chart.line is not None:
            axes.axhline(chart.line[1], color=_CARD, linewidth=2.6)  # so that it is seen on light bars, too
            axes.axhline(chart.line[1], color=_WORDS, linewidth=_LINE_WIDTH, linestyle=_DASHES)
        _quieten(axes, chart)
        _name(figure, axes, chart, handles)
        file = io.BytesIO()
        canvas.print_png(file)
    if file.tell() > CHART_MAX_BYTES:
        raise CannotFitError(f"{CHART_MAX_BYTES} bytes for a chart")
    return file.getvalue()


def legible(text: str) -> str:
    """Return a text without what the font has no picture of, accents joined to their letters where they can be."""
    known = _known_signs()
    kept = "".join(sign for sign in unicodedata.normalize("NFC", text) if ord(sign) in known)
    return " ".join(kept.split())


def _draw_bars(axes: Axes, chart: BarChart) -> list[tuple[str, Patch]]:
    """Draw the bars, and return what the legend says of them."""
    places = range(len(chart.columns))
    floor = [0] * len(chart.columns)
    handles: list[tuple[str, Patch]] = []
    layers = [(name, values, colour) for (name, values), colour in zip(chart.series, _COLOURS, strict=False)]
    if chart.rest is not None:
        layers.append((*chart.rest, _REST))
    for name, values, colour in layers:
        # A line of the card's colour parts what lies on one another, also for whoever sees no colours.
        heights = [value or nan for value in values]  # what is nothing would leave its edge
        axes.bar(places, heights, _BAR_WIDTH, floor, color=colour, edgecolor=_CARD, linewidth=0.8)
        floor = [low + value for low, value in zip(floor, values, strict=True)]
        handles.append((name, Patch(facecolor=colour)))
    return handles


def _quieten(axes: Axes, chart: BarChart) -> None:
    """Leave of the axes what is needed to read the bars."""
    axes.set_facecolor(_CARD)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    step = 1 if len(chart.columns) <= _MOST_COLUMNS_NAMED else 2
    shown = range(0, len(chart.columns), step)
    axes.set_xticks(shown, [legible(chart.columns[number]) for number in shown], size=8)
    axes.set_xlim(-0.6, len(chart.columns) - 0.4)
    axes.tick_params(length=0, labelcolor=_QUIET)
    axes.tick_params(axis="y", labelsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylim(0, _HEADROOM * max(1.0, axes.dataLim.ymax))


def _name(figure: Figure, axes: Axes, chart: BarChart, handles: list[tuple[str, Patch]]) -> None:
    """Write the title, and beside the bars what they and the line stand for, from top to bottom as they are stacked."""
    axes.set_title(legible(chart.title), loc="left", color=_WORDS, size=10, weight="bold", pad=20)
    place: dict[str, Any] = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": (0, 8), "textcoords": "offset points"}
    subtitle = axes.annotate(legible(chart.subtitle), **place, color=_QUIET, size=8)
    subtitle.set_in_layout(False)  # it may run over the legend, which is further down
    named: list[tuple[str, Patch | Line2D]] = [*reversed(handles)]
    if chart.line is not None:
        named.insert(0, (chart.line[0], Line2D([], [], color=_WORDS, linewidth=_LINE_WIDTH, linestyle=_DASHES)))
    figure.legend(
        [handle for _, handle in named],
        [_LEFT_TO_RIGHT + _cut(figure, legible(name)) for name, _ in named],
        loc="outside right center",
        fontsize=8,
        labelcolor=_WORDS,
        frameon=False,
        handlelength=1.3,
        labelspacing=0.7,
    )


def _cut(figure: Figure, name: str) -> str:
    """Return a name that is not wider than it may be."""
    shown = name
    while len(name) > 1 and _width(figure, shown) > _NAME_PIXELS:
        name = name[:-1].rstrip()
        shown = f"{name}…"
    return shown


def _width(figure: Figure, name: str) -> float:
    return Text(text=name, size=8, figure=figure).get_window_extent().width


def _known_signs() -> AbstractSet[int]:
    return get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap().keys()
