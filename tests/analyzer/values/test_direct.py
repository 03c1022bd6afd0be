"""The short ways to a variable's value come to what the long way, over places and views, comes to."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.symbols.interface import CallSite, Variable
from analyzer.symbols.types import ArrayType, Member, RecordType
from analyzer.values.entry_values import EntryValues
from analyzer.values.expression import Context, place_of
from analyzer.values.locals import FrameVariables
from analyzer.values.render import Renderer
from tests.analyzer.values.doubles import BASES, BYTE, CHAR, INT, UNSIGNED, FakeMachine, FakeSymbols

PAIR, TEXT, WIDE = 100, 101, 102
TYPES = {
    **BASES,
    PAIR: RecordType("struct", "pair", 8, (Member("a", INT, 0, 0), Member("b", BYTE, 32, 0), Member("c", INT, 41, 7))),
    TEXT: ArrayType(CHAR, (6,)),
    WIDE: ArrayType(UNSIGNED, (3,)),
}
REGISTERS = range(6)
PC, SCOPE, RETURN = 0x100, 7, 0x404


def signed_leb(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            return bytes([*out, byte])
        out.append(byte | 0x80)


def piece(place: bytes, size: int) -> bytes:
    return place + bytes([0x93, size])


registers = st.sampled_from(REGISTERS).map(lambda number: bytes([0x50 + number]))
implicit = st.binary(min_size=1, max_size=4).map(lambda content: bytes([0x9E, len(content)]) + content)
bits = st.tuples(st.one_of(registers, implicit, st.just(b"")), st.integers(1, 40), st.integers(0, 40)).map(
    lambda made: made[0] + bytes([0x9D, made[1], made[2]])
)
locations = st.one_of(
    registers,
    st.integers(-200, 200).map(lambda offset: b"\x91" + signed_leb(offset)),
    st.sampled_from(REGISTERS).map(lambda number: bytes([0xA3, 1, 0x50 + number, 0x9F])),
    st.lists(st.tuples(st.one_of(registers, implicit), st.integers(1, 4)), min_size=1, max_size=5).map(
        lambda pieces: b"".join(piece(*one) for one in pieces)
    ),
    st.lists(bits, min_size=1, max_size=5).map(b"".join),
)

passed = st.one_of(
    st.sampled_from(REGISTERS).map(lambda number: bytes([0x70 + number, 0])),
    st.sampled_from(REGISTERS).map(lambda number: bytes([0x70 + number, 4])),
    st.sampled_from(REGISTERS).map(lambda number: bytes([0xA3, 1, 0x50 + number])),
    st.integers(0, 31).map(lambda number: bytes([0x30 + number])),
)

contents = st.dictionaries(
    st.sampled_from(REGISTERS), st.one_of(st.integers(0x1000, 0x1080), st.integers(0, 0xFFFFFFFF))
)


@given(
    # Several at once, for those that lie near each other are read at once.
    variables=st.lists(st.tuples(locations, st.sampled_from(sorted(TYPES))), min_size=1, max_size=5),
    held=st.dictionaries(
        st.sampled_from(REGISTERS), st.one_of(st.integers(0x1000, 0x1080), st.integers(0, 0xFFFFFFFF))
    ),
    base=st.sampled_from([b"\x9c", bytes([0x51]), bytes([0x91, 0]), None]),
    cfa=st.sampled_from([None, 0x1000, 0x1080, 0]),
    call=st.one_of(st.none(), st.tuples(st.dictionaries(st.sampled_from(REGISTERS), passed), contents)),
)
def test_short_and_long_way_agree(
    variables: list[tuple[bytes, int]],
    held: dict[int, int],
    base: bytes | None,
    cfa: int | None,
    call: tuple[dict[int, bytes], dict[int, int]] | None,
) -> None:
    machine = FakeMachine(held, {0x1000: bytes(range(1, 0x81)), 0: b"first", 0xFFFFFFF0: bytes(16)}, cfa, base)
    symbols = FakeSymbols(types=dict(TYPES))
    made = [Variable("it", handle, location, None, is_parameter=True) for location, handle in variables]
    symbols.variables_by_scope[SCOPE] = made
    calls = None
    if call is not None:
        machine.outer = FakeMachine(call[1])
        calls = (CallSite(RETURN, False, (PC,), b"", call[0]),)  # noqa: FBT003 - a plain tuple
    shown = FrameVariables(symbols, machine, PC, calls=calls).of_scope(SCOPE)  # type: ignore[arg-type]
    entered = EntryValues(symbols, machine, PC, calls=calls)  # type: ignore[arg-type]
    context = Context(machine, symbols, entered, pc=PC)  # type: ignore[arg-type]
    renderer = Renderer.of(symbols, machine, context)  # type: ignore[arg-type]
    long = [renderer.variable(place_of(one, context), one.type).text for one in made]
    assert [one.value for one in shown] == long
