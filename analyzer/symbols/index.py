"""The reader of a symbol index: answers about a firmware without its ELF file and without a DWARF parser."""

import mmap
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from analyzer.symbols.format import contents, firmware, global_records, reference_records, type_names, type_records
from analyzer.symbols.format.address_map import AddressMap
from analyzer.symbols.format.call_records import read_call_site
from analyzer.symbols.format.container import CorruptIndex, Part, unpack
from analyzer.symbols.format.frame_rows import read_row
from analyzer.symbols.format.scopes import Scope, ScopeKind, at, is_spared, read_scope
from analyzer.symbols.format.strings import StringTable
from analyzer.symbols.format.symbol_records import SymbolTable
from analyzer.symbols.interface import CallSite, Field, SourceFrame, Symbol, UnwindRow, Variable
from analyzer.symbols.names import plain_name
from analyzer.symbols.type_name import type_name
from analyzer.symbols.types import (
    UNKNOWN,
    UNKNOWN_TYPE,
    VOID,
    VOID_TYPE,
    ArrayType,
    Global,
    RecordType,
    Type,
    TypedefType,
    plain_type,
)

__all__ = ["CorruptIndex", "SymbolIndex"]

_CACHED = 8192
"""Answers of each kind that an index remembers: what one firmware's dumps ask again and again."""
_MOST_HOPS = 64


class SymbolIndex:
    """Implements `Symbols` over the bytes of an index.

    Raises:
        CorruptIndex: from every method, when what it needs is damaged.
    """

    def __init__(self, buffer: bytes | memoryview | mmap.mmap) -> None:
        parts = unpack(memoryview(buffer).toreadonly())
        about = firmware.decode(parts[Part.FIRMWARE])
        self.machine = about.machine
        """ELF e_machine."""
        self.pointer_size = about.pointer_size
        """4 or 8 bytes."""
        self.build_ids: Sequence[bytes] = about.build_ids
        """Ids under which a device may name this firmware, best first."""
        self.debug_units = about.debug_units
        """How much debug information there is."""
        self._parts = parts
        self._strings = StringTable(parts[Part.STRINGS])
        self._contents = contents.Contents(parts[Part.SECTIONS], parts[Part.CONTENTS])
        size = self.pointer_size
        self._symbols = SymbolTable(parts[Part.SYMBOLS], parts[Part.SYMBOL_NAMES], self._strings, size)
        self._symbol_map = AddressMap(parts[Part.SYMBOL_MAP], size, 1)
        self._line_map = AddressMap(parts[Part.LINE_MAP], size, 2)
        self._frame_map = AddressMap(parts[Part.FRAME_MAP], size, 1)
        self._scope_map = AddressMap(parts[Part.SCOPE_MAP], size, 1)
        self._call_map = AddressMap(parts[Part.CALL_MAP], size, 1)
        self._files = _words(parts[Part.FILES])
        self._type_offsets = _words(parts[Part.TYPE_OFFSETS])
        self._reference_offsets = _words(parts[Part.REFERENCE_OFFSETS])
        self._global_offsets = _words(parts[Part.GLOBAL_OFFSETS])
        self.derived: dict[object, Any] = {}
        self._scope = lru_cache(_CACHED)(self._read_scope)
        self._row = lru_cache(_CACHED)(self._read_row)
        self._chain = lru_cache(_CACHED)(self._read_chain)
        self.call_site = lru_cache(_CACHED)(self._read_call_site)
        self.field = lru_cache(_CACHED)(self._find_field)
        self.frame_base = lru_cache(_CACHED)(self._find_frame_base)
        self.is_code = lru_cache(_CACHED)(self._find_code)
        self.reference = lru_cache(_CACHED)(self._find_reference)
        self.source_frames = lru_cache(_CACHED)(self._find_source_frames)
        self.size_of = lru_cache(_CACHED)(self._find_size)
        self.symbol = lru_cache(_CACHED)(self._symbols.named)
        self.symbol_at = lru_cache(_CACHED)(self._find_symbol)
        self.type = lru_cache(_CACHED)(self._read_type)
        self.type_name = lru_cache(_CACHED)(self._write_type_name)
        self.unwind_row = lru_cache(_CACHED)(self._find_row)
        self.variables = lru_cache(_CACHED)(self._find_variables)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map an index file into memory.

        Raises:
            CorruptIndex: the file is no index of this format version.
            OSError: the file cannot be read.
        """
        with path.open("rb") as file:
            try:
                return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except ValueError:
                raise CorruptIndex("The symbol index is empty; build it again from the ELF file.") from None

    @classmethod
    def from_bytes(cls, buffer: bytes) -> Self:
        """An index that is in memory already."""
        return cls(buffer)

    def _find_symbol(self, address: int) -> Symbol | None:
        """The symbol that covers the address."""
        found = self._symbol_map.at(address)
        return None if found is None else self._symbols.at(found[0] - 1)

    def _find_code(self, address: int) -> bool:
        """Whether the address lies in an executable section of the image."""
        return any(
            region.executable and region.address <= address < region.address + region.size
            for region in self._contents.regions
        )

    def read_only(self, address: int, size: int) -> bytes | None:
        """Bytes of allocated, non-writable sections; None unless all of them are there."""
        return self._contents.read(address, size)

    def read_only_ranges(self) -> Sequence[tuple[int, int]]:
        """Half-open address ranges of what `read_only` reads, ascending."""
        return [(region.address, region.address + region.size) for region in self._contents.regions if region.has_bytes]

    def _find_source_frames(self, pc: int) -> Sequence[SourceFrame]:
        """Functions active at pc, innermost first."""
        file, line = self._line(pc)
        frames: list[SourceFrame] = []
        for handle, scope in self._chain(pc):
            if scope.kind == ScopeKind.BLOCK:
                continue
            inlined = scope.kind == ScopeKind.INLINED
            frames.append(SourceFrame(plain_name(scope.name), file, line, inlined, handle))
            if inlined:
                file, line = self._file(scope.call_file), scope.call_line or None
        if frames:
            return frames
        symbol = self.symbol_at(pc)
        if symbol is not None and self.is_code(pc):
            return [SourceFrame(plain_name(symbol.name), file, line, inlined=False, scope=-1)]
        return []

    def _find_row(self, pc: int) -> UnwindRow | None:
        """The call frame information for pc."""
        found = self._frame_map.at(pc)
        return None if found is None else self._row(found[0])

    def _find_variables(self, scope: int, pc: int) -> Sequence[Variable]:
        """Parameters first, then locals in scope at pc (inner lexical blocks too), in declaration order."""
        found: list[Variable] = []
        for one in self._visible(scope, pc):
            found.extend(
                Variable(
                    variable.name,
                    variable.type,
                    at(variable.location, pc),
                    variable.const_value,
                    variable.is_parameter,
                    is_spared(variable, pc),
                )
                for variable in one.variables
            )
        return found

    def _find_frame_base(self, scope: int, pc: int) -> bytes | None:
        """DW_AT_frame_base of the function that the scope belongs to, as an expression."""
        current: int | None = scope
        while current is not None and current > 0:
            one = self._scope(current)
            if one.kind == ScopeKind.FUNCTION:
                return at(one.frame_base, pc)
            current = one.parent
        return None

    def _find_field(self, structure: str, path: str) -> Field | None:
        """Where a member lies; None when there is no such member, or when types of that name disagree about it."""
        name = structure.removeprefix("struct ").removeprefix("union ")
        found = {self._field_of(handle, path) for handle in self._types_named(name)}
        found.discard(None)
        return found.pop() if len(found) == 1 else None

    def is_noreturn(self, pc: int) -> bool:
        """Whether the function at pc is declared not to return."""
        chain = self._chain(pc)
        return bool(chain) and chain[-1][1].noreturn

    def _read_call_site(self, return_address: int) -> CallSite | None:
        """The call that returns to exactly that address."""
        entry = self._call_map.entry(return_address)
        if entry is None or entry[0] != return_address or not entry[1][0]:
            return None
        return read_call_site(self._parts[Part.CALL_SITES], entry[1][0], return_address)

    def function_start(self, pc: int) -> int | None:
        """Where the function around pc is entered; None when the debug information names no function there."""
        chain = self._chain(pc)
        return chain[-1][1].start if chain else None

    def tail_calls(self, function: int) -> Sequence[int] | None:
        """Addresses behind the tail calls of the function that starts there; None when they are not all known."""
        chain = self._chain(function)
        if not chain or chain[-1][1].start != function:
            return None
        return chain[-1][1].tail_calls

    def type_names(self) -> Iterator[str]:
        """Names of all types that have one; a name may occur more than once."""
        return type_names.every(self._parts[Part.TYPE_NAMES], self._strings)

    def type_named(self, name: str) -> int | None:
        """Handle of the only type of that name, or of the only one that is no `typedef`."""
        for keyword in ("struct ", "union ", "enum ", "class "):
            name = name.removeprefix(keyword)
        handles = self._types_named(name)
        if len(handles) > 1:
            handles = [handle for handle in handles if not isinstance(self.type(handle), TypedefType)]
        if len(handles) == 1:
            return handles[0]
        # C and C++ units describe the same structure in two ways.
        shapes = [_shape(self.type(handle)) for handle in handles]
        alike = len(shapes) == 2 and shapes[0] == shapes[1] is not None
        return handles[0] if alike and len({getattr(self.type(one), "keyword", "") for one in handles}) == 2 else None

    def _find_reference(self, number: int, pc: int) -> Variable | None:
        """What an expression refers to by that number."""
        if not 0 < number <= len(self._reference_offsets):
            return None
        offset = self._reference_offsets[number - 1]
        one = reference_records.read_reference(self._parts[Part.REFERENCES], offset, self._strings)
        location = one.location
        if location is not None and not isinstance(location, bytes):
            # One variable may have instances in several functions; where their code mixes, none is believed.
            held = {expression for start, end, expression in location if start <= pc < end}
            location = held.pop() if len(held) == 1 else None
        return Variable(one.name, one.type, location, one.const_value, one.is_parameter)

    def global_variables(self) -> Iterator[Global]:
        """All variables outside of functions, sorted by name."""
        for number in range(len(self._global_offsets)):
            yield self._global(number)

    def globals_named(self, name: str) -> Sequence[Global]:
        """Variables of that name, one per file that defines it."""
        low, high = 0, len(self._global_offsets)
        while low < high:
            middle = (low + high) // 2
            if self._global(middle).variable.name < name:
                low = middle + 1
            else:
                high = middle
        found: list[Global] = []
        while low < len(self._global_offsets):
            one = self._global(low)
            if one.variable.name != name:
                break
            found.append(one)
            low += 1
        return found

    def _global(self, number: int) -> Global:
        return global_records.read_global(self._parts[Part.GLOBALS], self._global_offsets[number], self._strings)

    def _types_named(self, name: str) -> list[int]:
        return type_names.find(self._parts[Part.TYPE_NAMES], self._strings, name)

    def _read_type(self, handle: int) -> Type:
        """The type behind a handle."""
        if handle == VOID:
            return VOID_TYPE
        if handle == UNKNOWN:
            return UNKNOWN_TYPE
        if not 0 < handle < len(self._type_offsets):
            raise CorruptIndex("The symbol index names a type that it does not have; build it again.")
        return type_records.read_type(self._parts[Part.TYPES], self._type_offsets[handle], self._strings)

    def _write_type_name(self, handle: int) -> str:
        """The type's name as C writes it."""
        return type_name(self, handle)

    def _read_scope(self, handle: int) -> Scope:
        return read_scope(self._parts[Part.SCOPES], handle, self._strings)

    def _read_row(self, offset: int) -> UnwindRow:
        return read_row(self._parts[Part.FRAME_ROWS], offset)

    def _read_chain(self, pc: int) -> list[tuple[int, Scope]]:
        """The scopes around pc, innermost first."""
        found = self._scope_map.at(pc)
        chain: list[tuple[int, Scope]] = []
        handle = None if found is None else found[0]
        while handle is not None:
            scope = self._scope(handle)
            chain.append((handle, scope))
            handle = scope.parent
        return chain

    def _visible(self, handle: int, pc: int) -> list[Scope]:
        """The scope itself and the lexical blocks directly in it that hold pc, outermost first."""
        blocks: list[Scope] = []
        for number, scope in self._chain(pc):
            if number == handle:
                return [scope, *reversed(blocks)]
            if scope.kind == ScopeKind.BLOCK:
                blocks.append(scope)
            else:
                blocks.clear()
        return [self._scope(handle)] if handle > 0 else []

    def _line(self, pc: int) -> tuple[str | None, int | None]:
        found = self._line_map.at(pc)
        if found is None:
            return None, None
        number, line = found
        return self._file(number - 2), line or None

    def _file(self, number: int) -> str | None:
        if number < 0:
            return None
        if number >= len(self._files):
            raise CorruptIndex("The symbol index names a file that it does not have; build it again.")
        return self._strings.text(self._files[number])

    def _field_of(self, handle: int, path: str) -> Field | None:
        offset = 0
        for name in path.split(".") if path else ():
            record = self._plain(handle)
            found = self._member(record, name)
            if found is None:
                return None
            bits, handle = found
            if bits % 8:
                return None
            offset += bits // 8
        size = self.size_of(handle)
        return None if size is None else Field(offset, size)

    def _member(self, record: Type, name: str) -> tuple[int, int] | None:
        """(bit offset, type) of a member, also when it is one of an anonymous structure or union inside."""
        waiting: list[tuple[int, Type]] = [(0, record)]
        for _ in range(_MOST_HOPS):
            if not waiting:
                return None
            start, one = waiting.pop(0)
            if not isinstance(one, RecordType):
                continue
            for member in one.members:
                if member.name == name:
                    return (start + member.bit_offset, member.type) if not member.bit_size else None
                if not member.name:
                    waiting.append((start + member.bit_offset, self._plain(member.type)))
        return None

    def _plain(self, handle: int) -> Type:
        """The type without type definitions and qualifiers around it."""
        return plain_type(self.type, handle)[1]

    def _find_size(self, handle: int) -> int | None:
        """Bytes that a value of the type takes; None when that is not known."""
        factor = 1
        for _ in range(_MOST_HOPS):
            one = self._plain(handle)
            if not isinstance(one, ArrayType):
                size = getattr(one, "size", None)
                return None if size is None else size * factor
            for count in one.counts:
                if not isinstance(count, int):
                    return None
                factor *= count
            handle = one.element
        return None


def _words(data: memoryview) -> memoryview:
    if len(data) % struct.calcsize("<I"):
        raise CorruptIndex("The symbol index is cut; build it again from the ELF file.")
    return data.cast("I")


def _shape(one: Type) -> tuple[object, ...] | None:
    """What a record looks like, without the types of its members; None for anything else."""
    if not isinstance(one, RecordType):
        return None
    return (one.name, one.size, *((member.name, member.bit_offset, member.bit_size) for member in one.members))
