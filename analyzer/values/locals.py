"""The parameters and local variables of one frame with their values."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from analyzer.symbols.interface import Machine, Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.values.entry_values import EntryValues
from analyzer.values.expression import Context, fixed_place, place_of
from analyzer.values.place import InMemory, Place
from analyzer.values.render import Renderer, shapes_of
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
    type_name: str
    shape: Shape
    is_static: bool
    place: Place | None
    """Where it lies, if that is the same in every dump."""


class FrameVariables:
    """The variables of one frame: of the function that runs there and of those inlined into it.

    Args:
        symbols: the firmware.
        machine: the frame.
        pc: the pc to look up: of a calling frame one less than its return address.
    """

    __slots__ = ("_context", "_pc", "_prepared", "_symbols", "renderer")

    def __init__(self, symbols: TypedSymbols, machine: Machine, pc: int) -> None:
        self._symbols = symbols
        self._pc = pc
        self._context = Context(machine, symbols, EntryValues(symbols, machine, pc), pc=pc)
        self.renderer = Renderer.of(symbols, machine, self._context)
        self._prepared: _Prepare = symbols.derived.get(_Prepared) or _preparation(symbols)

    def of_scope(self, scope: int) -> list[Local]:
        """Variables in scope, parameters first.

        `scope` is the handle of a function or of one inlined into it, as `Symbols.source_frames` gives it.
        """
        if scope < 0:
            return []
        text, context = self.renderer.text, self._context
        return [
            Local(
                variable.name,
                type_name,
                variable.is_parameter,
                is_static,
                text(place or place_of(variable, context), shape),
            )
            for variable, type_name, shape, is_static, place in self._prepared(scope, self._pc)
        ]

    def opened(self, scope: int) -> list[tuple[Variable, Part]]:
        """The same variables, to be looked into by `renderer`."""
        if scope < 0:
            return []
        opened: list[tuple[Variable, Part]] = []
        for variable, _, shape, _, place in self._prepared(scope, self._pc):
            there = place or place_of(variable, self._context)
            opened.append((variable, self.renderer.part(variable.name, there, shape.handle)))
        return opened


_Prepare = Callable[[int, int], tuple[_Prepared, ...]]


def _preparation(symbols: TypedSymbols) -> _Prepare:
    shapes = shapes_of(symbols)

    @lru_cache(_CACHED)
    def prepare(scope: int, pc: int) -> tuple[_Prepared, ...]:
        return tuple(
            _Prepared(
                one, symbols.type_name(one.type), shapes.shape(one.type), is_static(one), fixed_place(one, symbols)
            )
            for one in symbols.variables(scope, pc)
        )

    symbols.derived[_Prepared] = prepare
    return prepare


def is_static(variable: Variable) -> bool:
    """Whether a variable lies at an address that is fixed when the program is linked."""
    location = variable.location
    return not variable.is_parameter and location is not None and location[:1] == bytes([_ADDRESS])


def value_at(symbols: TypedSymbols, machine: Machine, handle: int, address: int) -> Value:
    """The object of a type that lies at an address, such as what a pointer points at."""
    return Renderer.of(symbols, machine).variable(InMemory(address), handle)
