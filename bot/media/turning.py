"""How a picture is turned when it is shown: a file says so in its display matrix, so that a camera need not."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, cast

from av.filter import Graph
from av.sidedata.sidedata import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame

_MATRIX = struct.Struct("=9i")
_FAINT = 0x10000 // 100
"""A hundredth of one: what sines and cosines leave where there should be nothing."""
_UPRIGHT = (1, 0, 0, 1)
_FILTERS: dict[tuple[int, int, int, int], tuple[tuple[str, str], ...]] = {
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}
"""By the signs of a matrix; one that is turned by less than a right angle is left as it lies."""


def turning_filters(frame: VideoFrame) -> tuple[tuple[str, str], ...]:
    """Return the filters, each with its argument, that turn a picture as it is to be shown."""
    return _FILTERS.get(_signs(frame), ())


def turned(frame: VideoFrame, filters: tuple[tuple[str, str], ...]) -> VideoFrame:
    """Return a picture as these filters turn it."""
    if not filters:
        return frame
    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base),
        *(graph.add(name, argument) for name, argument in filters),
        graph.add("buffersink"),
    ).configure()
    graph.vpush(frame)
    return graph.vpull()


def is_turned_aside(frame: VideoFrame) -> bool:
    """Tell whether a picture is shown with its sides exchanged."""
    return any(name == "transpose" for name, _ in turning_filters(frame))


def _signs(frame: VideoFrame) -> tuple[int, int, int, int]:
    matrix = next(
        (data for data in cast("Iterable[SideData]", frame.side_data) if data.type is Type.DISPLAYMATRIX), None
    )
    if matrix is None or matrix.buffer_size < _MATRIX.size:
        return _UPRIGHT
    a, b, _, c, d, *_ = _MATRIX.unpack(bytes(matrix)[: _MATRIX.size])
    return (_sign(a), _sign(b), _sign(c), _sign(d))


def _sign(value: int) -> int:
    return (value > _FAINT) - (value < -_FAINT)
