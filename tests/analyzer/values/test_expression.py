"""DWARF expressions, operation by operation (numbers in table 7.9 of DWARF 5)."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.symbols.dwarf.leb128 import encode_signed, encode_unsigned
from analyzer.symbols.format.container import CorruptIndex
from analyzer.values.expression import BadExpression, Context, UnknownValue, compute, locate
from analyzer.values.place import Composite, Implicit, ImplicitPointer, InMemory, InRegister, Nowhere, Piece, Unknown
from tests.analyzer.values.doubles import BASES, DOUBLE, FLOAT, INT, LONG_LONG, UNSIGNED, FakeMachine, FakeSymbols

RAM = 0x2000_0000


@dataclass
class Entered:
    registers: dict[int, int]

    def register(self, number: int) -> int | None:
        return self.registers.get(number)

    def parameter(self, reference: int) -> int | None:
        return self.registers.get(-reference)


def lit(value: int) -> bytes:
    return b"\x11" + encode_signed(value)  # DW_OP_consts


def run(expression: bytes, machine: FakeMachine | None = None, *initial: int) -> int:
    return compute(expression, Context(machine or FakeMachine(), FakeSymbols()), initial)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (b"\x30", 0),
        (b"\x4f", 31),
        (b"\x03\x78\x56\x34\x12", 0x12345678),
        (b"\x08\xff", 0xFF),
        (b"\x09\xff", 0xFFFFFFFF),
        (b"\x0a\x00\x80", 0x8000),
        (b"\x0b\x00\x80", 0xFFFF8000),
        (b"\x0c\x01\x00\x00\x80", 0x80000001),
        (b"\x0e\x01\x00\x00\x00\x01\x00\x00\x00", 1),  # wider than an address: cut to the generic type
        (b"\x10\xe5\x8e\x26", 624485),
        (b"\x11\x7f", 0xFFFFFFFF),
        (lit(7) + lit(5) + b"\x1c", 2),
        (lit(5) + lit(7) + b"\x1c", 0xFFFFFFFE),
        (lit(6) + lit(7) + b"\x1e", 42),
        (lit(-7) + lit(2) + b"\x1b", 0xFFFFFFFD),  # signed, rounded to zero
        (lit(-7) + lit(2) + b"\x1d", 1),  # of the generic type without a sign
        (lit(0b1100) + lit(0b1010) + b"\x1a", 0b1000),
        (lit(0b1100) + lit(0b1010) + b"\x21", 0b1110),
        (lit(0b1100) + lit(0b1010) + b"\x27", 0b0110),
        (lit(-1) + lit(28) + b"\x25", 0xF),
        (lit(-16) + lit(2) + b"\x26", 0xFFFFFFFC),
        (lit(1) + lit(31) + b"\x24", 0x80000000),
        (lit(1) + lit(32) + b"\x24", 0),
        (lit(-5) + b"\x19", 5),
        (lit(5) + b"\x1f", 0xFFFFFFFB),
        (lit(0) + b"\x20", 0xFFFFFFFF),
        (lit(5) + b"\x23\x83\x01", 136),
        (lit(1) + lit(2) + b"\x12\x22", 4),  # dup
        (lit(1) + lit(2) + b"\x13", 1),  # drop
        (lit(1) + lit(2) + b"\x14", 1),  # over
        (lit(9) + lit(1) + lit(2) + b"\x15\x02", 9),  # pick
        (lit(1) + lit(2) + b"\x16", 1),  # swap
        (lit(1) + lit(2) + lit(3) + b"\x17", 2),  # rot: the second becomes the top
        (lit(1) + lit(2) + lit(3) + b"\x17\x13", 1),
        (lit(1) + lit(2) + lit(3) + b"\x17\x13\x13", 3),
        (lit(-1) + lit(1) + b"\x2d", 1),  # lt is signed
        (lit(-1) + lit(1) + b"\x2b", 0),
        (lit(3) + lit(3) + b"\x29", 1),
        (lit(3) + lit(3) + b"\x2e", 0),
        (b"\x31\x28\x01\x00\x35\x36", 6),  # bra taken over lit5
        (b"\x30\x28\x01\x00\x35", 5),  # bra not taken
        (b"\x31\x2f\x01\x00\x35", 1),  # skip
        (b"\x96\x37\x96", 7),
    ],
)
def test_numbers(expression: bytes, expected: int) -> None:
    assert run(expression) == expected


def test_registers_memory_and_the_frame() -> None:
    machine = FakeMachine({0: RAM, 7: 100, 40: 5}, {RAM: bytes(range(16))}, canonical=0x20001000, base=b"\x9c")
    assert run(b"\x70\x04", machine) == RAM + 4
    assert run(b"\x92\x28\x7f", machine) == 4
    assert run(b"\x70\x04\x06", machine) == 0x07060504
    assert run(b"\x70\x04\x94\x02", machine) == 0x0504
    assert run(b"\x9c", machine) == 0x20001000
    assert run(b"\x91\x78", machine) == 0x20000FF8
    machine.base = b"\x57"  # a register: what it holds
    assert run(b"\x91\x78", machine) == 92


def test_what_is_on_the_stack_before() -> None:
    assert run(b"\x23\x08", None, 0x1000) == 0x1008


def location(expression: bytes, machine: FakeMachine, symbols: FakeSymbols) -> object:
    return locate(expression, Context(machine, symbols))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (b"", Nowhere(Unknown.OPTIMIZED_OUT)),
        (b"\x54", InRegister(4)),
        (b"\x90\x80\x02", InRegister(256)),
        (b"\x03\x04\x00\x00\x20", InMemory(0x20000004)),
        (b"\x35\x9f", Implicit(b"\x05\x00\x00\x00")),
        (b"\x57\xf0", InRegister(7)),
        (b"\x03\x04\x00\x00\x20\xf0", InMemory(0x20000004)),
        (
            b"\x57\xf0\x93\x04\x93\x02",
            Composite((Piece(InRegister(7), 32, 0), Piece(Nowhere(Unknown.OPTIMIZED_OUT), 16, 0))),
        ),
        (b"\x09\xff\x9f", Implicit(b"\xff\xff\xff\xff")),
        (b"\x9e\x03abc", Implicit(b"abc")),
        (b"\xa0\x07\x7f", ImplicitPointer(7, -1)),
        (
            b"\x50\x93\x04\x93\x02\x35\x9f\x9d\x03\x01",
            Composite(
                (
                    Piece(InRegister(0), 32, 0),
                    Piece(Nowhere(Unknown.OPTIMIZED_OUT), 16, 0),
                    Piece(Implicit(b"\x05\x00\x00\x00"), 3, 1),
                )
            ),
        ),
    ],
)
def test_locations(expression: bytes, expected: object, machine: FakeMachine, symbols: FakeSymbols) -> None:
    assert location(expression, machine, symbols) == expected


def typed(*parts: bytes) -> bytes:
    return b"".join(parts)


def constant(handle: int, content: bytes) -> bytes:
    return b"\xa4" + encode_unsigned(handle) + bytes([len(content)]) + content


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # 1.5f * 2.0f
        (typed(constant(FLOAT, b"\0\0\xc0\x3f"), constant(FLOAT, b"\0\0\0\x40"), b"\x1e\x9f"), b"\0\0\x40\x40"),
        # (double)(int)-3, and back
        (
            typed(lit(-3), b"\xa8", bytes([INT]), b"\xa8", bytes([DOUBLE]), b"\x9f"),
            b"\0\0\0\0\0\0\x08\xc0",
        ),
        (typed(constant(DOUBLE, b"\0\0\0\0\0\0\x0c\xc0"), b"\xa8", bytes([INT]), b"\x9f"), b"\xfd\xff\xff\xff"),
        # a float's bits as a number
        (typed(constant(FLOAT, b"\0\0\xc0\x3f"), b"\xa9", bytes([UNSIGNED]), b"\x9f"), b"\0\0\xc0\x3f"),
        # signed and unsigned division of base types
        (
            typed(constant(INT, b"\xf9\xff\xff\xff"), constant(INT, b"\2\0\0\0"), b"\x1b\x9f"),
            b"\xfd\xff\xff\xff",
        ),
        (
            typed(constant(UNSIGNED, b"\xf8\xff\xff\xff"), constant(UNSIGNED, b"\2\0\0\0"), b"\x1b\x9f"),
            b"\xfc\xff\xff\x7f",
        ),
        # 64 bits on a 32-bit machine
        (
            typed(constant(LONG_LONG, b"\xff\xff\xff\xff\0\0\0\0"), constant(LONG_LONG, b"\1" + bytes(7)), b"\x22\x9f"),
            b"\0\0\0\0\1\0\0\0",
        ),
    ],
)
def test_base_types(expression: bytes, expected: bytes, machine: FakeMachine, symbols: FakeSymbols) -> None:
    assert location(expression, machine, symbols) == Implicit(expected)


def test_base_types_in_registers_and_memory(symbols: FakeSymbols) -> None:
    machine = FakeMachine({0: 0x3FC00000, 1: RAM}, {RAM: b"\0\0\0\x40"})
    expression = b"\xa5\x00" + bytes([FLOAT]) + b"\x71\x00\xa6\x04" + bytes([FLOAT]) + b"\x22\x9f"
    assert location(expression, machine, symbols) == Implicit(b"\0\0\x60\x40")


@pytest.mark.parametrize(
    "expression",
    [
        b"\x22",  # takes from an empty stack
        b"\x12",
        b"\x31\x15\x05",
        b"\x03\x00",  # cut operands
        b"\x10\x80",
        b"\x9e\x05ab",
        b"\x10" + b"\x80" * 30,
        b"\x31\x30\x1b",  # divides by zero
        b"\x2f\xfd\xff",  # jumps to itself for ever
        b"\x2f\x00\x70",  # jumps outside
        b"\x31\x12\x12\x2f\xfb\xff",  # grows without end
        b"\x50\x35",  # goes on after a register
        b"\x50\xf0\x35",
        b"\x31\xf0\x9f",
        b"\x50\x93\x04\x35",  # goes on after the last piece
        b"\xff",  # unknown
        b"\x98\x01\x00",  # calls
        b"\xa4\x63\x04abcd",  # a type that is none
        b"\xa4\x01\x02ab",  # a constant of the wrong size
        constant(INT, bytes(4)) + constant(FLOAT, bytes(4)) + b"\x22\x9f",  # mixed types
        b"\x93\xff\xff\xff\xff\x0f",  # a piece of impossible size
        b"\x70\x00\x94\x09",
    ],
)
def test_what_breaks_the_rules_is_a_named_error(expression: bytes, machine: FakeMachine, symbols: FakeSymbols) -> None:
    machine.registers[0] = RAM
    symbols.types[0x63] = symbols.types[9]
    with pytest.raises(BadExpression):
        location(expression, machine, symbols)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (b"\x70\x00", Unknown.NOT_IN_DUMP),
        (b"\x03\x00\x00\x00\x00\x06", Unknown.NOT_IN_DUMP),
        (b"\x9c", Unknown.NOT_IN_DUMP),
        (b"\x91\x00", Unknown.NOT_IN_DUMP),
        (b"\xa3\x01\x50", Unknown.OPTIMIZED_OUT),
        (b"\xf3\x01\x50\x23\x01\x9f", Unknown.OPTIMIZED_OUT),
        (b"\xa3\x02\x50\x96\x9f", Unknown.OPTIMIZED_OUT),
    ],
)
def test_what_is_not_known_says_why(
    expression: bytes, reason: Unknown, machine: FakeMachine, symbols: FakeSymbols
) -> None:
    with pytest.raises(UnknownValue) as caught:
        location(expression, machine, symbols)
    assert caught.value.reason is reason


@pytest.mark.parametrize("expression", [b"\x70\x00", b"\x9c"])
def test_what_the_program_gave_up_no_dump_could_hold(
    expression: bytes, machine: FakeMachine, symbols: FakeSymbols
) -> None:
    machine.overwritten = frozenset({0, None})
    with pytest.raises(UnknownValue) as caught:
        location(expression, machine, symbols)
    assert caught.value.reason is Unknown.OPTIMIZED_OUT


@pytest.mark.parametrize("expression", [b"\xa3\x01\x50\x9f", b"\xf3\x01\x50\x9f", b"\xa3\x02\x90\x40\x9f"])
def test_a_parameter_that_nobody_knows_lies_nowhere(
    expression: bytes, machine: FakeMachine, symbols: FakeSymbols
) -> None:
    assert location(expression, machine, symbols) == Nowhere(Unknown.OPTIMIZED_OUT)


def test_a_frame_base_that_needs_itself_ends(symbols: FakeSymbols) -> None:
    with pytest.raises(BadExpression, match="nested too deeply"):
        location(b"\x91\x00", FakeMachine(base=b"\x91\x00"), symbols)


def test_an_entry_value_comes_from_the_caller(machine: FakeMachine, symbols: FakeSymbols) -> None:
    context = Context(machine, symbols, Entered({0: 41}))
    assert compute(b"\xa3\x01\x50\x23\x01", context) == 42
    with pytest.raises(UnknownValue):
        compute(b"\xa3\x01\x51", context)
    with pytest.raises(UnknownValue):
        compute(b"\xa3\x02\x70\x00", context)  # of memory: not known


TYPED = [b"\xa5\x00\x01", b"\xa8\x05", b"\xa8\x06", b"\xa9\x05"]
OTHERS = [b"\x31", b"\x12", b"\x16", b"\x1b", b"\x1e", b"\x22", b"\x06", b"\x28\xfc\xff", b"\x93\x04", b"\x9f", b"\x50"]
FRAME = [b"\x70\x00", b"\x91\x00", b"\xa3\x01\x50"]
OPERATIONS = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([*TYPED, *OTHERS, *FRAME]), max_size=40).map(b"".join),
)


@given(OPERATIONS)
def test_any_bytes_give_a_place_or_a_named_error(expression: bytes) -> None:
    symbols = FakeSymbols(types=dict(BASES))
    machine = FakeMachine({0: RAM}, {RAM: bytes(range(256))}, canonical=RAM + 64, base=b"\x9c")
    context = Context(machine, symbols, Entered({0: 0}))
    for evaluate in (locate, compute):
        try:
            evaluate(expression, context)
        except (BadExpression, CorruptIndex):
            continue
