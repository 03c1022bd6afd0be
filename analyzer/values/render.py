"""From a place and a type to a value (DWARF 5, section 5)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from analyzer.symbols.interface import Machine, Variable
from analyzer.symbols.types import (
    ArrayType,
    BaseType,
    EnumType,
    Member,
    MemberPointerType,
    PointerType,
    RecordType,
    Type,
    TypedSymbols,
    plain_type,
)
from analyzer.values import scalars
from analyzer.values.expression import Context
from analyzer.values.place import Implicit, Nowhere, Place
from analyzer.values.shapes.array import Array, Text
from analyzer.values.shapes.pointer import MemberPointer, Pointer
from analyzer.values.shapes.record import Record, Tuple, Variants, is_tuple
from analyzer.values.shapes.scalar import Scalar
from analyzer.values.shapes.shape import Opaque, Part, Rendering, Shape
from analyzer.values.shapes.slice import Slice, is_slice
from analyzer.values.value import Value, value_of
from analyzer.values.view import view_of

_CACHED: Final = 8192
_EM_ARM: Final = 40
_MOST_DIMENSIONS: Final = 16


class Shapes:
    """The shapes of a firmware's types, made when they are first needed."""

    def __init__(self, symbols: TypedSymbols) -> None:
        self.machine = symbols.machine
        self.pointer_size = symbols.pointer_size
        self._symbols = symbols
        self._nesting = 0
        """Of arrays of arrays that are being made: a damaged index may hold one of itself."""
        self.shape = lru_cache(_CACHED)(self._make)
        self.member = lru_cache(_CACHED)(self._member)
        self.label = lru_cache(_CACHED)(self._label)
        self.data_address = lru_cache(_CACHED)(self._data_address)
        self.code_address = lru_cache(_CACHED)(self._code_address)

    def type_name(self, handle: int) -> str:
        """A type's name."""
        return self._symbols.type_name(handle)

    def reference(self, number: int, pc: int) -> Variable | None:
        """What an expression refers to by that number."""
        return self._symbols.reference(number, pc)

    def _make(self, handle: int) -> Shape:
        one = self._plain(handle)
        match one:
            case BaseType() | EnumType():
                return Scalar(handle, one, machine=self.machine)
            case PointerType():
                return Pointer(handle, one, self._plain(one.target), self)
            case MemberPointerType():
                record = self._plain(one.record)
                return MemberPointer(handle, one, record.members if isinstance(record, RecordType) else (), self)
            case RecordType():
                return self._record(handle, one)
            case ArrayType():
                return self._array(handle, one)
            case _:
                return Opaque(handle, None)

    def _record(self, handle: int, one: RecordType) -> Shape:
        if one.variants is not None:
            return Variants(handle, one, self)
        if is_slice(one):
            pointer = self._plain(one.members[0].type)
            if isinstance(pointer, PointerType):
                return Slice(handle, one, pointer.target, self)
        return (Tuple if is_tuple(one) else Record)(handle, one, self)

    def _array(self, handle: int, one: ArrayType) -> Shape:
        base = self._plain(one.element)
        if self._nesting > _MOST_DIMENSIONS:
            return Opaque(handle, None)
        self._nesting += 1
        shape = self.shape(one.element)
        self._nesting -= 1
        for dimension in range(len(one.counts) - 1, -1, -1):
            count = one.counts[dimension]
            if dimension == len(one.counts) - 1 and isinstance(base, BaseType) and scalars.is_character(base):
                shape = Text(handle, base, shape, count, dimension)
            else:
                shape = Array(handle, shape, count, dimension)
        return shape

    def _member(self, member: Member) -> Shape:
        if not member.bit_size:
            return self.shape(member.type)
        one = self._plain(member.type)
        if isinstance(one, BaseType | EnumType):
            return Scalar(member.type, one, member.bit_size, machine=self.machine)
        return Opaque(member.type, None)

    def _data_address(self, address: int) -> str:
        return f"0x{address:x}" + (self.label(address) if address else "")

    def _code_address(self, pointer: int) -> str:
        # A function pointer carries the Thumb bit; a pointer to anything else is taken as it is.
        address = pointer & ~1 if self.machine == _EM_ARM else pointer
        return f"0x{pointer:x}" + (self.label(address) if address else "")

    def _label(self, address: int) -> str:
        symbol = self._symbols.symbol_at(address)
        # A label without a size, such as one that the linker script sets, says nothing about what lies behind it.
        if symbol is None or not (symbol.is_function or symbol.size or address == symbol.address):
            return ""
        offset = address - symbol.address
        return f" <{symbol.name}+{offset}>" if offset else f" <{symbol.name}>"

    def _plain(self, handle: int) -> Type:
        """The type without type definitions and qualifiers around it."""
        return plain_type(self._symbols.type, handle)[1]


def shapes_of(symbols: TypedSymbols) -> Shapes:
    """The shapes of a firmware's types; the same ones for every dump."""
    shapes: Shapes | None = symbols.derived.get(Shapes)
    if shapes is None:
        shapes = symbols.derived[Shapes] = Shapes(symbols)
    return shapes


class Renderer(msgspec.Struct):
    """Shows the values of one frame."""

    shapes: Shapes
    rendering: Rendering

    @classmethod
    def of(cls, symbols: TypedSymbols, machine: Machine, context: Context | None = None) -> "Renderer":
        """For a frame of a firmware; `context` is what its expressions are evaluated against."""
        return cls(shapes_of(symbols), Rendering(machine, context or Context(machine, symbols)))

    def part(self, name: str, place: Place, handle: int) -> Part:
        """An object, ready to be shown and looked into."""
        shape = self.shapes.shape(handle)
        return Part(name, shape, view_of(place, shape.extent(self.rendering), self.rendering.context.source), 0)

    def parts(self, part: Part) -> Sequence[Part]:
        """What an object is made of: members, elements, what a pointer points at."""
        self.rendering.restart()
        return part.shape.parts(part.view, part.at, self.rendering)

    def value(self, part: Part) -> Value:
        """The value of an object or of a part of one."""
        return value_of(part, self.shapes, self.rendering)

    def text(self, place: Place, shape: Shape) -> str:
        """The text of an object, or why it is not known."""
        if isinstance(place, Nowhere):
            return place.reason.text
        rendering = self.rendering
        source = rendering.context.source
        number = source.number(place, shape.number_size) if shape.number_size else None
        if number is not None:
            text = shape.of_number(number, rendering)
            return text if isinstance(text, str) else text.text
        flat = shape.flat()
        content = None if flat is None else source.content(place, 0, flat.size)
        if flat is not None and isinstance(content, bytes):
            return flat.text(content, 0, rendering.machine.read)
        rendering.restart()
        text = shape.text(view_of(place, shape.extent(rendering), source), 0, rendering)
        return text if isinstance(text, str) else text.text

    def variable(self, place: Place, handle: int) -> Value:
        """The whole value of a variable."""
        return self.value(self.part("", place, handle))


def fixed_text(place: Place, shape: Shape) -> str | None:
    """The text of an object at a place that no frame is needed for; None where its value may differ in every dump."""
    if isinstance(place, Nowhere):
        return place.reason.text
    if not isinstance(place, Implicit) or shape.plain is None or not 0 < shape.number_size <= len(place.content):
        return None
    return shape.plain(int.from_bytes(place.content[: shape.number_size], "little"))
