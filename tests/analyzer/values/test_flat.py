"""What a value's bytes alone tell is what looking for each of its parts tells."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.symbols.interface import Symbol
from analyzer.symbols.types import ArrayType, EnumType, Member, RecordType, Type, TypedefType
from analyzer.values.render import Renderer
from analyzer.values.shapes.shape import MOST_DEPTH, MOST_PARTS
from analyzer.values.view import Whole
from tests.analyzer.values.doubles import BASES, BOOL, CHAR, INT, FakeMachine, FakeSymbols

BITS = {1: 32, 2: 32, 3: 8, 4: 8, 5: 32, 6: 64, 7: 64, 8: 8, 9: 32}
FIELDS = (1, 2, 4, 8)


@st.composite
def programs(draw: st.DrawFn) -> FakeSymbols:
    """A program with types that are made of each other."""
    types: dict[int, Type] = dict(BASES)
    for handle in range(100, 100 + draw(st.integers(1, 8))):
        known = st.sampled_from(sorted(types))
        match draw(st.integers(0, 3)):
            case 0:
                types[handle] = ArrayType(
                    draw(known), tuple(draw(st.lists(st.integers(0, 300), min_size=1, max_size=2)))
                )
            case 1:
                values = draw(st.lists(st.integers(-128, 127), max_size=4))
                enumerators = tuple((f"value_{number}", value) for number, value in enumerate(values))
                types[handle] = EnumType("level", draw(st.sampled_from((1, 2, 4))), draw(st.booleans()), enumerators)
            case 2:
                types[handle] = TypedefType("alias", draw(known))
            case _:
                types[handle] = RecordType(
                    "struct", "part", draw(st.integers(0, 400)), tuple(draw(st.lists(members(known), max_size=5)))
                )
    symbols = [Symbol("table", 0x100, 0x200, is_function=False), Symbol("run", 0x1000, 0x100, is_function=True)]
    return FakeSymbols(types=types, symbols=symbols)


@st.composite
def members(draw: st.DrawFn, known: st.SearchStrategy[int]) -> Member:
    name = draw(st.sampled_from(("", "first", "__0")))
    if draw(st.booleans()):
        base = draw(st.sampled_from(FIELDS))
        return Member(name, base, draw(st.integers(0, 400)), draw(st.integers(1, BITS[base])))
    return Member(name, draw(known), 8 * draw(st.integers(0, 100)), 0)


@given(programs(), st.data())
def test_bytes_alone_tell_what_each_part_tells(program: FakeSymbols, data: st.DataObject) -> None:
    content = data.draw(st.binary(min_size=64, max_size=64)) * 64
    machine = FakeMachine(memory={0x2000: b"some text\0", 0: content})
    renderer = Renderer.of(program, machine)  # type: ignore[arg-type]
    for handle in program.types:
        shape = renderer.shapes.shape(handle)
        flat = shape.flat()
        if flat is None or flat.size > len(content):
            continue
        renderer.rendering.restart()
        expected = shape.text(Whole(content[: flat.size], None), 0, renderer.rendering)
        assert flat.text(content[: flat.size], 0, machine.read) == expected


def test_a_record_of_plain_members_is_flat() -> None:
    record = RecordType("struct", "part", 12, (Member("a", INT, 0, 0), Member("b", BOOL, 33, 1), Member("c", 9, 64, 0)))
    program = FakeSymbols(types={**BASES, 100: record})
    machine = FakeMachine(memory={0x40: b"text\0" + bytes(300)})
    flat = Renderer.of(program, machine).shapes.shape(100).flat()  # type: ignore[arg-type]
    assert flat is not None
    content = (-3 & 0xFFFFFFFF).to_bytes(4, "little") + b"\x02\0\0\0" + b"\x40\0\0\0"
    assert flat.text(content, 0, machine.read) == '{a = -3, b = true, c = 0x40 "text"}'


def test_what_is_cut_short_is_not_flat() -> None:
    deep: dict[int, Type] = {
        100 + level: RecordType("struct", "part", 4, (Member("in", INT if level == 0 else 99 + level, 0, 0),))
        for level in range(MOST_DEPTH + 3)
    }
    wide = {
        200: ArrayType(INT, (MOST_PARTS // 20,)),
        201: RecordType("struct", "w", 90_000, tuple(Member(f"m{at}", 200, 6400 * at, 0) for at in range(30))),
        202: RecordType("struct", "outside", 4, (Member("m", INT, 8, 0),)),
        203: RecordType("struct", "itself", 4, (Member("m", 203, 0, 0),)),
        204: ArrayType(CHAR, (None,)),
    }
    program = FakeSymbols(types={**BASES, **deep, **wide})
    shapes = Renderer.of(program, FakeMachine()).shapes  # type: ignore[arg-type]
    assert shapes.shape(100 + MOST_DEPTH).flat() is not None
    assert shapes.shape(100 + MOST_DEPTH + 1).flat() is None
    assert [shapes.shape(handle).flat() for handle in (201, 202, 203, 204)] == [None] * 4
