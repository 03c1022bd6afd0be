import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.symbols.dwarf.constants import Encoding
from analyzer.symbols.types import EnumType
from analyzer.values.scalars import base_text, character, enum_text, signed, text
from analyzer.values.shapes.scalar import Scalar


@pytest.mark.parametrize(
    ("bits", "size", "encoding", "expected"),
    [
        (0xFFFFFFFD, 32, Encoding.SIGNED, "-3"),
        (0xFFFFFFFD, 32, Encoding.UNSIGNED, "4294967293"),
        (65, 8, Encoding.UNSIGNED_CHAR, "65 'A'"),
        (0xFF, 8, Encoding.SIGNED_CHAR, "-1 '\\377'"),
        (0, 8, Encoding.UNSIGNED_CHAR, "0 '\\000'"),
        (10, 8, Encoding.UNSIGNED_CHAR, "10 '\\n'"),
        (0, 8, Encoding.BOOLEAN, "false"),
        (1, 8, Encoding.BOOLEAN, "true"),
        (7, 8, Encoding.BOOLEAN, "7"),
        (0x3FC00000, 32, Encoding.FLOAT, "1.5"),
        (0x3DCCCCCD, 32, Encoding.FLOAT, "0.100000001"),
        (0x3FB999999999999A, 64, Encoding.FLOAT, "0.10000000000000001"),
        (0x7F800000, 32, Encoding.FLOAT, "inf"),
        (0xFF800000, 32, Encoding.FLOAT, "-inf"),
        (0x7FC00000, 32, Encoding.FLOAT, "nan(0x400000)"),
        (5, 3, Encoding.UNSIGNED, "5"),  # bit-fields
        (5, 3, Encoding.SIGNED, "-3"),
        (0xC010000000000000_3FF8000000000000, 128, Encoding.COMPLEX_FLOAT, "1.5 + -4i"),
        (0x78, 32, Encoding.UTF, "120 'x'"),
        (0, 24, Encoding.FLOAT, None),
        (0, 32, 0x0F, None),  # decimal floating point
    ],
)
def test_base_types_read_as_in_gdb(bits: int, size: int, encoding: int, expected: str | None) -> None:
    assert base_text(bits, size, encoding) == expected


COLOR = EnumType("color", 4, signed=True, enumerators=(("RED", 0), ("GREEN", 5), ("BLUE", -1)))
FLAGS = EnumType("flags", 1, signed=False, enumerators=(("A", 1), ("B", 2), ("WIDE", 0x30)))


@pytest.mark.parametrize(
    ("bits", "size", "one", "expected"),
    [
        (5, 32, COLOR, "GREEN"),
        (0xFFFFFFFF, 32, COLOR, "BLUE"),
        (7, 32, COLOR, "7"),
        (2, 8, FLAGS, "B"),
        (3, 8, FLAGS, "(A | B)"),
        (0x31, 8, FLAGS, "(A | WIDE)"),
        (4, 8, FLAGS, "4"),
        (0, 8, FLAGS, "0"),
    ],
)
def test_enumerations_read_by_name(bits: int, size: int, one: EnumType, expected: str) -> None:
    assert enum_text(bits, size, one) == expected


def test_text_ends_at_its_zero_and_is_escaped() -> None:
    assert text(b"round 13\0garbage") == '"round 13"'
    assert text(b'a"b\\c\n\xff') == '"a\\"b\\\\c\\n\\377"'
    assert text(b"") == '""'
    assert text(b"x" * 300) == '"' + "x" * 200 + '"...'
    assert character(39) == "'\\''"


@given(st.binary(max_size=300))
def test_text_is_always_printable(content: bytes) -> None:
    assert text(content).isprintable()


@given(st.integers(-(2**31), 2**31 - 1))
def test_signs_come_back(value: int) -> None:
    assert signed(value & 0xFFFFFFFF, 32) == value


@given(
    is_signed=st.booleans(),
    enumerators=st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(-300, 300)), max_size=4),
    number=st.integers(0, 255),
    bits=st.sampled_from((0, 3)),
)
def test_a_shape_names_enumerators_as_the_list_does(
    *, is_signed: bool, enumerators: list[tuple[str, int]], number: int, bits: int
) -> None:
    one = EnumType("it", 1, signed=is_signed, enumerators=tuple(enumerators))
    number &= (1 << (bits or 8)) - 1
    shown = Scalar(1, one, bits).plain
    assert shown is not None
    assert shown(number) == enum_text(number, bits or 8, one)
