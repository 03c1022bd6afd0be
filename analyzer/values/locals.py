"""The parameters and local variables of one frame with their values."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from analyzer.symbols.interface import Machine, Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.values.entry_values import EntryValues
from analyzer.values.expression import Context, fixed_place, locator_of, place_by
from analyzer.values.place import InMemory, Place
from analyzer.values.program import Locator
from analyzer.values.render import Renderer, fixed_text, shapes_of
from analyzer.values.shapes.shape import Part, Shape
from analyzer.values.value import Value

_CACHED: Final = 8192
_ADDRESS: Final = 0x03  # DW_OP_addr


class Local(NamedTuple):
    """A variable of a frame."""

    name: str
    type: str
    is_parameter: bool
    is_static: bool
    """Whether there is only one of it, which outlives the function."""
    text: str
    """Its value, or why that is not known."""


class _Prepared(NamedTuple):
    """What can be said of a variable before there is a dump."""

    variable: Variable
    shape: Shape
    about: tuple[str, str, bool, bool]
    """The first fields of its `Local`."""
    local: Local | None
    """All of it, if its value is the same in every dump."""
    place: Place | None
    """Where it lies, if that is the same in every dump."""
    locator: Locator
    """Finds where it lies."""


class _Scope(NamedTuple):
    """The variables of a function, or of one inlined into it, at one pc."""

    variables: tuple[_Prepared, ...]
    locals: tuple[Local, ...] | None
    """All of them, if none needs a dump."""


class FrameVariables:
    """The variables of one frame: of the function that runs there and of those inlined into it.

    Args:
        symbols: the firmware.
        machine: the frame.
        pc: the pc to look up: of a calling frame one less than its return address.
    """

    __slots__ = ("_machine", "_pc", "_prepared", "_renderer", "_symbols")

    def __init__(self, symbols: TypedSymbols, machine: Machine, pc: int) -> None:
        self._symbols = symbols
        self._machine = machine
        self._pc = pc
        self._renderer: Renderer | None = None
        self._prepared: _Prepare = symbols.derived.get(_Scope) or _preparation(symbols)

    @property
    def renderer(self) -> Renderer:
        """Shows the variables' values; made when the first one needs it."""
        if self._renderer is None:
            entered = EntryValues(self._symbols, self._machine, self._pc)
            context = Context(self._machine, self._symbols, entered, pc=self._pc)
            self._renderer = Renderer.of(self._symbols, self._machine, context)
        return self._renderer

    def of_scope(self, scope: int) -> Sequence[Local]:
        """Variables in scope, parameters first.

        `scope` is the handle of a function or of one inlined into it, as `Symbols.source_frames` gives it.
        """
        if scope < 0:
            return []
        prepared = self._prepared(scope, self._pc)
        if prepared.locals is not None:
            return prepared.locals
        renderer = self.renderer
        text, context = renderer.text, renderer.rendering.context
        return [
            local or Local(*about, text(place or place_by(locator, context), shape))
            for _, shape, about, local, place, locator in prepared.variables
        ]

    def opened(self, scope: int) -> list[tuple[Variable, Part]]:
        """The same variables, to be looked into by `renderer`."""
        if scope < 0:
            return []
        opened: list[tuple[Variable, Part]] = []
        renderer = self.renderer
        for one in self._prepared(scope, self._pc).variables:
            there = one.place or place_by(one.locator, renderer.rendering.context)
            opened.append((one.variable, renderer.part(one.variable.name, there, one.shape.handle)))
        return opened


_Prepare = Callable[[int, int], _Scope]


def _preparation(symbols: TypedSymbols) -> _Prepare:
    shapes = shapes_of(symbols)

    @lru_cache(_CACHED)
    def prepare(scope: int, pc: int) -> _Scope:
        variables = tuple(_prepared(one, symbols, shapes.shape(one.type)) for one in symbols.variables(scope, pc))
        known = tuple(one.local for one in variables if one.local is not None)
        return _Scope(variables, known if len(known) == len(variables) else None)

    symbols.derived[_Scope] = prepare
    return prepare


def _prepared(variable: Variable, symbols: TypedSymbols, shape: Shape) -> _Prepared:
    about = variable.name, symbols.type_name(variable.type), variable.is_parameter, is_static(variable)
    place = fixed_place(variable, symbols)
    text = None if place is None else fixed_text(place, shape)
    local = None if text is None else Local(*about, text)
    return _Prepared(variable, shape, about, local, place, locator_of(variable, symbols))


def is_static(variable: Variable) -> bool:
    """Whether a variable lies at an address that is fixed when the program is linked."""
    location = variable.location
    return not variable.is_parameter and location is not None and location[:1] == bytes([_ADDRESS])


def value_at(symbols: TypedSymbols, machine: Machine, handle: int, address: int) -> Value:
    """The object of a type that lies at an address, such as what a pointer points at."""
    return Renderer.of(symbols, machine).variable(InMemory(address), handle)
