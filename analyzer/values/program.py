"""Expressions made ready to run: decoded once per firmware, run for every dump (DWARF 5, sections 2.5 and 2.6)."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from analyzer.values.place import InRegister, Place
from analyzer.values.stack_machine import Frame, Stack

Locator = Callable[[Frame], Place]


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
