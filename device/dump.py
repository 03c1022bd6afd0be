"""The outline of a Zephyr core dump: just enough to find one, and to see whether it is whole.

Layouts are those of `include/zephyr/debug/coredump.h`; all of it is little endian and packed.
"""

import struct
from dataclasses import dataclass

MAGIC = b"ZE"
HEADER_SIZE = 12
POINTER_SIZES = {5: 4, 6: 8}
"""Log2 of a pointer's bits, as the header has it, to bytes."""

_MAX_BLOCKS = 65_536


@dataclass(frozen=True, slots=True)
class SourceDump:
    """One dump, taken out of what it was kept in."""

    content: bytes
    container: str
    """`raw`, `flash`, `memory` or `log`."""
    warnings: tuple[str, ...] = ()
    """What is wrong with it; it is worth sending all the same."""


def starts_dump(data: bytes, offset: int = 0) -> bool:
    """Whether a plausible file header stands at `offset`."""
    head = data[offset : offset + HEADER_SIZE]
    if len(head) < HEADER_SIZE or head[:2] != MAGIC:
        return False
    version, target, bits, flags = struct.unpack_from("<HHBB", head, 2)
    return 0 < version < 16 and 0 < target < 64 and bits in POINTER_SIZES and flags <= 1


def end_of_blocks(data: bytes, offset: int = 0) -> int:
    """Where the last whole block ends that can be reached from the header at `offset`."""
    pointer = POINTER_SIZES.get(data[offset + 6], 4)
    offset += HEADER_SIZE
    for _ in range(_MAX_BLOCKS):
        size = _block_size(data, offset, pointer)
        if size is None or offset + size > len(data):
            break
        offset += size
    return offset


def _block_size(data: bytes, offset: int, pointer: int) -> int | None:
    """Bytes of the block at `offset`, header included; None when it is of no known kind or cut in its header."""
    try:
        match data[offset : offset + 1]:
            case b"A" | b"T":
                return 5 + struct.unpack_from("<H", data, offset + 3)[0]
            case b"F":
                return 9 + pointer + struct.unpack_from("<H", data, offset + 3)[0]
            case b"M":
                start, end = struct.unpack_from("<II" if pointer == 4 else "<QQ", data, offset + 3)
                return 3 + 2 * pointer + end - start if start < end else None
            case b"C":
                return 7
            case _:
                return None
    except struct.error:
        return None
