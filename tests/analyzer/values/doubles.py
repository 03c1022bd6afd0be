"""A program and a stopped machine over dictionaries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analyzer.symbols.dwarf.constants import Encoding
from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.interface import CallSite, Symbol, UnwindRow, Variable
from analyzer.symbols.type_name import type_name
from analyzer.symbols.types import UNKNOWN, VOID, VOID_TYPE, BaseType, OpaqueType, PointerType, Type

EM_ARM = 40


@dataclass
class FakeMachine:
    """One frame: registers, memory as runs of bytes, a CFA, a caller."""

    registers: dict[int, int] = field(default_factory=dict)
    memory: dict[int, bytes] = field(default_factory=dict)
    canonical: int | None = None
    base: bytes | None = None
    outer: "FakeMachine | None" = None
    overwritten: frozenset[int | None] = frozenset()

    def register(self, number: int) -> int | None:
        return self.registers.get(number)

    def lost(self, number: int | None) -> bool:
        return number in self.overwritten

    def read(self, address: int, size: int) -> bytes | None:
        for start, content in self.memory.items():
            if start <= address and address + size <= start + len(content):
                return content[address - start : address - start + size]
        return None

    def cfa(self) -> int | None:
        return self.canonical

    def frame_base_expression(self) -> bytes | None:
        return self.base

    def caller(self) -> "FakeMachine | None":
        return self.outer

    def returns_to(self) -> int | None:
        return None


@dataclass
class FakeSymbols:
    """Types by handle, and what else a test puts in."""

    types: dict[int, Type] = field(default_factory=dict)
    symbols: list[Symbol] = field(default_factory=list)
    rows: dict[int, UnwindRow] = field(default_factory=dict)
    sites: dict[int, CallSite] = field(default_factory=dict)
    tails: dict[int, tuple[int, ...] | None] = field(default_factory=dict)
    references: dict[int, Variable] = field(default_factory=dict)
    variables_by_scope: dict[int, list[Variable]] = field(default_factory=dict)
    machine: int = EM_ARM
    pointer_size: int = 4
    derived: dict[object, Any] = field(default_factory=dict)

    def type(self, handle: int) -> Type:
        if handle == VOID:
            return VOID_TYPE
        if handle == UNKNOWN:
            return OpaqueType("", None)
        if handle not in self.types:
            raise CorruptIndex("no such type")
        return self.types[handle]

    def type_name(self, handle: int) -> str:
        return type_name(self, handle)

    def symbol_at(self, address: int) -> Symbol | None:
        return next((one for one in self.symbols if one.address <= address < one.address + one.size), None)

    def unwind_row(self, pc: int) -> UnwindRow | None:
        return self.rows.get(pc)

    def reference(self, number: int, pc: int) -> Variable | None:
        del pc
        return self.references.get(number)

    def call_site(self, return_address: int) -> CallSite | None:
        return self.sites.get(return_address)

    def function_start(self, pc: int) -> int | None:
        return max((start for start in self.tails if start <= pc), default=None)

    def tail_calls(self, function: int) -> Sequence[int] | None:
        return self.tails.get(function)

    def variables(self, scope: int, pc: int) -> Sequence[Variable]:
        del pc
        return self.variables_by_scope.get(scope, [])


INT, UNSIGNED, CHAR, BOOL, FLOAT, DOUBLE, LONG_LONG, BYTE, CHAR_POINTER = range(1, 10)
BASES: dict[int, Type] = {
    INT: BaseType("int", 4, Encoding.SIGNED),
    UNSIGNED: BaseType("unsigned int", 4, Encoding.UNSIGNED),
    CHAR: BaseType("char", 1, Encoding.UNSIGNED_CHAR),
    BOOL: BaseType("_Bool", 1, Encoding.BOOLEAN),
    FLOAT: BaseType("float", 4, Encoding.FLOAT),
    DOUBLE: BaseType("double", 8, Encoding.FLOAT),
    LONG_LONG: BaseType("long long int", 8, Encoding.SIGNED),
    BYTE: BaseType("unsigned char", 1, Encoding.UNSIGNED_CHAR),
    CHAR_POINTER: PointerType(4, CHAR, "*"),
}
