"""What every shape can do: say its text, and what it is made of.

A shape is made once per type and used for every dump, so it holds nothing of a dump: that is in the view of the
object and in the rendering.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from analyzer.symbols.interface import Machine, Variable
from analyzer.symbols.types import Member
from analyzer.values.arithmetic import BadExpression
from analyzer.values.expression import Context, compute
from analyzer.values.place import InMemory, Unknown
from analyzer.values.shapes.numbers import Numbers
from analyzer.values.stack_machine import UnknownValue
from analyzer.values.view import MOST_AT_ONCE, View, view_of

MOST_DEPTH: Final = 12
MOST_ELEMENTS: Final = 200
"""Elements of one array that are shown."""
MOST_PARTS: Final = 4000
"""Members and elements, all levels together, that are shown of one variable."""
MORE: Final = "..."

Read = Callable[[int, int], bytes | None]
"""Reads memory: address, size → bytes, or None unless all of them are known."""


class Flat(NamedTuple):
    """How a value is shown whose text is told by its bytes: no need to look for each of its parts by itself."""

    text: Callable[[bytes, int, Read], str]
    """Takes bytes, the number of the value's first one there, and what reads the text that a pointer points at."""
    size: int
    """Bytes that it looks at."""
    parts: int = 0
    """Members and elements, all levels together."""
    levels: int = 0
    """How deeply they are nested."""
    numbers: Numbers | None = None
    """How it is written at once, where it consists of nothing but numbers."""


def at_once(numbers: Numbers) -> Callable[[bytes, int, Read], str]:
    """Shows a value that consists of nothing but numbers."""
    template, layout = numbers.template, numbers.take_apart()

    def text(data: bytes, at: int, _read: Read) -> str:
        return template % (() if layout is None else layout.unpack_from(data, at))

    return text


class Part(NamedTuple):
    """A member, an element, or what a pointer points at."""

    name: str
    shape: "Shape"
    view: View
    at: int
    """Bits from the start of the view."""


class Rendering(msgspec.Struct):
    """The frame that values are shown for, and what is left of the bounds on one variable."""

    machine: Machine
    context: Context
    parts: int = MOST_PARTS
    depth: int = 0
    following: int = 0
    """How many optimised-out pointers led here."""

    def restart(self) -> None:
        """Begin with another variable."""
        self.parts, self.depth, self.following = MOST_PARTS, 0, 0

    def at_address(self, address: int, shape: "Shape") -> View:
        """An object in memory."""
        return view_of(InMemory(address), shape.extent(self), self.context.source)

    def value_of(self, expression: bytes, address: int | None) -> int | Unknown:
        """What an expression of a type gives, such as a bound; `address` is that of the object."""
        context = self.context if address is None else self.context.of_object(address)
        try:
            return compute(expression, context, () if address is None else (address,))
        except UnknownValue as error:
            return error.reason
        except BadExpression:
            return Unknown.UNREADABLE


class Shape(ABC):
    """How values of one type are shown. `size` is in bytes; None where the type does not tell."""

    __slots__ = ("_flat", "dimension", "handle", "number_size", "plain", "pointing", "size")

    def __init__(self, handle: int, size: int | None, dimension: int = 0) -> None:
        self.handle = handle
        self.size = size
        self.dimension = dimension
        """How many of the type's brackets stand for arrays around this one."""
        self.number_size = 0
        """Bytes of a value that is one number, whose text `of_number` gives; 0 for all others."""
        self.plain: Callable[[int], str] | None = None
        """That text, where it depends on nothing but the number and the firmware."""
        self.pointing: Callable[[int, Read], str] | None = None
        """That text, where it depends on the memory that the number is an address in too: a pointer of a register."""
        self._flat: Flat | Literal["unsought"] | None = "unsought"

    def flat(self, levels: int = MOST_DEPTH) -> Flat | None:
        """How the value is shown where all of its bytes are known; None where it takes more than them.

        What it gives is what `text` would, within the bounds on one variable; `levels` bounds the search for it.
        """
        if self._flat == "unsought":
            if levels < -1:
                return None
            found = self.make_flat(levels)
            fits = found is not None and found.parts <= MOST_PARTS and found.levels <= MOST_DEPTH + 1
            self._flat = found if fits and found is not None and found.size <= MOST_AT_ONCE else None
        return self._flat

    def make_flat(self, levels: int) -> Flat | None:
        """Make what `flat` gives, with so many levels of types below this one."""
        del levels

    @abstractmethod
    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The value that starts at bit `at` of the view."""

    def of_number(self, number: int, rendering: Rendering) -> str | Unknown:
        """The value whose bytes, `number_size` of them, make up a number."""
        del number, rendering
        return Unknown.UNREADABLE

    def parts(self, view: View, at: int, rendering: Rendering) -> Sequence[Part]:
        """What the value is made of; nothing for a number."""
        del view, at, rendering
        return ()

    def bytes_of(self, rendering: Rendering) -> int | None:
        """The size, which for some arrays depends on the frame."""
        del rendering
        return self.size

    def extent(self, rendering: Rendering) -> int | None:
        """How many bytes are looked at to show the value."""
        return self.bytes_of(rendering)


class Opaque(Shape):
    """A type of which too little is known to show a value."""

    __slots__ = ()

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """Why there is no value."""
        del at, rendering
        reason = view.content(0, 0)
        return reason if isinstance(reason, Unknown) else Unknown.UNREADABLE


class Firmware(Protocol):
    """What shapes ask of the firmware, worked out once and remembered."""

    machine: int
    pointer_size: int

    def shape(self, handle: int) -> Shape:
        """The shape of a type."""
        ...

    def member(self, member: Member) -> Shape:
        """The shape of a member, which may be a bit-field."""
        ...

    def type_name(self, handle: int) -> str:
        """A type's name."""
        ...

    def data_address(self, address: int) -> str:
        """An address and the symbol there."""
        ...

    def code_address(self, pointer: int) -> str:
        """What a function pointer holds, and the function."""
        ...

    def label(self, address: int) -> str:
        """The symbol at an address as ` <name+offset>`; empty where there is none."""
        ...

    def reference(self, number: int, pc: int) -> Variable | None:
        """What an expression refers to by that number."""
        ...


def joined(parts: Sequence[str], opening: str = "{", closing: str = "}") -> str:
    """Members or elements in braces; what was cut follows the last one at once."""
    text = ", ".join(parts)
    if text.endswith(f", {MORE}"):
        text = text[: -len(MORE) - 2] + MORE
    return opening + text + closing
