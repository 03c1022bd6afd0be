"""Numbers, characters, truth values and enumerations."""

import struct
from collections.abc import Callable

from analyzer.symbols.dwarf.constants import Encoding
from analyzer.symbols.types import BaseType, EnumType
from analyzer.values import scalars
from analyzer.values.floats import float_text
from analyzer.values.place import Unknown
from analyzer.values.shapes.numbers import Numbers
from analyzer.values.shapes.shape import Flat, Read, Rendering, Shape
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

    __slots__ = ("_format", "_is_integer", "_is_signed", "_is_x87", "_names", "_sign", "_table", "bits", "one")

    def __init__(self, handle: int, one: BaseType | EnumType, bits: int = 0, *, machine: int = 0) -> None:
        super().__init__(handle, one.size)
        self.one = one
        self.bits = bits or one.size * 8
        encoding = one.encoding if isinstance(one, BaseType) else -1
        self.number_size = one.size if 0 < self.bits <= _MOST_BITS else 0
        is_wide = isinstance(one, BaseType) and scalars.is_character(one) and one.size > 1
        self._is_integer = encoding in (Encoding.SIGNED, Encoding.UNSIGNED) and not is_wide
        self._is_signed = encoding == Encoding.SIGNED
        self._is_x87 = machine == _EM_X86_64 and one.name == "long double"
        self._sign = 1 << max(self.bits - 1, 0)
        self._format = "" if bits or is_wide else _INTEGERS.get((one.size, encoding), "")
        self._table: list[str] | None = None
        self._names = _names(one, self.bits) if isinstance(one, EnumType) else {}
        if encoding in _BYTE_ENCODINGS and one.size == 1 and not bits:
            self._table = [scalars.base_text(value, 8, encoding) or "" for value in range(256)]
        self.plain = self._plain()

    def _plain(self) -> Callable[[int], str] | None:
        """The number; nothing for encodings of which a pattern may be no number."""
        if not self.number_size or self._is_x87 or isinstance(self._of_number(0), Unknown):
            return None
        if self._table is not None:
            return self._table.__getitem__
        if not self._is_integer:
            return lambda number: str(self._of_number(number))
        sign = self._sign
        return (lambda number: str((number ^ sign) - sign)) if self._is_signed else str

    def make_flat(self, levels: int) -> Flat | None:
        """The number."""
        del levels
        found = self.in_bits(0)
        numbers = Numbers("%d", ((0, self._format),)) if self._format else None
        return None if found is None else Flat(found, self.one.size, numbers=numbers)

    def in_bits(self, shift: int) -> Callable[[bytes, int, Read], str] | None:
        """Shows the number whose bits start so many bits after the start of a byte, as those of a bit-field do."""
        plain, table, size = self.plain, self._table, shift + self.bits + 7 >> 3
        if plain is None:
            return None
        if table is not None:
            return lambda data, at, _read: table[data[at]]
        if self._is_integer and self.bits == size * 8:
            from_bytes, signed = int.from_bytes, self._is_signed
            return lambda data, at, _read: str(from_bytes(data[at : at + size], "little", signed=signed))
        mask = (1 << self.bits) - 1
        return lambda data, at, _read: plain(int.from_bytes(data[at : at + size], "little") >> shift & mask)

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The number."""
        if not 0 < self.bits <= _MOST_BITS:
            # Rust's unit is a base type of no bytes.
            return "()" if self.one.name == "()" and not self.bits else Unknown.UNREADABLE
        bits = view.bits(at, self.bits)
        return bits if isinstance(bits, Unknown) else self.of_number(bits, rendering)

    def of_number(self, number: int, rendering: Rendering) -> str | Unknown:
        """The number that has a bit pattern."""
        del rendering
        return self._of_number(number)

    def _of_number(self, number: int) -> str | Unknown:
        if self._is_integer:
            return str(number - (self._sign << 1) if self._is_signed and number & self._sign else number)
        if self._table is not None:
            return self._table[number]
        if isinstance(self.one, EnumType):
            return self._names.get(number) or scalars.enum_text(number, self.bits, self.one)
        if self._is_x87:
            return float_text(number, self.one.size, x87=True) or Unknown.UNREADABLE
        return scalars.base_text(number, self.bits, self.one.encoding, self.one.name) or Unknown.UNREADABLE

    def texts(self, content: bytes, count: int) -> list[str] | None:
        """The texts of numbers that lie behind each other; None where each has to be looked at by itself."""
        if self._table is not None:
            table = self._table
            return [table[byte] for byte in content[:count]]
        if not self._format:
            return None
        return [str(number) for number in struct.unpack_from(f"<{count}{self._format}", content)]


def _names(one: EnumType, bits: int) -> dict[int, str]:
    """The enumerators' names by bit pattern; of several for one number the first."""
    low = -(1 << bits - 1) if one.signed and bits else 0
    fitting = range(low, low + (1 << bits))
    return {value & (1 << bits) - 1: name for name, value in reversed(one.enumerators) if value in fitting}
