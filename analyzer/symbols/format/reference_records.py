"""What expressions refer to, found by number from 1: offsets (u32 each) and records as those of a scope's variables."""

import struct
from collections.abc import Sequence

from analyzer.symbols.format.scopes import ScopeVariable, put_variable, read_variable
from analyzer.symbols.format.strings import StringTable, StringWriter
from analyzer.symbols.format.varint import Cursor


def encode(variables: Sequence[ScopeVariable], strings: StringWriter) -> tuple[bytes, bytes]:
    """The parts REFERENCES and REFERENCE_OFFSETS."""
    data = bytearray()
    offsets: list[int] = []
    for variable in variables:
        offsets.append(len(data))
        put_variable(data, variable, 0, strings)
    return bytes(data), struct.pack(f"<{len(offsets)}I", *offsets)


def read_reference(data: memoryview, offset: int, strings: StringTable) -> ScopeVariable:
    """The variable at an offset.

    Raises:
        CorruptIndex: the record is damaged.
    """
    return read_variable(Cursor(data, offset), 0, strings)
