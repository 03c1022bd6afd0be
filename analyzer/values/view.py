"""The bits of one object: all of them in one run of bytes, which is the rule, or looked for piece by piece."""

from typing import Final

import msgspec

from analyzer.values.place import Composite, Implicit, ImplicitPointer, InMemory, InRegister, Place, Source, Unknown

MOST_AT_ONCE: Final = 64 << 10
"""Bytes of an object that are read at once; of a larger one each part is read when it is shown."""


class Whole(msgspec.Struct, frozen=True):
    """An object whose bytes are all known."""

    data: bytes
    address: int | None
    """Where it lies in memory; None when it does not."""

    def bits(self, offset: int, size: int) -> int | Unknown:
        """`size` bits from bit `offset`, as an unsigned number."""
        start, shift = offset >> 3, offset & 7
        end = start + (shift + size + 7 >> 3)
        if end > len(self.data) or offset < 0:
            return Unknown.OPTIMIZED_OUT
        number = int.from_bytes(self.data[start:end], "little")
        if shift or size & 7:
            return number >> shift & (1 << size) - 1
        return number

    def content(self, offset: int, size: int) -> bytes | Unknown:
        """`size` bytes from byte `offset`."""
        content = self.data[offset : offset + size]
        return content if len(content) == size and offset >= 0 else Unknown.OPTIMIZED_OUT

    def pointer_at(self, offset: int) -> ImplicitPointer | None:
        """The pointer at bit `offset`, where it was optimised out."""
        del offset


class Scattered(msgspec.Struct, frozen=True):
    """An object whose parts lie in different places, or of which some are not known."""

    place: Place
    source: Source

    @property
    def address(self) -> int | None:
        """Where it lies in memory; None when it does not."""
        return self.place.address if isinstance(self.place, InMemory) else None

    def bits(self, offset: int, size: int) -> int | Unknown:
        """`size` bits from bit `offset`, as an unsigned number."""
        return self.source.bits(self.place, offset, size)

    def content(self, offset: int, size: int) -> bytes | Unknown:
        """`size` bytes from byte `offset`."""
        return self.source.content(self.place, offset, size)

    def pointer_at(self, offset: int) -> ImplicitPointer | None:
        """The pointer at bit `offset`, where it was optimised out."""
        place = self.place
        start = 0
        if isinstance(place, Composite):
            for piece in place.pieces:
                if start == offset and isinstance(piece.place, ImplicitPointer) and not piece.offset:
                    return piece.place
                start += piece.size
            return None
        return place if isinstance(place, ImplicitPointer) and not offset else None


View = Whole | Scattered


def view_of(place: Place, size: int | None, source: Source) -> View:
    """The object at a place, of which `size` bytes are looked at; None where that is not known."""
    if size is None or size > MOST_AT_ONCE:
        return Scattered(place, source)
    if isinstance(place, InMemory):
        content = source.content(place, 0, size)
        return Scattered(place, source) if isinstance(content, Unknown) else Whole(content, place.address)
    if isinstance(place, (InRegister, Composite, Implicit)):
        content = source.content(place, 0, size)
        if not isinstance(content, Unknown):
            return Whole(content, None)
    return Scattered(place, source)
