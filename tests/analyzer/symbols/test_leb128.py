import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.symbols.dwarf import leb128


@given(st.integers(0, 2**64 - 1))
def test_unsigned_numbers_come_back(value: int) -> None:
    raw = leb128.encode_unsigned(value)
    assert leb128.unsigned(b"\xff" + raw + b"\x55", 1) == (value, 1 + len(raw))


@given(st.integers(-(2**63), 2**63 - 1))
def test_signed_numbers_come_back(value: int) -> None:
    raw = leb128.encode_signed(value)
    assert leb128.signed(raw, 0) == (value, len(raw))


def test_examples_of_the_standard() -> None:
    # DWARF 5, tables C.1 and C.2
    assert leb128.unsigned(bytes([0xB9, 0x64]), 0)[0] == 12857
    assert leb128.signed(bytes([0x80, 0x7F]), 0)[0] == -128
    assert leb128.signed(bytes([0xFF, 0x00]), 0)[0] == 127


@pytest.mark.parametrize("read", [leb128.unsigned, leb128.signed])
def test_numbers_without_end_are_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(leb128.MalformedDwarf, match="64 bits"):
        read(b"\x80" * 100, 0)
    with pytest.raises(IndexError):
        read(b"\x80", 0)
