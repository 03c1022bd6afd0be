"""The variables of a function, or of one inlined into it, at one pc.

All that can be said of them before there is a dump is found once per firmware. They are sorted by the way to their
values, so that a frame is asked once for its part of the stack and once for what was passed, not for each variable.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from analyzer.symbols.interface import Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.values.direct import Direct, Held, ShownFrame, Slot, direct_text, held, slot
from analyzer.values.expression import fixed_place, locator_of, program_of
from analyzer.values.local import Local
from analyzer.values.place import InRegister, Place, Unknown
from analyzer.values.program import FromFrameBase, Locator, OnEntry
from analyzer.values.render import fixed_text, shapes_of
from analyzer.values.shapes.shape import Read, Shape

_CACHED: Final = 8192
_ADDRESS: Final = 0x03  # DW_OP_addr
_LONGEST_RUN: Final = 4096
"""Bytes of a frame that are read at once for all variables that lie there."""


class Prepared(NamedTuple):
    """A variable, as far as it is known before there is a dump."""

    variable: Variable
    shape: Shape
    local: Local
    """As the report has it where its value is the same in every dump, or where nothing is known of it."""
    is_fixed: bool
    """Whether its value is the same in every dump."""
    place: Place | None
    """Where it lies, if that is the same in every dump."""
    locator: Locator
    """Finds where it lies."""
    spared: int | None
    """The register that it is in, if one that a call at this pc leaves alone, as the compiler says."""


class _Run(NamedTuple):
    """Variables that lie side by side in the frame: read at once."""

    lowest: int
    """Offset of the first one from the frame base."""
    size: int
    slots: list[tuple[int, Local, Slot]]


class ScopeFrame(ShownFrame, Protocol):
    """A frame that its variables are shown for."""

    def text(self, one: Prepared) -> str:
        """What a variable holds, or why that is not known, by the long way."""
        ...


class Scope:
    """Variables in scope at one pc, parameters first."""

    __slots__ = ("_addresses", "_held", "_known", "_others", "_passed", "_runs", "is_fixed", "variables")

    def __init__(self, variables: tuple[Prepared, ...], symbols: TypedSymbols) -> None:
        self.variables = variables
        self.is_fixed = all(one.is_fixed for one in variables)
        """Whether all values are the same in every dump."""
        self._addresses = range(1 << 8 * symbols.pointer_size)
        self._known = [one.local for one in variables]
        # Of these, the number of the variable, the variable, and the way to its value.
        self._held: list[tuple[int, Local, Held]] = []
        self._passed: list[tuple[int, Local, Held]] = []
        self._others: list[tuple[int, Local, Direct | None]] = []
        slots: list[tuple[int, Local, Slot]] = []
        for at, one in enumerate(variables):
            form, size = _form(one, symbols), symbols.pointer_size
            if one.is_fixed:
                continue
            if isinstance(form, FromFrameBase) and (found := slot(form.offset, one.shape)):
                slots.append((at, one.local, found))
            elif isinstance(form, InRegister) and (found := held(form.number, one.shape, size)):
                self._held.append((at, one.local, found))
            elif isinstance(form, OnEntry) and (found := held(form.register, one.shape, size)):
                self._passed.append((at, one.local, found))
            else:
                self._others.append((at, one.local, direct_text(form, one.shape, size)))
        self._runs = _runs(slots)

    def locals(self, frame: ScopeFrame) -> list[Local]:
        """The variables with their values in a frame."""
        found = self._known.copy()
        machine, variables = frame.machine, self.variables
        if self._held:
            register = machine.register
            for at, local, (number, mask, text) in self._held:
                value = register(number)
                shown = frame.text(variables[at]) if value is None else text(value & mask)
                found[at] = Local(local.name, local.type, shown, local.parameter)
        # What was not passed is optimised out, as it stands there already.
        on_entry = frame.on_entry() if self._passed else None
        if on_entry is not None:
            for at, local, (number, mask, text) in self._passed:
                value = on_entry(number)
                if value is not None:
                    found[at] = Local(local.name, local.type, text(value & mask), local.parameter)
        for lowest, size, slots in self._runs:
            base, read = frame.base(), machine.read
            run = None if base is None else self._read(read, base + lowest, size)
            for at, local, (offset, _, text) in slots:
                shown = frame.text(variables[at]) if run is None else text(run, offset - lowest, read)
                found[at] = Local(local.name, local.type, shown, local.parameter)
        for at, local, direct in self._others:
            shown = None if direct is None else direct(frame)
            shown = frame.text(variables[at]) if shown is None else shown
            found[at] = Local(local.name, local.type, shown, local.parameter, local.static)
        return found

    def _read(self, read: Read, address: int, size: int) -> bytes | None:
        """A run; None unless all of it is known. Where addresses start anew at zero, each variable is read alone."""
        return read(address, size) if address in self._addresses and address + size in self._addresses else None


def _runs(slots: list[tuple[int, Local, Slot]]) -> list[_Run]:
    """Slots, put together where they are near each other."""
    runs: list[_Run] = []
    for one in sorted(slots, key=lambda slot: slot[2].offset):
        offset, end = one[2].offset, one[2].offset + one[2].size
        if runs and end - runs[-1].lowest <= _LONGEST_RUN:
            last = runs.pop()
            runs.append(_Run(last.lowest, max(last.size, end - last.lowest), [*last.slots, one]))
        else:
            runs.append(_Run(offset, end - offset, [one]))
    return runs


def _form(one: Prepared, symbols: TypedSymbols) -> Place | FromFrameBase | OnEntry | None:
    """How its expression says where a variable is, as far as it is simple."""
    location = one.variable.location
    return (None if location is None else program_of(location, symbols).form) or one.place


Scopes = Callable[[int, int], Scope]
"""The variables of a scope (a handle, as `Symbols.source_frames` gives it) at a pc."""


def scopes_of(symbols: TypedSymbols) -> Scopes:
    """The scopes of a firmware, the same ones for every dump."""
    scopes: Scopes | None = symbols.derived.get(Scope)
    return scopes or _scopes(symbols)


def _scopes(symbols: TypedSymbols) -> Scopes:
    shapes = shapes_of(symbols)

    @lru_cache(_CACHED)
    def prepare(scope: int, pc: int) -> Scope:
        variables = symbols.variables(scope, pc)
        return Scope(tuple([_prepared(one, symbols, shapes.shape(one.type)) for one in variables]), symbols)

    symbols.derived[Scope] = prepare
    return prepare


def _prepared(variable: Variable, symbols: TypedSymbols, shape: Shape) -> Prepared:
    place = fixed_place(variable, symbols)
    text = None if place is None else fixed_text(place, shape)
    return Prepared(
        variable=variable,
        shape=shape,
        local=Local(
            variable.name,
            symbols.type_name(variable.type),
            Unknown.OPTIMIZED_OUT.text if text is None else text,
            variable.is_parameter,
            is_static(variable),
        ),
        is_fixed=text is not None,
        place=place,
        locator=locator_of(variable, symbols),
        spared=place.number if variable.spared and isinstance(place, InRegister) else None,
    )


def is_static(variable: Variable) -> bool:
    """Whether a variable lies at an address that is fixed when the program is linked."""
    location = variable.location
    return not variable.is_parameter and location is not None and location[:1] == bytes([_ADDRESS])
