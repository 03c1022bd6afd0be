"""The rules about the pointer that was followed, each alone."""

import pytest

from analyzer.disassembly import Direction
from analyzer.explain.facts import Facts
from analyzer.explain.rules.error_pointer import error_pointer
from analyzer.explain.rules.fill_pattern import fill_pattern, fill_patterns
from analyzer.explain.rules.foreign_stack import foreign_stack
from analyzer.explain.rules.known_object import known_object
from analyzer.explain.rules.no_memory import no_memory
from analyzer.explain.rules.null_pointer import null_pointer
from analyzer.explain.rules.peripheral import peripheral
from analyzer.explain.rules.read_only import read_only
from analyzer.explain.rules.stack_guard import stack_guard
from analyzer.explain.rules.text_pointer import text_pointer
from analyzer.explain.rules.unaligned import unaligned
from analyzer.symbols.interface import Symbol
from tests.analyzer.explain.crashes import OTHER, SP, accessing, crash, facts, memory
from tests.analyzer.fake_symbols import FakeSymbols

SYMBOLS = FakeSymbols(
    functions={(0x400, 0x500): "code"},
    objects={
        "table": Symbol("table", 0x600, 0x20, is_function=False),
        "state": Symbol("state", 0x20000200, 0x40, is_function=False),
        "_image_ram_start": Symbol("_image_ram_start", 0x20000000, 0, is_function=False),
        "_image_ram_end": Symbol("_image_ram_end", 0x20008000, 0, is_function=False),
    },
    read_only_bytes={0x600: bytes(0x20)},
)
KNOWN = crash(symbols=SYMBOLS)


@pytest.mark.parametrize("kind", ["memory-fault", "bus-fault", "cpu-exception"])
def test_null(kind: str) -> None:
    found = null_pointer(accessing(0, 8, kind))
    assert found is not None
    assert found.verdict is not None
    assert found.verdict.kind == "null-dereference"


def test_an_offset_may_be_large_when_the_base_is_null() -> None:
    assert null_pointer(accessing(0, 0x2000)) is not None
    assert null_pointer(accessing(0x1000, 0x1000)) is None
    assert null_pointer(facts("bus-fault", address=0x10)) is not None
    assert null_pointer(facts("bus-fault")) is None
    assert null_pointer(accessing(0, 8, "divide-by-zero")) is None


@pytest.mark.parametrize(
    ("pointer", "meaning"),
    [(0xAAAAAAAA, "was used before it was set"), (0xDEADBEEF, "freed"), (0xFEFEFEFE, "after it was given back")],
)
def test_fill_patterns(pointer: int, meaning: str) -> None:
    found = fill_pattern(accessing(pointer, 12))
    assert found is not None
    assert meaning in found.text
    assert found.verdict is None


def test_what_is_merely_close_to_a_pattern_is_none_unless_the_base_is_unknown() -> None:
    assert fill_pattern(accessing(0xAAAAAAAC)) is None
    assert fill_pattern(facts("bus-fault", address=0xAAAAAAAC)) is not None
    assert fill_pattern(facts("bus-fault", address=0xAAAAAAA8)) is None
    assert fill_pattern(accessing(0xAAAAAAAA, kind="divide-by-zero")) is None


def test_patterns_are_words_with_a_meaning() -> None:
    assert all(0 < word < 1 << 32 and meaning for word, meaning in fill_patterns().items())


def test_error_codes() -> None:
    found = error_pointer(accessing(0xFFFFFFF4, 8))
    assert found is not None
    assert found.text.startswith("the pointer is -12 (ENOMEM)")
    assert error_pointer(accessing(0xFFFFFF00)) is None
    assert error_pointer(accessing(12)) is None


def test_text() -> None:
    found = text_pointer(accessing(int.from_bytes(b"abc\\", "little"), 4))
    assert found is not None
    assert 'the text "abc\\\\"' in found.text
    assert text_pointer(accessing(int.from_bytes(b"ab\0\0", "little"))) is None
    assert text_pointer(accessing(int.from_bytes(b"a\0bc", "little"))) is None


def test_text_that_is_an_address_is_an_address() -> None:
    pointer = int.from_bytes(b"abc ", "little")
    assert text_pointer(accessing(pointer)) is not None
    assert text_pointer(accessing(pointer, subject=crash(memory=memory({pointer: b"x"})))) is None


def test_writes_to_what_is_only_read() -> None:
    store = Direction.STORE
    in_code = read_only(accessing(0x410, subject=KNOWN, direction=store))
    in_constants = read_only(accessing(0x604, subject=KNOWN, direction=store))
    assert in_code is not None
    assert in_constants is not None
    assert "code" in in_code.text
    assert "constants" in in_constants.text
    assert read_only(accessing(0x604, subject=KNOWN)) is None
    assert read_only(accessing(0x20000200, subject=KNOWN, direction=store)) is None


def test_objects() -> None:
    found = known_object(accessing(0x20000200, 0x10, subject=KNOWN))
    assert found is not None
    assert found.text == "0x20000210 is state + 16"
    assert known_object(accessing(0x20000240, subject=KNOWN)) is None


def test_stacks_of_others() -> None:
    found = foreign_stack(accessing(OTHER.stack[0] + 4))
    assert found is not None
    assert "worker" in found.text
    assert foreign_stack(accessing(OTHER.stack[1])) is None


def test_right_below_a_stack() -> None:
    found = stack_guard(accessing(OTHER.stack[0] - 8))
    assert found is not None
    assert "8 bytes below the stack of thread worker" in found.text
    assert found.verdict is None
    own = stack_guard(accessing(0x20000008, -16, register=SP))
    assert own is not None
    assert own.verdict is not None
    assert own.verdict.kind == "stack-overflow"
    assert stack_guard(accessing(OTHER.stack[0] - 200)) is None


def test_another_object_below_a_stack_is_no_guard() -> None:
    objects = {"below": Symbol("below", OTHER.stack[0] - 16, 16, is_function=False)}
    assert stack_guard(accessing(OTHER.stack[0] - 8, subject=crash(symbols=FakeSymbols(objects=objects)))) is None


def test_peripherals() -> None:
    assert peripheral(accessing(0x40004000, 4)) is not None
    assert peripheral(accessing(0x60000000)) is None
    assert peripheral(accessing(0x40004000, kind="memory-fault")) is None
    assert peripheral(facts("bus-fault")) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [(0x30000000, True), (0x20000400, False), (0x410, False), (0x40004000, False), (0x10, False)],
)
def test_where_there_is_no_memory(address: int, expected: bool) -> None:  # noqa: FBT001 - pytest's parameter
    assert (no_memory(accessing(address, subject=KNOWN)) is not None) is expected


def test_without_the_linkers_bounds_nobody_knows_what_is_memory() -> None:
    assert no_memory(accessing(0x30000000, subject=crash(symbols=FakeSymbols()))) is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (accessing(0x20000000, 3, "unaligned-access"), "0x20000003 is 3 bytes past a multiple of 4"),
        (accessing(0x20000000, 4, "unaligned-access", size=8), "0x20000004 is 4 bytes past a multiple of 8"),
        (accessing(0x20000000, 4, "unaligned-access"), None),
        (accessing(0x20000000, 3, "bus-fault"), None),
    ],
)
def test_unaligned(subject: Facts, text: str | None) -> None:
    found = unaligned(subject)
    assert (found.text if found else None) == text
