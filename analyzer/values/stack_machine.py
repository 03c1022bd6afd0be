"""The stack machine that DWARF expressions run on (DWARF 5, section 2.5.1).

A number of the generic type is a plain `int` on the stack, unsigned and of the size of an address; one of a base type
is a `Number`.
"""

from collections.abc import Callable
from typing import Protocol

from analyzer.symbols.interface import Machine
from analyzer.values.arithmetic import BadExpression, Kind, Number
from analyzer.values.place import Source, Unknown

Stack = list[int | Number]


class UnknownValue(BadExpression):
    """The expression is fine, but something that it needs is not known."""

    code = "unknown-value"

    def __init__(self, reason: Unknown) -> None:
        super().__init__(f"The value is not known: {reason.text}.")
        self.reason = reason


class Frame(Protocol):
    """What operations ask of the frame that they run against; every method raises `UnknownValue`."""

    machine: Machine
    source: Source

    def register(self, number: int) -> int:
        """What a register holds."""
        ...

    def cfa(self) -> int:
        """The canonical frame address."""
        ...

    def frame_base(self) -> int:
        """What DW_OP_fbreg counts from."""
        ...

    def register_on_entry(self, number: int) -> int | None:
        """What a register held when the function was entered; None where that cannot be proved."""
        ...

    def parameter_value(self, reference: int) -> int:
        """What the caller passed for a parameter that was optimised away."""
        ...

    def variable_value(self, reference: int) -> int | Number:
        """What another variable holds."""
        ...

    def call(self, reference: int, stack: Stack) -> None:
        """Run the expression of another entry on the same stack."""
        ...

    def object_address(self) -> int:
        """Address of the object whose part is looked for."""
        ...


Operation = Callable[[Stack, Frame], int | None]
"""Runs on the stack; the number of the operation to go on with, where that is not the next one."""


def as_entry(number: Number) -> int | Number:
    """As the stack holds it."""
    return number.unsigned() if number.kind.generic else number


def as_number(entry: int | Number, generic: Kind) -> Number:
    """An entry of the stack with its kind, which the stack leaves out for the generic type."""
    return generic.wrap(entry) if isinstance(entry, int) else entry


def whole(entry: int | Number) -> int:
    """An entry of the stack as a number without a sign."""
    return entry if isinstance(entry, int) else entry.unsigned()
