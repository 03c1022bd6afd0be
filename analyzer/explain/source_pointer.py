"""What a register is in the source: the pointer variable, or the member, that it holds.

Only what debug information and code prove is named: a variable whose location is the register, or the variable or
member that the instructions right before have loaded it from.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import msgspec

from analyzer.disassembly import Instruction, MemoryOperand, Registers, evaluate
from analyzer.symbols.interface import Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import Frame
from analyzer.values.entry_values import EntryValues
from analyzer.values.expression import Context, fixed_place, place_of
from analyzer.values.member_path import member_path, pointee, through_pointer
from analyzer.values.place import InMemory, InRegister

_CACHED: Final = 512
MAX_CHAIN = 4
"""How many pointers may lead to the one that was followed."""


class SourcePointer(msgspec.Struct, frozen=True):
    """A pointer's expressions, all of which are true, and what it points at."""

    expressions: tuple[str, ...]
    target: int
    """Handle of the type that it points at; -1 where the variable is no pointer."""


def source_pointer(
    register: int, frame: Frame, before: Sequence[Instruction], symbols: TypedSymbols
) -> SourcePointer | None:
    """What a register of the innermost frame is in the source; `before` has run right before the frame's pc."""
    return _Search(frame, symbols, before).register(register, len(before), MAX_CHAIN)


class _Place(NamedTuple):
    """A place in the code."""

    variables: tuple[Variable, ...]
    held: dict[int, SourcePointer]
    """The variables as large as a pointer that registers hold there, by DWARF number."""


class _Places:
    """What a firmware's debug information says of places in its code: worked out once, for every dump."""

    def __init__(self, symbols: TypedSymbols) -> None:
        self._symbols = symbols
        self.at: Callable[[int], _Place] = lru_cache(_CACHED)(self._find)

    def _find(self, pc: int) -> _Place:
        symbols = self._symbols
        scopes = [source.scope for source in symbols.source_frames(pc) if source.scope >= 0]
        variables = tuple(one for scope in scopes for one in symbols.variables(scope, pc))
        held: dict[int, list[tuple[str, int]]] = {}
        for one in variables:
            place = fixed_place(one, symbols)
            if isinstance(place, InRegister) and symbols.size_of(one.type) == symbols.pointer_size:
                held.setdefault(place.number, []).append((one.name, one.type))
        return _Place(variables, {number: _named(symbols, found) for number, found in held.items()})


def _named(symbols: TypedSymbols, found: Sequence[tuple[str, int]]) -> SourcePointer:
    """By the names and types of all that a pointer is."""
    targets = [pointee(symbols, handle) for _, handle in found]
    target = next((each for each in targets if each is not None), -1)
    return SourcePointer(tuple(dict.fromkeys(name for name, _ in found)), target)


class _Search:
    """The variables of a frame, and the instructions that have run right before its pc."""

    def __init__(self, frame: Frame, symbols: TypedSymbols, before: Sequence[Instruction]) -> None:
        self._frame = frame
        self._symbols = symbols
        self._before = before
        self._registers = Registers(symbols.machine, symbols.pointer_size)
        places: _Places | None = symbols.derived.get(_Places)
        if places is None:
            places = symbols.derived[_Places] = _Places(symbols)
        self._place = places.at(frame.lookup_pc)

    @cached_property
    def _in_memory(self) -> list[tuple[Variable, int]]:
        """The variables that lie in memory, and where."""
        frame = self._frame
        context = Context(frame, self._symbols, EntryValues(self._symbols, frame, frame.lookup_pc))
        placed = [(one, place_of(one, context)) for one in self._place.variables]
        return [(one, place.address) for one, place in placed if isinstance(place, InMemory)]

    def register(self, number: int, end: int, depth: int) -> SourcePointer | None:
        """The pointer that a register holds before the instruction at position `end`."""
        if self._is_kept(number, end):
            # Locations are those at pc.
            held = self._place.held.get(number)
            if held is not None:
                return held
        load = self._registers.loaded_from(number, self._before[:end]) if depth else None
        return None if load is None else self._loaded(load.operand, load.position, depth - 1)

    def _is_kept(self, number: int, end: int) -> bool:
        """Whether a register is the same before the instruction at `end` and at pc."""
        return self._registers.is_kept(number, self._before[end:])

    def _loaded(self, operand: MemoryOperand, position: int, depth: int) -> SourcePointer | None:
        """The pointer that the instruction at a position loaded from memory."""
        address = self._address(operand, position, depth)
        names = [] if address is None else [*self._in_frame(address), *self._global(address)]
        if names:
            return _named(self._symbols, names)
        if operand.base is None or operand.index is not None:
            return None
        through = self.register(operand.base, position, depth)
        if through is None:
            return None
        size = self._symbols.pointer_size
        members = [
            (found[0], found[2])
            for expression in through.expressions
            if (found := through_pointer(self._symbols, expression, through.target, operand.displacement, size))
        ]
        return _named(self._symbols, members) if members else None

    def _address(self, operand: MemoryOperand, position: int, depth: int) -> int | None:
        """Where the load at a position went."""
        values: dict[int, int] = {}
        for number in (operand.base, operand.index.register if operand.index else None):
            value = None if number is None else self._value(number, position, depth)
            if number is not None and value is None:
                return None
            if number is not None and value is not None:
                values[number] = value
        access = evaluate(operand, values, self._symbols.pointer_size)
        return None if access is None else access.address

    def _value(self, number: int, end: int, depth: int) -> int | None:
        """What a register was before the instruction at a position."""
        if self._is_kept(number, end):
            return self._frame.register(number)
        load = self._registers.loaded_from(number, self._before[:end]) if depth else None
        address = None if load is None else self._address(load.operand, load.position, depth - 1)
        raw = None if address is None else self._frame.read(address, self._symbols.pointer_size)
        return None if raw is None else int.from_bytes(raw, "little")

    def _in_frame(self, address: int) -> Iterator[tuple[str, int]]:
        size = self._symbols.pointer_size
        for variable, start in self._in_memory:
            if address >= start:
                found = member_path(self._symbols, variable.type, address - start, size)
                if found is not None:
                    yield variable.name + found[0], found[1]

    def _global(self, address: int) -> Iterator[tuple[str, int]]:
        named = global_at(self._symbols, address, self._symbols.pointer_size)
        if named is not None:
            yield named


def global_at(symbols: TypedSymbols, address: int, size: int) -> tuple[str, int] | None:
    """Name and type of the global variable, or its member, that some bytes are; None unless it is certain."""
    symbol = symbols.symbol_at(address)
    if symbol is None or symbol.is_function or not symbol.size:
        return None
    handles = {one.variable.type for one in symbols.globals_named(symbol.name)}
    if len(handles) != 1:
        return None
    found = member_path(symbols, handles.pop(), address - symbol.address, size)
    return None if found is None else (symbol.name + found[0], found[1])
