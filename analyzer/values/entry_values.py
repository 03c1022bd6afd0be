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

_Path = tuple[tuple[CallSite, ...], Machine]
"""The calls by which a function was entered, and the frame that made the first one."""


class Asked:
    """What the frames of one stack were asked, so that none looks for the same again."""

    __slots__ = ("known", "nesting")

    def __init__(self) -> None:
        self.known: dict[int, dict[int, int | None]] = {}
        """By the identity of a frame, for there may be no other that is equal: its registers on entry."""
        self.nesting = 0
        """How many frames are being asked at the moment."""


class EntryValues:
    """Entry values of the function around pc in one frame.

    They may ask those of their caller in turn, but not without end: what takes too many is not known. `calls` are
    those by which the function was entered, where somebody has looked for them; empty where in vain. `asked` is what
    the frames of the same stack have been asked before.
    """

    __slots__ = ("_asked", "_calls", "_known", "_path", "machine", "pc", "symbols")

    def __init__(
        self,
        symbols: TypedSymbols,
        machine: Machine,
        pc: int,
        calls: tuple[CallSite, ...] | None = None,
        asked: Asked | None = None,
    ) -> None:
        self.symbols = symbols
        self.machine = machine
        self.pc = pc
        self._calls = calls
        self._asked = Asked() if asked is None else asked
        self._path: _Path | Literal["unsought"] | None = "unsought"
        self._known = self._asked.known.setdefault(id(machine), {})

    def register(self, number: int) -> int | None:
        """A register's value on entry, as an unsigned number; None unless it can be proved."""
        known = self._known
        if number in known:
            return known[number]
        path = self.entered_by()
        expression = None if path is None else path[0][-1].parameters.get(number)
        if path is None or expression is None:
            value = None
        elif self._asked.nesting >= MOST_NESTING:
            return None
        else:
            value = self._at_call(*path, expression)
        known[number] = value
        return value

    def parameter(self, reference: int) -> int | None:
        """What was passed for a parameter that was optimised away; None unless it can be proved."""
        path = self.entered_by()
        expression = None if path is None else path[0][-1].optimized_out.get(reference)
        return None if path is None or expression is None else self._at_call(*path, expression)

    def entered_by(self) -> _Path | None:
        """By which calls the function was entered, which frame made the first one; None where that is not known."""
        if self._path == "unsought":
            self._path = self._find_path()
        return self._path

    def _find_path(self) -> _Path | None:
        calls = self._calls
        caller = self.machine.caller() if calls is None or calls else None
        if caller is None:
            return None
        if calls is None:
            address, function = self.machine.returns_to(), self.symbols.function_start(self.pc)
            if address is None or function is None:
                return None
            calls = call_path(self.symbols, caller, address, function)
        return (calls, caller) if calls else None

    def _at_call(self, path: tuple[CallSite, ...], caller: Machine, expression: bytes) -> int | None:
        """An expression about the last call of a path."""
        if self._asked.nesting >= MOST_NESTING:
            return None
        number = program_of(expression, self.symbols).number
        if isinstance(number, int):
            return number
        machine: Machine
        entered: EntryValues | _Entered
        before, last = path[:-1], path[-1]
        if before:
            # Its frame is gone: the registers that survive calls are its caller's again.
            machine, entered = _Left(caller), _Entered(self, before, caller)
        elif isinstance(number, InRegister):
            return caller.register(number.number)
        else:
            machine, entered = caller, EntryValues(self.symbols, caller, last.return_address - 1, None, self._asked)
        self._asked.nesting += 1
        try:
            if isinstance(number, OnEntry):
                return entered.register(number.register)
            return compute(expression, Context(machine, self.symbols, entered, 1, pc=last.return_address - 1))
        except BadExpression:
            return None
        finally:
            self._asked.nesting -= 1

    def passed_before(self, path: tuple[CallSite, ...], caller: Machine, expression: bytes | None) -> int | None:
        """What an earlier call of a path passed."""
        return None if expression is None else self._at_call(path, caller, expression)


class _Entered(msgspec.Struct, frozen=True):
    """Entry values of a function that left by a tail call."""

    values: EntryValues
    path: tuple[CallSite, ...]
    caller: Machine

    def register(self, number: int) -> int | None:
        expression = self.path[-1].parameters.get(number)
        return self.values.passed_before(self.path, self.caller, expression)

    def parameter(self, reference: int) -> int | None:
        expression = self.path[-1].optimized_out.get(reference)
        return self.values.passed_before(self.path, self.caller, expression)


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
