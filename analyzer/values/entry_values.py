"""What a register held when its function was entered (DW_OP_entry_value; DWARF 5, sections 2.5.1.7 and 3.4.2).

The function has used the register for something else since, but the caller may still know what it passed: the debug
information of the call gives an expression for it, over registers and memory that survive calls.
"""

from dataclasses import dataclass

from analyzer.symbols.interface import CallSite, Machine
from analyzer.symbols.types import TypedSymbols
from analyzer.values.call_path import call_path, return_address
from analyzer.values.expression import MOST_NESTING, BadExpression, Context, compute


@dataclass(frozen=True, slots=True)
class EntryValues:
    """Entry values of the function around pc in one frame; calling it with a register gives the value or None."""

    symbols: TypedSymbols
    machine: Machine
    pc: int
    nesting: int = 0

    def __call__(self, register: int) -> int | None:
        """The register's value on entry, as an unsigned number; None unless it can be proved."""
        if self.nesting >= MOST_NESTING:
            return None
        caller = self.machine.caller()
        function = self.symbols.function_start(self.pc)
        address = return_address(self.symbols, self.machine, self.pc)
        if caller is None or function is None or address is None:
            return None
        path = call_path(self.symbols, caller, address, function)
        return None if path is None else self._passed(path, caller, address, register)

    def _passed(self, path: tuple[CallSite, ...], caller: Machine, address: int, register: int) -> int | None:
        """What the last call of the path passes in a register."""
        *before, site = path
        expression = site.parameters.get(register)
        if expression is None:
            return None
        if before:
            here: Machine = _Left(caller)
            context = Context(
                here,
                self.symbols,
                lambda number: self._passed(tuple(before), caller, address, number),
                self.nesting + 1,
            )
        else:
            outer = EntryValues(self.symbols, caller, address - 1, self.nesting + 1)
            context = Context(caller, self.symbols, outer, self.nesting + 1)
        try:
            return compute(expression, context)
        except BadExpression:
            return None


@dataclass(frozen=True, slots=True)
class _Left:
    """A function at its tail call: its frame is gone, the registers that survive calls are its caller's again."""

    outer: Machine

    def register(self, number: int) -> int | None:
        return self.outer.register(number)

    def read(self, address: int, size: int) -> bytes | None:
        return self.outer.read(address, size)

    def cfa(self) -> int | None:
        return None

    def frame_base_expression(self) -> bytes | None:
        return None

    def caller(self) -> Machine | None:
        return self.outer
