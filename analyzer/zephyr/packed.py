"""Members of a structure that are always read together: one read of memory and one unpacking for all of them."""

from collections.abc import Sequence
from operator import itemgetter
from struct import Struct, calcsize
from typing import Any

from analyzer.dump.memory import Memory

MAX_SIZE = 1 << 16
"""Bytes up to the last member that are read in one piece."""
WORDS = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Unsigned numbers by their size, in the letters of Python's `struct`."""


class PackedMembers:
    """Some members of a structure, in the order in which they are asked for.

    Each is an offset in bytes with the letters that Python's `struct` has for what is there, such as `I` or `32s`;
    None is one that the firmware does not have.
    """

    def __init__(self, members: Sequence[tuple[int, str] | None]) -> None:
        self._members = members
        there = sorted({one for one in members if one is not None})
        places = [len(there) if one is None else there.index(one) for one in members]
        self._in_order = itemgetter(*places, len(there))
        self._whole = _whole(there)

    def read(self, address: int, memory: Memory) -> Sequence[Any]:
        """What the structure at an address holds; None in place of what is not in the dump, and one None behind all."""
        whole = self._whole
        content = None if whole is None else memory.read(address, whole.size)
        if whole is None or content is None:
            return (*(None if one is None else _read(address + one[0], one[1], memory) for one in self._members), None)
        return self._in_order((*whole.unpack(content), None))


def _whole(members: Sequence[tuple[int, str]]) -> Struct | None:
    """All members by offset and what lies between them; None where they overlap, as in no real firmware."""
    layout, end = "<", 0
    for offset, letters in members:
        if not end <= offset <= MAX_SIZE:
            return None
        layout += f"{offset - end}x{letters}"
        end = offset + calcsize(f"<{letters}")
    return Struct(layout)


def _read(address: int, letters: str, memory: Memory) -> int | bytes | None:
    """One member, of a structure that is not in the dump as a whole."""
    one = Struct(f"<{letters}")
    raw = memory.read(address, one.size)
    return None if raw is None else one.unpack(raw)[0]
