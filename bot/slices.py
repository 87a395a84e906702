"""Long lists a slice at a time: whatever else the event loop has to do comes in between."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

SLICE_LENGTH = 50
"""A few milliseconds' work at the 50 µs that the dearest of our rows takes, on a slow machine too."""
_Element = TypeVar("_Element")


async def slices(elements: Iterable[_Element], length: int = SLICE_LENGTH) -> AsyncIterator[list[_Element]]:
    """Yield the elements in slices, and let others have the event loop before each but the first.

    Args:
        elements: taken from a slice at a time, so that what it takes to make one is in the slices, too.
    """
    left = iter(elements)
    taken = list(islice(left, length))
    while taken:
        yield taken
        if len(taken) < length:
            return
        await asyncio.sleep(0)
        taken = list(islice(left, length))
