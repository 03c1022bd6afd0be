"""Rust's slices and string slices: an address and a length (DWARF tells them as structures of those names)."""

from collections.abc import Sequence

from analyzer.symbols.types import RecordType
from analyzer.values import scalars
from analyzer.values.place import Unknown
from analyzer.values.shapes.array import Array
from analyzer.values.shapes.record import Record
from analyzer.values.shapes.shape import Firmware, Part, Rendering, Shape
from analyzer.values.view import View

_MOST_LENGTH = 1 << 32
_NAMES = ("&str", "&mut str", "alloc::boxed::Box<str,", "*const str", "*mut str")


class Slice(Record):
    """`&[T]` as its elements, `&str` as its text."""

    __slots__ = ("_is_text", "_target")

    def __init__(self, handle: int, one: RecordType, target: int, firmware: Firmware) -> None:
        super().__init__(handle, one, firmware)
        self._is_text = one.name.startswith(_NAMES)
        self._target = target

    def make_flat(self, levels: int) -> None:
        """The elements lie elsewhere."""

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """What the slice holds; the address and length where that is not in the dump."""
        found = self._fields(view, at, rendering)
        if isinstance(found, Unknown):
            return found
        address, length = found
        array = self._array(length)
        if array is None or (length and not address):
            return super().text(view, at, rendering)
        if not length:
            return '""' if self._is_text else "&{}"
        there = rendering.at_address(address, array)
        if self._is_text:
            content = there.content(0, min(length, 4 * scalars.MOST_TEXT))
            if isinstance(content, Unknown):
                return super().text(view, at, rendering)
            return scalars.utf8_text(content) + ("..." if length > len(content) else "")
        shown = array.text(there, 0, rendering)
        return super().text(view, at, rendering) if isinstance(shown, Unknown) else f"&{shown}"

    def parts(self, view: View, at: int, rendering: Rendering) -> Sequence[Part]:
        """The elements."""
        found = self._fields(view, at, rendering)
        if isinstance(found, Unknown):
            return super().parts(view, at, rendering)
        address, length = found
        array = self._array(length)
        if array is None or self._is_text or not address:
            return super().parts(view, at, rendering)
        return array.parts(rendering.at_address(address, array), 0, rendering)

    def _array(self, length: int) -> Shape | None:
        element = self._firmware.shape(self._target)
        if element.size is None or length > _MOST_LENGTH:
            return None
        return Array(self._target, element, length)

    def _fields(self, view: View, at: int, rendering: Rendering) -> tuple[int, int] | Unknown:
        slots = self.members(view, at, rendering)
        if isinstance(slots, Unknown):
            return slots
        width = self._firmware.pointer_size * 8
        values = [view.bits(at + slot.at, width) for slot in slots]
        first, second = values
        if isinstance(first, Unknown):
            return first
        return second if isinstance(second, Unknown) else (first, second)


def is_slice(one: RecordType) -> bool:
    """Whether a record is a slice: an address called `data_ptr` and a `length`."""
    return [member.name for member in one.members] == ["data_ptr", "length"]
