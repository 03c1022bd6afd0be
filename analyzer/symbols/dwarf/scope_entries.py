"""Functions, inlined functions and lexical blocks from debugging information entries (DWARF 5, section 3.3)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from analyzer.symbols.dwarf import lists
from analyzer.symbols.dwarf.call_entries import CallEntries, entry_address
from analyzer.symbols.dwarf.constants import At, Tag
from analyzer.symbols.dwarf.entries import DebugInfo, Entry
from analyzer.symbols.dwarf.expressions import resolve
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.qualified_name import qualified_name
from analyzer.symbols.dwarf.type_entries import TypeEntries
from analyzer.symbols.format.scopes import Location, Scope, ScopeKind, ScopeVariable, ScopeWriter
from analyzer.symbols.progress import Progress, unheard

ScopeSpan = tuple[int, int, int]
"""Start address, end address (exclusive), scope."""

_KINDS = {
    Tag.SUBPROGRAM: ScopeKind.FUNCTION,
    Tag.INLINED_SUBROUTINE: ScopeKind.INLINED,
    Tag.LEXICAL_BLOCK: ScopeKind.BLOCK,
}
_VARIABLES = (Tag.FORMAL_PARAMETER, Tag.VARIABLE)
_MOST_BLOCKS = 10_000
_MOST_REFERENCES = 1_000_000
_DAMAGE = (IndexError, MalformedDwarf)


@dataclass(slots=True)
class _Contents:
    """What a scope holds: variables with the place where the source declares them, inner scopes, entries looked at."""

    variables: list[tuple[int, ScopeVariable]] = field(default_factory=list[tuple[int, ScopeVariable]])
    inner: list[Entry] = field(default_factory=list[Entry])
    seen: set[int] = field(default_factory=set[int])


@dataclass(frozen=True, slots=True)
class ScopeEntries:
    """Writes the scopes of a program.

    `is_present` says whether code at an address is part of the image: functions that the linker threw away keep their
    entries, at address 0 or another that it made up. `file_number` gives the index's number for a file of the entry's
    unit.
    """

    types: TypeEntries
    calls: CallEntries
    writer: ScopeWriter
    is_present: Callable[[int], bool]
    file_number: Callable[[Entry, int], int]

    def write(self, info: DebugInfo, progress: Progress = unheard) -> list[ScopeSpan]:
        """Add every scope to the writer; spans of inner scopes follow those of outer ones."""
        spans: list[ScopeSpan] = []
        for number, unit in enumerate(info.units):
            progress(number, len(info.units))
            for entry in unit.entries:
                if entry.abbreviation.tag == Tag.SUBPROGRAM and (entry.has(At.LOW_PC) or entry.has(At.RANGES)):
                    spans.extend(self._write_scope(entry, None))
        return spans

    def _write_scope(self, entry: Entry, parent: int | None) -> Iterator[ScopeSpan]:
        covered = [span for span in _ranges(entry) if self.is_present(span[0])]
        if not covered:
            return
        found = _Contents()
        self._collect(entry, found, concrete=True)
        # Concrete instances list their variables in any order; the abstract one keeps the order of the source.
        found.variables.sort(key=lambda item: (not item[1].is_parameter, item[0]))
        kind = _KINDS[entry.tag]
        is_function = kind == ScopeKind.FUNCTION
        start = (entry_address(entry) if is_function else None) or min(start for start, _ in covered)
        is_block = kind == ScopeKind.BLOCK
        handle = self.writer.add(
            Scope(
                kind,
                parent,
                start,
                "" if is_block else qualified_name(entry),
                not is_block and bool(entry.inherited(At.NORETURN).number(At.NORETURN)),
                self._location(entry, At.FRAME_BASE) if is_function else None,
                self.calls.tail_calls(entry) if is_function else None,
                self.file_number(entry, entry.number(At.CALL_FILE) or 0) if kind == ScopeKind.INLINED else -1,
                max(entry.number(At.CALL_LINE) or 0, 0),
                tuple(variable for _, variable in found.variables),
            )
        )
        for low, high in covered:
            yield low, high, handle
        for child in found.inner:
            yield from self._write_scope(child, handle)

    def _collect(self, entry: Entry, found: "_Contents", *, concrete: bool) -> None:
        """Sort the children into variables and inner scopes.

        A concrete instance leaves out what it has nothing to say about; that is then taken from the abstract one, as
        variables without a location.
        """
        if entry.offset in found.seen or len(found.seen) > _MOST_BLOCKS:
            return
        found.seen.add(entry.offset)
        for child in entry.children:
            self._collect_one(child, found, concrete=concrete)
        abstract = entry.reference(At.ABSTRACT_ORIGIN)
        if abstract is None or not abstract.children:
            return
        # The same entries come again for each instance.
        mentioned: set[int] = set()
        _note_origins(entry, mentioned)
        entry.unit.info.allowance.spend(16 * len(abstract.children))
        for child in abstract.children:
            if child.offset not in mentioned:
                self._collect_one(child, found, concrete=False)

    def _collect_one(self, child: Entry, found: "_Contents", *, concrete: bool) -> None:
        tag = child.abbreviation.tag
        if tag in _VARIABLES:
            variable = self._variable(child)
            if variable is not None:
                found.variables.append((child.oldest().offset, variable))
        elif tag in (Tag.LEXICAL_BLOCK, Tag.INLINED_SUBROUTINE):
            if child.has(At.LOW_PC) or child.has(At.RANGES):
                if concrete:
                    found.inner.append(child)
            elif tag == Tag.LEXICAL_BLOCK:
                # A block without code of its own: its variables belong to the scope around it.
                self._collect(child, found, concrete=concrete)

    def referenced(self, info: DebugInfo) -> list[ScopeVariable]:
        """What expressions refer to, in the order of their numbers; that may refer to more again."""
        found: list[ScopeVariable] = []
        concrete: dict[int, list[Entry]] | None = None
        references = self.types.references
        while len(found) < len(references.offsets):
            if len(found) >= _MOST_REFERENCES:
                raise MalformedDwarf("Expressions refer to more entries than any program has.")
            entry = info.by_offset.get(references.offsets[len(found)])
            if entry is None:
                found.append(ScopeVariable("", -1, is_parameter=False, location=None))
                continue
            location, const_value = self._location(entry, At.LOCATION), constant(entry)
            if location is None and const_value is None:
                concrete = _instances(info) if concrete is None else concrete
                location = self._locations_of_instances(concrete.get(entry.offset, []))
            name = entry.inherited(At.NAME).text(At.NAME) or ""
            is_parameter = entry.tag == Tag.FORMAL_PARAMETER
            found.append(ScopeVariable(name, self.types.handle(entry), is_parameter, location, const_value))
        return found

    def _locations_of_instances(self, instances: list[Entry]) -> Location:
        """Where the instances of an inlined function's variable lie, each in the code of its own."""
        items: list[tuple[int, int, bytes]] = []
        for entry in instances:
            location = self._location(entry, At.LOCATION)
            if isinstance(location, bytes):
                items += [(start, end, location) for start, end in _ranges_around(entry)]
            elif location is not None:
                items += location
        return tuple(sorted(items)) or None

    def _variable(self, entry: Entry) -> ScopeVariable | None:
        name = entry.inherited(At.NAME).text(At.NAME)
        if not name or entry.number(At.DECLARATION):
            return None
        holder = entry.inherited(At.LOCATION)
        location = self._location(holder, At.LOCATION)
        const_value: int | bytes | None = None
        if location is None:
            const_value = constant(entry.inherited(At.CONST_VALUE))
        is_parameter = entry.tag == Tag.FORMAL_PARAMETER
        return ScopeVariable(
            name, self.types.handle(entry), is_parameter, location, const_value, holder.unit.heeds_calls
        )

    def _location(self, entry: Entry, attribute: int) -> Location:
        try:
            found = lists.location(entry, attribute)
        except _DAMAGE:
            return None
        if isinstance(found, list):
            return tuple((start, end, self._resolve(entry, expression)) for start, end, expression in found)
        return None if found is None else self._resolve(entry, found)

    def _resolve(self, entry: Entry, expression: bytes) -> bytes:
        return resolve(expression, entry.unit, self.types.handle_at, self.types.references)


def _note_origins(entry: Entry, mentioned: set[int]) -> None:
    """Which entries of the abstract instance the children of a concrete one, also those of its blocks, stand for."""
    for child in entry.children:
        origin = child.target(At.ABSTRACT_ORIGIN)
        if origin is not None:
            mentioned.add(origin)
        if child.tag == Tag.LEXICAL_BLOCK:
            _note_origins(child, mentioned)


def _instances(info: DebugInfo) -> dict[int, list[Entry]]:
    """Entries by the one that each is a concrete instance of."""
    found: dict[int, list[Entry]] = {}
    for unit in info.units:
        for entry in unit.entries:
            shape = entry.abbreviation
            if shape.origin == At.ABSTRACT_ORIGIN and shape.tag in _VARIABLES:
                origin = entry.target(At.ABSTRACT_ORIGIN)
                if origin is not None:
                    found.setdefault(origin, []).append(entry)
    return found


def _ranges_around(entry: Entry) -> list[tuple[int, int]]:
    """The code of the innermost scope around an entry that has any."""
    parent = entry.parent
    while parent is not None:
        if parent.has(At.LOW_PC) or parent.has(At.RANGES):
            return _ranges(parent)
        parent = parent.parent
    return []


def constant(entry: Entry) -> int | bytes | None:
    """DW_AT_const_value: a number, or the bytes of the object; None when the entry lacks it."""
    if not entry.has(At.CONST_VALUE):
        return None
    number = entry.number(At.CONST_VALUE)
    if number is not None:
        return number
    block = entry.block(At.CONST_VALUE)
    if block is not None:
        return block
    text = entry.text(At.CONST_VALUE)
    return None if text is None else text.encode() + b"\0"


def _ranges(entry: Entry) -> list[tuple[int, int]]:
    try:
        return lists.ranges(entry)
    except _DAMAGE:
        return []
