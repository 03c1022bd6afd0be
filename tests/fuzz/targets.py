"""What is fuzzed: each target takes any bytes and may end in one of our named errors, never in another one."""

import struct
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from analyzer.analyze import Analysis
from analyzer.dump import parse
from analyzer.export.elf_core import elf_core
from analyzer.export.markdown import markdown
from analyzer.report.model import encode_report
from analyzer.symbols.allowance import Allowance
from analyzer.symbols.builder import build_index
from analyzer.symbols.dwarf.frames import frame_spans
from analyzer.symbols.format.container import Part, pack, unpack
from analyzer.symbols.index import SymbolIndex
from analyzer.values.expression import Context, compute, locate
from contract.errors import FaultcastError
from tests.fuzz.elf_file import elf_file

GOLDEN = Path(__file__).parents[1] / "golden"
CASE = GOLDEN / "cortex-m" / "bad-call-Og-min"
ARCHITECTURES = sorted(
    min(path.parent for path in folder.glob("null-deref-O*/dump.core"))
    for folder in GOLDEN.iterdir()
    if folder.is_dir()
)
"""A case of each architecture."""
MOST_BYTES = 1 << 16
SECTIONS = ("info", "abbrev", "line", "str", "ranges", "loc", "rnglists", "loclists", "addr", "str_offsets", "frame")


@cache
def index_bytes() -> bytes:
    return build_index(CASE / "firmware.elf")


@cache
def index() -> SymbolIndex:
    return SymbolIndex.from_bytes(index_bytes())


@cache
def golden_dump() -> bytes:
    return (CASE / "dump.core").read_bytes()


@cache
def of_architecture(number: int) -> tuple[bytes, SymbolIndex]:
    """Dump and index of a case."""
    case = ARCHITECTURES[number % len(ARCHITECTURES)]
    return (case / "dump.core").read_bytes(), SymbolIndex.from_bytes(build_index(case / "firmware.elf"))


def patched(base: bytes, patches: bytes) -> bytes:
    """The base with patches: each u24 place (modulo the size), u8 number of bytes, bytes."""
    changed = bytearray(base)
    position = 0
    while changed and position + 4 < len(patches):
        place = int.from_bytes(patches[position : position + 3], "little") % len(changed)
        size = 1 + patches[position + 3] % 8
        new = patches[position + 4 : position + 4 + size][: len(changed) - place]
        changed[place : place + len(new)] = new
        position += 4 + size
    return bytes(changed)


def analysed(dump: bytes, symbols: SymbolIndex | None) -> None:
    analysis = Analysis(parse(dump), symbols)
    report = analysis.report()
    encode_report(report)
    markdown(report)
    elf_core(analysis)


def asked(symbols: SymbolIndex) -> None:
    """Every question that an analysis asks, at places that the index itself names and at others."""
    found = [symbols.symbol(name) for name in ("main", "sensor_poll", "z_thread_entry", "f", "g")]
    places = [one.address for one in found if one is not None]
    for pc in (*places, *(place + 4 for place in places), 0, 0x1000, 0x1010, 0x1100, 0x20000000, 0xFFFFFFFF, 1 << 63):
        for frame in symbols.source_frames(pc):
            for variable in symbols.variables(frame.scope, pc):
                symbols.size_of(variable.type)
                symbols.type_name(variable.type)
            symbols.frame_base(frame.scope, pc)
        symbols.unwind_row(pc)
        symbols.symbol_at(pc)
        symbols.is_noreturn(pc)
        symbols.is_code(pc)
        symbols.read_only(pc, 40)
        symbols.call_site(pc)
        symbols.tail_calls(pc)
    symbols.field("k_thread", "base.pended_on")
    symbols.type_named("k_thread")
    for one in symbols.global_variables():
        symbols.size_of(one.variable.type)
        symbols.type_name(one.variable.type)


def fuzz_containers(data: bytes) -> None:
    parse(data)


def fuzz_dump(data: bytes) -> None:
    """A whole dump with the firmware of a golden case."""
    analysed(data, index())


def fuzz_golden_dump(data: bytes) -> None:
    """A dump of the architecture that the first byte names, with changed bytes: most of it still makes sense."""
    dump, symbols = of_architecture(data[0] if data else 0)
    analysed(patched(dump, data[1:]), symbols)


def fuzz_index(data: bytes) -> None:
    """An index one part of which is damaged behind the checksum's back."""
    parts = {part: bytes(view) for part, view in unpack(memoryview(index_bytes())).items()}
    part = Part(data[0] % len(Part)) if data else Part.FIRMWARE
    symbols = SymbolIndex.from_bytes(pack({**parts, part: patched(parts[part], data[1:])}))
    asked(symbols)
    analysed(golden_dump(), symbols)


class _Frame:
    """A frame in which every register and the memory around 0x20000000 are known."""

    def register(self, number: int) -> int | None:
        return 0x20000000 + 16 * number if number < 33 else None

    def lost(self, number: int | None) -> bool:
        return number is not None and number & 1 == 1

    def read(self, address: int, size: int) -> bytes | None:
        return bytes(size) if address >= 0x20000000 and address + size <= 0x20001000 else None

    def cfa(self) -> int | None:
        return 0x20000800

    def frame_base_expression(self) -> bytes | None:
        return b"\x9c"

    def caller(self) -> "_Frame | None":
        return self

    def returns_to(self) -> int | None:
        return 0x1000


class _Entered:
    """What the frame's function was entered with."""

    def register(self, number: int) -> int | None:
        return number if number < 4 else None

    def parameter(self, reference: int) -> int | None:
        return reference if reference & 1 else None


def fuzz_expression(data: bytes) -> None:
    context = Context(_Frame(), index(), _Entered(), pc=0x1000, object_address=0x20000400)
    with suppress(FaultcastError):
        locate(data, context)
    compute(data, context, (0x20000800,))


def fuzz_frames(data: bytes) -> None:
    """Call frame information of both kinds, for both sizes of an address."""
    kind, allowance = data[0] if data else 0, Allowance(len(data))
    for span in frame_spans(
        data[1:], 8 if kind & 1 else 4, 0x4000 if kind & 2 else None, lambda _address: True, allowance
    ):
        assert span[0] < span[1]


def sections_of(data: bytes) -> dict[str, bytes]:
    """Debug sections: each u8 which one, u16 size, bytes."""
    found: dict[str, bytes] = {}
    position = 0
    while position + 3 <= len(data):
        which, size = struct.unpack_from("<BH", data, position)
        found[f".debug_{SECTIONS[which % len(SECTIONS)]}"] = data[position + 3 : position + 3 + size]
        position += 3 + size
    return found


def fuzz_dwarf(data: bytes) -> None:
    """An ELF file around any debug sections."""
    asked(SymbolIndex.from_bytes(build_index(elf_file(sections_of(data)))))


def fuzz_elf(data: bytes) -> None:
    asked(SymbolIndex.from_bytes(build_index(data)))


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): function for name, function in sorted(globals().items()) if name.startswith("fuzz_")
}


def run(name: str, data: bytes) -> None:
    """Run a target; our own errors are an answer."""
    with suppress(FaultcastError):
        TARGETS[name](data[:MOST_BYTES])
