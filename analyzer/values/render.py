"""From a place and a type to a value (DWARF 5, section 5)."""

from dataclasses import dataclass, replace
from typing import Final

from analyzer.symbols.interface import Machine
from analyzer.symbols.types import (
    ArrayType,
    BaseType,
    EnumType,
    FunctionType,
    OpaqueType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
    TypedSymbols,
)
from analyzer.values import scalars
from analyzer.values.place import Implicit, InMemory, Nowhere, Place, Source, Unknown
from analyzer.values.value import Value

MOST_DEPTH: Final = 12
MOST_ELEMENTS: Final = 200
"""Elements of one array that are shown."""
MOST_PARTS: Final = 4000
"""Members and elements, all levels together, that are shown of one variable."""

_REPEATS: Final = 10
_MOST_HOPS: Final = 64
_EM_ARM: Final = 40
_MORE = Value("", "...", known=False)


def unknown(name: str, reason: Unknown) -> Value:
    """A value that cannot be shown."""
    return Value(name, reason.value, known=False)


@dataclass(slots=True)
class Renderer:
    """Renders the values of one frame. `parts` is what is left of `MOST_PARTS` for the current variable."""

    symbols: TypedSymbols
    machine: Machine
    parts: int = MOST_PARTS

    @property
    def _source(self) -> Source:
        return Source(self.machine, self.symbols.machine, self.symbols.pointer_size)

    def variable(self, place: Place, handle: int) -> Value:
        """The whole value of a variable."""
        self.parts = MOST_PARTS
        return self._value(place, handle, 0, 0, 0)

    def _value(self, place: Place, handle: int, bit_offset: int, bit_size: int, depth: int) -> Value:
        name = self.symbols.type_name(handle)
        if isinstance(place, Nowhere):
            return unknown(name, place.reason)
        one = self._plain(handle)
        self.parts -= 1
        if depth > MOST_DEPTH or self.parts < 0:
            return replace(_MORE, type=name)
        match one:
            case RecordType():
                return self._record(place, one, name, bit_offset, depth)
            case ArrayType():
                return self._array(place, one, name, bit_offset, depth)
            case BaseType() | EnumType() | PointerType():
                size = bit_size or one.size * 8
                bits = self._source.bits(place, bit_offset, size) if 0 < size <= 128 else Unknown.UNREADABLE
                if isinstance(bits, Unknown):
                    return unknown(name, bits)
                text = self._scalar(one, bits, size)
                return unknown(name, Unknown.UNREADABLE) if text is None else Value(name, text)
            case _:
                return unknown(name, Unknown.UNREADABLE)

    def _scalar(self, one: BaseType | EnumType | PointerType, bits: int, size: int) -> str | None:
        if isinstance(one, BaseType):
            return scalars.base_text(bits, size, one.encoding)
        if isinstance(one, EnumType):
            return scalars.enum_text(bits, size, one)
        return self._pointer(one, bits)

    def _pointer(self, one: PointerType, address: int) -> str:
        target = self._plain(one.target)
        is_function = isinstance(target, FunctionType)
        # A function pointer carries the Thumb bit; a pointer to anything else is taken as it is.
        looked_up = address & ~1 if is_function and self.symbols.machine == _EM_ARM else address
        text = f"0x{address:x}"
        symbol = self.symbols.symbol_at(looked_up) if looked_up else None
        # A label without a size, such as one that the linker script sets, says nothing about what lies behind it.
        if symbol is not None and (symbol.is_function or symbol.size or looked_up == symbol.address):
            offset = looked_up - symbol.address
            text += f" <{symbol.name}+{offset}>" if offset else f" <{symbol.name}>"
        if isinstance(target, BaseType) and _is_character(target):
            content = self._text_at(address)
            if content is not None:
                text += f" {scalars.text(content)}"
        return text

    def _text_at(self, address: int) -> bytes | None:
        """The string at an address with its NUL, or its start when it is longer than what is shown."""
        content = b""
        if address == 0:
            return None
        for step in range(0, scalars.MOST_TEXT + 1, 8):
            piece = self.machine.read(address + step, 8)
            if piece is None:
                single = [self.machine.read(address + step + index, 1) for index in range(8)]
                end = single.index(None) if None in single else len(single)
                piece = b"".join(byte for byte in single[:end] if byte is not None)
                content += piece
                return content if b"\0" in piece else None
            content += piece
            if b"\0" in piece:
                return content
        return content

    def _record(self, place: Place, one: RecordType, name: str, bit_offset: int, depth: int) -> Value:
        if one.size is None:
            return unknown(name, Unknown.UNREADABLE)
        children: list[tuple[str, Value]] = []
        for member in one.members:
            if self.parts <= 0:
                children.append(("...", _MORE))
                break
            value = self._value(place, member.type, bit_offset + member.bit_offset, member.bit_size, depth + 1)
            children.append((member.name, value))
        if children and not any(value.known for _, value in children):
            texts = {value.text for _, value in children}
            if len(texts) == 1:
                return Value(name, texts.pop(), tuple(children), known=False)
        inner = ", ".join(f"{label} = {value.text}" if label else value.text for label, value in children)
        return Value(name, f"{{{inner}}}", tuple(children))

    def _array(self, place: Place, one: ArrayType, name: str, bit_offset: int, depth: int) -> Value:
        count, *inner_counts = one.counts
        size = self._size_of(one.element)
        for inner in inner_counts:
            size = None if size is None or inner is None else size * inner
        if count is None or size is None:
            # An array of unknown length, such as the flexible one at the end of a structure.
            return Value(
                name, "0x" + f"{place.address + bit_offset // 8:x}" if isinstance(place, InMemory) else "{...}"
            )
        element = self._plain(one.element)
        if not inner_counts and isinstance(element, BaseType) and _is_character(element) and count:
            content = self._source.content(place, bit_offset // 8, count)
            return unknown(name, content) if isinstance(content, Unknown) else Value(name, scalars.text(content))
        if not inner_counts and not isinstance(element, (RecordType, ArrayType)) and count:
            # Read at once what is shown of an array of scalars; where that fails, each element tells its own reason.
            content = self._source.content(place, bit_offset // 8, min(count, MOST_ELEMENTS) * size)
            if not isinstance(content, Unknown):
                place, bit_offset = Implicit(content), 0
        children: list[tuple[str, Value]] = []
        for index in range(count):
            if index >= MOST_ELEMENTS or self.parts <= 0:
                children.append(("...", _MORE))
                break
            start = bit_offset + index * size * 8
            if inner_counts:
                row = ArrayType(one.element, tuple(inner_counts))
                value = self._array(place, row, _row_name(name), start, depth + 1)
            else:
                value = self._value(place, one.element, start, 0, depth + 1)
            children.append((f"[{index}]", value))
        texts = {value.text for _, value in children}
        if children and not any(value.known for _, value in children) and len(texts) == 1:
            return Value(name, texts.pop(), tuple(children), known=False)
        return Value(name, _elements_text([value.text for _, value in children]), tuple(children))

    def _plain(self, handle: int) -> Type:
        """The type without type definitions and qualifiers around it."""
        for _ in range(_MOST_HOPS):
            one = self.symbols.type(handle)
            if not isinstance(one, (TypedefType, QualifiedType)):
                return one
            handle = one.target
        return OpaqueType("", None)

    def _size_of(self, handle: int) -> int | None:
        size = 1
        for _ in range(_MOST_HOPS):
            one = self._plain(handle)
            if not isinstance(one, ArrayType):
                own = None if isinstance(one, FunctionType | TypedefType | QualifiedType) else one.size
                return None if own is None else own * size
            for count in one.counts:
                if count is None:
                    return None
                size *= count
            handle = one.element
        return None


def _is_character(one: BaseType) -> bool:
    """Plain `char`: what text is made of. `unsigned char` and `signed char` are numbers, as in `uint8_t`."""
    return one.name == "char" and one.size == 1


def _row_name(name: str) -> str:
    """Type name of a row of a multi-dimensional array: without the first pair of brackets."""
    start = name.find("[")
    end = name.find("]", start)
    return name[:start] + name[end + 1 :]


def _elements_text(texts: list[str]) -> str:
    """Elements in braces; long runs of one text are written once."""
    shown: list[str] = []
    position = 0
    while position < len(texts):
        end = position
        while end < len(texts) and texts[end] == texts[position]:
            end += 1
        run = end - position
        if run > _REPEATS:
            shown.append(f"{texts[position]} <repeats {run} times>")
        else:
            shown.extend(texts[position:end])
        position = end
    joined = ", ".join(shown)
    return f"{{{joined.removesuffix(', ...') + '...' if joined.endswith(', ...') else joined}}}"
