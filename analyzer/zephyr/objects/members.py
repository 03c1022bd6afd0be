"""Reading members of a structure that lies in the dump."""

from collections.abc import Callable

import msgspec

from analyzer.dump.memory import Memory
from analyzer.symbols.interface import Field

FieldOf = Callable[[str, str], Field | None]


class Members(msgspec.Struct, frozen=True):
    """One object's members by dotted path; None where the firmware has no such member or the dump lacks its bytes."""

    structure: str
    address: int
    memory: Memory
    field_of: FieldOf
    pointer_size: int
    content: bytes = b""
    """As much of the structure, from its start on, as was read already."""

    def unsigned(self, path: str) -> int | None:
        """A number, or the address that a pointer holds."""
        found = self.field_of(self.structure, path)
        if found is None or not 0 < found.size <= 8:
            return None
        offset, end = found.offset, found.offset + found.size
        if end <= len(self.content):
            return int.from_bytes(self.content[offset:end], "little")
        return self.memory.unsigned(self.address + offset, found.size)

    def signed(self, path: str) -> int | None:
        """A number that may be negative."""
        value = self.unsigned(path)
        found = None if value is None else self.field_of(self.structure, path)
        if found is None or value is None:
            return None
        return value - (1 << 8 * found.size) if value >> (8 * found.size - 1) else value

    def offset(self, path: str) -> int | None:
        """Where a member starts, from the start of the structure."""
        found = self.field_of(self.structure, path)
        return None if found is None else found.offset

    def inside(self, structure: str, path: str) -> "Members | None":
        """A structure within this one."""
        found = self.offset(path)
        if found is None:
            return None
        content = self.content[found:]
        return Members(structure, self.address + found, self.memory, self.field_of, self.pointer_size, content)

    def at(self, structure: str, address: int) -> "Members":
        """Another structure of the same firmware."""
        return Members(structure, address, self.memory, self.field_of, self.pointer_size)

    def pointer(self, address: int) -> int | None:
        """The address that is held at an address."""
        return self.memory.unsigned(address, self.pointer_size)
