"""Bytes of which some never arrived.

A partial upload is filled with zeros where chunks are missing. Carrying the holes beside the bytes is what keeps
those zeros from ever being taken for values.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

Range = tuple[int, int]
"""Half-open: start, end."""


def merge_ranges(ranges: Iterable[Range], limit: int) -> tuple[Range, ...]:
    """Sorted, disjoint, non-empty ranges within [0, limit)."""
    merged: list[Range] = []
    for start, end in sorted((max(0, start), min(limit, end)) for start, end in ranges):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


class SparseBytes:
    """Immutable bytes with holes; offsets are in bytes from the start."""

    __slots__ = ("_data", "_ends", "missing")

    def __init__(self, data: bytes | memoryview, missing: Iterable[Range] = ()) -> None:
        """`missing` lists the half-open ranges of `data` that never arrived."""
        self._data = memoryview(data)
        # Most bytes have no holes, and are cut into many pieces.
        self.missing = () if missing == () else merge_ranges(missing, len(self._data))
        self._ends = [end for _, end in self.missing] if self.missing else []

    def __len__(self) -> int:
        return len(self._data)

    def read(self, offset: int, size: int) -> bytes | None:
        """The bytes at `offset`; None unless all of them are there and arrived."""
        if offset < 0 or size < 0 or offset + size > len(self._data):
            return None
        if self.missing and self._overlaps_hole(offset, offset + size):
            return None
        return bytes(self._data[offset : offset + size])

    def unsigned(self, offset: int, size: int) -> int | None:
        """A little-endian unsigned integer of `size` bytes."""
        raw = self.read(offset, size)
        return None if raw is None else int.from_bytes(raw, "little")

    def words(self, count: int, size: int, offset: int = 0) -> Sequence[int | None]:
        """Little-endian unsigned integers of 4 or 8 bytes, one behind the other; None for what did not arrive."""
        raw = self.read(offset, count * size)
        if raw is not None:
            return struct.unpack(f"<{count}{'I' if size == 4 else 'Q'}", raw)
        return [self.unsigned(offset + size * index, size) for index in range(count)]

    def slice(self, start: int, end: int) -> "SparseBytes":
        """The part [start, end), clipped to what there is; offsets in it start at 0."""
        size = len(self._data)
        start, end = max(0, min(start, size)), max(0, min(end, size))
        if not self.missing:
            return SparseBytes(self._data[start:end])
        inside = ((first - start, last - start) for first, last in self.missing if first < end and last > start)
        return SparseBytes(self._data[start:end], inside)

    def known(self) -> Iterator[tuple[int, memoryview]]:
        """Offset and bytes of each run between the holes, in order."""
        position = 0
        for start, end in (*self.missing, (len(self), len(self))):
            if start > position:
                yield position, self._data[position:start]
            position = end

    def hole_end(self, offset: int) -> int | None:
        """The end of the first hole that ends behind `offset`; None when there is none."""
        index = bisect_right(self._ends, offset)
        return self._ends[index] if index < len(self._ends) else None

    def find(self, pattern: bytes, start: int = 0, end: int | None = None) -> int:
        """Offset of `pattern` within [start, end), or -1. Holes are searched as they came."""
        stop = len(self) if end is None else min(end, len(self))
        found = re.compile(re.escape(pattern)).search(self._data, max(0, start), stop)
        return -1 if found is None else found.start()

    def raw(self) -> memoryview:
        """All bytes, holes as they came."""
        return self._data

    def _overlaps_hole(self, start: int, end: int) -> bool:
        if start == end:
            return False
        index = bisect_right(self._ends, start)
        return index < len(self.missing) and self.missing[index][0] < end
