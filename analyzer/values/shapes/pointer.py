"""Pointers, references, and C++'s pointers to members."""

from collections.abc import Sequence

from analyzer.symbols.types import BaseType, FunctionType, Member, MemberPointerType, PointerType, Type
from analyzer.values import scalars
from analyzer.values.expression import place_of
from analyzer.values.place import ImplicitPointer, Unknown
from analyzer.values.shapes.shape import Firmware, Flat, Part, Read, Rendering, Shape
from analyzer.values.view import View, view_of

_EM_ARM = 40
_MOST_FOLLOWED = 3


class Pointer(Shape):
    """A pointer: its address, the symbol there, and the text that it points at."""

    __slots__ = ("_bits", "_firmware", "_is_function", "_named", "_text_unit", "one")

    def __init__(self, handle: int, one: PointerType, target: Type, firmware: Firmware) -> None:
        super().__init__(handle, one.size)
        self.one = one
        self._bits = one.size * 8
        self._firmware = firmware
        self._is_function = isinstance(target, FunctionType)
        self.number_size = one.size
        self._text_unit = isinstance(target, BaseType) and scalars.is_character(target) and target.size == 1
        self._named = firmware.code_address if self._is_function else firmware.data_address
        if self._text_unit:
            self.pointing = self._shown
        else:
            self.plain = self._named

    def make_flat(self, levels: int) -> Flat:
        """The address and what is there."""
        del levels
        size, named, shown = self.one.size, self._named, self._shown

        def address(data: bytes, at: int, _read: Read) -> str:
            return named(int.from_bytes(data[at : at + size], "little"))

        def with_text(data: bytes, at: int, read: Read) -> str:
            return shown(int.from_bytes(data[at : at + size], "little"), read)

        return Flat(with_text if self._text_unit else address, size)

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The address and what is there."""
        bits = view.bits(at, self._bits)
        if not isinstance(bits, Unknown):
            return self.of_number(bits, rendering)
        if bits is Unknown.SYNTHETIC_POINTER:
            part = self._optimized_out(view, at, rendering)
            if part is not None:
                shown = part.shape.text(part.view, part.at, rendering)
                rendering.following -= 1
                if not isinstance(shown, Unknown):
                    return f"{bits.text} to {shown}"
        return bits

    def of_number(self, number: int, rendering: Rendering) -> str:
        """An address and what is there."""
        return self._shown(number, rendering.machine.read) if self._text_unit else self._named(number)

    def _shown(self, address: int, read: Read) -> str:
        text, content = self._named(address), _text_at(address, read)
        return text if content is None else f"{text} {scalars.text(content)}"

    def parts(self, view: View, at: int, rendering: Rendering) -> Sequence[Part]:
        """What it points at."""
        bits = view.bits(at, self._bits)
        if isinstance(bits, Unknown):
            part = self._optimized_out(view, at, rendering)
            rendering.following = 0
            return () if part is None else (part,)
        target = self._firmware.shape(self.one.target)
        if not bits or self._is_function or target.bytes_of(rendering) is None:
            return ()
        return (Part("*", target, rendering.at_address(bits, target), 0),)

    def _optimized_out(self, view: View, at: int, rendering: Rendering) -> Part | None:
        """What a pointer points at that was optimised out; counts how many have been followed."""
        pointer = view.pointer_at(at)
        pc = rendering.context.pc
        if pointer is None or pc is None or rendering.following >= _MOST_FOLLOWED:
            return None
        target = self._firmware.shape(self.one.target)
        variable = self._firmware.reference(pointer.reference, pc)
        size = target.bytes_of(rendering)
        if variable is None or size is None or pointer.offset < 0:
            return None
        rendering.following += 1
        place = place_of(variable, rendering.context)
        if isinstance(place, ImplicitPointer):
            return Part("*", target, view_of(place, None, rendering.context.source), pointer.offset * 8)
        return Part("*", target, view_of(place, pointer.offset + size, rendering.context.source), pointer.offset * 8)


def _text_at(address: int, read: Read) -> bytes | None:
    """The string at an address with its NUL, or its start when it is longer than what is shown."""
    if address == 0:
        return None
    content = read(address, scalars.MOST_TEXT + 1)
    if content is not None:
        end = content.find(b"\0")
        return content if end < 0 else content[: end + 1]
    found = b""
    for step in range(0, scalars.MOST_TEXT + 1, 8):
        piece = read(address + step, 8)
        if piece is None:
            single = [read(address + step + index, 1) for index in range(8)]
            end = single.index(None) if None in single else len(single)
            piece = b"".join(byte for byte in single[:end] if byte is not None)
            return found + piece if b"\0" in piece else None
        found += piece
        if b"\0" in piece:
            return found
    return found


class MemberPointer(Shape):
    """A pointer to a member of a class, as the Itanium C++ ABI (2.3) and, for Arm, its C++ ABI (3.2.1) lay it out."""

    __slots__ = ("_firmware", "_members")

    def __init__(self, handle: int, one: MemberPointerType, members: Sequence[Member], firmware: Firmware) -> None:
        super().__init__(handle, one.size)
        self._members = members
        self._firmware = firmware

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The function or the member's name."""
        del rendering
        width = self._firmware.pointer_size * 8
        first = view.bits(at, width)
        if isinstance(first, Unknown) or self.size == self._firmware.pointer_size:
            return first if isinstance(first, Unknown) else self._member(first, width)
        second = view.bits(at + width, width)
        if isinstance(second, Unknown):
            return second
        return self._function(first, second, width)

    def _member(self, offset: int, width: int) -> str:
        if offset == (1 << width) - 1:
            return "NULL"
        named = next((one.name for one in self._members if one.bit_offset == offset * 8 and not one.is_base), None)
        return f"{offset} <{named}>" if named else f"{offset}"

    def _function(self, first: int, second: int, width: int) -> str:
        is_arm = self._firmware.machine == _EM_ARM
        adjustment = scalars.signed(second, width)
        is_virtual = bool(adjustment & 1) if is_arm else bool(first & 1)
        adjustment = adjustment >> 1 if is_arm else adjustment
        if not first and not is_virtual:
            return "NULL"
        if is_virtual:
            text = f"&virtual table offset {first if is_arm else first - 1}"
        else:
            text = f"0x{first:x}{self._firmware.label(first & ~1 if is_arm else first)}"
        return f"{text}, this adjustment {adjustment}" if adjustment else text
