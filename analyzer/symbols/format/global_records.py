"""Global variables of an index, sorted by name and file: offsets (u32 each) and records.

name | type + 1 | file | function of a static variable | 1: expression, 2: constant, signed, 3: constant bytes
"""

import struct
from collections.abc import Sequence

from analyzer.symbols.format.strings import StringTable, StringWriter
from analyzer.symbols.format.varint import Cursor, put, put_bytes, put_signed
from analyzer.symbols.interface import Variable
from analyzer.symbols.types import Global

_EXPRESSION, _NUMBER, _BYTES = 1, 2, 3


def encode(variables: Sequence[Global], strings: StringWriter) -> tuple[bytes, bytes]:
    """The parts GLOBALS and GLOBAL_OFFSETS."""
    data = bytearray()
    offsets: list[int] = []
    for one in sorted(variables, key=_order):
        variable = one.variable
        offsets.append(len(data))
        put(data, strings.add(variable.name))
        put(data, variable.type + 1)
        put(data, strings.add(one.file))
        put(data, strings.add(one.function))
        if variable.location is not None:
            put(data, _EXPRESSION)
            put_bytes(data, variable.location)
        elif isinstance(variable.const_value, int):
            put(data, _NUMBER)
            put_signed(data, variable.const_value)
        else:
            put(data, _BYTES)
            put_bytes(data, variable.const_value or b"")
    return bytes(data), struct.pack(f"<{len(offsets)}I", *offsets)


def _order(one: Global) -> tuple[object, ...]:
    value = one.variable.const_value
    return one.variable.name, one.file, one.function, one.variable.location or b"", one.variable.type, str(value)


def read_global(data: memoryview, offset: int, strings: StringTable) -> Global:
    """The variable at an offset.

    Raises:
        CorruptIndex: the record is damaged.
    """
    cursor = Cursor(data, offset)
    name, handle, file = strings.text(cursor.number()), cursor.number() - 1, strings.text(cursor.number())
    function = strings.text(cursor.number())
    kind = cursor.number()
    location = cursor.block() if kind == _EXPRESSION else None
    value: int | bytes | None = None
    if kind == _NUMBER:
        value = cursor.signed()
    elif kind != _EXPRESSION:
        value = cursor.block()
    return Global(Variable(name, handle, location, value, is_parameter=False), file, function)
