"""Where a value lies: what a location description comes to (DWARF 5, section 2.6), and reading bits from there.

A place may be known in one part and unknown in another, so reading is done bit range by bit range; what is unknown
says why.
"""

from enum import Enum

import msgspec

from analyzer.symbols.interface import Machine

_EM_ARM = 40
_ARM_FIRST_DOUBLE = 256


class Unknown(Enum):
    """Why a value cannot be shown; the text is what people see."""

    OPTIMIZED_OUT = "<optimized out>"
    NOT_IN_DUMP = "<not in dump>"
    SYNTHETIC_POINTER = "<synthetic pointer>"
    THREAD_LOCAL = "<thread local>"
    ADDRESS_SPACE = "<in another address space>"
    UNREADABLE = "<cannot be decoded>"

    def __init__(self, text: str) -> None:
        self.text = text


class InMemory(msgspec.Struct, frozen=True, gc=False):
    """The object lies in memory."""

    address: int


class InRegister(msgspec.Struct, frozen=True, gc=False):
    """The object is what a register of the frame holds."""

    number: int


class Implicit(msgspec.Struct, frozen=True, gc=False):
    """The object lies nowhere, but its bytes are known."""

    content: bytes


class ImplicitPointer(msgspec.Struct, frozen=True, gc=False):
    """A pointer that was optimised out, to an object that may be known all the same.

    `reference` is the index's number for that object; the pointer points so many bytes behind its start.
    """

    reference: int
    offset: int


class Nowhere(msgspec.Struct, frozen=True, gc=False):
    """The object has no value that could be shown."""

    reason: Unknown


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Some bits of an object that is scattered; `offset` is where they start in `place`."""

    place: "Place"
    size: int
    offset: int


class Composite(msgspec.Struct, frozen=True, gc=False):
    """The object is put together from pieces, the least significant first."""

    pieces: tuple[Piece, ...]


def missing(machine: Machine, number: int | None) -> Unknown:
    """Why a register is not known, or, with None, where a frame lies on the stack."""
    return Unknown.OPTIMIZED_OUT if machine.lost(number) else Unknown.NOT_IN_DUMP


Place = InMemory | InRegister | Implicit | ImplicitPointer | Nowhere | Composite


class Source:
    """Reads the bits of one object, wherever they are."""

    __slots__ = ("_mask", "elf_machine", "machine", "pointer_size")

    def __init__(self, machine: Machine, elf_machine: int, pointer_size: int) -> None:
        self.machine = machine
        self.elf_machine = elf_machine
        self.pointer_size = pointer_size
        self._mask = (1 << 8 * pointer_size) - 1

    def bits(self, place: Place, offset: int, size: int) -> int | Unknown:
        """`size` bits from bit `offset` of the object, as an unsigned number."""
        content = self.content(place, offset // 8, (offset % 8 + size + 7) // 8)
        if isinstance(content, Unknown):
            return content
        return int.from_bytes(content, "little") >> offset % 8 & (1 << size) - 1

    def number(self, place: Place, size: int) -> int | None:
        """An object of `size` bytes, where it is known and in one piece, as an unsigned number."""
        if isinstance(place, InRegister):
            value = self.machine.register(place.number) if size <= self.pointer_size else None
            return None if value is None else value & (1 << 8 * size) - 1
        if isinstance(place, Implicit):
            return int.from_bytes(place.content[:size], "little") if size <= len(place.content) else None
        if isinstance(place, InMemory):
            content = self.machine.read(place.address & self._mask, size)
            return None if content is None or len(content) != size else int.from_bytes(content, "little")
        return None

    def content(self, place: Place, offset: int, size: int) -> bytes | Unknown:
        """`size` bytes from byte `offset` of the object."""
        if isinstance(place, InMemory):
            content = self.machine.read(place.address + offset & self._mask, size)
            return Unknown.NOT_IN_DUMP if content is None or len(content) != size else content
        if isinstance(place, InRegister):
            return self._register(place.number, offset, size)
        if isinstance(place, Implicit):
            content = place.content[offset : offset + size]
            return content if len(content) == size else Unknown.OPTIMIZED_OUT
        if isinstance(place, Nowhere):
            return place.reason
        if isinstance(place, ImplicitPointer):
            return Unknown.SYNTHETIC_POINTER
        return self._assemble(place, offset, size)

    def _register(self, number: int, offset: int, size: int) -> bytes | Unknown:
        value = self.machine.register(number)
        if value is None:
            return missing(self.machine, number)
        # A debugger would go on in the next register; which one that is depends on too much to be sure.
        is_double = self.elf_machine == _EM_ARM and number >= _ARM_FIRST_DOUBLE
        width = 8 if is_double else self.pointer_size
        if offset + size > width:
            return Unknown.UNREADABLE
        content = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        return content[offset : offset + size]

    def _assemble(self, place: Composite, offset: int, size: int) -> bytes | Unknown:
        first, last = offset * 8, (offset + size) * 8
        total = 0
        start = 0
        for piece in place.pieces:
            end = start + piece.size
            low, high = max(start, first), min(end, last)
            if low < high:
                part = self.bits(piece.place, piece.offset + low - start, high - low)
                if isinstance(part, Unknown):
                    return part
                total |= part << low - first
            start = end
        return total.to_bytes(size, "little") if start >= last else Unknown.OPTIMIZED_OUT
