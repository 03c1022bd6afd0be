"""Which types have a name: u32 name | u32 handle each, sorted by the name's text; a name may occur more than once."""

import struct
from collections.abc import Iterator, Sequence

from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.format.strings import StringTable, StringWriter
from analyzer.symbols.types import BaseType, EnumType, RecordType, Type, TypedefType

_PAIR = struct.Struct("<II")


def encode(types: Sequence[Type], strings: StringWriter) -> bytes:
    """The part TYPE_NAMES: base types, enumerations, type definitions and complete records."""
    names = sorted(
        (one.name, handle)
        for handle, one in enumerate(types)
        if isinstance(one, (BaseType, EnumType, RecordType, TypedefType))
        and one.name
        and not (isinstance(one, RecordType) and one.size is None)
    )
    return b"".join(_PAIR.pack(strings.add(name), handle) for name, handle in names)


def every(data: memoryview, strings: StringTable) -> Iterator[str]:
    """All names, in order."""
    return (strings.text(offset) for offset, _ in _PAIR.iter_unpack(data[: len(data) - len(data) % _PAIR.size]))


def find(data: memoryview, strings: StringTable, name: str) -> list[int]:
    """Handles of all types of that name.

    Raises:
        CorruptIndex: the part is damaged.
    """
    if len(data) % _PAIR.size:
        raise CorruptIndex("The symbol index is cut; build it again from the ELF file.")
    count = len(data) // _PAIR.size
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if strings.text(_PAIR.unpack_from(data, middle * _PAIR.size)[0]) < name:
            low = middle + 1
        else:
            high = middle
    handles: list[int] = []
    while low < count:
        offset, handle = _PAIR.unpack_from(data, low * _PAIR.size)
        if strings.text(offset) != name:
            break
        handles.append(handle)
        low += 1
    return handles
