"""The memory of the stopped machine: what the dump holds, over what the firmware image says.

The dump is authoritative. Only read-only sections of the image fill its gaps, by virtual address: the initial
value of a variable is never served as its value at the crash.
"""

import re
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator

from analyzer.dump.sparse import SparseBytes
from contract.errors import LimitExceeded

MAX_READ = 1 << 20
"""Bytes in one read; nothing that is looked at in one piece is larger."""
MOST_COMPARED = 1 << 18
"""Segments with which new ones are compared, all together. A dump has some hundred, and few overlap."""
_PART = 1 << 20
"""Bytes that are searched at a time."""
_MOST_COPIED = 1 << 20
"""Bytes of a segment that is copied to be read faster."""
_BEFORE_ALL = -1 << 128
"""Less than any address, and than any that is computed from one."""

ReadOnly = Callable[[int, int], bytes | None]
"""Reads the image's read-only sections: address, size → bytes, or None unless all of them are there."""


class MemoryImage:
    """Sorted, disjoint segments of dumped memory."""

    __slots__ = ("_compared", "_data", "_starts")

    def __init__(self) -> None:
        self._compared = 0
        self._starts: list[int] = []
        self._data: dict[int, memoryview] = {}

    def add(self, address: int, content: SparseBytes) -> bool:
        """Add a block where nothing is held yet; what is already there stays.

        Returns whether bytes that were already there differ from the new ones.

        Raises:
            LimitExceeded: so many segments lie in each other's place that somebody wanted to see us compare them.
        """
        conflict = False
        for offset, run in content.known():
            conflict |= self._add_run(address + offset, run)
        return conflict

    def _add_run(self, start: int, run: memoryview) -> bool:
        conflict = False
        end = start + len(run)
        position = start
        index = max(0, bisect_right(self._starts, start) - 1)
        pieces: list[tuple[int, memoryview]] = []
        while index < len(self._starts) and self._starts[index] < end:
            self._compared += 1
            if self._compared > MOST_COMPARED:
                raise LimitExceeded("The dump's memory blocks overlap each other far more than those of any device.")
            held_start = self._starts[index]
            held = self._data[held_start]
            held_end = held_start + len(held)
            low, high = max(start, held_start), min(end, held_end)
            if low < high:
                conflict |= held[low - held_start : high - held_start] != run[low - start : high - start]
                if position < low:
                    pieces.append((position, run[position - start : low - start]))
                position = high
            index += 1
        if position < end:
            pieces.append((position, run[position - start :]))
        for address, piece in pieces:
            insort(self._starts, address)
            self._data[address] = piece
        return conflict

    def segments(self) -> Iterator[tuple[int, memoryview]]:
        """Address and bytes of each segment, ascending."""
        for start in self._starts:
            yield start, self._data[start]

    def run_at(self, address: int, size: int) -> memoryview:
        """As many of `size` bytes from `address` on as one segment holds; empty when none does."""
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return memoryview(b"")
        start = self._starts[index]
        return self._data[start][address - start : address - start + size]

    def next_start(self, address: int) -> int | None:
        """Address of the first segment that starts behind `address`."""
        index = bisect_right(self._starts, address)
        return self._starts[index] if index < len(self._starts) else None

    def ranges(self) -> list[tuple[int, int]]:
        """Half-open address ranges, adjacent segments joined."""
        joined: list[tuple[int, int]] = []
        for start, data in self.segments():
            if joined and joined[-1][1] == start:
                joined[-1] = (joined[-1][0], start + len(data))
            else:
                joined.append((start, start + len(data)))
        return joined


def places(segment: memoryview, pattern: bytes) -> Iterator[int]:
    """Offsets at which a pattern lies in a segment, ascending.

    Bytes can be searched fast and views of them cannot; a dump may be large, so the copies are of a part at a time.
    """
    for start in range(0, len(segment), _PART):
        part = segment[start : start + _PART + len(pattern) - 1].tobytes()
        at = part.find(pattern)
        while at >= 0:
            yield start + at
            at = part.find(pattern, at + 1)


class Memory:
    """The dump over the image's read-only sections."""

    __slots__ = ("_data", "_ends", "_image", "_ranges", "_read_only", "_starts")

    def __init__(self, image: MemoryImage, read_only: ReadOnly | None = None) -> None:
        """`read_only` is `Symbols.read_only` where the firmware is known."""
        self._image = image
        self._read_only = read_only
        self._ranges = image.ranges()
        # A part of bytes is had in one step, a part of a view of them in two. No segment of a microcontroller's memory
        # is large; of one that is there is no second copy. What starts before all addresses spares a look for nothing.
        self._starts, self._ends, self._data = [_BEFORE_ALL], [_BEFORE_ALL], [b""]
        for start, segment in image.segments():
            self._starts.append(start)
            self._ends.append(start + len(segment))
            self._data.append(segment.tobytes() if len(segment) <= _MOST_COPIED else b"")

    def read(self, address: int, size: int) -> bytes | None:
        """The bytes at an address; None unless every one of them is known."""
        index = bisect_right(self._starts, address) - 1
        offset = address - self._starts[index]
        run = self._data[index][offset : offset + size]
        if len(run) == size <= MAX_READ:
            return run
        return self._read_pieces(address, size) if address >= 0 and 0 < size <= MAX_READ else None

    def _read_pieces(self, address: int, size: int) -> bytes | None:
        """What lies in a large segment or several ones, or at least partly in the image, as code does."""
        parts: list[bytes] = []
        position, end = address, address + size
        while position < end:
            run = self._image.run_at(position, end - position)
            if run:
                parts.append(bytes(run))
                position += len(run)
                continue
            following = self._image.next_start(position)
            gap_end = end if following is None else min(end, following)
            filled = self._read_only(position, gap_end - position) if self._read_only else None
            if filled is None:
                return None
            parts.append(filled)
            position = gap_end
        return b"".join(parts)

    def unsigned(self, address: int, size: int) -> int | None:
        """A little-endian unsigned integer of `size` bytes."""
        raw = self.read(address, size)
        return None if raw is None else int.from_bytes(raw, "little")

    def holds(self, address: int, size: int) -> bool:
        """Whether the dump itself has any of the bytes at an address."""
        return address < self._ends[bisect_right(self._starts, address + size - 1) - 1]

    def dumped(self, address: int, size: int) -> bytes:
        """As many of `size` bytes from `address` on as the dump itself holds without a gap."""
        size = min(size, MAX_READ)
        index = bisect_right(self._starts, address) - 1
        offset = address - self._starts[index]
        run = self._data[index][offset : offset + size]
        if len(run) == size:
            return run
        parts: list[bytes] = []
        position, end = address, address + size
        while position < end:
            run = self._image.run_at(position, end - position)
            if not run:
                break
            parts.append(bytes(run))
            position += len(run)
        return b"".join(parts)

    def find(self, pattern: bytes, limit: int) -> Iterator[int]:
        """Addresses, multiples of four, at which the dump holds a pattern; of the first `limit` places that do."""
        for start, segment in self._image.segments():
            for at in places(segment, pattern):
                if limit <= 0:
                    return
                limit -= 1
                if (start + at) % 4 == 0:
                    yield start + at

    def occurrences(self, pattern: re.Pattern[bytes]) -> Iterator[int]:
        """Addresses at which dumped memory matches a pattern, ascending; matches do not overlap."""
        for start, segment in self._image.segments():
            for found in pattern.finditer(segment):
                yield start + found.start()

    def holding(self, address: int) -> tuple[int, int] | None:
        """The dumped range, adjacent segments joined, that an address lies in."""
        index = bisect_right(self._ranges, address, key=lambda held: held[0]) - 1
        return self._ranges[index] if index >= 0 and address < self._ranges[index][1] else None
