"""Call sites from debugging information entries (DWARF 5, section 3.4; DWARF 4: GNU's DW_TAG_GNU_call_site).

They say where a call goes and what it passes in registers, which is what tells a parameter's value on entry once the
register has been used for something else, and which functions have left the stack by a tail call.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.constants import At, Tag
from analyzer.symbols.dwarf.entries import DebugInfo, Entry
from analyzer.symbols.dwarf.expressions import UNSUPPORTED, References, TypeHandle, resolve
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.lists import ranges
from analyzer.symbols.interface import CallSite

_SITES = (Tag.CALL_SITE, Tag.GNU_CALL_SITE)
_PARAMETERS = (Tag.CALL_SITE_PARAMETER, Tag.GNU_CALL_SITE_PARAMETER)
_COMPLETE = (
    At.CALL_ALL_CALLS,
    At.CALL_ALL_SOURCE_CALLS,
    At.CALL_ALL_TAIL_CALLS,
    At.GNU_ALL_CALL_SITES,
    At.GNU_ALL_SOURCE_CALL_SITES,
    At.GNU_ALL_TAIL_CALL_SITES,
)
_DW_OP_REGX = 0x90
_MOST_TARGETS = 64
"""Of one call; a function that starts in more places is one that no call tells us anything about."""


def entry_address(function: Entry) -> int | None:
    """Where a function is entered; None when it has no code.

    Raises:
        IndexError, MalformedDwarf: its range list is damaged.
    """
    low = function.address(At.LOW_PC)
    if low is not None and not function.has(At.RANGES):
        return low
    covered = ranges(function)
    return covered[0][0] if covered else None


class CallEntries:
    """All call sites of a program.

    `by_function` lists them by the offset of the function's entry. `functions` gives the addresses of functions by
    symbol name.
    """

    def __init__(
        self,
        info: DebugInfo,
        type_handle: TypeHandle,
        references: References,
        functions: Mapping[str, Sequence[int]],
        is_present: Callable[[int], bool],
    ) -> None:
        self._functions = functions
        self._is_present = is_present
        self._type_handle = type_handle
        self._references = references
        self._instances: defaultdict[int, list[int]] = defaultdict(list)
        self._present: set[int] = set()
        sites: list[Entry] = []
        for unit in info.units:
            for entry in unit.entries:
                tag = entry.abbreviation.tag
                if tag in _SITES:
                    sites.append(entry)
                elif tag == Tag.SUBPROGRAM and (entry.has(At.LOW_PC) or entry.has(At.RANGES)):
                    self._note_instance(entry)
        self.by_function: defaultdict[int, list[CallSite]] = defaultdict(list)
        for entry in sites:
            function = _function_of(entry)
            site = self._site(entry)
            if function is not None and site is not None and function.offset in self._present:
                self.by_function[function.offset].append(site)

    def tail_calls(self, function: Entry) -> tuple[int, ...] | None:
        """Addresses behind the function's tail calls; None when the compiler does not say that it lists them all."""
        if not any(function.inherited(attribute).has(attribute) for attribute in _COMPLETE):
            return None
        return tuple(sorted(site.return_address for site in self.by_function[function.offset] if site.is_tail))

    def _note_instance(self, function: Entry) -> None:
        try:
            address = entry_address(function)
        except (IndexError, MalformedDwarf):
            return
        if address is not None and self._is_present(address):
            self._present.add(function.offset)
            for origin in function.origins():
                self._instances[origin.offset].append(address)

    def _site(self, entry: Entry) -> CallSite | None:
        address = entry.address(At.CALL_RETURN_PC if entry.tag == Tag.CALL_SITE else At.LOW_PC)
        if address is None:
            return None
        is_tail = bool(entry.number(At.CALL_TAIL_CALL) or entry.number(At.GNU_TAIL_CALL))
        origin = entry.reference(At.CALL_ORIGIN) or entry.reference(At.ABSTRACT_ORIGIN)
        targets = () if origin is None else self._targets(origin)
        expression = b""
        if origin is None:
            block = entry.block(At.CALL_TARGET) or entry.block(At.GNU_CALL_SITE_TARGET)
            expression = b"" if block is None else self._resolve(entry, block)
        parameters: dict[int, bytes] = {}
        optimized_out: dict[int, bytes] = {}
        for child in entry.children:
            if child.tag in _PARAMETERS:
                register = _register(child.block(At.LOCATION))
                value = child.block(At.CALL_VALUE) or child.block(At.GNU_CALL_SITE_VALUE)
                if register is not None and value is not None:
                    parameters[register] = self._resolve(entry, value)
                parameter = child.reference(At.CALL_PARAMETER) or child.reference(At.ABSTRACT_ORIGIN)
                if parameter is not None and value is not None:
                    optimized_out[self._references.number(parameter.offset)] = self._resolve(entry, value)
        target = b"" if expression == UNSUPPORTED else expression
        return CallSite(address, is_tail, targets, target, parameters, optimized_out)

    def _resolve(self, entry: Entry, expression: bytes) -> bytes:
        return resolve(expression, entry.unit, self._type_handle, self._references)

    def _targets(self, origin: Entry) -> tuple[int, ...]:
        """Where the called function may start; nothing when that is not known."""
        for one in origin.origins():
            if one.offset in self._instances:
                found = set(self._instances[one.offset][: _MOST_TARGETS + 1])
                return tuple(sorted(found)) if len(found) <= _MOST_TARGETS else ()
        name = origin.inherited(At.LINKAGE_NAME).text(At.LINKAGE_NAME) or origin.inherited(At.NAME).text(At.NAME)
        found = self._functions.get(name or "", ())
        return tuple(found) if len(found) == 1 else ()


def _function_of(entry: Entry) -> Entry | None:
    parent = entry.parent
    while parent is not None and parent.tag != Tag.SUBPROGRAM:
        parent = parent.parent
    return parent


def _register(location: bytes | None) -> int | None:
    """The register that a location consists of."""
    if location is None:
        return None
    if len(location) == 1 and 0x50 <= location[0] <= 0x6F:
        return location[0] - 0x50
    if len(location) > 1 and location[0] == _DW_OP_REGX:
        try:
            number, end = leb128.unsigned(location, 1)
        except IndexError:
            return None
        return number if end == len(location) else None
    return None
