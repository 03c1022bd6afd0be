"""Numbers on the stack of a DWARF expression (DWARF 5, sections 2.5.1 and 2.5.1.4).

A number has the generic type (the size of an address, without a fixed sign) or a base type of the program.
"""

import math
import operator
import struct
from collections.abc import Callable
from dataclasses import dataclass

from analyzer.symbols.dwarf.constants import Encoding
from contract.errors import FaultcastError

_FLOAT_FORMATS = {4: "<f", 8: "<d"}
_SIGNED = (Encoding.SIGNED, Encoding.SIGNED_CHAR)
_INTEGERS = (*_SIGNED, Encoding.UNSIGNED, Encoding.UNSIGNED_CHAR, Encoding.BOOLEAN, Encoding.ADDRESS, Encoding.UTF)
_WIDEST = 16


class BadExpression(FaultcastError):
    """A DWARF expression that breaks the rules, or uses what is not supported; its value is shown as unknown."""

    code = "bad-expression"


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a number: bytes, and whether it is a float or has a sign. The generic type is unsigned."""

    size: int
    is_float: bool = False
    signed: bool = False
    generic: bool = False

    @classmethod
    def of_base_type(cls, size: int, encoding: int) -> "Kind":
        """The kind of a base type of the program.

        Raises:
            BadExpression: numbers of that type cannot be computed with.
        """
        if encoding == Encoding.FLOAT and size in _FLOAT_FORMATS:
            return cls(size, is_float=True, signed=True)
        if encoding in _INTEGERS and 0 < size <= _WIDEST:
            return cls(size, signed=encoding in _SIGNED)
        raise BadExpression("An expression computes with a type that is not supported.")

    def agrees_with(self, other: "Kind") -> bool:
        """Whether numbers of the two kinds may be computed with each other."""
        return (self.size, self.is_float, self.signed) == (other.size, other.is_float, other.signed)

    def wrap(self, value: float) -> "Number":
        """The number of this kind that a result becomes."""
        if self.is_float:
            return Number(self, _rounded(float(value), self.size))
        whole = int(value) & (1 << 8 * self.size) - 1
        if self.signed and whole >> 8 * self.size - 1:
            whole -= 1 << 8 * self.size
        return Number(self, whole)

    def from_bytes(self, content: bytes) -> "Number":
        """The number that the bytes of an object of this kind hold."""
        if self.is_float:
            return Number(self, struct.unpack(_FLOAT_FORMATS[self.size], content)[0])
        return self.wrap(int.from_bytes(content, "little"))


@dataclass(frozen=True, slots=True)
class Number:
    """One entry of the stack."""

    kind: Kind
    value: int | float

    def content(self) -> bytes:
        """The bytes of an object that holds this number."""
        if self.kind.is_float:
            return struct.pack(_FLOAT_FORMATS[self.kind.size], self.value)
        return self.unsigned().to_bytes(self.kind.size, "little")

    def unsigned(self) -> int:
        """A whole number, as its bit pattern."""
        if isinstance(self.value, float):
            raise BadExpression("An expression uses a float where it needs a whole number.")
        return self.value & (1 << 8 * self.kind.size) - 1

    def signed(self) -> int:
        """A whole number, with the sign that its top bit gives it."""
        value = self.unsigned()
        return value - (1 << 8 * self.kind.size) if value >> 8 * self.kind.size - 1 else value


def _rounded(value: float, size: int) -> float:
    try:
        return struct.unpack(_FLOAT_FORMATS[size], struct.pack(_FLOAT_FORMATS[size], value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def _divide(left: Number, right: Number) -> int | float:
    if right.value == 0:
        raise BadExpression("An expression divides by zero.")
    if left.kind.is_float:
        return left.value / right.value
    signed = left.kind.signed or left.kind.generic
    dividend = left.signed() if signed else left.unsigned()
    divisor = right.signed() if signed else right.unsigned()
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _remainder(left: Number, right: Number) -> int | float:
    if right.value == 0:
        raise BadExpression("An expression divides by zero.")
    if left.kind.signed:
        dividend, divisor = left.signed(), right.signed()
        rest = abs(dividend) % abs(divisor)
        return -rest if dividend < 0 else rest
    return left.unsigned() % right.unsigned()


def _shift_left(left: Number, right: Number) -> int:
    count = right.unsigned()
    return 0 if count >= 8 * left.kind.size else left.unsigned() << count


def _shift_right(left: Number, right: Number) -> int:
    count = right.unsigned()
    return 0 if count >= 8 * left.kind.size else left.unsigned() >> count


def _shift_right_signed(left: Number, right: Number) -> int:
    return left.signed() >> min(right.unsigned(), 8 * left.kind.size)


def _on_numbers(function: Callable[[float, float], float]) -> Callable[[Number, Number], int | float]:
    return lambda left, right: function(left.value, right.value)


BINARY: dict[int, Callable[[Number, Number], int | float]] = {
    0x1A: lambda left, right: left.unsigned() & right.unsigned(),
    0x1B: _divide,
    0x1C: _on_numbers(operator.sub),
    0x1D: _remainder,
    0x1E: _on_numbers(operator.mul),
    0x21: lambda left, right: left.unsigned() | right.unsigned(),
    0x22: _on_numbers(operator.add),
    0x24: _shift_left,
    0x25: _shift_right,
    0x26: _shift_right_signed,
    0x27: lambda left, right: left.unsigned() ^ right.unsigned(),
}
"""DW_OP_and, div, minus, mod, mul, or, plus, shl, shr, shra, xor."""

COMPARISON: dict[int, Callable[[float, float], bool]] = {
    0x29: operator.eq,
    0x2A: operator.ge,
    0x2B: operator.gt,
    0x2C: operator.le,
    0x2D: operator.lt,
    0x2E: operator.ne,
}
"""DW_OP_eq, ge, gt, le, lt, ne."""

_SHIFTS = (0x24, 0x25, 0x26)


def binary(opcode: int, left: Number, right: Number) -> Number:
    """One of `BINARY`; both operands have one type, of which the result is too.

    Raises:
        BadExpression: the types differ, or the operation is not defined for the values.
    """
    if opcode not in _SHIFTS and not left.kind.agrees_with(right.kind):
        raise BadExpression("An expression mixes numbers of different types.")
    return left.kind.wrap(_finite(BINARY[opcode](left, right)))


def compare(opcode: int, left: Number, right: Number) -> bool:
    """One of `COMPARISON`; generic numbers are compared with their sign.

    Raises:
        BadExpression: the types differ.
    """
    if not left.kind.agrees_with(right.kind):
        raise BadExpression("An expression mixes numbers of different types.")
    if left.kind.generic or right.kind.generic:
        return COMPARISON[opcode](left.signed(), right.signed())
    return COMPARISON[opcode](left.value, right.value)


def convert(number: Number, kind: Kind) -> Number:
    """The same value in another type (DW_OP_convert).

    Raises:
        BadExpression: a float that no whole number stands for.
    """
    return kind.wrap(_finite(number.value) if not kind.is_float else number.value)


def _finite(value: float) -> float:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadExpression("An expression makes a number that is not finite.")
    return value
