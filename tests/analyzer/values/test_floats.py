"""Floating-point numbers as gdb 13 prints them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.values.floats import float_text


@pytest.mark.parametrize(
    ("bits", "size", "x87", "text"),
    [
        (0x2E66, 2, False, "0.099976"),
        (0x7BFF, 2, False, "65504"),
        (0x3DCCCCCD, 4, False, "0.100000001"),
        (0x3FFBCCCCCCCCCCCCCCCD, 16, True, "0.100000000000000000001"),
        (0xC000C90FDAA22168C235, 10, False, "-3.14159265358979323851"),
        (0, 16, True, "0"),
        (1 << 127, 16, False, "-0"),
        (0x3FFB999999999999999999999999999A, 16, False, "0.100000000000000000000000000000000005"),
        (0x7FFF << 112, 16, False, "inf"),
        (0xFFFF << 112 | 1, 16, False, "-nan(0x1)"),
        (0, 3, False, None),
    ],
)
def test_numbers(bits: int, size: int, x87: bool, text: str | None) -> None:  # noqa: FBT001 - a column
    assert float_text(bits, size, x87=x87) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_widened_to_128_bits_keeps_its_value(number: float) -> None:
    bits = struct.unpack("<Q", struct.pack("<d", number))[0]
    sign, exponent, fraction = bits >> 63, bits >> 52 & 0x7FF, bits & (1 << 52) - 1
    if exponent == 0:
        return
    wide = sign << 127 | (exponent - 1023 + 16383) << 112 | fraction << 60
    text = float_text(wide, 16)
    assert text is not None
    assert float(text) == number
