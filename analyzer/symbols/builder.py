"""An ELF file into a symbol index.

Runs once per firmware, in a process that may be killed; everything that an analysis asks later is decided here. The
same ELF gives the same bytes.
"""

import gc
import struct
from bisect import bisect_right
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from analyzer.symbols.build_id import build_ids
from analyzer.symbols.dwarf.call_entries import CallEntries
from analyzer.symbols.dwarf.constants import At, Tag
from analyzer.symbols.dwarf.entries import DebugInfo, Entry, Unit
from analyzer.symbols.dwarf.expressions import References, resolve
from analyzer.symbols.dwarf.frames import frame_spans
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.lines import LineProgram
from analyzer.symbols.dwarf.qualified_name import qualified_name
from analyzer.symbols.dwarf.scope_entries import ScopeEntries, constant
from analyzer.symbols.dwarf.sections import Sections
from analyzer.symbols.dwarf.type_entries import TypeEntries
from analyzer.symbols.dwarf.units import read_units
from analyzer.symbols.ehabi import exception_spans
from analyzer.symbols.elf import SHF_WRITE, Image, RankedSymbol, Section
from analyzer.symbols.format import (
    address_map,
    contents,
    firmware,
    global_records,
    reference_records,
    symbol_records,
    type_names,
    type_records,
)
from analyzer.symbols.format.call_records import CallSiteWriter
from analyzer.symbols.format.container import Part, pack
from analyzer.symbols.format.frame_rows import FrameRowWriter
from analyzer.symbols.format.scopes import ScopeWriter
from analyzer.symbols.format.strings import StringWriter
from analyzer.symbols.interface import DebugUnits, Variable
from analyzer.symbols.names import demangled
from analyzer.symbols.progress import Progress, stretch, unheard
from analyzer.symbols.types import Global
from contract.errors import BadFirmware

MOST_ELF_BYTES = 512 << 20
_OFFSET_TABLES = ("_kernel_thread_info_offsets", "_kernel_openocd_offsets")
_MOST_TABLE_BYTES = 1024
_DAMAGE = (IndexError, struct.error, MalformedDwarf)
# What no check has caught in a file that was made to confuse.
_CONTRADICTIONS = (ArithmeticError, LookupError, ValueError, RecursionError, struct.error)
_FIXED = (b"\x03", b"\xa1")
"""First operation of the location of a variable that lies at one address for ever: DW_OP_addr, DW_OP_addrx."""
_ENCLOSING = (Tag.COMPILE_UNIT, Tag.PARTIAL_UNIT, Tag.TYPE_UNIT, Tag.NAMESPACE)


def build_index(elf: bytes | Path, progress: Progress = unheard) -> bytes:
    """The symbol index of an ELF file, as the bytes of its file; `progress` is told how far it has come.

    Raises:
        BadFirmware: it is no linked little-endian ELF file, or its parts contradict each other.
        LimitExceeded: its size hides how much work or memory it asks for.
    """
    data = elf.read_bytes() if isinstance(elf, Path) else elf
    if len(data) > MOST_ELF_BYTES:
        raise BadFirmware(f"ELF files of more than {MOST_ELF_BYTES >> 20} MiB are not read.")
    try:
        with _collector_at_rest():
            return _build(data, progress)
    except _CONTRADICTIONS as error:
        raise BadFirmware(f"The ELF file's debug information contradicts itself ({error}).") from error


@contextmanager
def _collector_at_rest() -> Generator[None]:
    """No search for garbage meanwhile: the entries are one large cycle, used to the end; a search reads all of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _build(data: bytes, progress: Progress) -> bytes:
    image = Image(data)
    image.refuse_supplements()
    strings = StringWriter()
    parts: dict[Part, bytes] = {}
    parts[Part.SECTIONS], parts[Part.CONTENTS] = contents.encode(_with_constant_table(image))
    is_present = _presence(image)
    _add_frames(image, is_present, parts)
    sections = Sections(**{name: image.debug_section(f".debug_{name}") for name in Sections.__dataclass_fields__})
    progress(5, 100)
    info = read_units(sections, image.allowance, stretch(progress, 5, 40))
    units = DebugUnits(len(info.units), sum(unit.is_split for unit in info.units))
    parts[Part.FIRMWARE] = firmware.encode(image.machine, image.pointer_size, build_ids(image), units)
    _add_symbols(image, info, strings, parts)
    progress(45, 100)
    _add_debug_info(image, info, is_present, strings, parts, progress=progress)
    parts[Part.STRINGS] = strings.encode()
    return pack(parts)


def _with_constant_table(image: Image) -> list[Section]:
    """The sections, that of the kernel's table of offsets read-only: some releases of Zephyr mark it as writable.

    Nothing else is in it. Where the table lies among variables its section stays what it is.
    """
    tables = [one.symbol.address for one in image.symbols() if one.symbol.name in _OFFSET_TABLES]
    return [
        replace(section, flags=section.flags & ~SHF_WRITE)
        if section.size <= _MOST_TABLE_BYTES
        and any(section.address <= table < section.address + section.size for table in tables)
        else section
        for section in image.sections
    ]


def _presence(image: Image) -> Callable[[int], bool]:
    """Whether code at an address is in the image.

    Entries of functions that the linker threw away stay behind with address 0 (GNU ld) or the highest one (lld). 0 is
    believed only when a function symbol lies there too.
    """
    spans = sorted(
        (section.address, section.address + section.size)
        for section in image.sections
        if section.is_allocated and section.is_executable and section.size
    )
    starts = [start for start, _ in spans]
    real_zero = any(one.symbol.address == 0 and one.symbol.is_function for one in image.symbols())

    def is_present(address: int) -> bool:
        if address == 0 and not real_zero:
            return False
        place = bisect_right(starts, address) - 1
        return place >= 0 and address < spans[place][1]

    return is_present


def _add_symbols(image: Image, info: DebugInfo, strings: StringWriter, parts: dict[Part, bytes]) -> None:
    spans = sorted(
        (section.address, section.address + section.size)
        for section in image.sections
        if section.is_allocated and section.size
    )
    starts = [start for start, _ in spans]

    def section_end(address: int) -> int | None:
        place = bisect_right(starts, address) - 1
        return spans[place][1] if place >= 0 and address < spans[place][1] else None

    symbols = sorted(
        _readable(image, info), key=lambda one: (one.symbol.address, one.symbol.name, one.symbol.size, one.rank)
    )
    size = image.pointer_size
    parts[Part.SYMBOLS], parts[Part.SYMBOL_NAMES] = symbol_records.encode(symbols, strings, size)
    parts[Part.SYMBOL_MAP] = address_map.encode(symbol_records.cover(symbols, section_end), size)


def _readable(image: Image, info: DebugInfo) -> Sequence[RankedSymbol]:
    """The symbols under the names that the program's source has for them."""
    symbols = image.symbols()
    if not any(one.symbol.name.startswith(("_Z", "_R")) for one in symbols):
        return symbols
    described: dict[str, str] = {}
    for unit in info.units:
        for entry in unit.entries:
            if At.LINKAGE_NAME in entry.abbreviation.forms:
                mangled = entry.text(At.LINKAGE_NAME)
                if mangled and mangled not in described:
                    described[mangled] = qualified_name(entry)
    return [
        replace(one, symbol=replace(one.symbol, name=demangled(one.symbol.name, described, image.allowance)))
        for one in symbols
    ]


def _add_frames(image: Image, is_present: Callable[[int], bool], parts: dict[Part, bytes]) -> None:
    rows = FrameRowWriter()
    # Where rows overlap the later ones count: call frame information goes before exception handling tables.
    spans = [(start, end, (rows.add(row),)) for start, end, row in exception_spans(image) if is_present(start)]
    eh_frame = image.section(".eh_frame")
    sources: list[tuple[bytes, int | None]] = [(image.debug_section(".debug_frame"), None)]
    if eh_frame is not None and eh_frame.has_bytes:
        sources.insert(0, (eh_frame.content, eh_frame.address))
    for data, address in sources:
        for start, end, row in frame_spans(data, image.pointer_size, address, is_present, image.allowance):
            spans.append((start, end, (rows.add(row),)))
    parts[Part.FRAME_ROWS] = rows.encode()
    parts[Part.FRAME_MAP] = address_map.encode(address_map.flatten(spans, 1), image.pointer_size)


def _add_debug_info(
    image: Image,
    info: DebugInfo,
    is_present: Callable[[int], bool],
    strings: StringWriter,
    parts: dict[Part, bytes],
    *,
    progress: Progress,
) -> None:
    lines = _Lines(info, is_present)
    progress(55, 100)
    references = References()
    types = TypeEntries(info, references)
    progress(65, 100)
    scopes = ScopeWriter(strings)
    calls = CallEntries(info, types.handle_at, references, _function_addresses(image), is_present)
    scope_entries = ScopeEntries(types, calls, scopes, is_present, lines.file_number)
    scope_spans = scope_entries.write(info, stretch(progress, 65, 90))
    variables = _globals(info, types)
    size = image.pointer_size
    parts[Part.SCOPES] = scopes.encode()
    parts[Part.SCOPE_MAP] = address_map.encode(
        address_map.flatten([(start, end, (scope,)) for start, end, scope in scope_spans], 1), size
    )
    parts[Part.CALL_SITES], parts[Part.CALL_MAP] = _call_sites(calls, size)
    parts[Part.LINE_MAP] = address_map.encode(address_map.flatten(lines.spans, 2), size)
    parts[Part.FILES] = struct.pack(f"<{len(lines.names)}I", *(strings.add(name) for name in lines.names))
    parts[Part.TYPES], parts[Part.TYPE_OFFSETS] = type_records.encode(types.types, strings)
    parts[Part.TYPE_NAMES] = type_names.encode(types.types, strings)
    parts[Part.GLOBALS], parts[Part.GLOBAL_OFFSETS] = global_records.encode(variables, strings)
    parts[Part.REFERENCES], parts[Part.REFERENCE_OFFSETS] = reference_records.encode(
        scope_entries.referenced(info), strings
    )


def _function_addresses(image: Image) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in image.symbols():
        if one.symbol.is_function:
            found.setdefault(one.symbol.name, []).append(one.symbol.address)
    return found


def _call_sites(calls: CallEntries, address_size: int) -> tuple[bytes, bytes]:
    writer = CallSiteWriter()
    sites = {site.return_address: site for of_function in calls.by_function.values() for site in of_function}
    entries = [(address, (writer.add(sites[address]),)) for address in sorted(sites)]
    return writer.encode(), address_map.encode(entries, address_size)


class _Lines:
    """Line spans of all units, over one table of file names."""

    def __init__(self, info: DebugInfo, is_present: Callable[[int], bool]) -> None:
        self.names: list[str] = []
        self.spans: list[tuple[int, int, tuple[int, ...]]] = []
        self._numbers: dict[str, int] = {}
        self._programs: dict[int, LineProgram | None] = {}
        for unit in info.units:
            offset = unit.root.list_offset(At.STMT_LIST)
            if offset is None or offset in self._programs:
                continue
            self._programs[offset] = None
            try:
                program = LineProgram(info.sections, offset, unit.layout.address_size, info.allowance)
            except _DAMAGE:
                continue
            self._programs[offset] = program
            try:
                for span in program.spans(is_present):
                    number = -1 if span.file is None else self._number(span.file)
                    self.spans.append((span.start, span.end, (number + 2, max(span.line, 0))))
            except _DAMAGE:
                continue

    def _number(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        return number

    def file_number(self, entry: Entry, file: int) -> int:
        """Number in `names` of a file number of the entry's unit; -1 when it has no such file."""
        offset = entry.unit.root.list_offset(At.STMT_LIST)
        program = None if offset is None else self._programs.get(offset)
        name = None if program is None else program.files.get(file)
        return -1 if name is None else self._number(name)


def _globals(info: DebugInfo, types: TypeEntries) -> list[Global]:
    """Variables that outlive functions: those outside of them, and the static ones inside."""
    found: list[Global] = []
    for unit in info.units:
        for entry in unit.entries:
            if entry.abbreviation.tag != Tag.VARIABLE or entry.parent is None:
                continue
            is_inside = entry.parent.abbreviation.tag not in _ENCLOSING
            location = entry.block(At.LOCATION)
            if is_inside and (location is None or location[:1] not in _FIXED):
                continue
            if location is not None:
                location = resolve(location, unit, types.handle_at, types.references)
            value = constant(entry) if location is None else None
            name = qualified_name(entry)
            if name and (location is not None or value is not None):
                variable = Variable(name, types.handle(entry), location, value, is_parameter=False)
                found.append(Global(variable, _unit_name(unit), _function_around(entry) if is_inside else ""))
    return found


def _function_around(entry: Entry) -> str:
    parent = entry.parent
    while parent is not None:
        if parent.tag in (Tag.SUBPROGRAM, Tag.INLINED_SUBROUTINE):
            return qualified_name(parent)
        parent = parent.parent
    return ""


def _unit_name(unit: Unit) -> str:
    return unit.root.text(At.NAME) or ""
