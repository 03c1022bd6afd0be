"""Variables that need no look at anything but registers, one place in the stack frame, or one value passed.

Most variables of optimised code are such ones. What is found here is what the way over `Place` and `View` finds, which
all others take; where something is not known, it is left to that way to say why.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from analyzer.symbols.interface import Machine
from analyzer.values.place import Composite, Implicit, InRegister, Place, Unknown
from analyzer.values.program import FromFrameBase, OnEntry
from analyzer.values.shapes.shape import Read, Shape

_LEAST_REGISTER: Final = 32
"""Bits that every register has, whatever it is."""


class ShownFrame(Protocol):
    """A frame, as far as its variables need it."""

    machine: Machine

    def base(self) -> int | None:
        """What the offsets of variables are counted from; None where it is not known."""
        ...

    def on_entry(self) -> Callable[[int], int | None] | None:
        """Tells what a register held when the function was entered; None where that is known of no register."""
        ...


Direct = Callable[[ShownFrame], str | None]
"""The text of one variable in a frame; None where it has to be looked for in the other way."""


class Held(NamedTuple):
    """A variable that a register holds, or held when the function was entered."""

    register: int
    mask: int
    text: Callable[[int], str]


class Slot(NamedTuple):
    """A variable that lies so many bytes from the frame base, all bytes of which are looked at."""

    offset: int
    size: int
    text: Callable[[bytes, int, Read], str]


def held(register: int, shape: Shape, pointer_size: int) -> Held | None:
    """How what a register holds is shown; None where it is more than a number, or wider than a register."""
    if shape.plain is None or not 0 < shape.number_size <= pointer_size:
        return None
    return Held(register, (1 << 8 * shape.number_size) - 1, shape.plain)


def slot(offset: int, shape: Shape) -> Slot | None:
    """How what lies in the frame is shown; None where it takes more than its bytes."""
    flat = shape.flat()
    return None if flat is None else Slot(offset, flat.size, flat.text)


def direct_text(form: Place | FromFrameBase | OnEntry | None, shape: Shape, pointer_size: int) -> Direct | None:
    """What shows a variable that is as simple to find, but takes more than one register or memory elsewhere."""
    if isinstance(form, Composite):
        return _in_pieces(form, shape)
    if shape.pointing is None or not 0 < shape.number_size <= pointer_size:
        return None
    mask = (1 << 8 * shape.number_size) - 1
    if isinstance(form, InRegister):
        return _pointing(form.number, mask, shape.pointing)
    return _pointing_on_entry(form.register, mask, shape.pointing) if isinstance(form, OnEntry) else None


def _pointing(number: int, mask: int, text: Callable[[int, Read], str]) -> Direct:
    def show(frame: ShownFrame) -> str | None:
        value = frame.machine.register(number)
        return None if value is None else text(value & mask, frame.machine.read)

    return show


def _pointing_on_entry(number: int, mask: int, text: Callable[[int, Read], str]) -> Direct:
    def show(frame: ShownFrame) -> str:
        on_entry = frame.on_entry()
        value = None if on_entry is None else on_entry(number)
        return Unknown.OPTIMIZED_OUT.text if value is None else text(value & mask, frame.machine.read)

    return show


def _in_pieces(place: Composite, shape: Shape) -> Direct | None:
    """Shows what is put together of registers and numbers that are known; None for all other pieces."""
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

    def show(frame: ShownFrame) -> str | None:
        register, bits = frame.machine.register, known
        for number, offset, mask, position in registers:
            value = register(number)
            if value is None:
                return None
            bits |= (value >> offset & mask) << position
        return text((bits & whole).to_bytes(size, "little"), 0, frame.machine.read)

    return show
