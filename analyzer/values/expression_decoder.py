"""Expressions taken apart: a row of pieces (DWARF 5, sections 2.5 and 2.6).

Each computes a number and ends by saying what the number is: the address of the object, its value, nothing at all.
"""

from dataclasses import dataclass
from typing import Final

from analyzer.values.arithmetic import BadExpression
from analyzer.values.operands import Operands
from analyzer.values.operations import CONSTANT, make
from analyzer.values.place import Implicit, ImplicitPointer, InRegister, Place
from analyzer.values.stack_machine import Frame, Operation, Stack

MOST_STEPS: Final = 2000
MOST_PIECES: Final = 128
_MOST_BITS: Final = 1 << 20
_PIECES = (0x93, 0x9D)


@dataclass(slots=True)
class Part:
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
        """Whether nothing is said of the object: it is optimised away."""
        return not self.operations and self.ending is None and not self.is_value


def decode(operands: Operands) -> list[Part]:
    """The pieces of a whole expression; one without a size where it is no composite.

    Raises:
        BadExpression: it makes no sense.
        IndexError, MalformedDwarf: it is cut short.
    """
    parts: list[Part] = []
    while operands.position < len(operands.data):
        parts.append(_part(operands))
        if len(parts) > MOST_PIECES:
            raise BadExpression("An expression makes an object of too many pieces.")
    return parts


def _part(operands: Operands) -> Part:
    """The operations up to a piece, or to the end of the expression."""
    part = Part(operands.position, [], [], {})
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
            _check_end(operands, _PIECES, "it has said that the object may have no value yet")
            continue
        if part.ending is not None or part.is_value:
            raise BadExpression("An expression goes on after it has said where the object lies.")
        part.places[start] = len(part.operations)
        _operation(operands, opcode, part)
    part.places[operands.position] = len(part.operations)
    return part


def _check_end(operands: Operands, allowed: tuple[int, ...], after: str) -> None:
    data, position = operands.data, operands.position
    if position < len(data) and data[position] not in allowed:
        raise BadExpression(f"An expression goes on after {after}.")


def _operation(operands: Operands, opcode: int, part: Part) -> None:
    if opcode in (0x28, 0x2F):
        distance = operands.fixed(2, signed=True)
        part.jumps.append((len(part.operations), operands.position + distance, opcode == 0x28))
        part.operations.append(_unreachable)
        return
    ending = _ending(operands, opcode)
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


def _ending(operands: Operands, opcode: int) -> Place | None:
    """The place that an operation names by itself."""
    if 0x50 <= opcode <= 0x6F:  # reg0 to reg31
        return InRegister(opcode - 0x50)
    if opcode == 0x90:
        return InRegister(operands.unsigned())
    if opcode == 0x9E:
        return Implicit(operands.take(operands.unsigned()))
    if opcode in (0xA0, 0xF2):
        return ImplicitPointer(operands.unsigned(), operands.signed())
    return None


def _unreachable(_stack: Stack, _frame: Frame) -> None:
    """Stands in for a jump until its target is known."""
