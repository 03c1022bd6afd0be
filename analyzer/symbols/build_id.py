"""Under which ids a firmware is known: the names that a device may send beside its dump.

Best first: our binary descriptor, the older vendor descriptor of the same shape, the GNU note, and, when the file
carries none of them, a hash of its contents. Descriptors follow Zephyr's include/zephyr/bindesc.h: `u16 tag | u16
length | data`, padded to 4, in a list that starts with a magic number and ends with tag 0xFFFF.
"""

import hashlib
import struct
from collections.abc import Iterator

from analyzer.symbols.elf import Image

OUR_TAG = 0x25F1
"""Type 2 (bytes), id 0x5F1."""
VENDOR_TAG = 0x25F0
OUR_SYMBOL = "bindesc_entry_faultcast_build_id"
VENDOR_SYMBOL = "bindesc_entry_spotflow_build_id"
ID_SIZE = 20
DOMAIN = b"faultcast-build-id-v1\0"

_MAGIC = (0xB9863E5A7EA46046).to_bytes(8, "little")
_END_TAG = 0xFFFF
_MOST_DESCRIPTORS = 256
_NOTE_BUILD_ID = 3


def build_ids(image: Image) -> list[bytes]:
    """Every id the image answers to, best first, without repeats; never empty: the content hash is the last resort."""
    found: dict[bytes, None] = {}
    for tag, name in ((OUR_TAG, OUR_SYMBOL), (VENDOR_TAG, VENDOR_SYMBOL)):
        address = descriptor_address(image, tag, name)
        build_id = None if address is None else image.bytes_at(address + 4, ID_SIZE)
        if build_id is not None and any(build_id):
            found[build_id] = None
    note = gnu_build_id(image)
    if note is not None:
        found[note] = None
    if not found:
        found[content_id(image)] = None
    return list(found)


def content_id(image: Image) -> bytes:
    """Our definition of a build id: 20 bytes that depend on the allocated sections and on nothing else.

    SHA-256, cut to 20 bytes, over a domain string and then, for each allocated section sorted by (address, size): u64
    address, u64 size, u8 kind (0 with bytes, 1 NOBITS), all little endian, and the bytes unless NOBITS. The 20 bytes
    that hold the id itself are skipped, so a patched file can be checked.
    """
    address = descriptor_address(image, OUR_TAG, OUR_SYMBOL)
    hole = None if address is None else address + 4
    digest = hashlib.sha256(DOMAIN)
    allocated = [section for section in image.sections if section.is_allocated and section.size]
    for section in sorted(allocated, key=lambda section: (section.address, section.size)):
        digest.update(struct.pack("<QQB", section.address, section.size, 0 if section.has_bytes else 1))
        content = section.content
        if hole is not None and section.address <= hole and hole + ID_SIZE <= section.address + len(content):
            start = hole - section.address
            digest.update(content[:start])
            digest.update(content[start + ID_SIZE :])
        else:
            digest.update(content)
    return digest.digest()[:ID_SIZE]


def descriptor_address(image: Image, tag: int, symbol_name: str) -> int | None:
    """Where a 24-byte build id descriptor lies: by its symbol, else in the list behind the magic number."""
    header = struct.pack("<HH", tag, ID_SIZE)
    for ranked in image.symbols():
        symbol = ranked.symbol
        if symbol.name == symbol_name and image.bytes_at(symbol.address, 4) == header:
            return symbol.address
    for address, found, length in _descriptors(image):
        if found == tag and length == ID_SIZE:
            return address
    return None


def _descriptors(image: Image) -> Iterator[tuple[int, int, int]]:
    """(address, tag, length) of every descriptor behind a magic number."""
    for section in image.sections:
        if not section.is_allocated or not section.has_bytes:
            continue
        start = section.content.find(_MAGIC)
        if start < 0:
            continue
        offset = start + len(_MAGIC)
        for _ in range(_MOST_DESCRIPTORS):
            if offset + 4 > len(section.content):
                break
            tag, length = struct.unpack_from("<HH", section.content, offset)
            if tag == _END_TAG:
                break
            yield section.address + offset, tag, length
            offset += 4 + (length + 3 & ~3)


def gnu_build_id(image: Image) -> bytes | None:
    """The linker's own note (`.note.gnu.build-id`): u32 name size, u32 size, u32 type 3, "GNU" and a zero, the id."""
    section = image.section(".note.gnu.build-id")
    if section is None or len(section.content) < 16:
        return None
    name_size, size, kind = struct.unpack_from("<III", section.content)
    if name_size != 4 or kind != _NOTE_BUILD_ID or section.content[12:16] != b"GNU\0":
        return None
    build_id = section.content[16 : 16 + size]
    return build_id if len(build_id) == size and any(build_id) else None
