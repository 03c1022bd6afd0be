"""The debug sections of a file, and what several of them have in common."""

import struct
from dataclasses import dataclass

from analyzer.symbols.dwarf.leb128 import MalformedDwarf

MOST_NAME = 8192
"""Bytes of a name that are kept."""


@dataclass(frozen=True, slots=True)
class Sections:
    """The debug sections of one file; empty where a file lacks one."""

    info: bytes = b""
    abbrev: bytes = b""
    line: bytes = b""
    str: bytes = b""
    line_str: bytes = b""
    str_offsets: bytes = b""
    addr: bytes = b""
    ranges: bytes = b""
    rnglists: bytes = b""
    loc: bytes = b""
    loclists: bytes = b""
    types: bytes = b""
    frame: bytes = b""


def initial_length(data: bytes, position: int) -> tuple[int, int]:
    """(length, position behind the length field) of a unit in any debug section (DWARF 5, section 7.4)."""
    length = struct.unpack_from("<I", data, position)[0]
    if length == 0xFFFFFFFF:
        return struct.unpack_from("<Q", data, position + 4)[0], position + 12
    if length >= 0xFFFFFFF0:
        raise MalformedDwarf("A unit's length has a reserved value.")
    return length, position + 4


def string_at(section: bytes, offset: int) -> str | None:
    """The string at an offset of a section of strings; None behind its end."""
    if offset >= len(section):
        return None
    limit = offset + MOST_NAME
    end = section.find(b"\0", offset, limit)
    return section[offset : end if end >= 0 else limit].decode("utf-8", "replace")
