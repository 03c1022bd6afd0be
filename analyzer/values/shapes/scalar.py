"""Numbers, characters, truth values and enumerations."""

import struct

from analyzer.symbols.dwarf.constants import Encoding
from analyzer.symbols.types import BaseType, EnumType
from analyzer.values import scalars
from analyzer.values.floats import float_text
from analyzer.values.place import Unknown
from analyzer.values.shapes.shape import Rendering, Shape
from analyzer.values.view import View

_INTEGERS: dict[tuple[int, int], str] = {
    (1, Encoding.SIGNED): "b",
    (1, Encoding.UNSIGNED): "B",
    (2, Encoding.SIGNED): "h",
    (2, Encoding.UNSIGNED): "H",
    (4, Encoding.SIGNED): "i",
    (4, Encoding.UNSIGNED): "I",
    (8, Encoding.SIGNED): "q",
    (8, Encoding.UNSIGNED): "Q",
}
_BYTE_ENCODINGS = (Encoding.SIGNED_CHAR, Encoding.UNSIGNED_CHAR)
_MOST_BITS = 128
_EM_X86_64 = 62


class Scalar(Shape):
    """A base type or an enumeration; `bits` is the width of a bit-field, else 0."""

    __slots__ = ("_bits", "_format", "_is_integer", "_is_signed", "_is_x87", "_sign", "_table", "one")

    def __init__(self, handle: int, one: BaseType | EnumType, bits: int = 0, *, machine: int = 0) -> None:
        super().__init__(handle, one.size)
        self.one = one
        self._bits = bits or one.size * 8
        encoding = one.encoding if isinstance(one, BaseType) else -1
        self.number_size = one.size if 0 < self._bits <= _MOST_BITS else 0
        self.is_plain = True
        is_wide = isinstance(one, BaseType) and scalars.is_character(one) and one.size > 1
        self._is_integer = encoding in (Encoding.SIGNED, Encoding.UNSIGNED) and not is_wide
        self._is_signed = encoding == Encoding.SIGNED
        self._is_x87 = machine == _EM_X86_64 and one.name == "long double"
        self._sign = 1 << max(self._bits - 1, 0)
        self._format = "" if bits or is_wide else _INTEGERS.get((one.size, encoding), "")
        self._table: list[str] | None = None
        if encoding in _BYTE_ENCODINGS and one.size == 1 and not bits:
            self._table = [scalars.base_text(value, 8, encoding) or "" for value in range(256)]

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The number."""
        if not 0 < self._bits <= _MOST_BITS:
            # Rust's unit is a base type of no bytes.
            return "()" if self.one.name == "()" and not self._bits else Unknown.UNREADABLE
        bits = view.bits(at, self._bits)
        return bits if isinstance(bits, Unknown) else self.of_number(bits, rendering)

    def of_number(self, number: int, rendering: Rendering) -> str | Unknown:
        """The number that has a bit pattern."""
        del rendering
        if self._is_integer:
            return str(number - (self._sign << 1) if self._is_signed and number & self._sign else number)
        if self._table is not None:
            return self._table[number]
        if isinstance(self.one, EnumType):
            return scalars.enum_text(number, self._bits, self.one)
        if self._is_x87:
            return float_text(number, self.one.size, x87=True) or Unknown.UNREADABLE
        return scalars.base_text(number, self._bits, self.one.encoding, self.one.name) or Unknown.UNREADABLE

    def texts(self, content: bytes, count: int) -> list[str] | None:
        """The texts of numbers that lie behind each other; None where each has to be looked at by itself."""
        if self._table is not None:
            table = self._table
            return [table[byte] for byte in content[:count]]
        if not self._format:
            return None
        return [str(number) for number in struct.unpack_from(f"<{count}{self._format}", content)]
