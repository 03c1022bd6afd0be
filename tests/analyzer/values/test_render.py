import pytest

from analyzer.symbols.dwarf.constants import Encoding
from analyzer.symbols.interface import Symbol
from analyzer.symbols.types import (
    UNKNOWN,
    VOID,
    ArrayType,
    BaseType,
    EnumType,
    FunctionType,
    Member,
    PointerType,
    RecordType,
    Type,
    TypedefType,
)
from analyzer.values.place import Composite, Implicit, InMemory, InRegister, Nowhere, Piece, Place, Unknown
from analyzer.values.render import Renderer
from analyzer.values.shapes.shape import MOST_PARTS
from analyzer.values.value import Value
from tests.analyzer.values.doubles import (
    BASES,
    BYTE,
    CHAR,
    CHAR_POINTER,
    DOUBLE,
    FLOAT,
    INT,
    LONG_LONG,
    UNSIGNED,
    FakeMachine,
    FakeSymbols,
)

RAM, ROM = 0x2000_0000, 0x0800_0000


def renderer_of(*types: Type, machine: FakeMachine | None = None, symbols: list[Symbol] | None = None) -> Renderer:
    program = FakeSymbols(
        types={**BASES, **{100 + index: one for index, one in enumerate(types)}}, symbols=symbols or []
    )
    return Renderer.of(program, machine or FakeMachine())  # type: ignore[arg-type]


def shown(place: Place, *types: Type, machine: FakeMachine | None = None, symbols: list[Symbol] | None = None) -> Value:
    """The value of the last type at a place; types refer to each other as 100, 101, ..."""
    return renderer_of(*types, machine=machine, symbols=symbols).variable(place, 99 + len(types))


def opened(place: Place, *types: Type, machine: FakeMachine | None = None) -> dict[str, Value]:
    """The parts of the value of the last type at a place."""
    renderer = renderer_of(*types, machine=machine)
    parts = renderer.parts(renderer.part("", place, 99 + len(types)))
    return {part.name: renderer.value(part) for part in parts}


def of_base(place: Place, handle: int, machine: FakeMachine | None = None) -> Value:
    return shown(place, TypedefType("alias", handle), machine=machine)


def test_numbers_in_memory_registers_and_nowhere() -> None:
    machine = FakeMachine({4: 0xFFFFFFFE}, {RAM: b"\x2a\0\0\0"})
    assert of_base(InMemory(RAM), INT, machine) == Value("alias", "42")
    assert of_base(InRegister(4), INT, machine) == Value("alias", "-2")
    assert of_base(InRegister(4), BYTE, machine) == Value("alias", "254 '\\376'")
    assert of_base(InMemory(RAM + 1), INT, machine) == Value("alias", "<not in dump>", known=False)
    assert of_base(InRegister(5), INT, machine) == Value("alias", "<not in dump>", known=False)
    machine.overwritten = frozenset({5})
    assert of_base(InRegister(5), INT, machine) == Value("alias", "<optimized out>", known=False)
    assert of_base(Nowhere(Unknown.OPTIMIZED_OUT), INT) == Value("alias", "<optimized out>", known=False)


def test_a_register_holds_no_more_than_its_width() -> None:
    machine = FakeMachine({0: 1, 1: 2, 256: 0x3FF8000000000000})
    assert not of_base(InRegister(0), LONG_LONG, machine).known
    assert of_base(InRegister(256), DOUBLE, machine).text == "1.5"
    both = Composite((Piece(InRegister(0), 32, 0), Piece(InRegister(1), 32, 0)))
    assert of_base(both, LONG_LONG, machine).text == str((2 << 32) + 1)


def test_an_object_that_is_known_in_part() -> None:
    point = RecordType("struct", "point", 8, (Member("x", INT, 0, 0), Member("y", INT, 32, 0)))
    place = Composite((Piece(Implicit(b"\x05\0\0\0"), 32, 0), Piece(Nowhere(Unknown.OPTIMIZED_OUT), 32, 0)))
    value = shown(place, point)
    assert value.text == "{x = 5, y = <optimized out>}"
    assert value.known
    assert opened(place, point)["y"].known is False


def test_an_object_of_which_nothing_is_known_says_so_once() -> None:
    point = RecordType("struct", "point", 8, (Member("x", INT, 0, 0), Member("y", INT, 32, 0)))
    value = shown(InMemory(RAM), point)
    assert (value.text, value.known) == ("<not in dump>", False)
    assert list(opened(InMemory(RAM), point)) == ["x", "y"]


def test_bit_fields_unions_and_nested_records() -> None:
    word = RecordType("union", "", 4, (Member("word", UNSIGNED, 0, 0), Member("bytes", 100, 0, 0)))
    frame = RecordType(
        "struct",
        "frame",
        8,
        (Member("version", UNSIGNED, 0, 3), Member("hops", INT, 3, 5), Member("", 101, 32, 0)),
    )
    machine = FakeMachine(memory={RAM: bytes([0b10101_101, 0, 0, 0, 1, 2, 3, 4])})
    value = shown(InMemory(RAM), ArrayType(BYTE, (4,)), word, frame, machine=machine)
    assert value.text == (
        "{version = 5, hops = -11, {word = 67305985, bytes = {1 '\\001', 2 '\\002', 3 '\\003', 4 '\\004'}}}"
    )


def test_arrays_of_numbers_and_of_rows() -> None:
    machine = FakeMachine(memory={RAM: bytes(range(1, 7)) + bytes(20)})
    shorts = BaseType("short", 2, Encoding.SIGNED), ArrayType(100, (3,))
    assert shown(InMemory(RAM), *shorts, machine=machine).text == "{513, 1027, 1541}"
    assert {name: one.text for name, one in opened(InMemory(RAM), *shorts, machine=machine).items()} == {
        "[0]": "513",
        "[1]": "1027",
        "[2]": "1541",
    }
    small = BaseType("tiny", 1, Encoding.UNSIGNED)
    value = shown(InMemory(RAM), small, ArrayType(100, (2, 3)), machine=machine)
    assert value.text == "{{1, 2, 3}, {4, 5, 6}}"
    row = opened(InMemory(RAM), small, ArrayType(100, (2, 3)), machine=machine)["[1]"]
    assert row == Value("tiny [3]", "{4, 5, 6}")
    value = shown(InMemory(RAM), small, ArrayType(100, (26,)), machine=machine)
    assert value.text == "{1, 2, 3, 4, 5, 6, 0 <repeats 20 times>}"


def test_an_array_that_leaves_the_dump() -> None:
    machine = FakeMachine(memory={RAM: b"\1\2"})
    value = shown(InMemory(RAM), BaseType("tiny", 1, Encoding.UNSIGNED), ArrayType(100, (4,)), machine=machine)
    assert value.text == "{1, 2, <not in dump>, <not in dump>}"


def test_large_objects_are_cut() -> None:
    machine = FakeMachine(memory={RAM: bytes(4 * 100_000)})
    value = shown(InMemory(RAM), ArrayType(INT, (100_000,)), machine=machine)
    assert value.text == "{0 <repeats 200 times>...}"
    machine.memory[RAM] = b"".join(index.to_bytes(4, "little") for index in range(125_000))
    deep = shown(InMemory(RAM), ArrayType(INT, (50, 50, 50)), machine=machine)
    assert MOST_PARTS - 200 <= deep.text.count(",") <= MOST_PARTS


def test_elements_behind_those_that_are_shown_can_be_looked_at() -> None:
    machine = FakeMachine(memory={RAM: b"".join(index.to_bytes(4, "little") for index in range(1000))})
    renderer = renderer_of(ArrayType(INT, (1001,)), machine=machine)
    parts = renderer.parts(renderer.part("", InMemory(RAM), 100))
    assert len(parts) == 1001
    assert renderer.value(parts[999]) == Value("int", "999")
    assert renderer.value(parts[1000]) == Value("int", "<not in dump>", known=False)


def test_characters_make_text_and_bytes_do_not() -> None:
    machine = FakeMachine(memory={RAM: b"round 13\0\xaa\xaa\xaa"})
    assert shown(InMemory(RAM), ArrayType(CHAR, (12,)), machine=machine) == Value("char [12]", '"round 13"')
    assert shown(InMemory(RAM), ArrayType(BYTE, (2,)), machine=machine).text == "{114 'r', 111 'o'}"


def test_pointers_name_what_they_point_at() -> None:
    machine = FakeMachine(memory={RAM: b"\x08\0\0\x20" + b"\x01\x04\0\x08" + bytes(8), ROM: b"alpha\0"})
    symbols = [Symbol("sensors", RAM + 8, 8, is_function=False), Symbol("read_it", ROM + 0x400, 32, is_function=True)]
    data = PointerType(4, INT, "*")
    assert shown(InMemory(RAM), data, machine=machine, symbols=symbols).text == "0x20000008 <sensors>"
    code = (FunctionType(VOID, (), variadic=False, prototyped=True), PointerType(4, 100, "*"))
    assert shown(InMemory(RAM + 4), *code, machine=machine, symbols=symbols).text == "0x8000401 <read_it>"
    assert shown(InMemory(RAM + 4), data, machine=machine, symbols=symbols).text == "0x8000401 <read_it+1>"
    assert shown(InMemory(RAM + 8), data, machine=machine, symbols=symbols).text == "0x0"
    assert of_base(Implicit(ROM.to_bytes(4, "little")), CHAR_POINTER, machine).text == '0x8000000 "alpha"'
    assert of_base(Implicit((ROM + 100).to_bytes(4, "little")), CHAR_POINTER, machine).text == "0x8000064"


def test_text_that_leaves_the_dump_is_not_shown() -> None:
    machine = FakeMachine(memory={ROM: b"never ends"})
    assert of_base(Implicit(ROM.to_bytes(4, "little")), CHAR_POINTER, machine).text == "0x8000000"


@pytest.mark.parametrize("handle", [VOID, UNKNOWN])
def test_a_type_that_is_not_known_shows_no_value(handle: int) -> None:
    machine = FakeMachine(memory={RAM: bytes(8)})
    value = Renderer.of(FakeSymbols(), machine).variable(InMemory(RAM), handle)  # type: ignore[arg-type]
    assert (value.text, value.known) == ("<cannot be decoded>", False)


def test_a_declared_record_shows_no_value() -> None:
    assert not shown(InMemory(RAM), RecordType("struct", "opaque", None, ())).known


def test_types_that_contain_themselves_have_an_end() -> None:
    machine = FakeMachine(memory={RAM: bytes(64)})
    loop = RecordType("struct", "loop", 4, (Member("a", 100, 0, 0), Member("b", 100, 0, 0)))
    assert shown(InMemory(RAM), loop, machine=machine).text.count("=") <= 2 * MOST_PARTS
    assert not shown(InMemory(RAM), TypedefType("t", 100), machine=machine).known
    assert shown(InMemory(RAM), ArrayType(100, (2,)), machine=machine).text


def test_enumerations_and_floats() -> None:
    machine = FakeMachine(memory={RAM: b"\x01\0\0\0\0\0\xc0\x3f"})
    color = EnumType("color", 1, signed=False, enumerators=(("RED", 0), ("GREEN", 1)))
    assert shown(InMemory(RAM), color, machine=machine) == Value("enum color", "GREEN")
    assert of_base(InMemory(RAM + 4), FLOAT, machine).text == "1.5"


def test_a_label_without_a_size_names_nothing_behind_it() -> None:
    symbols = [
        Symbol("list_end", RAM, 0, is_function=False),
        Symbol("reset", ROM, 0, is_function=True),
    ]

    class Labels(FakeSymbols):
        def symbol_at(self, address: int) -> Symbol | None:
            return next((one for one in self.symbols if 0 <= address - one.address < 0x100), None)

    renderer = Renderer.of(Labels(types=BASES, symbols=symbols), FakeMachine())  # type: ignore[arg-type]

    def text(address: int) -> str:
        return renderer.variable(Implicit(address.to_bytes(4, "little")), CHAR_POINTER).text

    assert text(RAM) == "0x20000000 <list_end>"
    assert text(RAM + 4) == "0x20000004"
    assert text(ROM + 4) == "0x8000004 <reset+4>"
