"""Give a linked image its build id: a digest of everything that is loaded, written into the image's own descriptor.

    python3 build_id.py linked.elf patched.elf

Definition (the analyzer recomputes it independently):

    The id is the first 20 bytes of SHA-256 over
        the 22 bytes `faultcast-build-id-v1` and a NUL,
        then, for every section with SHF_ALLOC, sorted by (sh_addr, sh_size), ties in section header order:
            u64 little endian  sh_addr
            u64 little endian  sh_size
            u8                 kind: 1 when sh_type is SHT_NOBITS, else 0
            sh_size bytes      its content, unless the kind is 1.
    The descriptor's 20 id bytes are left out of the content of the section that holds them (sh_size still counts
    them); the descriptor's 4 header bytes are hashed.
    The descriptor is the symbol `bindesc_entry_faultcast_build_id`: 24 bytes, F1 25 14 00 (little endian tag 0x25F1 =
    type bytes, id 0x5F1; length 20) and the id. All zeros in place of the id mean "not patched".
    Sections of size 0 are left out: linkers keep or drop empty ones as they like.

Debug information, symbols and section names do not count, so a stripped copy has the id of the original.
"""

import hashlib
import struct
import sys
from io import BytesIO
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section, SymbolTableSection

DOMAIN = b"faultcast-build-id-v1\0"
SYMBOL = "bindesc_entry_faultcast_build_id"
DESCRIPTOR_HEADER = bytes.fromhex("f1251400")
ID_SIZE = 20
SHF_ALLOC = 2


class NoDescriptor(ValueError):
    """The image has no descriptor to write a build id into."""


def id_offset(elf: ELFFile) -> int:
    """File offset of the 20 id bytes.

    Raises:
        NoDescriptor: the symbol is missing, ambiguous or of the wrong size, or does not point at a descriptor.
    """
    table = elf.get_section_by_name(".symtab")
    found = (table.get_symbol_by_name(SYMBOL) or []) if isinstance(table, SymbolTableSection) else []
    if len(found) != 1 or found[0]["st_size"] != len(DESCRIPTOR_HEADER) + ID_SIZE:
        raise NoDescriptor(f"expected one symbol {SYMBOL} of 24 bytes, found {len(found)}: is bindesc.c linked in?")
    address = int(found[0]["st_value"])
    for section in elf.iter_sections():
        start = int(section["sh_addr"])
        held = section["sh_flags"] & SHF_ALLOC and section["sh_type"] != "SHT_NOBITS"
        if held and start <= address and address + 24 <= start + int(section["sh_size"]):
            at = address - start
            if section.data()[at : at + 4] != DESCRIPTOR_HEADER:
                raise NoDescriptor(f"{SYMBOL} does not begin with {DESCRIPTOR_HEADER.hex()}: is it big endian?")
            return int(section["sh_offset"]) + at + 4
    raise NoDescriptor(f"{SYMBOL} at {address:#x} lies in no loaded section")


def compute(elf: ELFFile) -> bytes:
    """The 20 byte build id that the image should carry.

    Raises:
        NoDescriptor: as `id_offset`.
    """
    hole = id_offset(elf)
    digest = hashlib.sha256(DOMAIN)
    loaded = [s for s in elf.iter_sections() if s["sh_flags"] & SHF_ALLOC and s["sh_size"] > 0]
    for section in sorted(loaded, key=_order):
        empty = section["sh_type"] == "SHT_NOBITS"
        digest.update(struct.pack("<QQB", section["sh_addr"], section["sh_size"], empty))
        if empty:
            continue
        data, at = section.data(), hole - int(section["sh_offset"])
        if 0 <= at < len(data):
            data = data[:at] + data[at + ID_SIZE :]
        digest.update(data)
    return digest.digest()[:ID_SIZE]


def patch(image: bytes) -> bytes:
    """The same ELF file with its build id filled in.

    Raises:
        NoDescriptor: as `id_offset`.
    """
    elf = ELFFile(BytesIO(image))
    at = id_offset(elf)
    return image[:at] + compute(elf) + image[at + ID_SIZE :]


def _order(section: Section) -> tuple[int, int]:
    return int(section["sh_addr"]), int(section["sh_size"])


if __name__ == "__main__":
    linked, patched = map(Path, sys.argv[1:])
    patched.write_bytes(patch(linked.read_bytes()))
