"""Variables that need no look at anything but one register, one place in the stack frame, or one value passed.

Most variables of optimised code are such ones. What is found here is what the way over `Place` and `View` finds, which
all others take; where something is not known, it is left to that way to say why.
"""

from collections.abc import Callable
from typing import Protocol

from analyzer.symbols.interface import Machine
from analyzer.values.place import Composite, Implicit, InRegister, Place, Unknown
from analyzer.values.program import FromFrameBase, OnEntry
from analyzer.values.shapes.shape import Shape


class DirectFrame(Protocol):
    """A frame, as far as such variables need it."""

    machine: Machine
    address_mask: int

    def base(self) -> int | None:
        """What the offsets of variables are counted from; None where it is not known."""
        ...

    def on_entry(self, register: int) -> int | None:
        """What a register held when the function was entered; None unless it can be proved."""
        ...


_LEAST_REGISTER = 32
"""Bits that every register has, whatever it is."""

Direct = Callable[[DirectFrame], str | None]
"""The text of one variable in a frame; None where it has to be looked for in the other way."""


def direct_text(form: Place | FromFrameBase | OnEntry | None, shape: Shape, pointer_size: int) -> Direct | None:
    """What shows a variable of a shape that is found in so simple a way; None for all others."""
    if isinstance(form, FromFrameBase):
        return _in_frame(form.offset, shape)
    if isinstance(form, Composite):
        return _in_pieces(form, shape)
    if shape.plain is None or not 0 < shape.number_size <= pointer_size:
        return None
    mask = (1 << 8 * shape.number_size) - 1
    if isinstance(form, InRegister):
        return _in_register(form.number, mask, shape.plain)
    return _passed(form.register, mask, shape.plain) if isinstance(form, OnEntry) else None


def _in_frame(offset: int, shape: Shape) -> Direct | None:
    flat = shape.flat()
    if flat is None:
        return None
    text, size = flat.text, flat.size

    def show(frame: DirectFrame) -> str | None:
        base, read = frame.base(), frame.machine.read
        content = None if base is None else read(base + offset & frame.address_mask, size)
        return None if content is None else text(content, 0, read)

    return show


def _in_pieces(place: Composite, shape: Shape) -> Direct | None:
    """Of registers and numbers that are known."""
    flat = shape.flat()
    known = 0
    registers: list[tuple[int, int, int, int]] = []
    at = 0
    for piece in place.pieces:
        mask = (1 << piece.size) - 1
        if isinstance(piece.place, InRegister) and piece.offset + piece.size <= _LEAST_REGISTER:
            registers.append((piece.place.number, piece.offset, mask, at))
        elif isinstance(piece.place, Implicit) and piece.offset + piece.size <= 8 * len(piece.place.content):
            known |= (int.from_bytes(piece.place.content, "little") >> piece.offset & mask) << at
        else:
            return None
        at += piece.size
    if flat is None or at < 8 * flat.size or not flat.size:
        return None
    text, size, whole = flat.text, flat.size, (1 << 8 * flat.size) - 1

    def show(frame: DirectFrame) -> str | None:
        bits = known
        for number, offset, mask, position in registers:
            value = frame.machine.register(number)
            if value is None:
                return None
            bits |= (value >> offset & mask) << position
        return text((bits & whole).to_bytes(size, "little"), 0, frame.machine.read)

    return show


def _in_register(number: int, mask: int, text: Callable[[int], str]) -> Direct:
    def show(frame: DirectFrame) -> str | None:
        value = frame.machine.register(number)
        return None if value is None else text(value & mask)

    return show


def _passed(register: int, mask: int, text: Callable[[int], str]) -> Direct:
    def show(frame: DirectFrame) -> str | None:
        value = frame.on_entry(register)
        return Unknown.OPTIMIZED_OUT.text if value is None else text(value & mask)

    return show
