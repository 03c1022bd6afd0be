"""ELF files by hand: just enough of a firmware for the index builder to look at (System V ABI, chapter 4)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

TEXT = 0x1000
TEXT_BYTES = 0x400
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS = 1, 2, 3, 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_COMPRESSED = 1, 2, 4, 0x800


@dataclass(frozen=True)
class Part:
    """A section; `size` is what its header claims, where that is not the truth."""

    content: bytes = b""
    kind: int = SHT_PROGBITS
    flags: int = 0
    address: int = 0
    link: int = 0
    entry_size: int = 0
    size: int | None = None
    offset: int | None = None


def elf_file(sections: Mapping[str, bytes | Part], *, machine: int = 40, wide: bool = False) -> bytes:
    """A linked ELF file with `.text` at 0x1000 and these sections behind it."""
    parts = {"": Part(kind=0), ".text": Part(b"\0" * TEXT_BYTES, flags=SHF_ALLOC | SHF_EXECINSTR, address=TEXT)}
    parts |= {name: part if isinstance(part, Part) else Part(part) for name, part in sections.items()}
    names = b""
    offsets: dict[str, int] = {}
    for name in (*parts, ".shstrtab"):
        offsets[name] = len(names)
        names += name.encode() + b"\0"
    parts[".shstrtab"] = Part(names, kind=SHT_STRTAB)
    header = struct.Struct("<16sHHIQQQIHHHHHH" if wide else "<16sHHIIIIIHHHHHH")
    section = struct.Struct("<IIQQQQIIQQ" if wide else "<10I")
    body = b""
    table = b""
    for name, part in parts.items():
        place = header.size + len(body) if part.offset is None else part.offset
        size = len(part.content) if part.size is None else part.size
        fields = (part.kind, part.flags, part.address, place, size, part.link, 0, 1, part.entry_size)
        table += section.pack(offsets[name], *fields)
        body += part.content
    identification = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    sizes = (header.size, 0, 0, section.size, len(parts), len(parts) - 1)
    return header.pack(identification, 2, machine, 1, TEXT, 0, header.size + len(body), 0, *sizes) + body + table
