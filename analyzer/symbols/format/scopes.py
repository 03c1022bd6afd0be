"""Scopes of an index: functions, functions inlined into them, lexical blocks; with their variables.

A scope is named by its offset. Scopes follow their parent, so a parent's offset is always smaller.

    kind | distance back to the parent (0 none) | start address |
    unless it is a block: name | flags (bit 0 noreturn, bit 1 tail calls known)
    function: frame base, as a location | number of tail calls | per tail call: pc behind it (signed, from the start)
    inlined: file number of the call + 1 | line of the call
    number of variables | per variable: name | type + 1 | parameter (bit 0) and kind of location (from bit 1) | location

A location is nothing, an expression, a constant (signed or bytes), or a list of: start (signed, from the end before;
the first from the scope's start address) | length | expression. There are two kinds of lists: the second one has a
variable in a register during a call only if the call leaves that alone.
"""

from dataclasses import dataclass
from enum import IntEnum

from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.format.strings import StringTable, StringWriter
from analyzer.symbols.format.varint import Cursor, put, put_bytes, put_signed

Location = bytes | tuple[tuple[int, int, bytes], ...] | None
"""An expression, or (start, end, expression) for ranges of addresses; None when there is none at all."""


class ScopeKind(IntEnum):
    """What opened the scope."""

    FUNCTION = 0
    INLINED = 1
    BLOCK = 2


@dataclass(frozen=True, slots=True)
class ScopeVariable:
    """A variable with its location at every pc of the scope."""

    name: str
    type: int
    is_parameter: bool
    location: Location
    const_value: int | bytes | None = None
    heeds_calls: bool = False
    """Whether its list has it in a register during a call only if the call leaves that alone."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope. `parent` is an offset, or None for a function."""

    kind: ScopeKind
    parent: int | None
    start: int
    """Where a function is entered; of other scopes the lowest address."""
    name: str
    noreturn: bool
    frame_base: Location
    tail_calls: tuple[int, ...] | None
    """Addresses behind the jumps by which the function ends in another one; None when they are not all known."""
    call_file: int
    """Number in the index's file table; -1 when the call site is not known."""
    call_line: int
    variables: tuple[ScopeVariable, ...]


_NOWHERE, _EXPRESSION, _NUMBER, _BYTES, _LIST, _HEEDING_LIST = range(6)


class ScopeWriter:
    """Collects scopes; offset 0 is never given out, so that it can mean "no scope"."""

    def __init__(self, strings: StringWriter) -> None:
        self._data = bytearray(b"\0")
        self._strings = strings

    def add(self, scope: Scope) -> int:
        """Offset of the scope."""
        out = self._data
        offset = len(out)
        put(out, scope.kind)
        put(out, 0 if scope.parent is None else offset - scope.parent)
        put(out, scope.start)
        if scope.kind != ScopeKind.BLOCK:
            put(out, self._strings.add(scope.name))
            put(out, int(scope.noreturn) | (scope.tail_calls is not None) << 1)
        if scope.kind == ScopeKind.FUNCTION:
            put(out, _kind_of(scope.frame_base, None))
            _put_location(out, scope.frame_base, None, scope.start)
            put(out, len(scope.tail_calls or ()))
            for address in scope.tail_calls or ():
                put_signed(out, address - scope.start)
        elif scope.kind == ScopeKind.INLINED:
            put(out, scope.call_file + 1)
            put(out, scope.call_line)
        put(out, len(scope.variables))
        for variable in scope.variables:
            put_variable(out, variable, scope.start, self._strings)
        return offset

    def encode(self) -> bytes:
        """The part."""
        return bytes(self._data)


def put_variable(out: bytearray, variable: ScopeVariable, start: int, strings: StringWriter) -> None:
    """Append a variable; its locations are counted from `start`."""
    put(out, strings.add(variable.name))
    put(out, variable.type + 1)
    kind = _kind_of(variable.location, variable.const_value)
    if kind == _LIST and variable.heeds_calls:
        kind = _HEEDING_LIST
    out.append(int(variable.is_parameter) | kind << 1)
    if kind != _NOWHERE:
        _put_location(out, variable.location, variable.const_value, start)


def read_variable(cursor: Cursor, start: int, strings: StringTable) -> ScopeVariable:
    """The next variable."""
    name, handle, how = strings.text(cursor.number()), cursor.number() - 1, cursor.number()
    location, const_value = _read_location(cursor, how >> 1, start)
    return ScopeVariable(name, handle, bool(how & 1), location, const_value, how >> 1 == _HEEDING_LIST)


def _kind_of(location: Location, const_value: int | bytes | None) -> int:
    if isinstance(location, bytes):
        return _EXPRESSION
    if location is not None:
        return _LIST
    if const_value is None:
        return _NOWHERE
    return _NUMBER if isinstance(const_value, int) else _BYTES


def _put_location(out: bytearray, location: Location, const_value: int | bytes | None, low: int) -> None:
    if isinstance(location, bytes):
        put_bytes(out, location)
    elif location is not None:
        put(out, len(location))
        before = low
        for start, end, expression in location:
            put_signed(out, start - before)
            put(out, end - start)
            put_bytes(out, expression)
            before = end
    elif isinstance(const_value, int):
        put_signed(out, const_value)
    elif const_value is not None:
        put_bytes(out, const_value)


def _read_location(cursor: Cursor, kind: int, low: int) -> tuple[Location, int | bytes | None]:
    if kind == _NOWHERE:
        return None, None
    if kind == _EXPRESSION:
        return cursor.block(), None
    if kind == _NUMBER:
        return None, cursor.signed()
    if kind == _BYTES:
        return None, cursor.block()
    if kind not in (_LIST, _HEEDING_LIST):
        raise CorruptIndex("A location in the symbol index is damaged; build it again.")
    items: list[tuple[int, int, bytes]] = []
    before = low
    for _ in range(cursor.count(3)):
        start = before + cursor.signed()
        before = start + cursor.number()
        items.append((start, before, cursor.block()))
    return tuple(items), None


def read_scope(data: memoryview, offset: int, strings: StringTable) -> Scope:
    """The scope at an offset.

    Raises:
        CorruptIndex: the record is damaged.
    """
    cursor = Cursor(data, offset)
    number = cursor.number
    try:
        kind = ScopeKind(number())
    except ValueError:
        raise CorruptIndex("A scope of the symbol index is damaged; build it again.") from None
    distance, start = number(), number()
    if distance > offset:
        raise CorruptIndex("A scope of the symbol index is damaged; build it again.")
    name, flags = "", 0
    tail_calls: tuple[int, ...] | None = None
    frame_base: Location = None
    call_file, call_line = -1, 0
    if kind != ScopeKind.BLOCK:
        name, flags = strings.text(number()), number()
    if kind == ScopeKind.FUNCTION:
        frame_base = _read_location(cursor, number(), start)[0]
        addresses = tuple(start + cursor.signed() for _ in range(cursor.count()))
        tail_calls = addresses if flags & 2 else None
    elif kind == ScopeKind.INLINED:
        call_file, call_line = number() - 1, number()
    variables = [read_variable(cursor, start, strings) for _ in range(cursor.count(3))]
    parent = offset - distance if distance else None
    return Scope(
        kind, parent, start, name, bool(flags & 1), frame_base, tail_calls, call_file, call_line, tuple(variables)
    )


def at(location: Location, pc: int) -> bytes | None:
    """The expression that holds at a pc."""
    if location is None or isinstance(location, bytes):
        return location
    return next((expression for start, end, expression in location if start <= pc < end), None)


def is_spared(variable: ScopeVariable, pc: int) -> bool:
    """Whether a call whose last byte is at pc leaves alone where the variable is, so that it still is there behind."""
    if not variable.heeds_calls or variable.location is None or isinstance(variable.location, bytes):
        return False
    return any(start <= pc < end - 1 for start, end, _ in variable.location)
