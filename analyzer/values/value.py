"""A value as people read it: gdb's notation, with the parts of structures and arrays below."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a program.

    `text` is one line as gdb writes it: `-3`, `65 'A'`, `0x20000010 <sensors+8>`, `{x = 1, y = 2}`; or
    `<optimized out>` and the like when `known` is false. `children` are members by name or elements as `[0]`; a
    structure is known when any of its parts is.
    """

    type: str
    text: str
    children: tuple[tuple[str, "Value"], ...] = ()
    known: bool = True
