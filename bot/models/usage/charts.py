"""A picture of numbers, before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Stacked bars and a line across them. Its words may be people's, so whoever draws it reads no markup in them.

    Attributes:
        columns: what stands under each bar.
        series: names and values, one value a column, from the bottom of the bars upwards.
        rest: a name and values of all that has no series of its own, at the top; None where there is none.
        line: what the line stands for, and how high it is; None for no line.
    """

    title: str
    subtitle: str
    columns: Sequence[str]
    series: Sequence[tuple[str, Sequence[int]]]
    rest: tuple[str, Sequence[int]] | None = None
    line: tuple[str, float] | None = None
