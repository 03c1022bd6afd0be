"""The parameters and local variables of one frame with their values."""

from collections.abc import Callable
from typing import Literal

from analyzer.symbols.interface import CallSite, Machine, Variable
from analyzer.symbols.types import TypedSymbols
from analyzer.values.entry_values import Asked, EntryValues
from analyzer.values.expression import Context, place_by
from analyzer.values.local import Local
from analyzer.values.place import Implicit, Place
from analyzer.values.render import Renderer
from analyzer.values.scope import Prepared, scopes_of
from analyzer.values.shapes.shape import Part

_CALL_FRAME_CFA = b"\x9c"

Spared = Callable[[int], int | None]
"""What a register holds that is known only if the function called from the frame leaves it alone."""


class FrameVariables:
    """The variables of one frame: of the function that runs there and of those inlined into it.

    Args:
        symbols: the firmware.
        machine: the frame.
        pc: the pc to look up: of a calling frame one less than its return address.
        calls: those by which the function was entered, as `EntryValues` takes them.
        asked: shared by the frames of a stack, of which the outer ones are best shown first.
        spared: for registers that the frame has only if what was called leaves them alone.
    """

    __slots__ = (
        "_asked",
        "_base",
        "_calls",
        "_entered",
        "_pc",
        "_renderer",
        "_scopes",
        "_spared",
        "_symbols",
        "machine",
    )

    def __init__(
        self,
        symbols: TypedSymbols,
        machine: Machine,
        pc: int,
        calls: tuple[CallSite, ...] | None = None,
        asked: Asked | None = None,
        *,
        spared: Spared | None = None,
    ) -> None:
        self.machine = machine
        self._symbols = symbols
        self._pc = pc
        self._asked = asked
        self._calls = calls
        self._spared = spared
        self._entered: EntryValues | None = None
        self._renderer: Renderer | None = None
        self._base: int | Literal["unsought"] | None = "unsought"
        self._scopes = scopes_of(symbols)

    @property
    def entered(self) -> EntryValues:
        """What the function was entered with."""
        if self._entered is None:
            self._entered = EntryValues(self._symbols, self.machine, self._pc, self._calls, self._asked)
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

    def on_entry(self) -> Callable[[int], int | None] | None:
        """Tells what a register held when the function was entered; None where that is known of no register."""
        if not self._calls and (self._calls is not None or self.machine.caller() is None):
            return None
        entered = self.entered
        return None if entered.entered_by() is None else entered.register

    def of_scope(self, scope: int) -> list[Local]:
        """Variables in scope, parameters first.

        `scope` is the handle of a function or of one inlined into it, as `Symbols.source_frames` gives it.
        """
        return [] if scope < 0 else self._scopes(scope, self._pc).locals(self)

    def text(self, one: Prepared) -> str:
        """What a variable holds, or why that is not known."""
        return self.renderer.text(self._place(one), one.shape)

    def _place(self, one: Prepared) -> Place:
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
            for one in self._scopes(scope, self._pc).variables
        ]
