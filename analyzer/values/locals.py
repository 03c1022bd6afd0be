"""The parameters and local variables of one frame with their values."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from analyzer.symbols.interface import CallSite, Machine, Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.values.direct import Direct, direct_text
from analyzer.values.entry_values import EntryValues
from analyzer.values.expression import Context, fixed_place, locator_of, place_by, program_of
from analyzer.values.local import Local
from analyzer.values.place import Implicit, InRegister, Place
from analyzer.values.program import Locator
from analyzer.values.render import Renderer, fixed_text, shapes_of
from analyzer.values.shapes.shape import Part, Shape

_CACHED: Final = 8192
_ADDRESS: Final = 0x03  # DW_OP_addr
_CALL_FRAME_CFA: Final = b"\x9c"


class _Prepared(NamedTuple):
    """What can be said of a variable before there is a dump."""

    variable: Variable
    shape: Shape
    name: str
    type: str
    is_parameter: bool
    is_static: bool
    local: Local | None
    """All of it, if its value is the same in every dump."""
    place: Place | None
    """Where it lies, if that is the same in every dump."""
    locator: Locator
    """Finds where it lies."""
    direct: Direct | None
    """Shows it, where it is found in a simple way."""
    spared: int | None
    """The register that it is in, if one that a call at this pc leaves alone, as the compiler says."""


class _Scope(NamedTuple):
    """The variables of a function, or of one inlined into it, at one pc."""

    variables: tuple[_Prepared, ...]
    locals: tuple[Local, ...] | None
    """All of them, if none needs a dump."""


Spared = Callable[[int], int | None]
"""What a register holds that is known only if the function called from the frame leaves it alone."""


class FrameVariables:
    """The variables of one frame: of the function that runs there and of those inlined into it.

    Args:
        symbols: the firmware.
        machine: the frame.
        pc: the pc to look up: of a calling frame one less than its return address.
        outer: the variables of the frame that it returns to, where somebody has them.
        calls: those by which the function was entered, as `EntryValues` takes them.
        spared: for registers that the frame has only if what was called leaves them alone.
    """

    __slots__ = (
        "_base",
        "_calls",
        "_entered",
        "_outer",
        "_pc",
        "_prepared",
        "_renderer",
        "_spared",
        "_symbols",
        "address_mask",
        "machine",
    )

    def __init__(
        self,
        symbols: TypedSymbols,
        machine: Machine,
        pc: int,
        outer: "FrameVariables | None" = None,
        calls: tuple[CallSite, ...] | None = None,
        *,
        spared: Spared | None = None,
    ) -> None:
        self.machine = machine
        self.address_mask = (1 << 8 * symbols.pointer_size) - 1
        self._symbols = symbols
        self._pc = pc
        self._outer = outer
        self._calls = calls
        self._spared = spared
        self._entered: EntryValues | None = None
        self._renderer: Renderer | None = None
        self._base: int | Literal["unsought"] | None = "unsought"
        self._prepared: _Prepare = symbols.derived.get(_Scope) or _preparation(symbols)

    @property
    def entered(self) -> EntryValues:
        """What the function was entered with."""
        if self._entered is None:
            outer = None if self._outer is None else self._outer.entered
            self._entered = EntryValues(self._symbols, self.machine, self._pc, outer, self._calls)
        return self._entered

    @property
    def renderer(self) -> Renderer:
        """Shows the variables' values; made when the first one needs it."""
        if self._renderer is None:
            context = Context(self.machine, self._symbols, self.entered, pc=self._pc)
            self._renderer = Renderer.of(self._symbols, self.machine, context)
        return self._renderer

    def base(self) -> int | None:
        """What the offsets of variables are counted from; None where it is not known."""
        if self._base == "unsought":
            if self.machine.frame_base_expression() == _CALL_FRAME_CFA:
                self._base = self.machine.cfa()
            else:
                self._base = self.renderer.rendering.context.known_base()
        return self._base

    def on_entry(self, register: int) -> int | None:
        """What a register held when the function was entered; None unless it can be proved."""
        return (self._entered or self.entered).register(register)

    def of_scope(self, scope: int) -> Sequence[Local]:
        """Variables in scope, parameters first.

        `scope` is the handle of a function or of one inlined into it, as `Symbols.source_frames` gives it.
        """
        if scope < 0:
            return []
        prepared = self._prepared(scope, self._pc)
        if prepared.locals is not None:
            return prepared.locals
        found: list[Local] = []
        for one in prepared.variables:
            local = one.local
            if local is None:
                text = None if one.direct is None else one.direct(self)
                text = self._text(one) if text is None else text
                local = Local(one.name, one.type, text, one.is_parameter, one.is_static)
            found.append(local)
        return found

    def _text(self, one: _Prepared) -> str:
        return self.renderer.text(self._place(one), one.shape)

    def _place(self, one: _Prepared) -> Place:
        if one.spared is not None and self._spared is not None and self.machine.register(one.spared) is None:
            value = self._spared(one.spared)
            if value is not None:
                return Implicit(value.to_bytes(self._symbols.pointer_size, "little"))
        return one.place or place_by(one.locator, self.renderer.rendering.context)

    def opened(self, scope: int) -> list[tuple[Variable, Part]]:
        """The same variables, to be looked into by `renderer`."""
        if scope < 0:
            return []
        part = self.renderer.part
        return [
            (one.variable, part(one.variable.name, self._place(one), one.shape.handle))
            for one in self._prepared(scope, self._pc).variables
        ]


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
    name, kind, static = variable.name, symbols.type_name(variable.type), is_static(variable)
    place = fixed_place(variable, symbols)
    text = None if place is None else fixed_text(place, shape)
    local = None if text is None else Local(name, kind, text, variable.is_parameter, static)
    form = program_of(variable.location, symbols).form if variable.location is not None else None
    direct = direct_text(form or place, shape, symbols.pointer_size)
    locator = locator_of(variable, symbols)
    spared = place.number if variable.spared and isinstance(place, InRegister) else None
    return _Prepared(variable, shape, name, kind, variable.is_parameter, static, local, place, locator, direct, spared)


def is_static(variable: Variable) -> bool:
    """Whether a variable lies at an address that is fixed when the program is linked."""
    location = variable.location
    return not variable.is_parameter and location is not None and location[:1] == bytes([_ADDRESS])
