"""Symbols over a few dictionaries, for a firmware that was never linked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from analyzer.symbols.interface import (
    CallSite,
    DebugUnits,
    Field,
    RegisterRule,
    RuleKind,
    SourceFrame,
    Symbol,
    UnwindRow,
    Variable,
)
from analyzer.symbols.types import VOID_TYPE, Global, Type
from tests.analyzer import specimen

SP, LR = 13, 14
_WHOLE = DebugUnits(1, 0)


def row(frame_size: int, **saved: int) -> UnwindRow:
    """A frame of `frame_size` bytes; `saved` gives offsets from the CFA, as in `row(8, lr=-4, r4=-8)`."""
    numbers = {"lr": LR, **{f"r{number}": number for number in range(13)}}
    rules = {numbers[name]: RegisterRule(RuleKind.OFFSET, offset) for name, offset in saved.items()}
    return UnwindRow(SP, frame_size, b"", rules, LR, signal_frame=False)


@dataclass(eq=False)
class FakeSymbols:
    """Implements `TypedSymbols`."""

    functions: dict[tuple[int, int], str] = field(default_factory=dict)
    objects: dict[str, Symbol] = field(default_factory=dict)
    rows: dict[tuple[int, int], UnwindRow] = field(default_factory=dict)
    inlined: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    read_only_bytes: dict[int, bytes] = field(default_factory=dict)
    fields: dict[tuple[str, str], Field] = field(default_factory=dict)
    call_sites: dict[int, CallSite] = field(default_factory=dict)
    tails: dict[int, tuple[int, ...]] = field(default_factory=dict)
    machine: int = 40
    pointer_size: int = 4
    build_ids: tuple[bytes, ...] = ()
    debug_units: DebugUnits = _WHOLE
    derived: dict[object, Any] = field(default_factory=dict)

    def symbol(self, name: str) -> Symbol | None:
        return self.objects.get(name)

    def symbol_at(self, address: int) -> Symbol | None:
        for (start, end), name in self.functions.items():
            if start <= address < end:
                return Symbol(name, start, end - start, is_function=True)
        return next((each for each in self.objects.values() if 0 <= address - each.address < each.size), None)

    def is_code(self, address: int) -> bool:
        return any(start <= address < end for start, end in self.functions)

    def read_only(self, address: int, size: int) -> bytes | None:
        for start, content in self.read_only_bytes.items():
            if start <= address and address + size <= start + len(content):
                return content[address - start : address - start + size]
        return None

    def read_only_ranges(self) -> list[tuple[int, int]]:
        return sorted((start, start + len(content)) for start, content in self.read_only_bytes.items())

    def source_frames(self, pc: int) -> list[SourceFrame]:
        symbol = self.symbol_at(pc)
        if symbol is None or not symbol.is_function:
            return []
        inner = next((names for (start, end), names in self.inlined.items() if start <= pc < end), [])
        frames = [SourceFrame(name, "inline.h", 7, inlined=True, scope=-1) for name in inner]
        return [*frames, SourceFrame(symbol.name, f"{symbol.name}.c", pc - symbol.address, inlined=False, scope=-1)]

    def unwind_row(self, pc: int) -> UnwindRow | None:
        return next((found for (start, end), found in self.rows.items() if start <= pc < end), None)

    def variables(self, scope: int, pc: int) -> list[Variable]:
        del scope, pc
        return []

    def frame_base(self, scope: int, pc: int) -> bytes | None:
        del scope, pc
        return None

    def field(self, structure: str, path: str) -> Field | None:
        return self.fields.get((structure, path))

    def is_noreturn(self, pc: int) -> bool:
        del pc
        return False

    def type(self, handle: int) -> Type:
        del handle
        return VOID_TYPE

    def type_name(self, handle: int) -> str:
        del handle
        return ""

    def size_of(self, handle: int) -> int | None:
        del handle

    def global_variables(self) -> Iterator[Global]:
        return iter(())

    def reference(self, number: int, pc: int) -> Variable | None:
        del number, pc

    def globals_named(self, name: str) -> list[Global]:
        return [one for one in self.global_variables() if one.variable.name == name]

    def call_site(self, return_address: int) -> CallSite | None:
        return self.call_sites.get(return_address)

    def function_start(self, pc: int) -> int | None:
        return next((start for start, end in self.functions if start <= pc < end), None)

    def tail_calls(self, function: int) -> tuple[int, ...]:
        return self.tails.get(function, ())

    def type_named(self, name: str) -> int | None:
        del name

    def type_names(self) -> list[str]:
        return []


BL = bytes.fromhex("00f000f8")
"""A call to somewhere, wherever it stands."""


def specimen_symbols(offsets: tuple[int, ...] = specimen.OFFSETS) -> FakeSymbols:
    """The firmware of the hand-built dump: no debug information of the kernel, only the table of offsets."""
    table = 0x700
    code = BL * 0x100
    functions = {
        (0x400, 0x410): "crash",
        (0x410, 0x440): "caller",
        (0x500, 0x540): "worker_entry",
        (0x600, 0x610): "main_entry",
        (0x620, 0x640): "z_thread_entry",
    }
    return FakeSymbols(
        functions=functions,
        objects={
            "_kernel_thread_info_offsets": Symbol("_kernel_thread_info_offsets", table, 60, is_function=False),
            "_kernel_thread_info_num_offsets": Symbol("n", table + 256, 4, is_function=False),
            "_kernel_thread_info_size_t_size": Symbol("s", table + 260, 1, is_function=False),
        },
        rows={span: row(0) for span in functions},
        read_only_bytes={
            0x400: code[:0x300],
            table: specimen.words(*offsets).ljust(256, b"\0") + specimen.words(len(offsets)) + b"\x04",
        },
    )
