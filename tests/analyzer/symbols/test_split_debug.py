"""Debug information that is in other files, and variables that no file can place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.builder import build_index
from analyzer.symbols.dwarf.entries import DebugInfo
from analyzer.symbols.dwarf.sections import Sections
from analyzer.symbols.dwarf.units import read_units
from analyzer.symbols.format import firmware
from analyzer.symbols.index import SymbolIndex
from analyzer.symbols.interface import DebugUnits
from analyzer.values.expression import Context, place_of
from analyzer.values.render import Renderer
from tests.analyzer.values.doubles import FakeMachine

STRING = 0x08


def units(header: bytes, tag: int, *attributes: tuple[int, bytes]) -> DebugInfo:
    """Debug information of one unit with strings for attributes, by the header behind its length."""
    abbreviation = b"\x01" + bytes([tag]) + b"\x00"
    for number, _ in attributes:
        abbreviation += uleb(number) + bytes([STRING])
    body = header + b"\x01" + b"".join(value + b"\0" for _, value in attributes)
    sections = Sections(info=len(body).to_bytes(4, "little") + body, abbrev=abbreviation + b"\0\0\0")
    return read_units(sections, Allowance(1000))


def uleb(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + uleb(number >> 7)


FOUR = b"\x04\0" + bytes(4) + b"\x04"
FIVE = b"\x05\0" + b"\x01\x04" + bytes(4)
SKELETON = b"\x05\0" + b"\x04\x04" + bytes(4) + bytes(8)


@pytest.mark.parametrize(
    ("info", "split"),
    [
        (units(FOUR, 0x11, (0x2130, b"a.dwo")), True),
        (units(SKELETON, 0x4A, (0x76, b"a.dwo")), True),
        (units(FOUR, 0x11, (0x03, b"a.c")), False),
        (units(FIVE, 0x11, (0x03, b"a.c")), False),
        (units(FIVE, 0x11, (0x03, b"a.c"), (0x76, b"a.dwo")), False),
        (units(FIVE, 0x11, (0x1B, b"/src")), False),
    ],
    ids=["gnu", "skeleton", "whole", "whole-5", "both", "nameless"],
)
def test_a_unit_that_only_names_another_file_is_split(info: DebugInfo, split: bool) -> None:  # noqa: FBT001 - a parameter
    assert [unit.is_split for unit in info.units] == [split]


def test_an_index_remembers_how_much_there_was() -> None:
    data = firmware.encode(40, 4, [b"id"], DebugUnits(7, 3))
    assert firmware.decode(memoryview(data)) == firmware.Firmware(40, 4, (b"id",), DebugUnits(7, 3))


@pytest.mark.toolchain
@pytest.mark.parametrize("version", ["-gdwarf-4", "-gdwarf-5"])
def test_what_a_compiler_splits(compiled: Callable[..., Path], version: str) -> None:
    whole = SymbolIndex.from_bytes(build_index(compiled("-Os", version)))
    split = SymbolIndex.from_bytes(build_index(compiled("-Os", version, "-gsplit-dwarf")))
    assert whole.debug_units.split == 0
    assert split.debug_units.split == split.debug_units.total == 1


@pytest.mark.toolchain
@pytest.mark.parametrize("version", ["-gdwarf-4", "-gdwarf-5"])
def test_variables_of_threads_say_so(compiled: Callable[..., Path], version: str) -> None:
    path = compiled("-Og", version, "-DTHREADS", sources=("thread_local.c",))
    symbols = SymbolIndex.from_bytes(build_index(path))
    machine = FakeMachine(memory={0: bytes(0x100)})
    renderer, context = Renderer.of(symbols, machine), Context(machine, symbols)
    shown = {
        one.variable.name: renderer.variable(place_of(one.variable, context), one.variable.type).text
        for one in symbols.global_variables()
    }
    assert shown["counter"] == shown["hidden"] == "<thread local>"
    assert shown["plain"] == "<not in dump>"
