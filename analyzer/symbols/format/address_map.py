"""A map from addresses to small tuples of numbers: what holds at an address holds until the next entry.

One structure serves lines, scopes, unwind rows and symbols. Entries are delta coded in blocks of 32; only the first
address of each block is kept plain, so a lookup is one bisection and the decoding of one block.

    u32 number of blocks | u32 zero | first addresses (u32 or u64 each) | block offsets (u32 each) | data

A tuple whose first number is 0 means that nothing is known from there on.
"""

import heapq
import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.format.varint import Cursor, put, put_signed

_BLOCK = 32
_CACHED_BLOCKS = 512
_HEAD = struct.Struct("<II")

Entry = tuple[int, tuple[int, ...]]
"""Address, numbers that hold from there."""


def flatten(spans: Sequence[tuple[int, int, tuple[int, ...]]], fields: int) -> list[Entry]:
    """Turn spans [start, end) into entries; where spans overlap, the later one in the sequence wins."""
    nothing = (0,) * fields
    order = sorted(range(len(spans)), key=lambda index: (spans[index][0], index))
    if all(spans[left][1] <= spans[right][0] for left, right in pairwise(order)):
        return _join([spans[index] for index in order], nothing)
    points = sorted({point for start, end, _ in spans for point in (start, end)})
    entries: list[Entry] = []
    active: list[tuple[int, int]] = []
    position = 0
    for point in points:
        while position < len(order) and spans[order[position]][0] <= point:
            index = order[position]
            heapq.heappush(active, (-index, spans[index][1]))
            position += 1
        while active and active[0][1] <= point:
            heapq.heappop(active)
        value = spans[-active[0][0]][2] if active else nothing
        if (entries[-1][1] if entries else nothing) != value:
            entries.append((point, value))
    return entries


def _join(spans: Iterable[tuple[int, int, tuple[int, ...]]], nothing: tuple[int, ...]) -> list[Entry]:
    entries: list[Entry] = []
    covered = None
    for start, end, value in spans:
        if covered is not None and covered < start and entries[-1][1] != nothing:
            entries.append((covered, nothing))
        if (entries[-1][1] if entries else nothing) != value:
            entries.append((start, value))
        covered = end
    if covered is not None and entries and entries[-1][1] != nothing:
        entries.append((covered, nothing))
    return entries


def encode(entries: Sequence[Entry], address_size: int) -> bytes:
    """Entries sorted by address, no address twice; those that no address of that size reaches are left out."""
    entries = [entry for entry in entries if entry[0] >> 8 * address_size == 0]
    firsts: list[int] = []
    offsets: list[int] = []
    data = bytearray()
    for start in range(0, len(entries), _BLOCK):
        block = entries[start : start + _BLOCK]
        firsts.append(block[0][0])
        offsets.append(len(data))
        put(data, len(block))
        previous_address, previous = block[0][0], (0,) * len(block[0][1])
        for address, values in block:
            put(data, address - previous_address)
            for value, before in zip(values, previous, strict=True):
                put_signed(data, value - before)
            previous_address, previous = address, values
    letter = "I" if address_size == 4 else "Q"
    head = _HEAD.pack(len(firsts), 0)
    return head + struct.pack(f"<{len(firsts)}{letter}{len(offsets)}I", *firsts, *offsets) + bytes(data)


class AddressMap:
    """Reads what `encode` wrote.

    Raises:
        CorruptIndex: here and from `at`, when the part is damaged.
    """

    def __init__(self, data: memoryview, address_size: int, fields: int) -> None:
        if len(data) < _HEAD.size:
            raise CorruptIndex("An address map of the symbol index is cut; build it again.")
        count = _HEAD.unpack_from(data)[0]
        offsets_start = _HEAD.size + count * address_size
        start = offsets_start + count * 4
        if start > len(data):
            raise CorruptIndex("An address map of the symbol index is cut; build it again.")
        self._firsts = data[_HEAD.size : offsets_start].cast("I" if address_size == 4 else "Q")
        self._offsets = data[offsets_start:start].cast("I")
        self._data = data[start:]
        self._fields = fields
        self._block = lru_cache(_CACHED_BLOCKS)(self._decode)

    def at(self, address: int) -> tuple[int, ...] | None:
        """The numbers that hold at the address; None when nothing is known there."""
        entry = self.entry(address)
        return None if entry is None or not entry[1][0] else entry[1]

    def entry(self, address: int) -> Entry | None:
        """The last entry that does not lie above the address."""
        block = bisect_right(self._firsts, address) - 1
        if block < 0:
            return None
        addresses, values = self._block(block)
        place = max(bisect_right(addresses, address) - 1, 0)
        return addresses[place], values[place]

    def _decode(self, block: int) -> tuple[list[int], list[tuple[int, ...]]]:
        cursor = Cursor(self._data, self._offsets[block])
        fields = range(self._fields)
        count = cursor.count(1 + self._fields)
        if not 0 < count <= _BLOCK:
            raise CorruptIndex("An address map of the symbol index is damaged; build it again.")
        addresses: list[int] = []
        values: list[tuple[int, ...]] = []
        address = self._firsts[block]
        current = (0,) * self._fields
        for _ in range(count):
            address += cursor.number()
            current = tuple([current[field] + cursor.signed() for field in fields])
            addresses.append(address)
            values.append(current)
        return addresses, values
