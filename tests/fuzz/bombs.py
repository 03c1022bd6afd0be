"""Firmware files made to cost more than their size: each asks for work or memory that grows with its square or worse.

Every one is about a megabyte or smaller. `BOMBS` gives the makers by name.
"""

import struct
import sys
import zlib
from collections.abc import Callable, Iterable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from tests.fuzz.elf_file import (
    SHF_ALLOC,
    SHF_COMPRESSED,
    SHT_STRTAB,
    SHT_SYMTAB,
    TEXT,
    Part,
    elf_file,
)

SIZE = 1 << 20
# Tags, attributes and forms of DWARF 5, chapter 7.
CU, SUBPROGRAM, INLINED, BLOCK, VARIABLE, TYPEDEF, NAMESPACE, STRUCTURE, MEMBER = (
    0x11, 0x2E, 0x1D, 0x0B, 0x34, 0x16, 0x39, 0x13, 0x0D,
)  # fmt: skip
POINTER, CONST, CALL_SITE, ENUMERATION, ENUMERATOR = 0x0F, 0x26, 0x48, 0x04, 0x28
NAME, TYPE, LOW_PC, HIGH_PC, RANGES, LOCATION, ORIGIN, STMT_LIST, BYTE_SIZE, CALL_ORIGIN, RETURN_PC, CONST_VALUE = (
    0x03, 0x49, 0x11, 0x12, 0x55, 0x02, 0x31, 0x10, 0x0B, 0x7F, 0x7D, 0x1C,
)  # fmt: skip
ADDR, DATA1, DATA2, DATA4, STRING, STRP, REF4, SEC_OFFSET, IMPLICIT, PRESENT, EXPRLOC = (
    0x01, 0x0B, 0x05, 0x06, 0x08, 0x0E, 0x13, 0x17, 0x21, 0x19, 0x18,
)  # fmt: skip


def uleb(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def leaf(code: int, tag: int, *attributes: tuple[int, int]) -> bytes:
    """An abbreviation of entries without children."""
    return _abbreviation(code, tag, b"\0", attributes)


def parent(code: int, tag: int, *attributes: tuple[int, int]) -> bytes:
    """An abbreviation of entries with children."""
    return _abbreviation(code, tag, b"\1", attributes)


def _abbreviation(code: int, tag: int, children: bytes, attributes: Iterable[tuple[int, int]]) -> bytes:
    pairs = b"".join(uleb(attribute) + uleb(form) for attribute, form in attributes)
    return uleb(code) + uleb(tag) + children + pairs + b"\0\0"


def unit(entries: bytes, abbreviations: int = 0, version: int = 4) -> bytes:
    body = struct.pack("<HIB", version, abbreviations, 4) + entries
    if version == 5:
        body = struct.pack("<HBBI", 5, 1, 4, abbreviations) + entries
    return struct.pack("<I", len(body)) + body


HEAD = 11
"""Bytes of a unit's header in DWARF 4."""


def program(abbreviations: Iterable[bytes], entries: bytes, **sections: bytes) -> bytes:
    parts = {f".debug_{name}": content for name, content in sections.items()}
    return elf_file({".debug_abbrev": b"".join(abbreviations) + b"\0", ".debug_info": unit(entries), **parts})


def entries_of_one_byte() -> bytes:
    """A megabyte of entries without attributes, in 4 KiB when compressed: only the limit on inflating helps."""
    entries = b"\1" + b"\2" * (32 << 20)
    info = unit(entries)
    packed = struct.pack("<III", 1, len(info), 1) + zlib.compress(info, 9)
    abbreviations = parent(1, CU) + leaf(2, VARIABLE) + b"\0"
    return elf_file({".debug_abbrev": abbreviations, ".debug_info": Part(packed, flags=SHF_COMPRESSED)})


def compressed_zeros() -> bytes:
    packed = struct.pack("<III", 1, 100 << 20, 1) + zlib.compress(bytes(100 << 20), 9)
    return elf_file({".debug_info": Part(packed, flags=SHF_COMPRESSED)})


def compressed_zeros_in_zstandard() -> bytes:
    packed = struct.pack("<III", 2, 100 << 20, 1) + zstd.compress(bytes(100 << 20))
    return elf_file({".debug_info": Part(packed, flags=SHF_COMPRESSED)})


def more_than_is_claimed() -> bytes:
    """Sections that grow to sixty-four megabytes where they claim a kilobyte."""
    names = (".debug_info", ".debug_abbrev", ".debug_line")
    packed = struct.pack("<III", 2, 1024, 1) + zstd.compress(bytes(64 << 20))
    return elf_file(dict.fromkeys(names, Part(packed, flags=SHF_COMPRESSED)))


def origins_in_a_circle() -> bytes:
    """Functions, variables and blocks that are instances of each other and of themselves."""
    abbreviations = (
        parent(1, CU),
        parent(2, SUBPROGRAM, (ORIGIN, REF4), (LOW_PC, ADDR), (HIGH_PC, DATA4)),
        parent(3, BLOCK, (ORIGIN, REF4)),
        leaf(4, VARIABLE, (ORIGIN, REF4)),
    )
    first = HEAD + 1
    block, variable, second = first + 13, first + 18, first + 25
    function = struct.pack("<II", TEXT, 64)
    inside = b"\3" + struct.pack("<I", block) + b"\4" + struct.pack("<I", variable) + b"\0\0"
    entries = b"\2" + struct.pack("<I", second) + function + inside
    entries += b"\2" + struct.pack("<I", first) + function + b"\3" + struct.pack("<I", first) + b"\0\0"
    return program(abbreviations, b"\1" + entries + b"\0")


def abbreviation_tables() -> bytes:
    """Each unit has a table of its own, and each table is the rest of the section."""
    table = b"".join(leaf(1 + number % 60, VARIABLE) for number in range(40_000))
    info = b"".join(unit(b"\1", abbreviations=5 * number) for number in range(20_000))
    return elf_file({".debug_abbrev": table + b"\0", ".debug_info": info})


def chain_of_types() -> bytes:
    """Each type refers to the next one, so that telling them apart takes a round for each."""
    count = 150_000
    first = HEAD + 1
    entries = b"".join(b"\2" + struct.pack("<I", first + 5 * (number + 1)) for number in range(count))
    abbreviations = (parent(1, CU), leaf(2, CONST, (TYPE, REF4)))
    return program(abbreviations, b"\1" + entries)


def circle_of_types() -> bytes:
    """A typedef of itself, a pointer to itself, two that are each other."""
    first = HEAD + 1
    entries = b"\2" + struct.pack("<I", first) + b"\3" + struct.pack("<I", first + 5)
    entries += b"\2" + struct.pack("<I", first + 15) + b"\2" + struct.pack("<I", first + 10)
    entries += b"\4x\0" + struct.pack("<I", first) + b"\5\x03\0\x10\0\0"
    abbreviations = (
        parent(1, CU),
        leaf(2, TYPEDEF, (TYPE, REF4)),
        leaf(3, POINTER, (TYPE, REF4)),
        leaf(4, VARIABLE, (NAME, STRING), (TYPE, REF4), (LOCATION, EXPRLOC)),
    )
    return program(abbreviations, b"\1" + entries)


def long_names_in_namespaces() -> bytes:
    """Types with names of half a megabyte: the names of ninety namespaces, each as long as a name may be."""
    opened = (b"\2" + struct.pack("<I", 0)) * 90
    types = b"\3x\0" * 100_000
    abbreviations = (
        parent(1, CU),
        parent(2, NAMESPACE, (NAME, STRP)),
        leaf(3, STRUCTURE, (NAME, STRING)),
    )
    return program(abbreviations, b"\1" + opened + types, str=b"n" * 8191 + b"\0")


def overlapping_strings() -> bytes:
    """Names that start at each byte of one long string."""
    entries = b"".join(b"\2" + struct.pack("<I", number) for number in range(150_000))
    abbreviations = (parent(1, CU), leaf(2, STRUCTURE, (NAME, STRP)))
    return program(abbreviations, b"\1" + entries, str=b"abcdefghijklmnopq" * 16_000)


def line_programs() -> bytes:
    """Each unit's line number program contains all that follow."""
    count = 5_000
    header = bytes([1, 1, 1, 0xFB, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + b"\0" + b"a\0\0\0\0" + b"\0"
    start = struct.pack("<HI", 4, len(header)) + header
    each = 4 + len(start) + 16
    total = each * count + 200_000
    line = b""
    for number in range(count):
        line += struct.pack("<I", total - number * each - 4) + start + b"\0\x05\2" + struct.pack("<I", TEXT) + b"\1" * 8
    line += b"\1" * (total - len(line) - 3) + b"\0\1\1"
    info = b"".join(unit(b"\1" + struct.pack("<I", number * each)) for number in range(count))
    abbreviations = leaf(1, CU, (STMT_LIST, SEC_OFFSET)) + b"\0"
    return elf_file({".debug_abbrev": abbreviations, ".debug_info": info, ".debug_line": line})


def one_line_program() -> bytes:
    """A row for each byte."""
    header = bytes([1, 1, 1, 0xFB, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + b"\0" + b"a\0\0\0\0" + b"\0"
    body = struct.pack("<HI", 4, len(header)) + header + b"\0\x05\2" + struct.pack("<I", TEXT)
    body += b"\x14\x15" * (SIZE // 2) + b"\0\1\1"
    abbreviations = leaf(1, CU, (STMT_LIST, SEC_OFFSET)) + b"\0"
    info = unit(b"\1" + bytes(4))
    line = struct.pack("<I", len(body)) + body
    return elf_file({".debug_abbrev": abbreviations, ".debug_info": info, ".debug_line": line})


def common_entry(instructions: bytes) -> bytes:
    body = b"\xff\xff\xff\xff\x01\0\x01\x7c\x0e" + b"\x0c\x0d\0" + instructions
    return struct.pack("<I", len(body)) + body


def description(instructions: bytes, common: int = 0) -> bytes:
    body = struct.pack("<III", common, TEXT, 0x100) + instructions
    return struct.pack("<I", len(body)) + body


def frames_with_one_long_start() -> bytes:
    """Every frame description runs the instructions of a common entry of half a megabyte."""
    return elf_file({".debug_frame": common_entry(b"\x0e\x08" * 250_000) + description(b"") * 30_000})


def frame_entries_inside_each_other() -> bytes:
    """Each frame description has a common entry of its own, and each of those is the rest of the section."""
    count = 20_000
    head = 12
    data = b""
    total = count * (head + 16)
    for number in range(count):
        data += struct.pack("<I", total - number * head - 4) + b"\xff\xff\xff\xff" + b"\x01\0\x01\x7c"[:4]
    data += b"".join(description(b"", common=number * head) for number in range(count))
    # The outer length covers everything, so the descriptions come again behind it.
    return elf_file({".debug_frame": data + b"".join(description(b"", common=n * head) for n in range(count))})


def rows_with_many_registers() -> bytes:
    """A thousand rules, repeated in a row for each of a million bytes."""
    rules = b"".join(b"\x05" + uleb(register) + b"\1" for register in range(1000))
    many = description(rules + b"\x41" * SIZE)
    return elf_file({".debug_frame": common_entry(b"") + many})


def remembered_states() -> bytes:
    """A thousand rules, copied for each remembered state."""
    rules = b"".join(b"\x05" + uleb(register) + b"\1" for register in range(1000))
    return elf_file({".debug_frame": common_entry(b"") + description(rules + b"\x0a\x0b" * (SIZE // 2))})


def shared_range_list() -> bytes:
    """Thousands of functions with the same list of fifty thousand ranges."""
    ranges = b"".join(
        struct.pack("<II", TEXT + 2 * (n % 500), TEXT + 2 * (n % 500) + 1) for n in range(50_000)
    ) + bytes(8)
    abbreviations = (
        parent(1, CU, (LOW_PC, ADDR)),
        leaf(2, SUBPROGRAM, (RANGES, SEC_OFFSET)),
    )
    return program(abbreviations, b"\1" + bytes(4) + (b"\2" + bytes(4)) * 50_000, ranges=ranges + bytes(8))


def shared_location_list() -> bytes:
    """Thousands of variables with the same list of fifty thousand places."""
    item = struct.pack("<IIH", TEXT, TEXT + 2, 1) + b"\x50"
    abbreviations = (
        parent(1, CU, (LOW_PC, ADDR)),
        parent(2, SUBPROGRAM, (LOW_PC, ADDR), (HIGH_PC, DATA4)),
        leaf(3, VARIABLE, (NAME, STRING), (LOCATION, SEC_OFFSET)),
    )
    entries = b"\1" + bytes(4) + b"\2" + struct.pack("<II", TEXT, 64) + (b"\3v\0" + bytes(4)) * 60_000 + b"\0\0"
    return program(abbreviations, entries, loc=item * 50_000 + bytes(8))


def calls_of_something_that_is_everywhere() -> bytes:
    """Thousands of calls of a function that has thousands of addresses."""
    abstract = HEAD + 1
    abbreviations = (
        parent(1, CU),
        leaf(2, SUBPROGRAM, (NAME, STRING)),
        leaf(3, SUBPROGRAM, (ORIGIN, REF4), (LOW_PC, ADDR), (HIGH_PC, DATA1)),
        parent(4, SUBPROGRAM, (LOW_PC, ADDR), (HIGH_PC, DATA4)),
        leaf(5, CALL_SITE, (CALL_ORIGIN, REF4), (RETURN_PC, ADDR)),
    )
    entries = b"\1\2f\0"
    entries += b"".join(b"\3" + struct.pack("<IIB", abstract, TEXT + n % 1024, 1) for n in range(40_000))
    entries += b"\4" + struct.pack("<II", TEXT, 64)
    entries += b"".join(b"\5" + struct.pack("<II", abstract, TEXT + n % 1024) for n in range(40_000))
    return program(abbreviations, entries + b"\0\0")


def inlined_with_many_variables() -> bytes:
    """Thousands of functions that leave out the same thousands of variables."""
    abstract = HEAD + 1
    abbreviations = (
        parent(1, CU),
        parent(2, SUBPROGRAM, (NAME, STRING)),
        leaf(3, VARIABLE, (NAME, STRING)),
        leaf(4, SUBPROGRAM, (ORIGIN, REF4), (LOW_PC, ADDR), (HIGH_PC, DATA1)),
    )
    entries = b"\1\2f\0" + b"\3v\0" * 100_000 + b"\0"
    entries += (b"\4" + struct.pack("<IIB", abstract, TEXT, 4)) * 40_000
    return program(abbreviations, entries + b"\0")


def deep_entries() -> bytes:
    return program((parent(1, CU), parent(2, BLOCK)), b"\1" + b"\2" * (SIZE - 1))


def wide_numbers() -> bytes:
    """LEB128 numbers without end, as codes of entries and in abbreviations."""
    endless = b"\xff" * 100_000
    return elf_file({".debug_abbrev": b"\x01" + endless, ".debug_info": unit(endless), ".debug_frame": endless})


def expression_in_a_circle() -> bytes:
    """A variable whose place is computed by a jump to itself, and one that is its own entry value."""
    abbreviations = (
        parent(1, CU),
        parent(2, SUBPROGRAM, (LOW_PC, ADDR), (HIGH_PC, DATA4), (0x40, EXPRLOC)),
        leaf(3, VARIABLE, (NAME, STRING), (LOCATION, EXPRLOC)),
    )
    entries = b"\1\2" + struct.pack("<II", TEXT, 64) + b"\2\x91\0"
    entries += b"\3a\0\x03\x2f\xfd\xff" + b"\3b\0\4\xa3\2\xa3\0" + b"\3c\0\2\x91\0"
    return program(abbreviations, entries + b"\0\0")


def names_of_sections() -> bytes:
    """Thousands of sections whose names are megabytes without an end."""
    sections = {f"s{number}": Part(b"") for number in range(4000)}
    content = elf_file(sections)
    table = int.from_bytes(content[32:36], "little")
    count = int.from_bytes(content[48:50], "little")
    changed = bytearray(content)
    # The section of names now is everything behind the header, without a zero byte at the end.
    names = table + 40 * (count - 1)
    struct.pack_into("<I", changed, names + 16, len(content))
    struct.pack_into("<I", changed, names + 20, SIZE)
    return bytes(changed) + b"n" * SIZE


def many_sections() -> bytes:
    content = bytearray(elf_file({}))
    struct.pack_into("<H", content, 48, 0xFFFF)
    return bytes(content)


def sections_that_overlap() -> bytes:
    return elf_file(
        {f".s{n}": Part(b"", size=SIZE // 2, offset=0, flags=SHF_ALLOC, address=n << 24) for n in range(64)}
        | {".filler": bytes(SIZE)}
    )


def symbols_with_one_name() -> bytes:
    """Symbols whose names start at each byte of one long string."""
    rows = b"".join(struct.pack("<IIIBBH", n, TEXT + n % 1024, 0, 0x12, 0, 1) for n in range(50_000))
    return elf_file(
        {
            ".strtab": Part(b"abcdefghijklm" * 16_000, kind=SHT_STRTAB),
            ".symtab": Part(rows, kind=SHT_SYMTAB, link=2, entry_size=16),
        }
    )


def a_huge_section_that_is_not_there() -> bytes:
    return elf_file(
        {
            ".data": Part(b"", flags=SHF_ALLOC, address=0x20000000, size=0xFFFFFFF0),
            ".bss": Part(b"", kind=8, flags=SHF_ALLOC, address=0x30000000, size=0xFFFFFFF0),
        }
    )


BOMBS: dict[str, Callable[[], bytes]] = {
    function.__name__: function
    for function in (
        entries_of_one_byte,
        compressed_zeros,
        compressed_zeros_in_zstandard,
        more_than_is_claimed,
        origins_in_a_circle,
        abbreviation_tables,
        chain_of_types,
        circle_of_types,
        long_names_in_namespaces,
        overlapping_strings,
        line_programs,
        one_line_program,
        frames_with_one_long_start,
        frame_entries_inside_each_other,
        rows_with_many_registers,
        remembered_states,
        shared_range_list,
        shared_location_list,
        calls_of_something_that_is_everywhere,
        inlined_with_many_variables,
        deep_entries,
        wide_numbers,
        expression_in_a_circle,
        names_of_sections,
        many_sections,
        sections_that_overlap,
        symbols_with_one_name,
        a_huge_section_that_is_not_there,
    )
}
