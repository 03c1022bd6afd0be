"""The memory image of an index: allocated sections, and the bytes of those that the program cannot change.

Bytes are kept in pieces of 16 KiB, each deflated on its own and only when that makes it smaller; they are inflated
when asked for.

    SECTIONS  u32 count | u32 zero | per section: u64 address | u64 size | u32 flags (bit 0 executable, bit 1 has
    bytes) | u32 first piece CONTENTS  u32 number of pieces | u32 zero | piece ends (u32 each, from the end of this
    table) | pieces
"""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from analyzer.symbols.elf import Section
from analyzer.symbols.format.container import CorruptIndex

PIECE = 16 << 10
_CACHED_PIECES = 64
_HEAD = struct.Struct("<II")
_SECTION = struct.Struct("<QQII")
_EXECUTABLE, _HAS_BYTES = 1, 2
_MOST_SECTIONS = 65_536


@dataclass(frozen=True, slots=True)
class Region:
    """An allocated section."""

    address: int
    size: int
    executable: bool
    has_bytes: bool
    first_piece: int


def encode(sections: Sequence[Section]) -> tuple[bytes, bytes]:
    """The parts SECTIONS and CONTENTS of the allocated sections."""
    table = bytearray()
    pieces: list[bytes] = []
    count = 0
    for section in sorted(sections, key=lambda section: (section.address, section.size)):
        if not section.is_allocated or not section.size:
            continue
        whole = section.has_bytes and not section.is_writable and len(section.content) == section.size
        flags = (_EXECUTABLE if section.is_executable else 0) | (_HAS_BYTES if whole else 0)
        table += _SECTION.pack(section.address, section.size, flags, len(pieces))
        count += 1
        if whole:
            for start in range(0, section.size, PIECE):
                plain = section.content[start : start + PIECE]
                packed = zlib.compress(plain, 9)
                pieces.append(packed if len(packed) < len(plain) else plain)
    ends: list[int] = []
    total = 0
    for piece in pieces:
        total += len(piece)
        ends.append(total)
    contents = _HEAD.pack(len(pieces), 0) + struct.pack(f"<{len(ends)}I", *ends) + b"".join(pieces)
    return _HEAD.pack(count, 0) + bytes(table), contents


class Contents:
    """Reads what `encode` wrote.

    Raises:
        CorruptIndex: here and from `read`, when the parts are damaged.
    """

    def __init__(self, sections: memoryview, contents: memoryview) -> None:
        try:
            count = _HEAD.unpack_from(sections)[0]
            if count > _MOST_SECTIONS:
                raise CorruptIndex("The symbol index names too many sections; build it again.")
            self.regions = [
                Region(address, size, bool(flags & _EXECUTABLE), bool(flags & _HAS_BYTES), first)
                for address, size, flags, first in (
                    _SECTION.unpack_from(sections, _HEAD.size + _SECTION.size * index) for index in range(count)
                )
            ]
            pieces = _HEAD.unpack_from(contents)[0]
        except struct.error:
            raise CorruptIndex("The symbol index is cut; build it again from the ELF file.") from None
        start = _HEAD.size + 4 * pieces
        if start > len(contents):
            raise CorruptIndex("The symbol index is cut; build it again from the ELF file.")
        self._ends = contents[_HEAD.size : start].cast("I")
        self._data = contents[start:]
        self._readable = sorted((one for one in self.regions if one.has_bytes), key=lambda one: one.address)
        self._starts = [one.address for one in self._readable]
        ends = (one.address + one.size for one in self._readable)
        self._reach = list(accumulate(ends, max))
        """How far the sections up to each of them reach."""
        self._piece = lru_cache(_CACHED_PIECES)(self._inflate)

    def _region_at(self, address: int) -> Region | None:
        """A section whose bytes are known that holds the address."""
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        nearest = self._readable[place]
        if address < nearest.address + nearest.size:
            return nearest
        if address >= self._reach[place]:
            return None
        # Sections may overlap, so that one further down reaches further.
        return next((one for one in self._readable[:place] if one.address <= address < one.address + one.size), None)

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of sections that cannot be written; None unless all of them are there."""
        if size < 0:
            return None
        out = b""
        while True:
            region = self._region_at(address)
            if region is None:
                return None
            if not out and address + size <= region.address + region.size:
                return self._bytes_of(region, address - region.address, size)
            take = min(size - len(out), region.address + region.size - address)
            out += self._bytes_of(region, address - region.address, take)
            if len(out) == size:
                return out
            address += take

    def _bytes_of(self, region: Region, offset: int, size: int) -> bytes:
        first, last = offset // PIECE, max(offset + size - 1, offset) // PIECE
        if first == last:
            start = offset - first * PIECE
            return self._piece(region.first_piece + first, min(PIECE, region.size - first * PIECE))[
                start : start + size
            ]
        joined = b"".join(
            self._piece(region.first_piece + index, min(PIECE, region.size - index * PIECE))
            for index in range(first, last + 1)
        )
        start = offset - first * PIECE
        return joined[start : start + size]

    def _inflate(self, index: int, size: int) -> bytes:
        if index >= len(self._ends):
            raise CorruptIndex("The symbol index is damaged; build it again from the ELF file.")
        raw = bytes(self._data[self._ends[index - 1] if index else 0 : self._ends[index]])
        if len(raw) == size:
            return raw
        try:
            plain = zlib.decompressobj().decompress(raw, size)
        except zlib.error:
            plain = b""
        if len(plain) != size:
            raise CorruptIndex("The symbol index is damaged; build it again from the ELF file.")
        return plain
