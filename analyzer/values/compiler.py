"""The compiler of expressions: decoded once per firmware, run for every dump (DWARF 5, sections 2.5 and 2.6).

An expression is a row of pieces, each of which computes a number and ends by saying what the number is: the address
of the object, its value, nothing at all. Most expressions have one piece of one operation; those become constants or
a single function call.
"""

from collections.abc import Callable
from typing import Any, Final

from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.values.arithmetic import BadExpression, Kind
from analyzer.values.expression_decoder import MOST_STEPS, Part, decode
from analyzer.values.frame_operations import entry_register
from analyzer.values.operands import Operands, Types
from analyzer.values.operations import ENTRY_VALUE, jump
from analyzer.values.place import (
    Composite,
    Implicit,
    InMemory,
    InRegister,
    Nowhere,
    Piece,
    Place,
    Unknown,
)
from analyzer.values.program import FromFrameBase, Locator, OnEntry, Program
from analyzer.values.stack_machine import Frame, Operation, Stack, whole

_Runner = Callable[[Stack, Frame], object]


def compile_expression(expression: bytes, types: Types) -> Program:
    """Make an expression ready to run. A bad one becomes a program that raises `BadExpression`."""
    try:
        return _Compiler(expression, types).program()
    except BadExpression as error:
        return _failing(str(error))
    except (IndexError, MalformedDwarf):
        return _failing("An expression is malformed or cut short.")


def _failing(text: str) -> Program:
    def locate(_frame: Frame) -> Place:
        raise BadExpression(text)

    def compute(_frame: Frame, _stack: Stack) -> None:
        raise BadExpression(text)

    return Program(locate, compute)


class _Compiler:
    """Makes one expression ready to run."""

    def __init__(self, expression: bytes, types: Types) -> None:
        self.operands = Operands(expression, types)
        self.generic = Kind(types.pointer_size, generic=True)
        self.parts: list[Part] = []

    def program(self) -> Program:
        number = self._entered()
        if number is not None:
            return Program(self._passed(number), _no_number, form=OnEntry(number))
        self.parts = decode(self.operands)
        if not self.parts:
            nowhere = Nowhere(Unknown.OPTIMIZED_OUT)
            return Program(lambda _frame: nowhere, _nothing_computed, nowhere)
        runners = [self._runner(part) for part in self.parts]
        if len(self.parts) == 1 and self.parts[0].piece is None:
            part, run = self.parts[0], runners[0]
            fixed = part.ending or self._fixed(part)
            number = None if part.is_value or part.ending else self._number(fixed)
            return Program(self._locator(part, run), self._computer(part, run), fixed, self._in_frame(), number)
        if any(part.piece is None for part in self.parts):
            raise BadExpression("An expression goes on after its last piece.")
        return Program(self._composite(runners), _no_number, self._fixed_pieces())

    def _in_frame(self) -> FromFrameBase | None:
        """For what most variables of a function are that have to lie in memory."""
        data = self.operands.data
        if data[:1] != FBREG:
            return None
        operands = Operands(data, self.operands.types, 1)
        offset = operands.signed()
        return FromFrameBase(offset) if operands.position == len(data) else None

    def _number(self, fixed: Place | None) -> OnEntry | InRegister | int | None:
        """For what most calls pass: a constant, what a register holds, what was passed to the caller itself."""
        if isinstance(fixed, InMemory):
            return fixed.address & self.operands.mask
        data = self.operands.data
        if len(data) == 2 and BREG0 <= data[0] < BREG0 + 32 and not data[1]:
            return InRegister(data[0] - BREG0)
        operands = Operands(data, self.operands.types, 1)
        register = entry_register(operands) if data[:1] in ENTRY_VALUE else None
        return OnEntry(register) if register is not None and operands.position == len(data) else None

    def _entered(self) -> int | None:
        """For what most parameters of optimised code are: the value of a register on entry, and nothing else."""
        data = self.operands.data
        if data[:1] not in ENTRY_VALUE or data[-1:] != _STACK_VALUE:
            return None
        operands = Operands(data, self.operands.types, 1)
        number = entry_register(operands)
        return number if operands.position == len(data) - 1 else None

    def _passed(self, number: int) -> Locator:
        size, mask, unknown = self.operands.types.pointer_size, self.operands.mask, Nowhere(Unknown.OPTIMIZED_OUT)

        def locate(frame: Frame) -> Place:
            value = frame.register_on_entry(number)
            return unknown if value is None else Implicit((value & mask).to_bytes(size, "little"))

        return locate

    def _runner(self, part: Part) -> _Runner:
        """A function that runs the operations."""
        for number, byte, conditional in part.jumps:
            target = part.places.get(byte)
            if target is None:
                raise BadExpression("An expression jumps outside itself, or into an operation.")
            part.operations[number] = jump(target, conditional=conditional)
        operations = tuple(part.operations)
        if part.jumps:
            return _jumping(operations)
        if len(operations) == 1:
            return operations[0]

        def run(stack: Stack, frame: Frame) -> None:
            for operation in operations:
                operation(stack, frame)

        return run

    def _locator(self, part: Part, run: _Runner) -> Locator:
        ending, size, mask = part.ending, self.operands.types.pointer_size, self.operands.mask
        if ending is not None:
            return lambda _frame: ending
        if part.is_empty:
            return lambda _frame: Nowhere(Unknown.OPTIMIZED_OUT)
        is_value = part.is_value

        def locate(frame: Frame) -> Place:
            stack: Stack = []
            try:
                run(stack, frame)
                entry = stack[-1]
            except IndexError:
                raise BadExpression(_UNDERFLOW) from None
            if is_value:
                # A narrow object takes the low bytes; of a wider one the rest stays unknown.
                return Implicit((entry & mask).to_bytes(size, "little") if isinstance(entry, int) else entry.content())
            return InMemory(whole(entry))

        return locate

    def _composite(self, runners: list[_Runner]) -> Locator:
        located = [
            (self._locator(part, run), *(part.piece or (0, 0))) for part, run in zip(self.parts, runners, strict=True)
        ]

        def locate(frame: Frame) -> Place:
            pieces: list[Piece] = []
            for locator, size, offset in located:
                try:
                    place = locator(frame)
                except BadExpression as error:
                    # What one piece needs and is not known leaves the others known.
                    reason = getattr(error, "reason", None)
                    if not isinstance(reason, Unknown):
                        raise
                    place = Nowhere(reason)
                pieces.append(Piece(place, size, offset))
            return Composite(tuple(pieces))

        return locate

    def _fixed_pieces(self) -> Composite | None:
        """The pieces of an object all of which lie in the same places in every frame."""
        pieces: list[Piece] = []
        for part in self.parts:
            place = Nowhere(Unknown.OPTIMIZED_OUT) if part.is_empty else part.ending or self._fixed(part)
            if place is None:
                return None
            pieces.append(Piece(place, *(part.piece or (0, 0))))
        return Composite(tuple(pieces))

    def _fixed(self, part: Part) -> Place | None:
        """The place of an object that lies at a plain address, or is a plain number."""
        if part.jumps or not part.operations or not part.is_constant:
            return None
        stack: Stack = []
        try:
            for operation in part.operations:
                operation(stack, _NO_FRAME)
            entry = stack[-1]
        except IndexError:
            # It counts on what is on the stack before.
            return None
        if not part.is_value:
            return InMemory(whole(entry))
        return Implicit(self.generic.wrap(entry).content() if isinstance(entry, int) else entry.content())

    @staticmethod
    def _computer(part: Part, run: _Runner) -> Callable[[Frame, Stack], None]:
        if part.ending is not None or part.is_value:
            return _no_number

        def compute(frame: Frame, stack: Stack) -> None:
            try:
                run(stack, frame)
            except IndexError:
                raise BadExpression(_UNDERFLOW) from None

        return compute


FBREG, BREG0 = b"\x91", 0x70
_STACK_VALUE = b"\x9f"
_NO_FRAME: Final[Any] = None
_UNDERFLOW = "An expression takes more from its stack than it has put there."


def _nothing_computed(_frame: Frame, _stack: Stack) -> None:
    """The empty expression."""


def _no_number(_frame: Frame, _stack: Stack) -> None:
    raise BadExpression("An expression describes a location where a number is needed.")


def _jumping(operations: tuple[Operation, ...]) -> _Runner:
    def run(stack: Stack, frame: Frame) -> None:
        at = 0
        for _ in range(MOST_STEPS):
            if at >= len(operations):
                return
            target = operations[at](stack, frame)
            at = at + 1 if target is None else target
        raise BadExpression("An expression takes too many steps.")

    return run
