"""Variables that need no look at anything but one register, one place in the stack frame, or one value passed.

Most variables of optimised code are such ones. What is found here is what the way over `Place` and `View` finds, which
all others take; where something is not known, it is left to that way to say why.
"""

from collections.abc import Callable
from typing import Protocol

from analyzer.symbols.interface import Machine
from analyzer.values.place import InRegister, Place, Unknown
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


Direct = Callable[[DirectFrame], str | None]
"""The text of one variable in a frame; None where it has to be looked for in the other way."""


def direct_text(form: Place | FromFrameBase | OnEntry | None, shape: Shape, pointer_size: int) -> Direct | None:
    """What shows a variable of a shape that is found in so simple a way; None for all others."""
    if isinstance(form, FromFrameBase):
        return _in_frame(form.offset, shape)
    is_word = shape.is_plain and 0 < shape.number_size <= pointer_size
    if isinstance(form, InRegister) and is_word:
        return _in_register(form.number, shape)
    if isinstance(form, OnEntry) and is_word:
        return _passed(form.register, shape)
    return None


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


def _in_register(number: int, shape: Shape) -> Direct:
    of_number, mask = shape.of_plain, (1 << 8 * shape.number_size) - 1

    def show(frame: DirectFrame) -> str | None:
        value = frame.machine.register(number)
        return None if value is None else of_number(value & mask)

    return show


def _passed(register: int, shape: Shape) -> Direct:
    of_number, mask = shape.of_plain, (1 << 8 * shape.number_size) - 1

    def show(frame: DirectFrame) -> str | None:
        value = frame.on_entry(register)
        return Unknown.OPTIMIZED_OUT.text if value is None else of_number(value & mask)

    return show
