"""Types of an index: one record each, found through a table of offsets (u32 per handle).

Every record starts with its kind; references are handles plus one, so that an unknown type (-1) is 0.
"""

import struct
from collections.abc import Sequence

from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.format.strings import StringTable, StringWriter
from analyzer.symbols.format.varint import Cursor, put, put_signed
from analyzer.symbols.types import (
    ArrayType,
    BaseType,
    EnumType,
    FunctionType,
    Member,
    OpaqueType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
)

_BASE, _POINTER, _RECORD, _ARRAY, _ENUM, _TYPEDEF, _QUALIFIED, _FUNCTION, _OPAQUE = range(9)
_SIGNS = ("*", "&", "&&")
_KEYWORDS = ("struct", "union", "class")
_QUALIFIERS = ("const", "volatile", "restrict", "_Atomic")


def encode(types: Sequence[Type], strings: StringWriter) -> tuple[bytes, bytes]:
    """The parts TYPES and TYPE_OFFSETS."""
    data = bytearray()
    offsets: list[int] = []
    for one in types:
        offsets.append(len(data))
        _put_type(data, one, strings)
    return bytes(data), struct.pack(f"<{len(offsets)}I", *offsets)


def _put_type(out: bytearray, one: Type, strings: StringWriter) -> None:  # noqa: C901, PLR0912 - one branch per kind of type
    match one:
        case BaseType():
            for value in (_BASE, strings.add(one.name), one.size, one.encoding):
                put(out, value)
        case PointerType():
            for value in (_POINTER, one.size, one.target + 1, _SIGNS.index(one.sign)):
                put(out, value)
        case RecordType():
            size = 0 if one.size is None else one.size + 1
            for value in (_RECORD, _KEYWORDS.index(one.keyword), strings.add(one.name), size, len(one.members)):
                put(out, value)
            previous = 0
            for member in one.members:
                put(out, strings.add(member.name))
                put(out, member.type + 1)
                put_signed(out, member.bit_offset - previous)
                put(out, member.bit_size)
                previous = member.bit_offset
        case ArrayType():
            for value in (_ARRAY, one.element + 1, len(one.counts)):
                put(out, value)
            for count in one.counts:
                put(out, 0 if count is None else count + 1)
        case EnumType():
            for value in (_ENUM, strings.add(one.name), one.size, int(one.signed), len(one.enumerators)):
                put(out, value)
            last = 0
            for name, value in one.enumerators:
                put(out, strings.add(name))
                put_signed(out, value - last)
                last = value
        case TypedefType():
            for value in (_TYPEDEF, strings.add(one.name), one.target + 1):
                put(out, value)
        case QualifiedType():
            for value in (_QUALIFIED, _QUALIFIERS.index(one.qualifier), one.target + 1):
                put(out, value)
        case FunctionType():
            flags = int(one.variadic) | int(one.prototyped) << 1
            for value in (_FUNCTION, one.result + 1, flags, len(one.parameters)):
                put(out, value)
            for parameter in one.parameters:
                put(out, parameter + 1)
        case OpaqueType():
            for value in (_OPAQUE, strings.add(one.name), 0 if one.size is None else one.size + 1):
                put(out, value)


def read_type(data: memoryview, offset: int, strings: StringTable) -> Type:  # noqa: C901 - one return per kind of type
    """The type at an offset.

    Raises:
        CorruptIndex: the record is damaged.
    """
    cursor = Cursor(data, offset)
    number = cursor.number
    kind = number()
    if kind == _BASE:
        return BaseType(strings.text(number()), number(), number())
    if kind == _POINTER:
        return PointerType(number(), number() - 1, _pick(_SIGNS, number()))
    if kind == _RECORD:
        keyword, name, size = _pick(_KEYWORDS, number()), strings.text(number()), number()
        members: list[Member] = []
        bit_offset = 0
        for _ in range(cursor.count(4)):
            member_name, member_type = strings.text(number()), number() - 1
            bit_offset += cursor.signed()
            members.append(Member(member_name, member_type, bit_offset, number()))
        return RecordType(keyword, name, size - 1 if size else None, tuple(members))
    if kind == _ARRAY:
        element = number() - 1
        counts = [number() for _ in range(cursor.count())]
        return ArrayType(element, tuple(count - 1 if count else None for count in counts))
    if kind == _ENUM:
        name, size, signed = strings.text(number()), number(), bool(number())
        enumerators: list[tuple[str, int]] = []
        value = 0
        for _ in range(cursor.count(2)):
            enumerator = strings.text(number())
            value += cursor.signed()
            enumerators.append((enumerator, value))
        return EnumType(name, size, signed, tuple(enumerators))
    if kind == _TYPEDEF:
        return TypedefType(strings.text(number()), number() - 1)
    if kind == _QUALIFIED:
        return QualifiedType(_pick(_QUALIFIERS, number()), number() - 1)
    if kind == _FUNCTION:
        result, flags = number() - 1, number()
        parameters = tuple(number() - 1 for _ in range(cursor.count()))
        return FunctionType(result, parameters, bool(flags & 1), bool(flags & 2))
    if kind == _OPAQUE:
        name, size = strings.text(number()), number()
        return OpaqueType(name, size - 1 if size else None)
    raise CorruptIndex("A type of the symbol index is damaged; build it again.")


def _pick(names: tuple[str, ...], index: int) -> str:
    if index >= len(names):
        raise CorruptIndex("A type of the symbol index is damaged; build it again.")
    return names[index]
