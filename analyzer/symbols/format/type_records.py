"""Types of an index: one record each, found through a table of offsets (u32 per handle).

Every record starts with its kind; references are handles plus one, so that an unknown type (-1) is 0.
"""

import struct
from collections.abc import Sequence

from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.format.strings import StringTable, StringWriter
from analyzer.symbols.format.varint import Cursor, put, put_bytes, put_signed
from analyzer.symbols.types import (
    ArrayType,
    BaseType,
    EnumType,
    FunctionType,
    Member,
    MemberPointerType,
    OpaqueType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
    Variant,
    VariantPart,
)

_BASE, _POINTER, _RECORD, _ARRAY, _ENUM, _TYPEDEF, _QUALIFIED, _FUNCTION, _OPAQUE, _MEMBER_POINTER = range(10)
_IS_BASE, _HAS_LOCATION = 1, 2
_MOST_BYTES = 17
_SIGNS = ("*", "&", "&&")
_KEYWORDS = ("struct", "union", "class", "")
_ENUM_KEYWORDS = ("enum", "")
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
            for value in (_POINTER, one.size, one.target + 1, _SIGNS.index(one.sign), strings.add(one.name)):
                put(out, value)
        case MemberPointerType():
            for value in (_MEMBER_POINTER, one.size, one.record + 1, one.target + 1):
                put(out, value)
        case RecordType():
            size = 0 if one.size is None else one.size + 1
            parts = one.variants
            put(out, _RECORD)
            put(out, _KEYWORDS.index(one.keyword))
            put(out, strings.add(one.name))
            put(out, size << 1 | (parts is not None))
            _put_members(out, one.members, strings)
            if parts is not None:
                _put_variants(out, parts, strings)
        case ArrayType():
            for value in (_ARRAY, one.element + 1, len(one.counts)):
                put(out, value)
            for count in one.counts:
                # 0 unknown, odd: an expression and its length, else: the count.
                if isinstance(count, bytes):
                    put(out, len(count) << 1 | 1)
                    out += count
                else:
                    put(out, 0 if count is None else count + 1 << 1)
        case EnumType():
            for value in (_ENUM, strings.add(one.name), one.size, _enum_flags(one), len(one.enumerators)):
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


def _enum_flags(one: EnumType) -> int:
    return int(one.signed) | _ENUM_KEYWORDS.index(one.keyword) << 1


def _put_members(out: bytearray, members: Sequence[Member], strings: StringWriter) -> None:
    """Count | per member: name | type + 1 | bit offset, signed, from the one before | bit size << 2 and flags."""
    put(out, len(members))
    previous = 0
    for member in members:
        put(out, strings.add(member.name))
        put(out, member.type + 1)
        put_signed(out, member.bit_offset - previous)
        put(out, member.bit_size << 2 | (member.is_base and _IS_BASE) | (bool(member.location) and _HAS_LOCATION))
        if member.location:
            put_bytes(out, member.location)
        previous = member.bit_offset


def _read_members(cursor: Cursor, strings: StringTable) -> tuple[Member, ...]:
    number = cursor.number
    members: list[Member] = []
    bit_offset = 0
    for _ in range(cursor.count(4)):
        name, handle = strings.text(number()), number() - 1
        bit_offset += cursor.signed()
        flags = number()
        location = cursor.block() if flags & _HAS_LOCATION else b""
        members.append(Member(name, handle, bit_offset, flags >> 2, bool(flags & _IS_BASE), location))
    return tuple(members)


def _put_variants(out: bytearray, parts: VariantPart, strings: StringWriter) -> None:
    """The discriminant as a list of members | count | per variant: ranges of values, 16 bytes each | members."""
    _put_members(out, () if parts.discriminant is None else (parts.discriminant,), strings)
    put(out, len(parts.variants))
    for variant in parts.variants:
        put(out, len(variant.values))
        for low, high in variant.values:
            put_bytes(out, low.to_bytes(_MOST_BYTES, "little").rstrip(b"\0"))
            put_bytes(out, high.to_bytes(_MOST_BYTES, "little").rstrip(b"\0"))
        _put_members(out, variant.members, strings)


def _read_variants(cursor: Cursor, strings: StringTable) -> VariantPart:
    discriminant = _read_members(cursor, strings)
    variants: list[Variant] = []
    for _ in range(cursor.count(2)):
        values = tuple(
            (int.from_bytes(cursor.block(), "little"), int.from_bytes(cursor.block(), "little"))
            for _ in range(cursor.count(2))
        )
        variants.append(Variant(values, _read_members(cursor, strings)))
    return VariantPart(discriminant[0] if discriminant else None, tuple(variants))


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
        return PointerType(number(), number() - 1, _pick(_SIGNS, number()), strings.text(number()))
    if kind == _MEMBER_POINTER:
        return MemberPointerType(number(), number() - 1, number() - 1)
    if kind == _RECORD:
        keyword, name, size = _pick(_KEYWORDS, number()), strings.text(number()), number()
        members = _read_members(cursor, strings)
        parts = _read_variants(cursor, strings) if size & 1 else None
        return RecordType(keyword, name, (size >> 1) - 1 if size >> 1 else None, members, parts)
    if kind == _ARRAY:
        element = number() - 1
        return ArrayType(element, tuple(_read_count(cursor) for _ in range(cursor.count())))
    if kind == _ENUM:
        name, size, flags = strings.text(number()), number(), number()
        enumerators: list[tuple[str, int]] = []
        value = 0
        for _ in range(cursor.count(2)):
            enumerator = strings.text(number())
            value += cursor.signed()
            enumerators.append((enumerator, value))
        return EnumType(name, size, bool(flags & 1), tuple(enumerators), _pick(_ENUM_KEYWORDS, flags >> 1))
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


def _read_count(cursor: Cursor) -> int | bytes | None:
    number = cursor.number()
    if number & 1:
        return cursor.take(number >> 1)
    return (number >> 1) - 1 if number else None


def _pick(names: tuple[str, ...], index: int) -> str:
    if index >= len(names):
        raise CorruptIndex("A type of the symbol index is damaged; build it again.")
    return names[index]
