"""Unpacking what a host sends packed, though nobody asked for that: a bounded piece at a time."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from bot.errors import ClipUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE_BYTES = 1024 * 1024
_GZIP_BEGINS = 0x1F
_ZLIB_METHOD = 8


class Unpacker:
    """Unpacks one answer.

    Args:
        encoding: the answer's ``Content-Encoding``.

    Raises:
        ClipUnavailableError: it is packed in a way that was not offered and is not known.
    """

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise ClipUnavailableError(f"packed as {encoding[:20]}")
        self._is_packed = encoding not in {"", "identity"}
        self._is_gzip = encoding.endswith("gzip")
        self._unpacking = zlib.decompressobj()
        self._is_midway = self._is_whole = False

    def unpack(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what is in the next piece of the answer, at most ``PIECE_BYTES`` at a time.

        Raises:
            ClipUnavailableError: it can't be unpacked.
        """
        if not self._is_packed:
            yield chunk
            return
        while chunk:
            if not self._is_midway:
                if self._is_whole and not (self._is_gzip and chunk[0] == _GZIP_BEGINS):
                    return  # what stands after the end is no part of it
                self._begin(chunk[0])
            try:
                yield self._unpacking.decompress(chunk, PIECE_BYTES)
            except zlib.error as error:
                raise ClipUnavailableError("packed badly") from error
            chunk = self._unpacking.unconsumed_tail
            if self._unpacking.eof:
                chunk = self._unpacking.unused_data
                self._is_midway, self._is_whole = False, True

    def finish(self) -> None:
        """Raise ``ClipUnavailableError`` where the answer has ended before what is packed in it."""
        if self._is_packed and (self._is_midway or not self._is_whole):
            raise ClipUnavailableError("cut short")

    def _begin(self, first: int) -> None:
        if self._is_gzip:
            window = 16 + zlib.MAX_WBITS
        else:  # some hosts leave out the head of two bytes
            window = zlib.MAX_WBITS if first & 0x0F == _ZLIB_METHOD else -zlib.MAX_WBITS
        self._unpacking = zlib.decompressobj(window)
        self._is_midway = True
