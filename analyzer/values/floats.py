"""Floating-point numbers of every format that our targets have, exactly (IEEE 754; the 80-bit one of x87)."""

import math
import struct
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

_NATIVE = {2: "<e", 4: "<f", 8: "<d"}


@dataclass(frozen=True, slots=True)
class _Format:
    exponent: int
    fraction: int
    """Bits."""
    has_integer_bit: bool = False

    @property
    def digits(self) -> int:
        """Decimal digits that tell any two numbers of the format apart."""
        return 2 + int((self.fraction + (0 if self.has_integer_bit else 1)) * math.log10(2))


_FORMATS = {
    2: _Format(5, 10),
    4: _Format(8, 23),
    8: _Format(11, 52),
    10: _Format(15, 64, has_integer_bit=True),
    12: _Format(15, 64, has_integer_bit=True),
    16: _Format(15, 112),
}


def float_text(bits: int, size: int, *, x87: bool = False) -> str | None:
    """A number of `size` bytes as gdb writes it; None for a size that no format has.

    A 16-byte number is IEEE's unless `x87` says that it is an 80-bit one with padding.
    """
    form = _FORMATS.get(10 if x87 and size == 16 else size)
    if form is None:
        return None
    negative = bits >> form.exponent + form.fraction & 1
    exponent = bits >> form.fraction & (1 << form.exponent) - 1
    fraction = bits & (1 << form.fraction) - 1
    if exponent == (1 << form.exponent) - 1:
        payload = fraction & (1 << 63) - 1 if form.has_integer_bit else fraction
        if payload:
            return f"{'-' if negative else ''}nan(0x{fraction:x})"
        return "-inf" if negative else "inf"
    native = _NATIVE.get(size)
    if native is not None:
        return f"{struct.unpack(native, bits.to_bytes(size, 'little'))[0]:.{form.digits}g}"
    return _exact(form, negative, exponent, fraction)


def _exact(form: _Format, negative: int, exponent: int, fraction: int) -> str:
    bias = (1 << form.exponent - 1) - 1
    significand = fraction
    if not form.has_integer_bit and exponent:
        significand |= 1 << form.fraction
    point = form.fraction - (1 if form.has_integer_bit else 0)
    power = max(exponent, 1) - bias - point
    if not significand:
        return "-0" if negative else "0"
    context = Context(prec=60, rounding=ROUND_HALF_EVEN, Emin=-99_999, Emax=99_999)
    value = context.multiply(Decimal(significand), context.power(Decimal(2), Decimal(power)))
    rounded = Context(prec=form.digits, rounding=ROUND_HALF_EVEN, Emin=-99_999, Emax=99_999).plus(value)
    text = _general(rounded, form.digits)
    return f"-{text}" if negative else text


def _general(value: Decimal, digits: int) -> str:
    """C's `%g` without a sign."""
    _, numbers, _ = value.as_tuple()
    shown = "".join(map(str, numbers)).rstrip("0") or "0"
    exponent = value.adjusted()
    if exponent < -4 or exponent >= digits:
        mantissa = shown[0] + ("." + shown[1:] if len(shown) > 1 else "")
        return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + shown
    if len(shown) <= exponent + 1:
        return shown + "0" * (exponent + 1 - len(shown))
    return f"{shown[: exponent + 1]}.{shown[exponent + 1 :]}"
