"""What a register held when its function was entered (DW_OP_entry_value; DWARF 5, sections 2.5.1.7 and 3.4.2).

The function has used the register for something else since, but the caller may still know what it passed: the debug
information of the call gives an expression for it, over registers and memory that survive calls.
"""

from typing import Literal

import msgspec

from analyzer.symbols.interface import CallSite, Machine
from analyzer.symbols.types import TypedSymbols
from analyzer.values.call_path import call_path
from analyzer.values.expression import MOST_NESTING, BadExpression, Context, compute, program_of
from analyzer.values.place import InRegister
from analyzer.values.program import OnEntry

_Path = tuple[tuple[CallSite, ...], Machine, int]
"""The calls by which a function was entered, the frame that made the first one, the address that it returns to."""


class EntryValues:
    """Entry values of the function around pc in one frame.

    `outer` are those of the frame that made the call, where somebody has them: what was found for it is not sought
    again. They may ask those of their own caller in turn, but not without end: what takes too many is not known.
    `calls` are those by which the function was entered, where somebody has looked for them; empty where in vain.
    """

    __slots__ = ("_caller", "_calls", "_outer", "_path", "_registers", "asked", "machine", "pc", "symbols")

    def __init__(
        self,
        symbols: TypedSymbols,
        machine: Machine,
        pc: int,
        outer: "EntryValues | None" = None,
        calls: tuple[CallSite, ...] | None = None,
    ) -> None:
        self.symbols = symbols
        self.machine = machine
        self.pc = pc
        self._outer = outer
        self._calls = calls
        self.asked = _Asked() if outer is None else outer.asked
        self._path: _Path | Literal["unsought"] | None = "unsought"
        self._registers: dict[int, int | None] = {}
        self._caller: Context | None = None

    def register(self, number: int) -> int | None:
        """A register's value on entry, as an unsigned number; None unless it can be proved."""
        path = self._path
        if path == "unsought":
            path = self._entered_by()
        expression = None if path is None else path[0][-1].parameters.get(number)
        if path is None or expression is None:
            return None
        if number not in self._registers:
            if self.asked.frames >= MOST_NESTING:
                return None
            self._registers[number] = self._at_call(*path, expression)
        return self._registers[number]

    def parameter(self, reference: int) -> int | None:
        """What was passed for a parameter that was optimised away; None unless it can be proved."""
        path = self._entered_by()
        expression = None if path is None else path[0][-1].optimized_out.get(reference)
        return None if path is None or expression is None else self._at_call(*path, expression)

    def _entered_by(self) -> _Path | None:
        if self._path == "unsought":
            self._path = self._find_path()
        return self._path

    def _find_path(self) -> _Path | None:
        caller = self.machine.caller()
        address = None if caller is None else self.machine.returns_to()
        if caller is None or address is None:
            return None
        calls = self._calls
        if calls is None:
            function = self.symbols.function_start(self.pc)
            calls = None if function is None else call_path(self.symbols, caller, address, function)
        return (calls, caller, address) if calls else None

    def _at_call(self, path: tuple[CallSite, ...], caller: Machine, address: int, expression: bytes) -> int | None:
        """An expression about the last call of a path."""
        if self.asked.frames >= MOST_NESTING:
            return None
        before = path[:-1]
        number = program_of(expression, self.symbols).number
        if isinstance(number, int):
            return number
        if isinstance(number, InRegister) and not before:
            return caller.register(number.number)
        if before:
            entered, pc = _Entered(self, before, caller, address), path[-1].return_address - 1
            context = Context(_Left(caller), self.symbols, entered, 1, pc=pc)
        else:
            context = self._caller_context(caller, address - 1)
        self.asked.frames += 1
        try:
            if isinstance(number, OnEntry) and context.entry_values is not None:
                return context.entry_values.register(number.register)
            return compute(expression, context)
        except BadExpression:
            return None
        finally:
            self.asked.frames -= 1

    def _caller_context(self, caller: Machine, pc: int) -> Context:
        """The calling frame; the same one for all that it has passed."""
        if self._caller is None:
            outer = self._outer
            if outer is None or outer.machine is not caller:
                outer = EntryValues(self.symbols, caller, pc)
                outer.asked = self.asked
            self._caller = Context(caller, self.symbols, outer, 1, pc=pc)
        return self._caller

    def passed_before(
        self, path: tuple[CallSite, ...], caller: Machine, address: int, expression: bytes | None
    ) -> int | None:
        """What an earlier call of a path passed."""
        return None if expression is None else self._at_call(path, caller, address, expression)


class _Asked(msgspec.Struct):
    """How many frames are being asked at the moment."""

    frames: int = 0


class _Entered(msgspec.Struct, frozen=True):
    """Entry values of a function that left by a tail call."""

    values: EntryValues
    path: tuple[CallSite, ...]
    caller: Machine
    address: int

    def register(self, number: int) -> int | None:
        expression = self.path[-1].parameters.get(number)
        return self.values.passed_before(self.path, self.caller, self.address, expression)

    def parameter(self, reference: int) -> int | None:
        expression = self.path[-1].optimized_out.get(reference)
        return self.values.passed_before(self.path, self.caller, self.address, expression)


class _Left(msgspec.Struct, frozen=True):
    """A function at its tail call: its frame is gone, the registers that survive calls are its caller's again."""

    outer: Machine

    def register(self, number: int) -> int | None:
        return self.outer.register(number)

    def lost(self, number: int | None) -> bool:
        return number is None or self.outer.lost(number)

    def read(self, address: int, size: int) -> bytes | None:
        return self.outer.read(address, size)

    def cfa(self) -> int | None:
        return None

    def frame_base_expression(self) -> bytes | None:
        return None

    def caller(self) -> Machine | None:
        return self.outer

    def returns_to(self) -> int | None:
        return None
