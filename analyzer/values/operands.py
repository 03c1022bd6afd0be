"""Operands of the operations of DWARF expressions (DWARF 5, section 7.7.1)."""

from dataclasses import dataclass
from typing import Protocol

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.types import VOID, BaseType, Type
from analyzer.values.arithmetic import BadExpression, Kind


class Types(Protocol):
    """What operations ask of the firmware."""

    @property
    def pointer_size(self) -> int:
        """4 or 8 bytes."""
        ...

    def type(self, handle: int) -> Type:
        """The type behind a handle."""
        ...


@dataclass(slots=True)
class Operands:
    """Reads the operands of an expression, one after the other.

    Raises:
        BadExpression: the expression is cut short.
        IndexError, MalformedDwarf: from the numbers of variable length.
    """

    data: bytes
    types: Types
    position: int = 0

    def unsigned(self) -> int:
        """An unsigned LEB128."""
        value, self.position = leb128.unsigned(self.data, self.position)
        return value

    def signed(self) -> int:
        """A signed LEB128."""
        value, self.position = leb128.signed(self.data, self.position)
        return value

    def take(self, size: int) -> bytes:
        """So many bytes."""
        content = self.data[self.position : self.position + size]
        if len(content) != size:
            raise BadExpression("An expression is cut short.")
        self.position += size
        return content

    def fixed(self, size: int, *, signed: bool = False) -> int:
        """A number of so many bytes."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def kind(self) -> Kind:
        """A base type."""
        handle = self.unsigned()
        if handle == VOID:
            return self.generic
        base = self.types.type(handle)
        if not isinstance(base, BaseType):
            raise BadExpression("An expression computes with a type that is no base type.")
        return Kind.of_base_type(base.size, base.encoding)

    @property
    def generic(self) -> Kind:
        """The generic type."""
        return Kind(self.types.pointer_size, generic=True)

    @property
    def mask(self) -> int:
        """What an address can be."""
        return (1 << 8 * self.types.pointer_size) - 1
