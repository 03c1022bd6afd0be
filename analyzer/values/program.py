"""Expressions made ready to run: decoded once per firmware, run for every dump (DWARF 5, sections 2.5 and 2.6).

An expression is a row of pieces, each of which computes a number and ends by saying what the number is: the address
of the object, its value, nothing at all. Most expressions have one piece of one operation; those become constants or
a single function call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.values.arithmetic import BadExpression, Kind
from analyzer.values.frame_operations import entry_register
from analyzer.values.operands import Operands, Types
from analyzer.values.operations import CONSTANT, ENTRY_VALUE, jump, make
from analyzer.values.place import (
    Composite,
    Implicit,
    ImplicitPointer,
    InMemory,
    InRegister,
    Nowhere,
    Piece,
    Place,
    Unknown,
)
from analyzer.values.stack_machine import Frame, Operation, Stack, whole

MOST_STEPS: Final = 2000
MOST_PIECES: Final = 128
_MOST_BITS: Final = 1 << 20

Locator = Callable[[Frame], Place]
_Runner = Callable[[Stack, Frame], object]


class OnEntry(msgspec.Struct, frozen=True):
    """The object is what a register held when the function was entered."""

    register: int


class FromFrameBase(msgspec.Struct, frozen=True):
    """The object lies so many bytes from the frame base."""

    offset: int


@dataclass(frozen=True, slots=True)
class Program:
    """A decoded expression: `locate` for location descriptions, `compute` for the number that it leaves."""

    locate: Locator
    compute: Callable[[Frame, Stack], None]
    """Leaves its result on the stack."""
    fixed: Place | None = None
    """The place, if it is the same in every frame."""
    form: OnEntry | FromFrameBase | None = None
    """Where the object is, if the expression says no more than that."""
    number: OnEntry | InRegister | int | None = None
    """What `compute` leaves, if that is the same in every frame, or what one register holds or held."""


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


@dataclass(slots=True)
class _Part:
    """Operations up to the one that says what they are good for."""

    start: int
    operations: list[Operation]
    jumps: list[tuple[int, int, bool]]
    """Number of the operation, byte to go to, whether only where the stack says so."""
    places: dict[int, int]
    """Byte of each operation's start to its number."""
    ending: Place | None = None
    is_value: bool = False
    piece: tuple[int, int] | None = None
    """Size and offset in bits."""
    is_constant: bool = True
    """Whether no operation asks anything of the frame."""

    @property
    def is_empty(self) -> bool:
        return not self.operations and self.ending is None and not self.is_value


class _Compiler:
    """Decodes one expression."""

    def __init__(self, expression: bytes, types: Types) -> None:
        self.operands = Operands(expression, types)
        self.generic = Kind(types.pointer_size, generic=True)
        self.parts: list[_Part] = []

    def program(self) -> Program:
        data = self.operands.data
        number = self._entered()
        if number is not None:
            return Program(self._passed(number), _no_number, form=OnEntry(number))
        while self.operands.position < len(data):
            self.parts.append(self._part())
            if len(self.parts) > MOST_PIECES:
                raise BadExpression("An expression makes an object of too many pieces.")
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

    def _part(self) -> _Part:
        """The operations up to a piece, or to the end of the expression."""
        operands = self.operands
        part = _Part(operands.position, [], [], {})
        while operands.position < len(operands.data):
            start = operands.position
            opcode = operands.fixed(1)
            if opcode in (0x93, 0x9D):
                size = operands.unsigned() * (8 if opcode == 0x93 else 1)
                offset = 0 if opcode == 0x93 else operands.unsigned()
                if size > _MOST_BITS or offset > _MOST_BITS:
                    raise BadExpression("An expression makes an object of impossible size.")
                part.places[start] = len(part.operations)
                part.piece = size, offset
                return part
            if opcode == 0xF0:
                # GNU: the object may not have been given a value yet. What lies here is shown all the same.
                self._check_end(_PIECES, "it has said that the object may have no value yet")
                continue
            if part.ending is not None or part.is_value:
                raise BadExpression("An expression goes on after it has said where the object lies.")
            part.places[start] = len(part.operations)
            self._operation(opcode, part)
        part.places[operands.position] = len(part.operations)
        return part

    def _check_end(self, allowed: tuple[int, ...], after: str) -> None:
        data, position = self.operands.data, self.operands.position
        if position < len(data) and data[position] not in allowed:
            raise BadExpression(f"An expression goes on after {after}.")

    def _operation(self, opcode: int, part: _Part) -> None:
        operands = self.operands
        if opcode in (0x28, 0x2F):
            distance = operands.fixed(2, signed=True)
            part.jumps.append((len(part.operations), operands.position + distance, opcode == 0x28))
            part.operations.append(_unreachable)
            return
        ending = self._ending(opcode)
        if ending is not None:
            if part.operations:
                raise BadExpression("An expression computes a number and then says that the object lies elsewhere.")
            part.ending = ending
        elif opcode == 0x9F:
            part.is_value = True
        else:
            part.operations.append(make(opcode, operands))
            part.is_constant &= opcode in CONSTANT
            if len(part.operations) > MOST_STEPS:
                raise BadExpression("An expression takes too many steps.")

    def _ending(self, opcode: int) -> Place | None:
        """The place that an operation names by itself."""
        operands = self.operands
        if 0x50 <= opcode <= 0x6F:  # reg0 to reg31
            return InRegister(opcode - 0x50)
        if opcode == 0x90:
            return InRegister(operands.unsigned())
        if opcode == 0x9E:
            return Implicit(operands.take(operands.unsigned()))
        if opcode in (0xA0, 0xF2):
            return ImplicitPointer(operands.unsigned(), operands.signed())
        return None

    def _runner(self, part: _Part) -> _Runner:
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

    def _locator(self, part: _Part, run: _Runner) -> Locator:
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

    def _fixed(self, part: _Part) -> Place | None:
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
    def _computer(part: _Part, run: _Runner) -> Callable[[Frame, Stack], None]:
        if part.ending is not None or part.is_value:
            return _no_number

        def compute(frame: Frame, stack: Stack) -> None:
            try:
                run(stack, frame)
            except IndexError:
                raise BadExpression(_UNDERFLOW) from None

        return compute


FBREG, BREG0 = b"\x91", 0x70
_PIECES = (0x93, 0x9D)
_STACK_VALUE = b"\x9f"
_NO_FRAME: Final[Any] = None
_UNDERFLOW = "An expression takes more from its stack than it has put there."


def _unreachable(_stack: Stack, _frame: Frame) -> None:
    """Stands in for a jump until its target is known."""


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
