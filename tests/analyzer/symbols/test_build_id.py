import hashlib
import struct
from pathlib import Path

import pytest

from analyzer.symbols.build_id import DOMAIN, build_ids, content_id, descriptor_address, gnu_build_id
from analyzer.symbols.elf import Image

ROM, RAM = 0x0800_0000, 0x2000_0000
MAGIC = bytes.fromhex("4660a47e5a3e86b9")
END = bytes.fromhex("ffff0000")
OURS = bytes.fromhex("f1251400")
VENDOR = bytes.fromhex("f0251400")
GNU_NOTE = bytes.fromhex("040000001400000003000000474e5500")
PROGBITS, NOTE, NOBITS, SYMTAB, STRTAB = 1, 7, 8, 2, 3


def elf(sections: list[tuple[str, int, int, int, bytes, int]], symbols: dict[str, tuple[int, int, int]]) -> Image:
    """An ELF32 file. A section: name, type, flags, address, bytes, size; a symbol: address, size, section number."""
    strings = b"\0"
    table = bytes(16)
    for name, (address, size, section) in symbols.items():
        table += struct.pack("<IIIBBH", len(strings), address, size, 0x11, 0, section)
        strings += name.encode() + b"\0"
    count = len(sections)
    every = [
        ("", 0, 0, 0, b"", 0, 0),
        *((*section, 0) for section in sections),
        (".strtab", STRTAB, 0, 0, strings, len(strings), 0),
        (".symtab", SYMTAB, 0, 0, table, len(table), count + 1),
    ]
    names = b"\0"
    starts: list[int] = []
    for section in every:
        starts.append(len(names))
        names += section[0].encode() + b"\0"
    every.append((".shstrtab", STRTAB, 0, 0, names + b".shstrtab\0", len(names) + 10, 0))
    starts.append(len(names))
    body = b""
    headers = b""
    for start, (_, kind, flags, address, content, size, link) in zip(starts, every, strict=True):
        entry = 16 if kind == SYMTAB else 0
        headers += struct.pack("<10I", start, kind, flags, address, 52 + len(body), size, link, 0, 4, entry)
        body += content
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, 0, 0, 52 + len(body), 0, 52, 32, 0, 40, len(every), len(every) - 1)
    return Image(ident + header + body + headers)


def rom(content: bytes, name: str = "rom_start") -> tuple[str, int, int, int, bytes, int]:
    return (name, PROGBITS, 2, ROM, content, len(content))


def test_our_descriptor_goes_before_the_vendors_and_the_note() -> None:
    ours, vendor, note = bytes(range(20)), bytes(range(20, 40)), bytes(range(40, 60))
    content = bytes(16) + MAGIC + b"\x00\x18\x03\x00abc\x00" + OURS + ours + VENDOR + vendor + END
    image = elf([rom(content), (".note.gnu.build-id", NOTE, 2, ROM + 0x1000, GNU_NOTE + note, 36)], {})
    assert build_ids(image) == [ours, vendor, note]
    assert descriptor_address(image, 0x25F1, "") == ROM + 16 + 8 + 8


def test_a_descriptor_without_a_list_is_found_by_its_symbol() -> None:
    vendor = bytes(range(1, 21))
    image = elf(
        [rom(bytes(8) + VENDOR + vendor, ".flash.rodata")], {"bindesc_entry_spotflow_build_id": (ROM + 8, 24, 1)}
    )
    assert build_ids(image)[0] == vendor


def test_a_symbol_that_does_not_point_at_a_descriptor_is_not_believed() -> None:
    image = elf([rom(bytes(range(64)))], {"bindesc_entry_faultcast_build_id": (ROM + 8, 24, 1)})
    assert build_ids(image) == [content_id(image)]


def test_an_id_of_zeros_was_never_filled_in() -> None:
    image = elf([rom(MAGIC + OURS + bytes(20) + END)], {})
    assert build_ids(image) == [content_id(image)]


def test_the_content_id_follows_its_definition_and_skips_itself() -> None:
    before, after = MAGIC, END + b"code"
    sections = [
        (".bss", NOBITS, 3, RAM, b"", 256),
        (".comment", PROGBITS, 0, 0, b"gcc", 3),
        rom(before + OURS + bytes(20) + after),
    ]
    digest = hashlib.sha256(b"faultcast-build-id-v1\0")
    digest.update(struct.pack("<QQB", ROM, len(before) + 24 + len(after), 0) + before + OURS + after)
    digest.update(struct.pack("<QQB", RAM, 256, 1))
    expected = digest.digest()[:20]
    assert content_id(elf(sections, {})) == expected
    patched = [*sections[:2], rom(before + OURS + expected + after)]
    assert content_id(elf(patched, {})) == expected
    assert build_ids(elf(patched, {})) == [expected]
    assert DOMAIN.endswith(b"\0")


@pytest.mark.parametrize("cut", [4, 20, 35])
def test_a_cut_note_names_nothing(cut: int) -> None:
    note = (GNU_NOTE + bytes(range(20)))[:cut]
    assert gnu_build_id(elf([(".note.gnu.build-id", NOTE, 2, ROM, note, cut)], {})) is None


def test_the_example_firmware_carries_its_own_content_id() -> None:
    for path in (Path(__file__).parents[2] / "golden" / "cortex-m").glob("null-deref-O*/firmware.elf"):
        image = Image(path.read_bytes())
        assert build_ids(image)[0] == content_id(image), path
