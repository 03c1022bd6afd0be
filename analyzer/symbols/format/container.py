"""The file around the parts: a header, a table of parts, the parts.

    u8[8] magic "FCSYMIDX" | u32 format version | u32 number of parts | u64 file size | u32 CRC-32 of all the above
    and the table | u32 zero | per part: u64 offset, u64 size

A part's place in the table says what it is (`Part`). Parts start at multiples of eight.
"""

import struct
import sys
import zlib
from enum import IntEnum

from contract.errors import FaultcastError

MAGIC = b"FCSYMIDX"
FORMAT_VERSION = 5
"""Raised by every change of the format: an index is cheap to build again, so readers know one version only."""

_HEADER = struct.Struct("<8sIIQII")
_ENTRY = struct.Struct("<QQ")
_ALIGNMENT = 8


class CorruptIndex(FaultcastError):
    """The bytes are no symbol index of this format version, or they are damaged."""

    code = "corrupt-index"


class Part(IntEnum):
    """What a symbol index consists of."""

    FIRMWARE = 0
    STRINGS = 1
    SECTIONS = 2
    CONTENTS = 3
    SYMBOLS = 4
    SYMBOL_NAMES = 5
    SYMBOL_MAP = 6
    FILES = 7
    LINE_MAP = 8
    FRAME_ROWS = 9
    FRAME_MAP = 10
    SCOPES = 11
    SCOPE_MAP = 12
    TYPES = 13
    TYPE_OFFSETS = 14
    TYPE_NAMES = 15
    GLOBALS = 16
    GLOBAL_OFFSETS = 17
    CALL_SITES = 18
    CALL_MAP = 19
    REFERENCES = 20
    REFERENCE_OFFSETS = 21


def pack(parts: dict[Part, bytes]) -> bytes:
    """The whole file."""
    offset = _HEADER.size + _ENTRY.size * len(Part)
    table = b""
    body = b""
    chunks: list[bytes] = []
    for part in Part:
        content = parts.get(part, b"")
        padding = -offset % _ALIGNMENT
        chunks.append(b"\0" * padding + content)
        offset += padding
        table += _ENTRY.pack(offset, len(content))
        offset += len(content)
    body = b"".join(chunks)
    start = _HEADER.pack(MAGIC, FORMAT_VERSION, len(Part), offset, 0, 0)
    checksum = zlib.crc32(table, zlib.crc32(start))
    return _HEADER.pack(MAGIC, FORMAT_VERSION, len(Part), offset, checksum, 0) + table + body


def unpack(buffer: memoryview) -> dict[Part, memoryview]:
    """The parts as views of the buffer; nothing is copied.

    Raises:
        CorruptIndex: wrong magic or version, damaged header, or a part outside the file.
    """
    if sys.byteorder != "little":
        raise CorruptIndex("Symbol indexes can only be read on little-endian machines.")
    if len(buffer) < _HEADER.size or bytes(buffer[:8]) != MAGIC:
        raise CorruptIndex("This is no symbol index; build it again from the ELF file.")
    _, version, count, size, checksum, _ = _HEADER.unpack_from(buffer)
    if version != FORMAT_VERSION:
        raise CorruptIndex(
            f"The symbol index has format version {version}, this program reads {FORMAT_VERSION}; build it again."
        )
    table_end = _HEADER.size + _ENTRY.size * len(Part)
    if count != len(Part) or len(buffer) < table_end:
        raise CorruptIndex("The symbol index is cut or damaged; build it again from the ELF file.")
    start = _HEADER.pack(MAGIC, version, count, size, 0, 0)
    if zlib.crc32(buffer[_HEADER.size : table_end], zlib.crc32(start)) != checksum or size != len(buffer):
        raise CorruptIndex("The symbol index is cut or damaged; build it again from the ELF file.")
    parts: dict[Part, memoryview] = {}
    for part in Part:
        offset, length = _ENTRY.unpack_from(buffer, _HEADER.size + _ENTRY.size * part)
        if offset + length > size:
            raise CorruptIndex("A part of the symbol index lies outside the file; build it again.")
        parts[part] = buffer[offset : offset + length]
    return parts
