"""The index against gdb and binutils, address by address, on freshly compiled programs and on the example firmware."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.symbols.builder import build_index
from analyzer.symbols.elf import Image
from analyzer.symbols.index import SymbolIndex
from analyzer.symbols.interface import RegisterRule, RuleKind

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden" / "cortex-m"
TOOLS = ("arm-none-eabi-gcc", "arm-none-eabi-addr2line", "arm-none-eabi-readelf", "gdb-multiarch")
OPTIONS = [(level, f"-gdwarf-{version}") for level in ("-O0", "-Og", "-Os", "-O2") for version in (4, 5)]

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"),
]

Compile = Callable[..., Path]


def code_addresses(path: Path) -> list[int]:
    image = Image(path.read_bytes())
    sections = [section for section in image.sections if section.is_allocated and section.is_executable]
    return [address for one in sections for address in range(one.address, one.address + one.size, 2)]


def read_index(path: Path) -> SymbolIndex:
    return SymbolIndex.from_bytes(build_index(path))


def chain_of(index: SymbolIndex, address: int) -> list[tuple[str, str | None, int | None]]:
    return [(frame.function, frame.file, frame.line) for frame in index.source_frames(address)]


@pytest.mark.parametrize("options", OPTIONS, ids="".join)
def test_functions_and_lines_are_those_of_addr2line(compiled: Compile, options: tuple[str, str]) -> None:
    path = compiled(*options)
    addresses = code_addresses(path)
    answer = subprocess.run(
        ["arm-none-eabi-addr2line", "-a", "-i", "-f", "-s", "-e", str(path)],
        input="\n".join(map(hex, addresses)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    expected: dict[int, list[tuple[str, str | None, int | None]]] = {}
    blocks = re.split(r"^(0x[0-9a-f]+)\n", answer, flags=re.MULTILINE)[1:]
    for address, block in zip(blocks[::2], blocks[1::2], strict=True):
        lines = block.splitlines()
        for name, where in zip(lines[::2], lines[1::2], strict=True):
            file, line = where.split(" (")[0].rsplit(":", 1)
            expected.setdefault(int(address, 16), []).append((name, file, int(line) if line.isdecimal() else None))
    index = read_index(path)
    known = [address for address in addresses if any(frame.scope >= 0 for frame in index.source_frames(address))]
    assert len(known) > 50
    assert {address: chain_of(index, address) for address in known} == {address: expected[address] for address in known}


@pytest.mark.parametrize("case", ["null-deref-Og", "assert-Os", "null-deref-Os-dwarf4"])
def test_functions_files_and_lines_are_those_of_gdb(case: str, tmp_path: Path) -> None:
    path = GOLDEN / case / "firmware.elf"
    addresses = code_addresses(path)
    exchange = tmp_path / "addresses.json"
    exchange.write_text(json.dumps(addresses))
    subprocess.run(
        ["gdb-multiarch", "-nx", "-batch", str(path), "-x", str(HERE / "gdb_lines.py")],
        env={**os.environ, "ADDRESSES": str(exchange)},
        capture_output=True,
        check=True,
    )
    index = read_index(path)
    compared = 0
    for address, functions, file, line in json.loads(exchange.read_text()):
        frames = index.source_frames(address)
        if not functions or not frames or frames[-1].scope < 0:
            continue
        compared += 1
        # gdb writes arguments behind the name of a C++ function, and those of its templates in words of its own.
        names = [re.sub(r"<[^>]*>|\(.*", "", name) for name in functions]
        assert [re.sub("<[^>]*>", "", frame.function) for frame in frames] == names, hex(address)
        assert (frames[0].file, frames[0].line) == (file, line), hex(address)
    assert compared > 3000


_ROW = re.compile(r"^([0-9a-f]{8}) (\S+)\s+(.*)$")
_REGISTERS = {f"r{number}": number for number in range(13)} | {"sp": 13, "r13": 13, "lr": 14, "ra": 14, "pc": 15}


def rows_of_readelf(path: Path) -> dict[int, tuple[int, int, dict[int, int]]]:
    """Address to CFA register, CFA offset, and the offsets at which registers are saved."""
    text = subprocess.run(
        ["arm-none-eabi-readelf", "--debug-dump=frames-interp", str(path)], capture_output=True, text=True, check=True
    ).stdout
    rows: dict[int, tuple[int, int, dict[int, int]]] = {}
    columns: list[str] = []
    in_description = False
    for line in text.splitlines():
        if " FDE " in line or " CIE" in line:
            in_description = " FDE " in line
        elif line.strip().startswith("LOC"):
            columns = line.split()[2:]
        elif in_description and (row := _ROW.match(line)):
            cells = row[3].split()
            register, offset = re.fullmatch(r"(r\d+|sp)\+(\d+)", row[2]).groups()  # type: ignore[union-attr]
            saved = {
                _REGISTERS[name]: int(cell[1:]) for name, cell in zip(columns, cells, strict=True) if cell[0] == "c"
            }
            rows[int(row[1], 16)] = (_REGISTERS[register], int(offset), saved)
    return rows


@pytest.mark.parametrize("options", OPTIONS[::2], ids="".join)
def test_unwind_rows_are_those_of_readelf(compiled: Compile, options: tuple[str, str]) -> None:
    path = compiled(*options)
    index = read_index(path)
    expected = rows_of_readelf(path)
    assert len(expected) > 6
    for address, (register, offset, saved) in expected.items():
        row = index.unwind_row(address)
        assert row is not None
        assert (row.cfa_register, row.cfa_offset) == (register, offset), hex(address)
        assert {number: rule for number, rule in row.rules.items() if rule.kind is RuleKind.OFFSET} == {
            number: RegisterRule(RuleKind.OFFSET, at) for number, at in saved.items()
        }, hex(address)


@pytest.mark.parametrize("options", OPTIONS, ids="".join)
def test_both_dwarf_versions_say_the_same(compiled: Compile, options: tuple[str, str]) -> None:
    level = options[0]
    four, five = read_index(compiled(level, "-gdwarf-4")), read_index(compiled(level, "-gdwarf-5"))
    for address in code_addresses(compiled(*options)):
        assert chain_of(four, address) == chain_of(five, address), hex(address)
        for one, other in zip(four.source_frames(address), five.source_frames(address), strict=True):
            left, right = four.variables(one.scope, address), five.variables(other.scope, address)
            assert [(each.name, each.location, each.const_value) for each in left] == [
                (each.name, each.location, each.const_value) for each in right
            ], hex(address)


def test_functions_that_the_linker_threw_away_leave_no_trace(compiled: Compile) -> None:
    options = ("-Os", "-g", "-ffunction-sections", "-Wl,--gc-sections", "-Wl,-e,third", "-Wl,-Ttext=0x0")
    index = read_index(compiled(*options, sources=("other.c", "third.c")))
    assert index.symbol("other") is None
    addresses = code_addresses(compiled(*options, sources=("other.c", "third.c")))
    assert {frame.function for address in addresses for frame in index.source_frames(address)} == {"third"}
    assert {index.source_frames(address)[0].file for address in addresses} == {"third.c"}


def test_what_the_linker_script_names_outside_of_memory_is_found_by_name_alone(compiled: Compile) -> None:
    index = read_index(compiled("-O1", "-g", "-Wl,--defsym=_image_ram_end=0x8004"))
    end = index.symbol("_image_ram_end")
    assert end is not None
    assert (end.address, end.is_function) == (0x8004, False)
    at_end = index.symbol_at(0x8004)
    assert at_end is not None
    assert at_end.name != "_image_ram_end"


@pytest.mark.parametrize(("size", "readable"), [(4, True), (1024, False)])
def test_the_kernels_table_is_read_where_it_is_marked_as_writable(
    compiled: Compile, tmp_path: Path, size: int, *, readable: bool
) -> None:
    source = tmp_path / f"table{size}.c"
    source.write_text(
        '__attribute__((section("dbg_info"))) unsigned _kernel_thread_info_offsets[1] = {7};\n'
        f'__attribute__((section("dbg_info"))) unsigned char beside[{size}] = {{1}};\n'
        "void _start(void) { beside[0] = _kernel_thread_info_offsets[0]; }\n"
    )
    index = read_index(compiled(f"-DSIZE={size}", sources=(str(source),)))
    table = index.symbol("_kernel_thread_info_offsets")
    assert table is not None
    assert index.read_only(table.address, 4) == (bytes([7, 0, 0, 0]) if readable else None)
