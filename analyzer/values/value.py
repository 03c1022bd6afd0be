"""A value as people read it: gdb's notation, with what it is made of below."""

from dataclasses import dataclass

from analyzer.values.place import Unknown
from analyzer.values.shapes.shape import Firmware, Part, Rendering


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a program.

    `text` is one line as gdb writes it: `-3`, `65 'A'`, `0x20000010 <sensors+8>`, `{x = 1, y = 2}`; or
    `<optimized out>` and the like when `known` is false. A structure is known when any of its parts is.
    """

    type: str
    text: str
    known: bool = True


def value_of(part: Part, firmware: Firmware, rendering: Rendering) -> Value:
    """The value of an object or of a part of one."""
    rendering.restart()
    text = part.shape.text(part.view, part.at, rendering)
    name = type_name_of(part, firmware)
    return Value(name, text.text, known=False) if isinstance(text, Unknown) else Value(name, text)


def type_name_of(part: Part, firmware: Firmware) -> str:
    """The type's name; of a row of an array of several dimensions, without the outer ones."""
    name = firmware.type_name(part.shape.handle)
    for _ in range(part.shape.dimension):
        start = name.find("[")
        end = name.find("]", start)
        name = name[:start] + name[end + 1 :]
    return name
